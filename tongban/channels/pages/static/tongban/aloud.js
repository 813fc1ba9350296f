// Only in the elderly edition: the page read aloud sentence by sentence, and words spoken instead of typed. Where the browser cannot, nothing is shown.
const $ = (selector, within = document) => within.querySelector(selector)
const SPOKEN = "h1, h2, h3, h4, p, li, dt, dd, label, legend, th, td, .ds-button, .tb-tiles a"
const SILENT = "[hidden], template, script, style, nav.tb-tabbar, .ds-sr-only, [aria-hidden=true]"

customElements.define("tb-aloud", class extends HTMLElement {
  connectedCallback() {
    this.button = $("button", this)
    if (!window.speechSynthesis || !this.button) return
    const ready = () => { this.button.hidden = !speechSynthesis.getVoices().length }
    speechSynthesis.addEventListener?.("voiceschanged", ready)
    ready()
    this.button.setAttribute("aria-pressed", "false")
    this.button.addEventListener("click", () => this.reading ? this.stop() : this.read())
    addEventListener("pagehide", () => this.stop())
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.stop() })
  }
  sentences() {
    const found = []
    for (const block of $("main").querySelectorAll(SPOKEN)) {
      if (block.closest(SILENT) || block.parentElement.closest(SPOKEN) || !block.checkVisibility?.({ visibilityProperty: true })) continue
      found.push(...this.within(block))
    }
    return found
  }
  within(block) {
    // The words with their places, so that each sentence can be marked without touching the page.
    const nodes = [], walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT)
    let text = ""
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement.closest(SILENT)) continue
      nodes.push({ node, from: text.length })
      text += node.data
    }
    const lang = block.closest("[lang]").lang
    const parts = window.Intl?.Segmenter ? [...new Intl.Segmenter(lang, { granularity: "sentence" }).segment(text)] : [{ segment: text, index: 0 }]
    const spot = (place) => { const held = nodes.findLast((one) => one.from <= place); return [held.node, Math.min(place - held.from, held.node.length)] }
    return parts.filter((part) => part.segment.trim()).map((part) => {
      const range = new Range()
      range.setStart(...spot(part.index))
      range.setEnd(...spot(part.index + part.segment.length))
      return { block, lang, range, text: part.segment.trim() }
    })
  }
  read() {
    this.reading = this.sentences()
    this.button.setAttribute("aria-pressed", "true")
    $("span", this.button).textContent = this.dataset.stop
    this.next()
  }
  next() {
    this.mark(null)
    const one = this.reading?.shift()
    if (!one) return this.stop()
    const said = new SpeechSynthesisUtterance(one.text)
    said.lang = one.lang
    said.rate = 0.9
    const tongue = one.lang.slice(0, 2).toLowerCase()
    said.voice = speechSynthesis.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(tongue)) ?? null
    said.onend = () => { if (this.reading) this.next() }
    said.onerror = () => this.stop()
    this.mark(one)
    speechSynthesis.speak(said)
  }
  mark(one) {
    this.here?.classList.remove("tb-aloud--here")
    this.here = one?.block
    if (window.CSS?.highlights) one ? CSS.highlights.set("tb-aloud", new Highlight(one.range)) : CSS.highlights.delete("tb-aloud")
    else this.here?.classList.add("tb-aloud--here")
    this.here?.scrollIntoView({ block: "center" })
  }
  stop() {
    if (!this.reading) return
    this.reading = null
    speechSynthesis.cancel()
    this.mark(null)
    this.button.setAttribute("aria-pressed", "false")
    $("span", this.button).textContent = this.dataset.read
  }
})

customElements.define("tb-voice", class extends HTMLElement {
  connectedCallback() {
    const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition
    this.input = document.getElementById(this.dataset.for)
    if (!Recognition || !this.input) return
    const [start, asks] = [$("button", this), $(".tb-voice__asks", this)], said = $("[role=status]", asks)
    start.hidden = false
    // Nothing is recorded before it was said what happens with the voice and the person pressed "speak".
    start.addEventListener("click", () => { start.hidden = true; asks.hidden = false; said.textContent = this.dataset.words; $("[data-speak]", asks).focus() })
    $("[data-leave]", asks).addEventListener("click", () => { this.hearing?.abort(); asks.hidden = true; start.hidden = false; start.focus() })
    $("[data-speak]", asks).addEventListener("click", () => {
      const hearing = this.hearing = new Recognition()
      hearing.lang = document.documentElement.lang.startsWith("zh") ? "zh-CN" : document.documentElement.lang
      hearing.onresult = (event) => { this.input.value = event.results[0][0].transcript.replace(/[。.]$/, ""); this.input.form.requestSubmit() }
      hearing.onerror = hearing.onnomatch = () => { said.textContent = this.dataset.nothing }
      said.textContent = this.dataset.listening
      hearing.start()
    })
  }
})
