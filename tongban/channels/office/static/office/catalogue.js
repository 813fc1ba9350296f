// What makes the editors quicker: dragging cards, the preview following what is saved, conditions that show their values. Everything works without it.
const $ = (selector, within = document) => within.querySelector(selector)
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)]

// -- on a phone the list of parts is folded, so that the work stands first

if (matchMedia("(max-width: 59.99rem)").matches) $$(".ct-parts__fold").forEach((fold) => { if (location.pathname.split("/").length > 6) fold.open = false })

// -- the preview follows every save

const frame = $("iframe[name=preview]")
if (frame) {
  new MutationObserver((changes) => {
    if (changes.some((one) => one.target.dataset?.state === "saved")) frame.contentWindow.location.reload()
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-state"] })
}

// -- choosing another fact, comparison or kind of answer brings what belongs to it: the page draws it

document.addEventListener("change", (event) => {
  const chosen = event.target
  const form = chosen.closest("form")
  if (!form) return
  const cond = chosen.closest("[data-cond]")
  const redraw = chosen.name === "type" && form.elements.field || cond && (chosen.matches("[data-fact]") || chosen.name.endsWith(".op"))
  if (!redraw) return
  const button = document.createElement("button")
  button.name = "do"
  button.value = cond ? "redraw" : "save"
  button.hidden = true
  form.append(button)
  form.requestSubmit(button)
})

// -- cards are dragged; the buttons beside them do the same

const place = $("form[data-place]")
if (place) {
  const cards = $$("[data-field]")
  let held = null
  for (const card of cards) {
    if ($(".ct-open", card)) continue
    card.draggable = true
    card.addEventListener("dragstart", (event) => { held = card; event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", card.dataset.field) })
    card.addEventListener("dragend", () => { held = null; cards.forEach((one) => one.removeAttribute("data-over")) })
  }
  for (const card of cards) {
    card.addEventListener("dragover", (event) => { if (held && held !== card) { event.preventDefault(); card.toggleAttribute("data-over", true) } })
    card.addEventListener("dragleave", () => card.removeAttribute("data-over"))
    card.addEventListener("drop", (event) => {
      if (!held) return
      event.preventDefault()
      const from = cards.indexOf(held), to = cards.indexOf(card)
      $("button", place).value = `place:${held.dataset.field}:${from < to ? to - 1 : to}`
      place.requestSubmit($("button", place))
    })
  }
}
