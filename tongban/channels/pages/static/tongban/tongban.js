// Everything here adds to pages that work without it. Each part is a custom element or listens on the document.
const $ = (selector, within = document) => within.querySelector(selector)
const make = (tag, text = "", attributes = {}) => {
  const element = document.createElement(tag)
  element.textContent = text
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}
const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "")
const app = () => import("./app.js")
const clock = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })

// -- a form that left this page has arrived when another page comes; where there was no connection, it has not

const MARKS = "tongban:leaving"
const marks = () => { try { return JSON.parse(sessionStorage.getItem(MARKS) ?? "[]") } catch { return [] } }
function mark(kept, url) { try { sessionStorage.setItem(MARKS, JSON.stringify([...marks(), [kept, url]])) } catch { /* nothing is kept then */ } }
if (marks().length) {
  if (!$("meta[name=tongban-not-sent], meta[name=tongban-offline]")) {
    for (const [kept] of marks()) sessionStorage.removeItem(kept)
    sessionStorage.setItem("tongban:arrived", JSON.stringify(marks().map(([, url]) => url)))
  }
  sessionStorage.removeItem(MARKS)
}

// -- a form is sent once; the server is the one who is certain

document.addEventListener("submit", (event) => {
  const form = event.target
  if (!form.matches("form[data-once]")) return
  if (form.dataset.sent) return event.preventDefault()
  form.dataset.sent = "1"
  event.submitter?.setAttribute("aria-busy", "true")
})
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy")
  }
})

// -- what is ticked is summed; without this each sum stands beside its bill

function sums(form) {
  const all = [...form.querySelectorAll("input[data-fen]")]
  const ticked = all.filter((one) => one.checked)
  const fen = ticked.reduce((sum, one) => sum + Number(one.dataset.fen), 0)
  const yuan = (fen / 100).toLocaleString("en-US", { minimumFractionDigits: fen % 100 ? 2 : 0, maximumFractionDigits: 2 })
  $("[data-sum]", form).textContent = `¥${yuan}`
  const words = $("[data-ticked]", form)
  if (words) words.textContent = fill(words.dataset.ticked, { number: ticked.length, all: all.length })
  $("button[type=submit], .ds-button[type=submit]", form)?.toggleAttribute("disabled", !ticked.length)
}
document.addEventListener("change", (event) => { if (event.target.matches("form[data-sums] input[data-fen]")) sums(event.target.form) })
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sums]")) if ($("input[data-fen]:not(:checked)", form)) sums(form) })

// -- suggestions while typing: a combobox with a list

customElements.define("tb-suggest", class extends HTMLElement {
  connectedCallback() {
    this.input = $("input", this)
    if (!this.input || !this.getAttribute("src")) return
    const id = `${this.input.id}-list`
    this.list = make("ul", "", { class: "tb-suggestions", id, role: "listbox", hidden: "" })
    this.append(this.list)
    for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list" })) this.input.setAttribute(name, value)
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), 90) })
    this.input.addEventListener("keydown", (event) => this.key(event))
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150))
    this.list.addEventListener("pointerdown", (event) => {
      const item = event.target.closest("li")
      if (item) { event.preventDefault(); this.take(item) }
    })
  }
  async ask() {
    const words = this.input.value.trim()
    this.waiting?.abort()
    if (!words || this.composing) return this.close()
    this.waiting = new AbortController()
    try {
      const answer = await fetch(`${this.getAttribute("src")}?q=${encodeURIComponent(words)}`, { signal: this.waiting.signal, headers: { Accept: "application/json" } })
      if (answer.ok) this.show((await answer.json()).suggestions ?? [])
    } catch { /* suggestions are a courtesy */ }
  }
  show(suggestions) {
    this.list.replaceChildren(...suggestions.slice(0, 8).map((suggestion, number) => {
      const item = make("li", "", { role: "option", id: `${this.list.id}-${number}` })
      item.append(make("span", suggestion.text))
      if (suggestion.note) item.append(make("span", suggestion.note, { class: "tb-subtle" }))
      item.href = suggestion.href
      return item
    }))
    this.at = -1
    this.list.hidden = !suggestions.length
    this.input.setAttribute("aria-expanded", String(!this.list.hidden))
  }
  close() {
    this.list.hidden = true
    this.input.setAttribute("aria-expanded", "false")
    this.input.removeAttribute("aria-activedescendant")
  }
  key(event) {
    if (event.isComposing || this.list.hidden) return
    const items = [...this.list.children]
    if (event.key === "Escape") { event.preventDefault(); return this.close() }
    if (event.key === "Enter" && this.at >= 0) { event.preventDefault(); return this.take(items[this.at]) }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return
    event.preventDefault()
    this.at = (this.at + (event.key === "ArrowDown" ? 1 : -1) + items.length + (this.at < 0 && event.key === "ArrowUp" ? 1 : 0)) % items.length
    items.forEach((item, number) => item.setAttribute("aria-selected", String(number === this.at)))
    items[this.at].scrollIntoView({ block: "nearest" })
    this.input.setAttribute("aria-activedescendant", items[this.at].id)
  }
  take(item) {
    if (item.href?.startsWith("/")) return location.assign(item.href)
    this.input.value = item.firstChild.textContent
    this.input.form.requestSubmit()
  }
})

// -- a draft saves itself, says so, and goes on when the connection is back

customElements.define("tb-autosave", class extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form")
    this.words = $(".tb-save__words", this)
    if (!this.form || !this.dataset.url) return
    this.keep = `tongban:${this.dataset.url}`
    this.saved = this.content()
    this.restore()
    this.form.addEventListener("input", () => this.changed())
    this.form.addEventListener("change", (event) => {
      if (event.target.closest("[data-decides]")) this.deciding = true
      this.changed(this.deciding ? 0 : undefined)
    })
    this.form.addEventListener("submit", () => { this.leaving = true; mark(this.keep, this.dataset.url) })
    addEventListener("online", () => this.save())
    addEventListener("pageshow", () => { this.leaving = false })
    addEventListener("beforeunload", (event) => { if (this.unsaved && !this.leaving) event.preventDefault() })
    document.addEventListener("visibilitychange", () => { if (document.hidden && this.unsaved) this.save() })
  }
  entries(without = []) {
    const data = new FormData(this.form)
    for (const [name, value] of [...data]) if (value instanceof File || without.includes(name)) data.delete(name)
    return new URLSearchParams(data).toString()
  }
  content() { return this.entries(["csrfmiddlewaretoken", "revision", "tab"]) }
  get unsaved() { return this.content() !== this.saved }
  changed(wait = $("output", this.form) ? 500 : 1000) {
    clearTimeout(this.timer)
    if (!this.unsaved) return
    try { sessionStorage.setItem(this.keep, this.content()) } catch { /* full or forbidden: the page itself still holds it */ }
    this.timer = setTimeout(() => this.save(), wait)
  }
  save() {
    // One at a time for each form, whichever tab sends it.
    const name = `tongban ${this.dataset.url}`
    return navigator.locks ? navigator.locks.request(name, () => this.send()) : this.send()
  }
  async send() {
    if (!this.unsaved || this.busy) return
    const content = this.content(), body = this.entries()
    this.busy = true
    this.say("saving", this.dataset.saving)
    try {
      const answer = await fetch(this.dataset.url, {
        method: "POST", body, keepalive: body.length < 60000, redirect: "manual", credentials: "same-origin",
        headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Autosave": "1", "X-CSRFToken": this.form.csrfmiddlewaretoken?.value ?? "", Accept: "application/json" },
      })
      const told = await answer.json().catch(() => ({}))
      if (answer.ok) {
        if (told.revision !== undefined && this.form.elements.revision) this.form.elements.revision.value = told.revision
        if (told.reckoned) this.reckon(told.reckoned)
        this.saved = content
        this.tries = 0
        if (this.held) { this.held = false; await app().then((part) => { part.drop(this.dataset.url); part.sentNow() }) }
        if (this.deciding) await this.ask()
        if (!this.unsaved) this.forget()
        this.say("saved", fill(this.dataset.saved, { time: told.saved_at ?? clock() }))
      } else if (answer.status >= 500) this.later()
      else this.say("refused", told.title ?? this.dataset.refused)
    } catch { this.later() }
    this.busy = false
    if (this.unsaved && this.dataset.state === "saved") this.changed()
  }
  async ask() {
    // An answer decides which questions follow.
    this.deciding = false
    const here = $(".tb-fields", this.form), answer = await fetch(location.pathname + location.search, { credentials: "same-origin" })
    const there = answer.ok && $(".tb-fields", new DOMParser().parseFromString(await answer.text(), "text/html"))
    if (!here || !there) return
    const known = new Map([...here.children].map((child) => [child.dataset.fieldId, child]))
    let place = null
    for (const fresh of [...there.children]) {
      const child = known.get(fresh.dataset.fieldId) ?? fresh
      known.delete(fresh.dataset.fieldId)
      if (child === fresh) place ? place.after(child) : here.prepend(child)
      place = child
    }
    for (const gone of known.values()) gone.remove()
    this.saved = this.content()
  }
  reckon(told) { for (const out of this.form.querySelectorAll("output[name]")) out.value = told[out.name] ?? "—" }
  later() {
    this.reckon({})
    this.say("offline", this.dataset.offline)
    this.tries = (this.tries ?? 0) + 1
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.save(), Math.min(60000, 2000 * 2 ** this.tries))
    app().then((part) => part.hold(this)).catch(() => { /* a first visit: this tab still holds it */ })
  }
  restore() {
    // Only for this tab, gone when it closes.
    let kept = null
    try { kept = sessionStorage.getItem(this.keep) } catch { return }
    if (!kept || kept === this.saved) return this.forget()
    this.bring(kept)
  }
  bring(kept) {
    const values = new URLSearchParams(kept)
    for (const field of this.form.elements) {
      if (!field.name || !values.has(field.name) || (field.type === "hidden" && field.name !== "revision" && field.name !== "tab") || field.readOnly) continue
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.getAll(field.name).includes(field.value)
      else field.value = values.get(field.name)
    }
    this.changed()
  }
  forget() { try { sessionStorage.removeItem(this.keep) } catch { /* nothing was kept */ } }
  say(state, words) { this.dataset.state = state; this.words.textContent = words }
})

// -- pages and photos: sent one by one with progress; without script the form sends them

customElements.define("tb-upload", class extends HTMLElement {
  connectedCallback() {
    this.input = $("input[type=file]", this)
    this.progress = $(".tb-drop__progress", this)
    if (!this.input) return
    for (const kind of ["dragenter", "dragover"]) this.addEventListener(kind, (event) => { event.preventDefault(); this.toggleAttribute("data-over", true) })
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, (event) => { event.preventDefault(); this.toggleAttribute("data-over", false) })
    this.addEventListener("drop", (event) => {
      this.input.files = event.dataTransfer.files
      this.input.dispatchEvent(new Event("change", { bubbles: true }))
    })
    if (this.dataset.url) this.input.addEventListener("change", () => this.sendAll())
  }
  async sendAll() {
    const files = [...this.input.files]
    let failed = ""
    for (const file of files) {
      const answer = await this.send(file)
      if (answer) { failed = answer; break }
    }
    if (!failed && files.length) {
      this.input.value = ""
      location.reload()
    } else this.progress.textContent = failed
  }
  send(file) {
    const bar = make("progress", "", { max: "1", value: "0" })
    this.progress.replaceChildren(make("span", fill(this.dataset.sending, { name: file.name })), bar)
    const data = new FormData()
    data.append(this.input.name, file)
    return new Promise((done) => {
      const request = new XMLHttpRequest()
      request.open("POST", this.dataset.url)
      request.setRequestHeader("X-CSRFToken", this.closest("form")?.csrfmiddlewaretoken?.value ?? "")
      request.setRequestHeader("Accept", "application/json")
      request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total }
      request.onload = () => {
        if (request.status < 300) return done("")
        let sentence = ""
        try { sentence = JSON.parse(request.responseText).title } catch { /* not a problem document */ }
        done(sentence || fill(this.dataset.failed, { name: file.name }))
      }
      request.onerror = () => done(fill(this.dataset.failed, { name: file.name }))
      request.send(data)
    })
  }
})

// -- a page that hears when what it shows has changed

customElements.define("tb-live", class extends HTMLElement {
  pause = 5000
  connectedCallback() {
    if (!this.getAttribute("src") || !window.EventSource) return
    this.standing = JSON.parse(this.dataset.standing || "{}")
    this.open()
    document.addEventListener("visibilitychange", () => document.hidden ? this.source?.close() : this.open())
  }
  disconnectedCallback() { this.source?.close() }
  open() {
    this.source?.close()
    this.source = new EventSource(this.getAttribute("src"))
    // The first words tell where each topic stands: it is news only if it has moved since the page was drawn.
    this.source.addEventListener("topic", (event) => {
      const { topic, version } = JSON.parse(event.data)
      if (version <= (this.standing[topic] ?? 0)) return
      this.standing[topic] = version
      clearTimeout(this.soon)
      this.soon = setTimeout(() => this.news(), 150)
    })
  }
  // One question at a time, so that no older answer comes after a newer one; what could not be fetched is asked for again.
  async news() {
    if (!this.hasAttribute("data-reload")) return this.bar()
    if (this.asking) return (this.again = true)
    this.asking = true
    this.again = false
    try { await this.renew() } finally { this.asking = false }
    if (this.again && this.isConnected) this.news()
  }
  async renew() {
    const answer = await fetch(this.dataset.address ?? location.href, { headers: { "X-Live": this.id } }).catch(() => null)
    if (!answer || answer.status >= 500) return void (this.soon = setTimeout(() => this.news(), this.pause))
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(this.id)
    if (!fresh) return this.bar() // the part is gone: whoever looks decides when to see the new page
    const line = this.contains(document.activeElement) && document.activeElement.dataset.href
    this.replaceChildren(...fresh.childNodes)
    for (const row of this.querySelectorAll("tr[data-href]")) { row.tabIndex = 0; if (row.dataset.href === line) row.focus() }
  }
  bar() {
    if ($(".tb-live")) return
    const bar = make("div", "", { class: "tb-live", role: "status" })
    const link = make("button", this.dataset.show || "↻")
    link.addEventListener("click", () => this.dataset.address ? location.assign(this.dataset.address) : location.reload()) // an answer to a form is not asked for again
    bar.append(make("span", this.dataset.words || ""), link)
    document.body.append(bar)
  }
})

// -- a wide table is moved by keyboard too

const reach = new ResizeObserver((boxes) => {
  for (const { target: box } of boxes) {
    if (box.scrollWidth <= box.clientWidth + 1) { box.removeAttribute("tabindex"); continue }
    box.tabIndex = 0
    box.role = "group"
    box.ariaLabel = [...document.querySelectorAll("h1, h2, h3")].filter((one) => one.compareDocumentPosition(box) & 4).at(-1)?.textContent.trim()
  }
})
for (const box of document.querySelectorAll(".tb-table")) reach.observe(box)

// -- keys for officers, copying, printing, menus, dialogs

let before = ""
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll(".tb-menu[open], .tb-help-mark[open]")) { menu.open = false; $("summary", menu).focus() }
    if ($(".tb-dialog:target")) location.hash = ""
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || $("[data-no-keys]")) return
  const rows = [...document.querySelectorAll("tr[data-href]")]
  const at = rows.indexOf(event.target.closest("tr[data-href]"))
  if (rows.length && (event.key === "j" || event.key === "k")) {
    rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))].focus()
  } else if (event.key === "Enter" && event.target.matches("tr[data-href]")) location.assign(rows[at].dataset.href)
  else {
    const keyed = (keys) => $(`[data-key=${JSON.stringify(keys)}]`)
    const target = (before && keyed(`${before} ${event.key}`)) || keyed(event.key)
    before = target ? "" : event.key
    setTimeout(() => { before = "" }, 900)
    if (target) { event.preventDefault(); target.matches("input, textarea, select") ? target.focus() : target.click() }
  }
})
document.addEventListener("click", async (event) => {
  for (const menu of document.querySelectorAll(".tb-menu[open], .tb-help-mark[open]")) if (!menu.contains(event.target)) menu.open = false
  const target = event.target.closest("[data-copy], [data-print], tr[data-href]")
  if (!target) return
  if (target.dataset.copy !== undefined) {
    await navigator.clipboard?.writeText(target.dataset.copy)
    target.dataset.copied = "1"
  } else if (target.dataset.print !== undefined) print()
  else if (!event.target.closest("a, button, input, label, select")) location.assign(target.dataset.href)
})
for (const row of document.querySelectorAll("tr[data-href]")) row.tabIndex = 0
for (const note of document.querySelectorAll("[data-reveal]")) note.hidden = false
$("[data-focus]")?.focus()

// -- the app: not with the first page anybody sees, which stays light

if ("serviceWorker" in navigator && window.isSecureContext) {
  let seen = true
  try { seen = localStorage.getItem("tongban:seen"); localStorage.setItem("tongban:seen", "1") } catch { /* without storage there is nothing to keep */ }
  if (seen) (window.requestIdleCallback ?? setTimeout)(() => app().catch(() => { /* without a connection and without the app */ }))
}
