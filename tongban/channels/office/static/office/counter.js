// A desk whose line breaks: what is pressed is kept in this tab under its key and sent when the line is back; a key is done once,
// however often it is sent. Calling people needs the line, because the hall decides who is next. The page works without any of it.
const $ = (selector, within = document) => within.querySelector(selector)
const KEPT = "tongban:counter", news = $(".ct-news"), desk = $(".ct-desk")
const fill = (words, values) => words.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "")
const hour = (at = Date.now()) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
const kept = () => { try { return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") } catch { return [] } }
const keep = (rows) => { try { sessionStorage.setItem(KEPT, JSON.stringify(rows)) } catch { /* full or forbidden: the page still holds it */ } }
const say = (name, values = {}, good = false) => {
  news.textContent = fill(news.dataset[name], values)
  news.toggleAttribute("data-good", good)
  news.hidden = false
}

const post = async (row) => {
  const body = new URLSearchParams(row.body)
  const answer = await fetch(row.url, { method: "POST", body, headers: { "X-CSRFToken": body.get("csrfmiddlewaretoken") ?? "", Accept: "application/json" } })
  if (answer.status >= 500 && answer.status !== 501) throw new Error(String(answer.status))
  return { ok: answer.ok, told: await answer.json().catch(() => ({})) }
}

let since = 0, sending = false
const later = (row) => {
  if (row) keep([...kept(), row])
  since ||= Date.now()
  say("waits", { time: hour(since), count: kept().length })
}
const flush = async () => {
  if (sending || !kept().length) return
  sending = true
  let refused = ""
  try {
    while (kept().length) {
      const [row] = kept(), { ok, told } = await post(row)
      keep(kept().filter((one) => one.key !== row.key || one.url !== row.url))
      if (!ok) refused = told.title ?? row.said
    }
    since = 0
    if (refused) say("refused", { why: refused })
    else { say("sent", { time: hour() }, true); desk.removeAttribute("data-left"); await saved(); location.assign(location.pathname) }
  } catch { later() } finally { sending = false }
}
// Leave the page only when what was typed on it has arrived too.
const saved = () => new Promise((done) => {
  const save = $("tb-autosave")
  const look = (turn = 0) => (!save?.unsaved || turn > 8 || !navigator.onLine ? done() : setTimeout(() => look(turn + 1), 250))
  save?.unsaved ? save.save() : 0
  look()
})

// On the window, before the page's own rule for times without a line, which knows nothing of desks.
addEventListener("submit", async (event) => {
  const form = event.target
  if (!form.matches("form[data-desk]")) return
  event.preventDefault()
  event.stopImmediatePropagation()
  if (form.dataset.sent) return
  form.dataset.sent = "1"
  const row = { key: form.elements.key.value, url: form.getAttribute("action"), body: new URLSearchParams(new FormData(form, event.submitter)).toString(), said: form.dataset.said ?? "" }
  const button = event.submitter ?? $("button", form)
  button?.setAttribute("aria-busy", "true")
  try {
    await saved()
    const { ok, told } = await post(row)
    if (ok) return location.assign(told.go ?? location.pathname)
    say("refused", { why: [told.title, told.detail?.replace(told.title, "").trim()].filter(Boolean).join(" ") })
    news.scrollIntoView({ block: "nearest" })
    for (const field of form.elements) field.toggleAttribute("aria-invalid", Boolean(told.errors?.[field.name]))
    $("[aria-invalid]", form)?.focus()
  } catch {
    if (form.dataset.desk === "kept") {
      later(row)
      if (row.url.endsWith("/finish") || row.url.endsWith("/park")) desk.setAttribute("data-left", "")
      return button?.removeAttribute("aria-busy") // stays pressed: once is enough
    }
    say("needs")
  }
  delete form.dataset.sent
  button?.removeAttribute("aria-busy")
}, true)

addEventListener("online", flush)
setInterval(() => { if (kept().length) flush() }, 3000)
if (kept().length) flush()
addEventListener("beforeunload", (event) => { if (kept().length) event.preventDefault() })

// The number at this window changed elsewhere (called again by itself, skipped, closed by the supervisor): show it, unless somebody is typing.
const queue = $("#queue"), mark = () => $("[data-mark]", queue)?.dataset.mark
if (queue) {
  let last = mark()
  new MutationObserver(() => {
    const now = mark()
    if (now === last || now === undefined) return
    last = now
    if (!kept().length && !$("tb-autosave")?.unsaved && !document.activeElement?.matches("input:not([type=hidden]), textarea")) location.reload()
  }).observe(queue, { childList: true, subtree: true })
}
