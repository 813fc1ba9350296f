// A public screen. The state is always fetched whole: when something was called, after every break of the line, and every twenty
// seconds; a call leaves by itself when its time is over, also without a line. Ages are counted here, by a clock nobody sets.

const AGAIN = 20000, LOST_AFTER = 45000, SPEAK_AT_MOST = 6, LOUNGE_AFTER = 25, PAGE_FOR = 12000
const VOICE = "tongban:screen-voice"

customElements.define("tb-screen", class extends HTMLElement {
  connectedCallback() {
    this.state = this.querySelector("[data-state]")
    this.lost = this.querySelector("[data-lost]")
    this.version = JSON.parse(this.dataset.standing || "{}")[this.dataset.topic] ?? 0
    this.seen = new Set()
    this.fetched = performance.now()
    this.heard = performance.now()
    this.take(true)
    this.listen()
    this.voice()
    setInterval(() => this.fetch(), AGAIN)
    setInterval(() => this.tick(), 1000)
    this.tick()
    addEventListener("online", () => { this.listen(); this.fetch() })
    document.addEventListener("visibilitychange", () => document.hidden || this.fetch())
    const pages = this.querySelectorAll("[data-pages] > article")
    if (pages.length > 1) setInterval(() => this.turn(pages), PAGE_FOR)
  }
  listen() {
    this.source?.close()
    this.source = new EventSource(this.getAttribute("src"))
    // The first words after each opening tell where the hall stands now: what was missed is fetched with it.
    this.source.addEventListener("topic", (event) => {
      const { version } = JSON.parse(event.data)
      if (version === this.version) return
      this.version = version
      this.fetch()
    })
    this.source.addEventListener("error", () => {
      // A browser gives up after a refusal (the address is signed for twelve hours): then the page itself is opened again.
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.again(), 5000 + Math.random() * 5000)
    })
  }
  async again() {
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null)
    if (answer?.ok) location.reload()
    else setTimeout(() => this.again(), 5000 + Math.random() * 5000)
  }
  async fetch() {
    const wanted = this.version
    const turn = this.asked = (this.asked ?? 0) + 1
    const answer = await fetch(`${this.dataset.now}?v=${wanted}`, { cache: "no-store" }).catch(() => null)
    if (!answer?.ok) return
    const text = await answer.text()
    if (turn < (this.newest ?? 0)) return // an answer that was overtaken
    this.newest = turn
    const fresh = new DOMParser().parseFromString(text, "text/html").body
    this.state.replaceChildren(...fresh.childNodes)
    this.fetched = performance.now()
    this.heard = performance.now()
    this.take(false)
    this.tick()
  }
  // What is new is said aloud, if somebody switched the voice on here; what stood there when the page was opened is not.
  take(first) {
    for (const row of this.state.querySelectorAll("[data-call]")) {
      row.until = this.fetched + Number(row.dataset.left) * 1000
      if (this.seen.has(row.dataset.call)) continue
      this.seen.add(row.dataset.call)
      if (first) continue
      row.classList.add("ts-call--new")
      this.speak(row)
    }
  }
  tick() {
    const now = performance.now()
    for (const row of this.state.querySelectorAll("[data-call]")) if (row.until <= now) row.remove()
    this.lost.hidden = now - this.heard < LOST_AFTER
    const calls = this.state.querySelectorAll("[data-call]").length
    if (calls || this.state.querySelector("[data-emergency]")) this.called = now
    const quiet = now - (this.called ?? -Infinity) > LOUNGE_AFTER * 1000
    this.toggleAttribute("data-playing", this.hasAttribute("data-lounge") && quiet && this.lost.hidden)
    const clock = document.querySelector("[data-clock]")
    if (clock) clock.textContent = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" })
  }
  turn(pages) {
    const place = [...pages].findIndex((page) => !page.hidden)
    pages[place].hidden = true
    pages[(place + 1) % pages.length].hidden = false
  }
  voice() {
    const button = document.querySelector("[data-voice]")
    if (!button || !window.speechSynthesis) return
    const wish = () => { try { return localStorage.getItem(VOICE) === "1" } catch { return false } }
    const show = (on) => {
      this.speaks = on
      button.setAttribute("aria-pressed", String(on))
      button.textContent = on ? `${button.dataset.zhOff} ${button.dataset.enOff}` : `${button.dataset.zhOn} ${button.dataset.enOn}`
    }
    button.hidden = false
    show(wish())
    button.addEventListener("click", () => {
      show(!this.speaks)
      try { localStorage.setItem(VOICE, this.speaks ? "1" : "0") } catch { /* it is asked again after a restart */ }
      if (!this.speaks) speechSynthesis.cancel()
    })
  }
  speak(row) {
    if (!this.speaks || (this.waiting ?? 0) >= SPEAK_AT_MOST) return // a voice that is far behind calls people who stand at the window
    for (const [words, language] of [[row.dataset.zh, "zh-CN"], [row.dataset.en, "en-GB"]]) {
      const said = new SpeechSynthesisUtterance(words)
      said.lang = language
      said.rate = 0.9
      this.waiting = (this.waiting ?? 0) + 1
      said.onend = said.onerror = () => { this.waiting -= 1 }
      speechSynthesis.speak(said)
    }
  }
})
