// Loaded after the second page: the service worker, what was typed without a connection, the installed app. Pages work without any of it.
import { all, keep, owner, read, remove, take, wipe } from "./device.js";

const $ = (selector, within = document) => within.querySelector(selector)
const book = $("#tb-words")?.content
const word = (name, values = {}) => ($(`[data-for=${name}]`, book)?.textContent ?? "").replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "")
const meta = (name) => $(`meta[name=${name}]`)?.content
const locale = document.documentElement.lang
const hour = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" })
const moment = (text) => new Date(text).toLocaleString(locale === "en" ? "en-GB" : locale, { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Shanghai" })
const alone = (name, act) => navigator.locks ? navigator.locks.request(`tongban ${name}`, act) : act()

// -- one line of news above the page

const element = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag)
  made.textContent = text
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}
export const strip = (name, values = {}, ...acts) => {
  $(`.tb-strip[data-about=${name}]`)?.remove()
  const line = element("div", "", { class: "tb-strip", role: "status", "data-about": name })
  line.append(element("p", word(name, values)), ...acts)
  $("main").before(line)
  return line
}
const link = (href, text) => element("a", text, { class: "ds-button", "data-variant": "secondary", "data-size": "sm", href })
const button = (text, act, variant = "secondary") => {
  const made = element("button", text, { class: "ds-button", type: "button", "data-variant": variant, "data-size": "sm" })
  made.addEventListener("click", act)
  return made
}

// -- the worker

const tell = async (message) => {
  const { active } = await navigator.serviceWorker.ready
  const { port1, port2 } = new MessageChannel()
  const answer = new Promise((heard) => { port1.onmessage = () => heard() })
  active.postMessage(message, [port2])
  return answer
}
const begin = async () => {
  await navigator.serviceWorker.register("/service-worker.js", { scope: "/" })
  const look = `${locale} ${document.documentElement.dataset.edition}`
  if (meta("tongban-kept") === undefined && localStorage.getItem("tongban:look") !== look) {
    await tell({ act: "look" })
    localStorage.setItem("tongban:look", look)
  }
  const account = await owner(), gathered = (await read("meta", "gathered"))?.at ?? 0
  if (account && navigator.onLine && Date.now() - gathered > 3600_000) await tell({ act: "keep", account })
}

// -- what this page is: fresh, kept, or in place of one that could not be had

const standing = async () => {
  const at = meta("tongban-kept")
  if (at !== undefined) strip("offline", { at: at ? moment(at) : "" })
  if (meta("tongban-not-sent") !== undefined) {
    for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== "not-sent"
    $("[data-again]").href = meta("tongban-not-sent") || "."
  }
  if (meta("tongban-too-old") !== undefined) for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== "too-old"
  const place = $("[data-kept-here]")
  if (!place) return
  const rows = (await all("pages")).filter((row) => Date.now() - row.at < 24 * 3600_000)
  const guides = (await Promise.all((await caches.keys()).filter((name) => name.startsWith("guides-")).map(async (name) => (await caches.open(name)).keys()))).flat()
  const paths = [...rows.map((row) => row.key), ...guides.map((request) => new URL(request.url).pathname)]
  for (const path of new Set(paths)) {
    const title = await titled(path)
    if (!title) continue
    const line = element("li")
    line.append(element("a", title, { href: path }))
    $("ul", place).append(line)
  }
  place.hidden = !$("li", place)
}
const titled = async (path) => {
  const own = await take("pages", path).catch(() => null)
  const text = own?.text ?? await (await caches.match(path))?.text() ?? ""
  return (new DOMParser().parseFromString(text, "text/html").title ?? "").split(" – ")[0]
}

// -- forms: held while there is no connection, sent once when there is

export const hold = async (save) => {
  if (!(await owner())) return  // on a device that is not one's own it stays in this tab alone
  await keep("outbox", save.dataset.url, save.entries(), { kind: "save", page: location.pathname })
  save.held = true
  save.say("offline", word("held"))
}
export const drop = (url) => remove("outbox", url)
export const sentNow = () => strip("sent", { time: hour() })

// The page that the server drew after a refusal holds what was typed (data-typed) and what stands there: what was held is not brought
// over it, and stays on this device until one of the two is kept.
const bring = async (save) => {
  const entry = await take("outbox", save.dataset.url).catch(() => null)
  if (!entry) return
  save.held = true
  if (!("typed" in save.dataset)) save.bring(entry.text)
}
const refused = (save) => {
  if (save.dataset.state !== "refused" || $(".tb-strip[data-about=stays]")) return
  strip("stays", {}, button(word("both"), () => {
    save.form.action = save.dataset.both
    save.form.noValidate = true
    save.form.requestSubmit()
  }))
}
const conflict = (page) => strip("conflict", {}, link(page, word("both")))
const fresh = async (page) => {
  const answer = await fetch(page, { headers: { Accept: "text/html" } })
  const there = new DOMParser().parseFromString(await answer.text(), "text/html")
  return { where: new URL(answer.url).pathname, token: $("main [name=csrfmiddlewaretoken]", there)?.value }
}
const send = async (url) => {
  const entry = await take("outbox", url)
  if (!entry || entry.conflict) return entry && conflict(entry.page)
  const { where, token } = await fresh(entry.page)
  if (where.startsWith("/account/")) return strip("sign-in", {}, link(`/account/sign-in/?next=${encodeURIComponent(location.pathname)}`, word("to-sign-in")))
  if (where !== entry.page || !token) return drop(url)  // the case is no longer one to fill in
  // With the revision and the name of the page it was typed on: the server takes it only if nobody else wrote since.
  const answer = await fetch(url, {
    method: "POST", body: entry.text, redirect: "manual",
    headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Autosave": "1", "X-CSRFToken": token, Accept: "application/json" },
  })
  if (answer.ok) { await drop(url); sentNow() }
  else if (answer.status === 409) conflict(entry.page)
  else if (answer.status < 500) strip("refused", {}, link(entry.page, word("open")))
}
const SENT = ["/my/cases/", "/office/inspections/"]
const sign = async (url) => {
  const entry = await take("outbox", url)
  if (!entry) return
  let { where, token } = await fresh(entry.page)
  if (where === entry.page && !token) { await drop(url); return strip("refused", {}, link(entry.page, word("open"))) }  // over meanwhile
  if (where === entry.page && token) {
    const body = new URLSearchParams(entry.text)
    body.set("csrfmiddlewaretoken", token)
    const answer = await fetch(url, { method: "POST", body })
    where = new URL(answer.url).pathname
    if (where === url && !answer.ok) { await drop(url); return strip("refused", {}, link(entry.page, word("open"))) }
  }
  if (SENT.some((start) => where.startsWith(start))) { await drop(url); return strip("submitted", { time: hour() }, link(where, word("open"))) }
  if (where.startsWith("/account/presence/")) return strip("proof", {}, link(`/account/presence/?next=${encodeURIComponent(location.pathname)}`, word("to-proof")))
  if (where.startsWith("/account/")) return strip("sign-in", {}, link(`/account/sign-in/?next=${encodeURIComponent(location.pathname)}`, word("to-sign-in")))
}
// A photograph taken without a line. It carries a name of its own: however often it is sent, it is kept once.
const photo = async (key) => {
  const entry = await take("outbox", key)
  if (!entry) return
  const { where, token } = await fresh(entry.page)
  if (where.startsWith("/account/")) return strip("sign-in", {}, link(`/account/sign-in/?next=${encodeURIComponent(location.pathname)}`, word("to-sign-in")))
  const body = new FormData(), bytes = Uint8Array.from(atob(entry.text), (letter) => letter.charCodeAt(0))
  body.set("csrfmiddlewaretoken", token ?? "")
  body.set("key", entry.name)
  body.set("photo", new File([bytes], "photo.jpg", { type: "image/jpeg" }))
  const answer = await fetch(key.split("#")[0], { method: "POST", body, headers: { "X-Autosave": "1", Accept: "application/json" } })
  if (answer.ok) { await drop(key); document.dispatchEvent(new CustomEvent("tongban:photo", { detail: entry.name })); sentNow() }
  else if (answer.status < 500) { await drop(key); strip("refused", {}, link(entry.page, word("open"))) }
}
const sendAll = async () => {
  if (!navigator.onLine) return
  for (const { key, kind } of await all("outbox")) {
    if ($(`tb-autosave[data-url=${JSON.stringify(key)}]`)) continue  // open here: the form speaks for itself
    await alone(key, () => ({ sign, photo }[kind] ?? send)(key)).catch(() => { /* the line is gone again: later */ })
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target
  if (navigator.onLine || form.method !== "post") return
  event.preventDefault()
  event.stopImmediatePropagation()
  const save = $("tb-autosave", form), where = event.submitter?.getAttribute("formaction") ?? form.action
  const signing = where.endsWith("/submit") && form.elements.sign?.checked
  if (save && !signing) return save.save()
  if (save) await hold(save)  // if the signature comes too late, what was written has not gone with it
  if (!signing || !(await owner())) return strip("not-now")
  const body = new URLSearchParams(new FormData(form)).toString()
  await keep("outbox", new URL(form.action).pathname, body, { kind: "sign", page: location.pathname })
  strip("signed")
}, true)

// -- whoever followed a link to an answer stands at #id_…; a form sent from there would carry it through the redirect to the next page

document.addEventListener("submit", ({ target: form, submitter }) => {
  const where = submitter?.getAttribute("formaction") ?? form.getAttribute("action")
  if (location.hash && !where?.includes("#")) history.replaceState(history.state, "", location.pathname + location.search)
})

// -- signing out: first say what would be lost, then nothing is left

document.addEventListener("submit", async (event) => {
  const form = event.target
  if (form.dataset.sure || !new URL(form.action).pathname.startsWith("/account/sign-out/")) return
  event.preventDefault()
  if ((await all("outbox")).length) {
    const line = strip("unsent", {}, button(word("stay"), () => line.remove(), "primary"), button(word("out"), () => leave(form)))
    return line.scrollIntoView({ block: "nearest" })
  }
  leave(form)
})
const leave = async (form) => { await wipe(); form.dataset.sure = "1"; form.requestSubmit() }

// -- time: said before the session ends, and given by one press without leaving the page

const clockwork = () => {
  const form = $("form[data-ends]")
  if (!form) return
  const warn = () => { form.hidden = false }
  const wait = () => setTimeout(warn, Math.min(2 ** 31 - 1, Math.max(0, new Date(form.dataset.ends) - Date.now() - form.dataset.before * 60_000)))
  let timer = wait()
  form.addEventListener("submit", async (event) => {
    if (!navigator.onLine) return
    event.preventDefault()
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } }).catch(() => null)
    if (!answer?.ok) return form.submit()
    form.dataset.ends = (await answer.json()).ends
    form.hidden = true
    clearTimeout(timer)
    timer = wait()
  })
}

// -- "this is my own device"

const mine = async () => {
  const box = $("[data-device]")
  if (!box) return
  const show = async () => {
    const kept = (await owner()) === box.dataset.device
    for (const part of box.querySelectorAll("[data-if]")) part.hidden = part.dataset.if !== (kept ? "kept" : "not-kept")
    $("[data-count]", box).textContent = String((await all("pages")).length)
  }
  $("[data-keep]", box).addEventListener("click", async (event) => {
    event.target.setAttribute("aria-busy", "true")
    await tell({ act: "keep", account: box.dataset.device, from: box.dataset.from })
    event.target.removeAttribute("aria-busy")
    await show()
  })
  $("[data-forget]", box).addEventListener("click", async () => { await tell({ act: "forget" }); await show() })
  box.hidden = false
  await show()
}

// -- on the home screen: asked once, on phones, and never in the elderly edition

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault()
  if (localStorage.getItem("tongban:hint") || !matchMedia("(max-width: 48rem)").matches || document.documentElement.dataset.edition === "elderly") return
  localStorage.setItem("tongban:hint", "shown")
  const line = strip("install", {}, button(word("to-install"), () => { line.remove(); event.prompt() }, "primary"), button(word("not-now-short"), () => line.remove()))
})

addEventListener("online", () => { $(".tb-strip[data-about=offline]")?.remove(); sendAll() })
for (const url of JSON.parse(sessionStorage.getItem("tongban:arrived") ?? "[]")) if (!$(`tb-autosave[data-typed][data-url=${JSON.stringify(url)}]`)) await drop(url).catch(() => {})
sessionStorage.removeItem("tongban:arrived")
for (const save of document.querySelectorAll("tb-autosave")) {
  if (save.dataset.url) bring(save)
  if (!save.dataset.both) continue
  new MutationObserver(() => refused(save)).observe(save, { attributeFilter: ["data-state"] })
  refused(save)
}
document.addEventListener("click", async (event) => {
  const way = event.target.closest("a[data-instead]")
  if (!way) return
  event.preventDefault()
  sessionStorage.removeItem(`tongban:${way.dataset.instead}`)
  await drop(way.dataset.instead).catch(() => {})
  location.assign(way.href)
})
clockwork()
await Promise.allSettled([begin(), standing(), mine()])
await sendAll()
