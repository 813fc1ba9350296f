// What only officers need: the pages of documents, marks that survive a reload, covered values. Everything works without it.
const $ = (selector, within = document) => within.querySelector(selector)
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)]

// -- documents: one page after the other, larger, turned

customElements.define("of-viewer", class extends HTMLElement {
  connectedCallback() {
    this.box = $(".of-viewer__pages", this)
    this.pages = $$(".of-page", this)
    this.turns = new Map()
    this.scale = 1
    const bar = $(".of-viewer__bar", this)
    if (!this.box || !bar) return
    bar.hidden = false
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button")
      if (!button) return
      if (button.dataset.step) this.go(this.at + Number(button.dataset.step))
      else if (button.dataset.zoom) this.zoom(Number(button.dataset.zoom))
      else this.turn()
    })
    this.box.addEventListener("scroll", () => this.say(), { passive: true })
    this.say()
  }
  get at() {
    const top = this.box.getBoundingClientRect().top + 60
    let found = 0
    this.pages.forEach((page, number) => { if (page.getBoundingClientRect().top <= top) found = number })
    const end = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - 2
    return end && this.box.scrollTop > 0 && this.aim > found ? this.aim : found
  }
  go(number) {
    this.aim = Math.max(0, Math.min(this.pages.length - 1, number))
    const page = this.pages[this.aim]
    if (this.box.scrollHeight > this.box.clientHeight + 1) { // the box is the pages' offset parent
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches
      this.box.scrollTo({ top: page.offsetTop - 4, behavior: still ? "instant" : "smooth" })
    } else page.scrollIntoView({ block: "start" })
    this.say(this.aim)
  }
  say(number = this.at) { $(".of-viewer__at", this).textContent = `${number + 1} / ${this.pages.length}` }
  zoom(step) {
    const at = this.at
    this.scale = Math.max(0.5, Math.min(4, this.scale * (step > 0 ? 1.25 : 0.8)))
    for (const page of this.pages) this.draw(page)
    this.go(at)
  }
  turn() {
    const page = this.pages[this.at]
    this.turns.set(page, ((this.turns.get(page) ?? 0) + 90) % 360)
    this.draw(page)
  }
  draw(page) {
    const image = $("img", page), sheet = image.closest(".tb-marked") ?? image, turn = this.turns.get(page) ?? 0
    const room = this.box.clientWidth - 24, ratio = (image.naturalHeight || image.height || 1) / (image.naturalWidth || image.width || 1)
    const wide = room * this.scale
    // lying on its side it fills the width with its height; the margins take back what the layout still gives the upright page
    const across = turn % 180 ? wide / ratio : wide
    sheet.style.width = `${across}px`
    sheet.style.maxWidth = "none"
    sheet.style.marginBlock = turn % 180 ? `${(across - wide) / 2}px` : ""
    sheet.style.transform = turn ? `rotate(${turn}deg)` : ""
  }
})

// -- marks: counted, and kept for this tab until they are sent

const marks = $("form[data-keep]")
if (marks) {
  const key = `office:marks:${marks.dataset.keep}`
  const fields = [...marks.elements].filter((field) => /^(wrong|text)-/.test(field.name))
  const touched = fields.some((field) => field.type === "checkbox" ? field.checked : field.value)
  const count = () => {
    const number = fields.filter((field) => field.type === "checkbox" && field.checked).length
    for (const badge of $$("[data-count]")) { badge.hidden = !number; badge.textContent = number }
  }
  const keep = () => {
    const held = {}
    for (const field of fields) if (field.type === "checkbox" ? field.checked : field.value) held[field.name] = field.value
    try { sessionStorage.setItem(key, JSON.stringify(held)) } catch { /* the page itself still holds it */ }
    count()
  }
  if (!touched) {
    try {
      const held = JSON.parse(sessionStorage.getItem(key) ?? "{}")
      for (const field of fields) if (field.name in held) field.type === "checkbox" ? field.checked = true : field.value = held[field.name]
    } catch { /* nothing was kept */ }
  }
  for (const field of fields) {
    field.addEventListener("input", keep)
    if (field.type === "checkbox") field.addEventListener("change", () => {
      keep()
      if (field.checked) field.closest(".of-mark").querySelector(".of-mark__text").focus()
    })
  }
  count()
}

// -- what the machine noticed goes into the notice where it belongs, without a new page

for (const link of $$("a[data-take]")) link.addEventListener("click", (event) => {
  const tick = $(`[name="wrong-${link.dataset.take}"]`), words = $(`[name="text-${link.dataset.take}"]`)
  if (!tick || !words) return
  event.preventDefault()
  if (!words.value.includes(link.dataset.takeText)) words.value = [words.value, link.dataset.takeText].filter(Boolean).join(" ")
  tick.checked = true
  tick.dispatchEvent(new Event("change"))
})

// -- a covered value is uncovered where it stands; who looked is written down by the server

document.addEventListener("submit", async (event) => {
  const form = event.target
  if (!form.matches("form[data-reveal-value]")) return
  event.preventDefault()
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } }).catch(() => null)
  if (!answer?.ok) return form.submit()
  form.firstElementChild.nextElementSibling ? $("span", form).textContent = (await answer.json()).value : null
  $("button", form).remove()
})

// -- a filter narrows as soon as it is chosen

for (const field of $$("form.of-filters[method=get]:not([data-still]) :is(select, input[type=checkbox])")) field.addEventListener("change", () => field.form.requestSubmit())

// -- lines of a queue: focus comes back to the line somebody left, and keys are for the line they stand on

const lines = () => $$("tr[data-href]")
const KEPT = "office:line"
addEventListener("pagehide", () => {
  const at = lines().indexOf(document.activeElement?.closest("tr[data-href]"))
  if (at >= 0) try { sessionStorage.setItem(KEPT, JSON.stringify([lines()[at].dataset.href, at])) } catch { /* then focus begins at the top */ }
})
const back = () => {
  if (!lines().length || $("[data-focus]") || location.hash) return
  try {
    const [href, at] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")
    sessionStorage.removeItem(KEPT)
    if (href) (lines().find((line) => line.dataset.href === href) ?? lines()[Math.min(at, lines().length - 1)]).focus()
  } catch { /* nothing was kept */ }
}
for (const line of lines()) line.tabIndex = 0
back()

const AT = { n: "#id_note", l: "#id_label", h: "hand-over/" }
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("[data-no-keys]")) return
  const line = document.activeElement
  if (!line?.matches("tr[data-href]")) return
  if (event.key === "x") $("input[name=case]", line)?.click()
  if (event.key in AT) { event.preventDefault(); location.assign(line.dataset.href + AT[event.key]) }
  const claim = $("#row-claim")
  if (event.key === "c" && claim) { event.preventDefault(); claim.action = `${line.dataset.href}claim`; claim.submit() }
})
for (const name of ["#id_note", "#id_label"]) if (location.hash === name) $(name)?.focus()

// -- back to the queue as it was left: narrowed, on its page

try {
  const QUEUE = "office:queue"
  if ($("form.of-filters input[name=tab]")) sessionStorage.setItem(QUEUE, location.pathname + location.search)
  else for (const link of $$('main a[href="/office/"]')) link.href = sessionStorage.getItem(QUEUE) ?? link.href
} catch { /* then it begins anew */ }

// -- the address of a narrowed queue holds only what was asked

for (const form of $$("form.of-filters[method=get]")) form.addEventListener("submit", () => {
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true
})
addEventListener("pageshow", () => { for (const field of $$("form.of-filters :disabled")) field.disabled = false })
