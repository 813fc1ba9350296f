// Scans at an inspection: answered at once where there is a line, else kept with the record and answered when it is back.
const $ = (selector, within = document) => within.querySelector(selector)
const form = $(".of-scan"), record = $(".of-record"), list = $(".of-checks")

const put = (html, key) => {
  // our own page's words, in which the server escaped what people wrote; nothing in them runs
  const made = new DOMParser().parseFromString(html, "text/html").querySelector("li"), before = $(`[data-key="${CSS.escape(key)}"]`, list)
  if (before) before.replaceWith(made)
  else list.append(made)
  $("[data-nobody]")?.setAttribute("hidden", "")
}
const say = (key, words, waits) => {
  const line = document.createElement("li")
  line.className = "tb-panel of-check"
  line.dataset.key = key
  if (waits) line.dataset.waits = ""
  line.textContent = words
  $(`[data-key="${CSS.escape(key)}"]`, list)?.remove()
  list.append(line)
  $("[data-nobody]")?.setAttribute("hidden", "")
}
const waiting = () => { try { return JSON.parse(record.elements.scans.value || "[]") } catch { return [] } }
const wait = (scan) => {
  record.elements.scans.value = JSON.stringify([...waiting(), scan])
  record.dispatchEvent(new Event("input", { bubbles: true }))
  say(scan.key, form.dataset.waits, true)
}
const check = async (text) => {
  const scan = { key: crypto.randomUUID(), text, at: new Date().toISOString() }
  try {
    const body = new URLSearchParams({ payload: text, key: scan.key, at: scan.at })
    const answer = await fetch(form.action, {
      method: "POST", body, headers: { "X-Autosave": "1", "X-CSRFToken": form.csrfmiddlewaretoken.value, Accept: "application/json" },
    })
    if (answer.status >= 500) throw new Error(String(answer.status))
    const told = await answer.json()
    if (answer.ok) put(told.html, told.key)
    else say(scan.key, told.title)
  } catch { wait(scan) }
}
// On the window, before the page's own rule for times without a line, which knows nothing of scans.
if (form && record) addEventListener("submit", (event) => {
  if (event.target !== form) return
  event.preventDefault()
  event.stopImmediatePropagation()
  const field = form.elements.payload, text = field.value.trim()
  field.value = ""
  field.focus()
  if (text) check(text)
}, true)

// What waited is written down with the record: then the page shows what the server saw.
const fresh = async () => {
  if (!$("[data-waits]", list)) return
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } })
  const there = answer.ok && $(".of-checks", new DOMParser().parseFromString(await answer.text(), "text/html"))
  if (!there) return
  const known = new Set([...there.children].map((child) => child.dataset.key))
  record.elements.scans.value = JSON.stringify(waiting().filter((scan) => !known.has(scan.key)))
  list.replaceChildren(...there.children)
}
const save = $("tb-autosave")
if (save && list && record) new MutationObserver(() => { if (save.dataset.state === "saved") fresh() }).observe(save, { attributes: true, attributeFilter: ["data-state"] })
