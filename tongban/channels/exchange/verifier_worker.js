// The service worker of the verifier (/verify/). Everything it needs is fetched when it is installed; what the root signed is kept by the page.
const HELD = "verifier-__VERSION__", FILES = __FILES__, PAGE = "__PAGE__", PATIENCE = 5000

addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(HELD)
  await cache.addAll([...FILES, PAGE].map((one) => new Request(one, { cache: "reload" })))
  await skipWaiting()
})()))

addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("verifier-") && name !== HELD && name !== "verifier-lists") await caches.delete(name)
  await clients.claim()
})()))

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url)
  if (url.origin !== location.origin || request.method !== "GET") return
  if (request.mode === "navigate") return event.respondWith(page(event, url))
  if (url.pathname.startsWith("/static/")) event.respondWith(asset(request))
})

const asset = async (request) => (await (await caches.open(HELD)).match(request, { ignoreVary: true })) ?? fetch(request)

// A phone with one bar of signal waits for ever: after a few seconds the verifier opens with what it has. What stands behind # is still there.
const page = async (event, url) => {
  const cache = await caches.open(HELD), wait = new AbortController(), timer = setTimeout(() => wait.abort(), PATIENCE)
  try {
    const answer = await fetch(event.request, { signal: wait.signal })
    if (answer.ok && url.pathname === PAGE) event.waitUntil(cache.put(PAGE, answer.clone()))
    return answer
  } catch {
    return (await cache.match(PAGE, { ignoreVary: true })) ?? Response.error()
  } finally {
    clearTimeout(timer)
  }
}

// The page was drawn in another language or look.
addEventListener("message", (event) => event.waitUntil((async () => {
  if (event.data?.act === "look") await (await caches.open(HELD)).add(new Request(PAGE, { cache: "reload" })).catch(() => {})
})()))
