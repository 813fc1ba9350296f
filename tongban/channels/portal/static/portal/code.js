// The code that is shown changes by itself each minute, and goes on without a connection as long as there are codes in hand.

const EARLY = 8 // seconds before the last minute in hand begins to be the only one
const AGAIN = 5000

customElements.define("tb-code", class extends HTMLElement {
  connectedCallback() {
    this.ahead = Number(this.dataset.now) - Date.now() / 1000 // our clock decides, whatever the phone's says
    this.box = this.querySelector(".tb-idcode__box")
    this.said = this.querySelector("[data-said]")
    this.clock = this.querySelector("[data-clock]")
    this.tick = setInterval(() => this.draw(), 1000)
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { this.draw(); this.renew() } })
    addEventListener("online", () => this.renew())
    this.draw()
  }

  disconnectedCallback() { clearInterval(this.tick) }

  get codes() { return [...this.querySelectorAll(".tb-idcode__code")] }

  draw() {
    const now = Date.now() / 1000 + this.ahead
    this.clock.textContent = this.time(now)
    const shown = this.codes.find((one) => Number(one.dataset.begins) <= now + 1 && now < Number(one.dataset.ends))
    if (shown?.hidden !== false) {
      for (const one of this.codes) one.hidden = one !== shown
      if (shown && this.current) this.announce(this.dataset.renewed)
    }
    this.current = shown
    this.toggleAttribute("data-over", !shown)
    if (!shown) this.announce(this.dataset.stale)
    const last = Math.max(...this.codes.map((one) => Number(one.dataset.ends)))
    if (this.dataset.renew && !document.hidden && last - now < 120 - EARLY) this.renew()
  }

  time(seconds) { return new Date(seconds * 1000).toLocaleTimeString("en-GB", { timeZone: this.dataset.zone }) }

  announce(words) { if (this.said.textContent !== words) this.said.textContent = words }

  async renew() {
    if (!this.dataset.renew || this.asking || Date.now() < (this.next ?? 0)) return
    this.asking = true
    try {
      const answer = await fetch(this.dataset.renew, { headers: { accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(8000) })
      if (answer.redirected || answer.status === 401 || answer.status === 403 || answer.status === 404) return location.reload()
      if (!answer.ok) throw new Error(String(answer.status))
      const { now, codes } = await answer.json()
      this.ahead = now - Date.now() / 1000
      this.box.replaceChildren(...codes.map((one, place) => {
        const made = document.createElement("div")
        made.className = "tb-idcode__code"
        made.dataset.begins = one.begins
        made.dataset.ends = one.ends
        made.hidden = place > 0
        made.append(new DOMParser().parseFromString(one.svg, "image/svg+xml").documentElement)
        return made
      }))
      this.removeAttribute("data-alone-now")
      this.said.textContent = ""
      this.current = null
      this.draw()
    } catch {
      this.next = Date.now() + AGAIN
      this.setAttribute("data-alone-now", "")
      const last = Math.max(...this.codes.map((one) => Number(one.dataset.ends)))
      if (this.current) this.announce(this.dataset.alone.replace("%(until)s", this.time(last)))
    } finally { this.asking = false }
  }
})
