// The service worker of Tongban. device.js stands above this text; the server fills in the version and what the shell of the app is.
const VERSION = "__VERSION__", SHELL = __SHELL__, SIGN_OUT = "__SIGN_OUT__"
const STATIC = `static-${VERSION}`, GUIDES = `guides-${VERSION}`, MANY = 20, WITHOUT_A_LINE = "/offline/"

addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(STATIC)
  await cache.addAll([...SHELL, WITHOUT_A_LINE])
  await skipWaiting()
})()))

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== STATIC && name !== GUIDES && !name.startsWith("verifier-")) await caches.delete(name)  // the verifier keeps its own
  await clear("pages")  // drawn by another version, with another style sheet; what waits to be sent stays
  await clients.claim()
})()))

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url)
  if (url.origin !== location.origin) return
  if (request.mode === "navigate") return event.respondWith(request.method === "GET" ? page(event, url) : sent(event, url))
  if (request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(asset(request))
})

const asset = async (request) => {
  const held = await caches.match(request)
  if (held) return held
  const answer = await fetch(request)
  if (answer.ok) (await caches.open(STATIC)).put(request, answer.clone())
  return answer
}

const page = async (event, url) => {
  let answer
  try { answer = await fetch(event.request) } catch { return (await kept(url.pathname)) ?? shown("tongban-offline", await (await caches.match(WITHOUT_A_LINE)).text()) }
  event.waitUntil(note(url.pathname, answer.clone()))
  return answer
}

const sent = async (event, url) => {
  let answer
  try { answer = await fetch(event.request) } catch { return shown("tongban-not-sent", await (await caches.match(WITHOUT_A_LINE)).text(), url.pathname) }
  if (url.pathname === SIGN_OUT) event.waitUntil(everything())
  return answer
}

const everything = async () => { await wipe(); await caches.delete(GUIDES) }

// Whose page came decides first: a page of another account ends what was kept for the one before it, a stranger's page what can be read.
const note = async (path, answer) => {
  const account = answer.headers.get("Tongban-Account"), keeping = answer.headers.get("Tongban-Keep")
  if (!answer.ok || !account) return
  const here = await owner()
  if (here && account === "none") await clear("pages")
  else if (here && here !== account) await everything()
  if (keeping === "public") {
    const guides = await caches.open(GUIDES)
    await guides.delete(path)
    await guides.put(path, answer)
    for (const old of (await guides.keys()).slice(0, -MANY)) await guides.delete(old)
  } else if (keeping === "own" && here === account) {
    await keep("pages", path, await answer.text(), { csp: answer.headers.get("Content-Security-Policy") ?? "" })
  }
}

const kept = async (path) => {
  const own = await take("pages", path).catch(() => null)
  if (own && Date.now() - own.at < FRESH) return shown("tongban-kept", own.text, new Date(own.at).toISOString(), own.csp)
  const guide = await (await caches.open(GUIDES)).match(path)
  if (guide) return shown("tongban-kept", await guide.text(), guide.headers.get("Date") ?? "", guide.headers.get("Content-Security-Policy"))
  return own && shown("tongban-too-old", await (await caches.match(WITHOUT_A_LINE)).text(), new Date(own.at).toISOString())  // says so, and shows nothing of it
}

const shown = (name, html, content = "", csp = "") => new Response(
  html.replace("<head>", `<head><meta name="${name}" content="${content.replaceAll(/[^\w\-:.,+/ ]/g, "")}">`),
  { headers: { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Content-Security-Policy": csp || "default-src 'self'; object-src 'none'; base-uri 'none'" } },
)

// Pages ask: keep this for me; forget everything; what is there; the language or the edition is another now.
addEventListener("message", (event) => event.waitUntil((async () => {
  const { act, account, from } = event.data ?? {}
  if (act === "keep") {
    if ((await owner()) !== account) await belongsTo(account)
    if (from) await write("meta", "from", { path: from })
    await gather()
  } else if (act === "forget") await everything()
  else if (act === "look") await (await caches.open(STATIC)).add(WITHOUT_A_LINE)
  event.ports[0]?.postMessage({ done: act })
})()))

const gather = async () => {
  const from = (await read("meta", "from"))?.path ?? "/my/device/pages"
  const answer = await fetch(from, { headers: { Accept: "application/json" } })
  if (!answer.ok) return
  const { account, pages } = await answer.json()
  if (account !== (await owner())) return
  for (const path of pages) {
    const one = await fetch(path, { redirect: "error" }).catch(() => null)
    if (!one) continue
    const dressed = [...(await one.clone().text()).matchAll(/(?:href|src)="(\/static\/[^"]+\.(?:css|js))"/g)].map((found) => found[1])
    await note(path, one)
    await Promise.allSettled(dressed.map((file) => asset(new Request(file))))
  }
  const wanted = new Set(pages)
  for (const { key, at } of await all("pages")) if (!wanted.has(key) && Date.now() - at > FRESH) await remove("pages", key)
  await write("meta", "gathered", { at: Date.now() })
}
