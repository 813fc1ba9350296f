// What this device keeps for one account: sealed with a key that script may use and nobody may read out. Shared by pages and the service worker.
export const FRESH = 24 * 3600 * 1000  // own pages older than a day are not shown: a licence may have ended since
const NAME = "tongban", STORES = ["meta", "pages", "outbox"]

const done = (request) => new Promise((yes, no) => { request.onsuccess = () => yes(request.result); request.onerror = () => no(request.error) })
const open = () => {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => { for (const name of STORES) request.result.createObjectStore(name) }
  return done(request)
}
const within = async (store, mode, act) => {
  const base = await open()
  try { return await act(base.transaction(store, mode).objectStore(store)) } finally { base.close() }
}
export const read = (store, key) => within(store, "readonly", (rows) => done(rows.get(key)))
export const write = (store, key, value) => within(store, "readwrite", (rows) => done(rows.put(value, key)))
export const remove = (store, key) => within(store, "readwrite", (rows) => done(rows.delete(key)))
export const clear = (store) => within(store, "readwrite", (rows) => done(rows.clear()))
export const all = (store) => within(store, "readonly", async (rows) => {
  const [keys, values] = await Promise.all([done(rows.getAllKeys()), done(rows.getAll())])
  return keys.map((key, place) => ({ key, ...values[place] }))
})

export const owner = async () => (await read("meta", "owner"))?.account
export const belongsTo = async (account) => {
  await wipe()
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
  await write("meta", "owner", { account, key, since: Date.now() })
}
export const wipe = async () => { for (const store of STORES) await clear(store) }

// Bound to its place: what was sealed for one address does not open as another.
const seal = async (store, name, text) => {
  const { key } = await read("meta", "owner"), iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${store} ${name}`) }, key, new TextEncoder().encode(text))
  return { iv, sealed }
}
export const keep = async (store, name, text, more = {}) => write(store, name, { ...more, at: Date.now(), ...(await seal(store, name, text)) })
export const take = async (store, name) => {
  const [row, held] = await Promise.all([read(store, name), read("meta", "owner")])
  if (!row || !held) return null
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: row.iv, additionalData: new TextEncoder().encode(`${store} ${name}`) }, held.key, row.sealed)
  return { ...row, text: new TextDecoder().decode(plain) }
}
