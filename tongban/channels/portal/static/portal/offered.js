// Answers that a link brings: they stand behind the # of its address, which no server sees. They are taken out of the address at once, kept
// for this tab and an hour, shown as plain text, and sent only with the press that begins the draft.
const HOUR = 3600_000
const place = document.querySelector("[data-offered]")
const fields = new Map(JSON.parse(document.querySelector("#offerable")?.textContent ?? "[]").map((one) => [one.id, one]))
const key = `tongban:offered:${place?.dataset.offered}`

function read() {
  const found = []
  if (location.hash.length > 1 && location.hash.length <= 3000) {
    for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
      const one = name.startsWith("f.") ? fields.get(name.slice(2)) : undefined
      const fits = one && text && text.length <= one.longest && (!Object.keys(one.options).length || text in one.options)
      if (fits && found.length < 40) found.push([one.id, text])
    }
  }
  return found
}
function keep(found) { try { sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), found })) } catch { /* then they are typed */ } }
function forget() { try { sessionStorage.removeItem(key) } catch { /* nothing was kept */ } }
function kept() {
  try {
    const held = JSON.parse(sessionStorage.getItem(key) ?? "null")
    return held && Date.now() - held.at < HOUR ? held.found.filter(([id]) => fields.has(id)) : []
  } catch { return [] }
}
function show(found) {
  const list = place.querySelector("dl")
  list.replaceChildren(...found.map(([id, text]) => {
    const row = document.createElement("div")
    const [term, said] = [document.createElement("dt"), document.createElement("dd")]
    const one = fields.get(id)
    term.textContent = one.label
    said.textContent = one.options[text] ?? text
    row.append(term, said)
    return row
  }))
  place.hidden = !found.length
  for (const other of document.querySelectorAll("[data-without-offer]")) other.hidden = Boolean(found.length)
}

if (place) {
  const form = place.closest("form")
  if (location.hash) {
    if (!form) keep(read())
    history.replaceState(null, "", location.pathname + location.search)
  }
  // a press that began nothing brings back what it had sent
  const again = [...place.querySelectorAll("input[type=hidden]")].map((one) => [one.name.slice(2), one.value])
  for (const input of place.querySelectorAll("input[type=hidden]")) input.remove()
  const found = again.length ? again.filter(([id]) => fields.has(id)) : kept()
  show(found)
  if (form && found.length) {
    for (const [id, text] of found) {
      const input = document.createElement("input")
      Object.assign(input, { type: "hidden", name: `f.${id}`, value: text })
      place.append(input)
    }
    form.addEventListener("submit", forget)
  }
  for (const button of document.querySelectorAll("[data-leave-out]")) {
    button.addEventListener("click", () => {
      forget()
      for (const input of place.querySelectorAll("input[type=hidden]")) input.remove()
      show([])
    })
  }
}
