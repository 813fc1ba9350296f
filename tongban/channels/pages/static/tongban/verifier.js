// The page that checks licences without a network. What the root signed is kept in a cache of its own; nothing that is scanned leaves the device.
import { check, openList, statusesOf, trustOf, FRESH } from "./paper.js";

const LISTS = "verifier-lists", EVERY = 15 * 60 * 1000
const KINDS = { trust: "tongban-trust-list", status: "tongban-licence-status" }

const made = (name, words = "", attributes = {}) => {
  const element = document.createElement(name)
  if (words) element.textContent = words
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
const filled = (words, values) => words.replaceAll(/%\((\w+)\)s/g, (_all, name) => values[name])

customElements.define("tb-verifier", class extends HTMLElement {
  async connectedCallback() {
    this.words = JSON.parse(this.querySelector("#verifier-words").textContent)
    this.root = JSON.parse(this.querySelector("#verifier-root").textContent)
    this.ready = this.querySelector("[data-ready]")
    this.answer = this.querySelector("[data-answer]")
    this.form = this.querySelector("form")
    this.field = this.form.elements.token
    if (!globalThis.crypto?.subtle || typeof BigInt === "undefined") { this.ready.textContent = this.words.no_crypto; return }
    this.form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); this.judge(this.field.value) }, true)
    const picture = this.querySelector("[data-picture]")
    picture.hidden = false
    picture.querySelector("input").addEventListener("change", (event) => this.look(event.target))
    const again = this.querySelector("[data-fetch]")
    again.hidden = false
    again.addEventListener("click", () => this.fetchLists(true))
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault()
      const install = this.querySelector("[data-install]")
      install.hidden = false
      install.addEventListener("click", () => event.prompt(), { once: true })
    })
    addEventListener("hashchange", () => this.fromAddress())
    addEventListener("online", () => this.fetchLists())
    await this.openKept()
    await this.fromAddress()
    this.fetchLists()
    setInterval(() => this.fetchLists(), EVERY)
    try {
      await navigator.serviceWorker?.register(this.dataset.worker, { scope: "/verify/" })
      ;(await navigator.serviceWorker?.ready)?.active?.postMessage({ act: "look" })
      this.dataset.kept = ""
    } catch { /* without a worker it checks as long as it stays open */ }
  }

  // Opened by any camera: the address of a licence, with its signed code behind the #.
  async fromAddress() {
    if (!location.hash.startsWith("#TB1:")) return
    const token = /^\/verify\/([A-Za-z0-9_-]{22})$/.exec(location.pathname)?.[1]
    this.field.value = token ? `${this.dataset.address}/verify/${token}${location.hash}` : location.hash.slice(1)
    await this.judge(this.field.value)
  }

  // -- the lists

  async openKept() {
    const cache = await caches.open(LISTS)
    for (const name of Object.keys(KINDS)) {
      const held = await cache.match(this.dataset[name])
      if (held) await this.take(name, (await held.json()).list).catch(() => cache.delete(this.dataset[name]))
    }
    this.tell()
  }

  async take(name, signed) {
    const body = await openList(signed, this.root, KINDS[name])
    if (this[name] && body.iat < this[name].iat) return // an older one played again
    this[name] = name === "trust" ? trustOf(body) : statusesOf(body)
  }

  async fetchLists(wanted = false) {
    if (wanted) this.ready.textContent = this.words.fetching
    let trouble = ""
    try {
      const cache = await caches.open(LISTS)
      for (const name of Object.keys(KINDS)) {
        const answer = await fetch(this.dataset[name], { headers: { Accept: "application/json" }, cache: "no-store" })
        if (!answer.ok) throw new Error("not answered")
        const kept = answer.clone()
        try { await this.take(name, (await answer.json()).list) } catch { trouble = this.words.forged; continue }
        await cache.put(this.dataset[name], kept)
      }
    } catch { if (wanted) trouble = this.words.no_line }
    this.tell(trouble)
  }

  tell(trouble = "") {
    const { words, trust, status } = this
    if (!trust || !status) this.ready.textContent = [trouble, words.not_ready].filter(Boolean).join(" ")
    else {
      const age = Date.now() - Math.min(trust.iat, status.iat) * 1000
      this.ready.textContent = [trouble, filled(age > FRESH ? words.old : words.ready, { age: this.ago(age) })].filter(Boolean).join(" ")
    }
    this.ready.dataset.fresh = String(Boolean(trust && status && Date.now() - Math.min(trust.iat, status.iat) * 1000 <= FRESH))
  }

  ago(age) {
    const minutes = Math.round(age / 60000)
    if (minutes < 1) return this.words.asked_now
    const said = new Intl.RelativeTimeFormat(this.words.language, { numeric: "always" })
    if (minutes < 60) return said.format(-minutes, "minute")
    const hours = Math.round(minutes / 60)
    return hours < 48 ? said.format(-hours, "hour") : said.format(-Math.round(hours / 24), "day")
  }

  // -- one code

  async look(input) {
    const [file] = input.files
    if (!file) return
    const text = await this.readPicture(file).catch(() => "")
    input.value = ""
    if (!text) return this.show({ signature: "unreadable", state: "unknown", reason: "", none: true })
    this.field.value = text
    await this.judge(text)
  }

  async readPicture(file) {
    const picture = await createImageBitmap(file)
    if ("BarcodeDetector" in window) {
      try {
        const [found] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture)
        if (found) return found.rawValue
      } catch { /* the browser says that it can and cannot */ }
    }
    const { decodeQR } = await import("../qr/decode.js")
    for (const side of [1600, 1000, 2400]) { // a fine code in a large sheet needs its pixels; a noisy photograph is better small
      const scale = Math.min(side / Math.max(picture.width, picture.height), 2)
      const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale))
      const drawn = canvas.getContext("2d")
      drawn.drawImage(picture, 0, 0, canvas.width, canvas.height)
      try { return decodeQR(drawn.getImageData(0, 0, canvas.width, canvas.height)) } catch { /* perhaps at another size */ }
    }
    return ""
  }

  async judge(text) {
    if (!text.trim()) return this.field.focus()
    if (!this.trust) { this.answer.replaceChildren(this.box("warn", "help", this.words.states.unknown, this.words.not_ready)); return }
    this.show(await check(text, this.trust, this.status ?? null, Date.now()))
    this.answer.focus({ preventScroll: true })
    this.answer.scrollIntoView({ block: "start" })
  }

  box(verdict, icon, strong, words, more = "") {
    const box = made("div", "", { class: "tb-verdict", "data-verdict": verdict }), text = made("div")
    const drawn = ["seal", "check-circle", "pause", "close-circle", "help"].indexOf(icon)
    box.append(document.querySelector("#verifier-icons").content.children[drawn].cloneNode(true), text)
    text.append(made("strong", strong))
    if (more) text.append(`${this.words.language.startsWith("en") ? ": " : "："}${more}`)
    if (words) text.append(made("br"), words)
    return box
  }

  show({ signature, state, reason, age = null, code = null, keyId = "", none = false }) {
    const { words } = this, good = signature === "good", why = words.reasons[reason] ?? ""
    this.answer.dataset.state = state
    this.answer.dataset.signature = signature
    const parts = []
    if (signature === "unreadable") parts.push(this.box("bad", "close-circle", words.signature.unreadable, none ? words.no_picture : words.not_a_code, none ? "" : why))
    else {
      const issuer = code && this.said(this.trust.issuers?.[code.issuer] ?? code.issuer)
      parts.push(good ? this.box("good", "seal", words.signature.good, filled(words.signed_by, { issuer })) : this.box("bad", "close-circle", words.signature.bad, words.do_not_rely, why))
      const verdict = { valid: ["good", "check-circle"], suspended: ["warn", "pause"], not_valid: ["bad", "close-circle"], unknown: ["warn", "help"] }[state]
      const asOf = age === null ? "" : filled(words.as_of, { age: this.ago(age) }), byPaper = reason === "expired" || reason === "not_yet_valid"
      const hint = byPaper ? words.by_paper : state === "unknown" ? `${asOf} ${words.ask_online}`.trim() : asOf
      parts.push(this.box(...verdict, words.states[state], hint, good ? why : ""))
    }
    if (code) parts.push(this.face(code, keyId))
    this.answer.replaceChildren(...parts)
  }

  face(code, keyId) {
    const { words } = this, kind = this.trust.types?.[code.type], panel = made("section", "", { class: "tb-panel tb-stack", "data-gap": "s" }), list = made("dl")
    const day = (days) => new Intl.DateTimeFormat(words.language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(days * 86_400_000))
    const rows = [
      [words.fields.issuer, this.said(this.trust.issuers?.[code.issuer] ?? code.issuer)],
      ...code.face.map(({ field, value }) => [this.said(kind?.fields?.[field] ?? field), this.said(value)]),
      [words.fields.from, day(code.from)],
      [words.fields.to, code.to === null ? words.fields.endless : day(code.to)],
      [words.fields.number, code.number], [words.fields.key, keyId],
    ]
    for (const [label, value] of rows) { const row = made("div", "", { class: "tb-answer" }); row.append(made("dt", label), made("dd", value)); list.append(row) }
    panel.append(made("h2", this.said(kind?.name ?? code.type)), list)
    if (code.demonstration) panel.append(made("p", words.demonstration))
    panel.append(made("p", words.compare, { class: "tb-subtle" }))
    if (code.token && navigator.onLine) panel.append(made("a", words.online, { href: `${this.dataset.online}${code.token}` }))
    return panel
  }

  // Both languages stand in the code where there was room: [Chinese, English], or {zh, en} from the list.
  said(value) {
    if (typeof value === "string") return value
    const [chinese, english] = Array.isArray(value) ? value : [value.zh, value.en]
    return this.words.language.startsWith("en") ? english || chinese : chinese || english
  }
})
