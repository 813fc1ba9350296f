// A field that a hand scanner types into, and a camera beside it where the browser has one. The page works without this.
// Pictures never leave the device: what is read from them is written into the field, and the form is sent as if somebody had typed.

const EVERY = 120 // ms between two looks: a phone stays cool
const SIDE = 720 // px: a code a hand's width away is read at this
const UNREAD_AFTER = 12000
const ON = "tongban:camera" // in this tab the camera was in use: whoever scans many people does not start it for each
const LAST = "tongban:scanned" // the code that is still before the camera when the answer comes is not sent a second time
const SOUND = "tongban:scan-sound"

async function reading() {
  if ("BarcodeDetector" in window) {
    try {
      if ((await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
        const detector = new BarcodeDetector({ formats: ["qr_code"] })
        return async (canvas) => (await detector.detect(canvas))[0]?.rawValue ?? ""
      }
    } catch { /* the browser says that it can and cannot */ }
  }
  const { decodeQR } = await import("../qr/decode.js")
  return async (canvas, drawn) => {
    try { return decodeQR(drawn.getImageData(0, 0, canvas.width, canvas.height)) } catch { return "" }
  }
}

const kept = (store, key) => { try { return store.getItem(key) } catch { return null } }
const keep = (store, key, value) => { try { if (value) store.setItem(key, value); else store.removeItem(key) } catch { /* not kept, then */ } }

customElements.define("tb-scan", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input")
    this.said = this.querySelector(".tb-scan__said")
    this.view = this.querySelector(".tb-scan__view")
    this.video = this.querySelector("video")
    this.buttons = Object.fromEntries(["camera", "stop", "light", "sound"].map((name) => [name, this.querySelector(`[data-${name}]`)]))
    if (this.field.form) this.field.form.dataset.once ??= "" // a hand scanner may end with two Enters
    if (!navigator.mediaDevices?.getUserMedia) return // no camera, or not a page that may have one
    this.buttons.camera.hidden = false
    this.buttons.camera.addEventListener("click", () => { keep(sessionStorage, LAST, ""); this.start() })
    this.buttons.stop.addEventListener("click", () => { keep(sessionStorage, ON, ""); this.stop(); this.field.focus() })
    this.buttons.light.addEventListener("click", () => this.light())
    this.buttons.sound.addEventListener("click", () => this.sound(kept(localStorage, SOUND) !== "1"))
    addEventListener("pagehide", () => this.stop())
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.stop(); else if (kept(sessionStorage, ON)) this.start() })
    if (kept(sessionStorage, ON) && !document.hidden) this.start()
  }

  disconnectedCallback() { this.stop() }

  say(words) { this.said.textContent = words }

  async start() {
    if (this.stream || this.starting) return
    this.starting = true
    this.say(this.dataset.waits)
    try {
      const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } }
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false })
      this.video.srcObject = this.stream
      this.view.hidden = false
      await this.video.play()
      this.read ??= await reading()
    } catch (error) {
      this.stop()
      keep(sessionStorage, ON, "")
      const none = error.name === "NotFoundError" || error.name === "OverconstrainedError"
      this.say(error.name === "NotAllowedError" || error.name === "SecurityError" ? this.dataset.denied : none ? this.dataset.none : this.dataset.busy)
      this.field.focus()
      return
    } finally {
      this.starting = false
    }
    keep(sessionStorage, ON, "1")
    this.buttons.camera.hidden = true
    this.buttons.stop.hidden = false
    this.buttons.sound.hidden = false
    this.sound(kept(localStorage, SOUND) === "1")
    const track = this.stream.getVideoTracks()[0]
    this.buttons.light.hidden = !track.getCapabilities?.().torch
    this.say(this.dataset.look)
    this.began = performance.now()
    this.look()
  }

  async look() {
    if (!this.stream) return
    const { videoWidth: width, videoHeight: height } = this.video
    if (width && height) {
      this.canvas ??= document.createElement("canvas")
      const scale = Math.min(1, SIDE / Math.min(width, height))
      this.canvas.width = Math.round(width * scale)
      this.canvas.height = Math.round(height * scale)
      this.drawn ??= this.canvas.getContext("2d", { willReadFrequently: true })
      this.drawn.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height)
      let text = ""
      try { text = await this.read(this.canvas, this.drawn) } catch { /* this picture could not be read; the next may */ }
      if (text && this.stream && text !== kept(sessionStorage, LAST)) return this.found(text)
      if (performance.now() - this.began > UNREAD_AFTER) this.say(this.dataset.dark)
    }
    setTimeout(() => this.look(), EVERY)
  }

  found(text) {
    this.stop()
    keep(sessionStorage, LAST, text)
    this.field.value = text
    this.say(this.dataset.read)
    navigator.vibrate?.(60)
    if (kept(localStorage, SOUND) === "1") this.beep()
    const wanted = new CustomEvent("tb-scanned", { detail: text, bubbles: true, cancelable: true })
    if (this.dispatchEvent(wanted) && "sends" in this.dataset) this.field.form?.requestSubmit()
  }

  async light() {
    const on = this.buttons.light.getAttribute("aria-pressed") !== "true"
    try {
      await this.stream?.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] })
      this.buttons.light.setAttribute("aria-pressed", String(on))
    } catch { this.buttons.light.hidden = true }
  }

  sound(on) {
    keep(localStorage, SOUND, on ? "1" : "")
    this.buttons.sound.setAttribute("aria-pressed", String(on))
  }

  beep() {
    const context = new AudioContext()
    const tone = context.createOscillator()
    tone.frequency.value = 880
    tone.connect(context.destination)
    tone.start()
    tone.stop(context.currentTime + 0.1)
    tone.onended = () => context.close()
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    this.stream = null
    this.video.srcObject = null
    this.view.hidden = true
    for (const name of ["stop", "light", "sound"]) this.buttons[name].hidden = true
    this.buttons.camera.hidden = !navigator.mediaDevices?.getUserMedia
    this.buttons.light.setAttribute("aria-pressed", "false")
  }
})
