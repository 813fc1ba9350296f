// The signed code of a licence on paper, checked here and nowhere else: the same rules as tongban/licences/paper.py, byte for byte.
// No page, no network, no storage: what is believed is handed in. Also run by node in the tests.
import { verify as verifyOurselves } from "./ed25519.js";

export const FRESH = 24 * 3600 * 1000
const LONGEST = 1200, NUMBERS_BEGIN = "1.2.156.3005.2.", DAY_BEGINS = 8 * 3600 * 1000
const CODE = /^(?:(https?:\/\/[^\s#]{1,300})\/verify\/([A-Za-z0-9_-]{22})#)?TB1:([A-Za-z0-9_-]{40,1000})$/
const WHAT = 0, ISSUER = 1, TYPE = 2, NUMBER = 3, FROM = 4, TO = 5, SIGNED_AT = 6, STATUS_ID = 7, FACE = 8, DEMO = 9
const SAYS = { 1: ["suspended", ""], 2: ["not_valid", "superseded"], 3: ["not_valid", "revoked"], 4: ["not_valid", "cancelled"], 5: ["suspended", "item_suspended"], 6: ["not_valid", "item_gone"] }
const FOR_EVER = new Set([2, 3, 4])

export class NotOurs extends Error {}
const refuse = (why = "not_a_licence_code") => { throw new NotOurs(why) }

// -- bytes

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
export const bytesOf = (text) => {
  const out = new Uint8Array(text.length * 6 >> 3)
  let held = 0, bits = 0, at = 0
  for (const letter of text) {
    const value = LETTERS.indexOf(letter)
    if (value < 0) refuse()
    held = held << 6 | value
    bits += 6
    if (bits >= 8) { bits -= 8; out[at++] = held >> bits; held &= (1 << bits) - 1 }
  }
  if (held || bits >= 6) refuse() // another spelling of the same bytes
  return out
}
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at])

// One spelling of each value, as we write it: definite lengths, shortest numbers, keys of maps are numbers in their order.
const cbor = (bytes) => {
  let at = 0
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  const take = (many) => { if (at + many > bytes.length) refuse(); at += many; return bytes.subarray(at - many, at) }
  const size = (short) => {
    if (short < 24) return short
    const many = { 24: 1, 25: 2, 26: 4, 27: 8 }[short] ?? refuse()
    const value = take(many).reduce((sum, byte) => sum * 256 + byte, 0)
    if (!Number.isSafeInteger(value) || value < { 1: 24, 2: 256, 4: 65536, 8: 4294967296 }[many]) refuse()
    return value
  }
  const item = (deep) => {
    if (deep > 4) refuse()
    const [first] = take(1), kind = first >> 5, short = first & 31
    if (kind === 0) return size(short)
    if (kind === 2) return take(size(short)).slice()
    if (kind === 3) try { return text.decode(take(size(short))) } catch { refuse() }
    if (kind === 4) return Array.from({ length: Math.min(size(short), bytes.length) }, () => item(deep + 1))
    if (kind === 5) {
      const map = new Map()
      let last = -1
      for (let many = size(short); many > 0; many--) {
        const key = item(deep + 1)
        if (typeof key !== "number" || key <= last) refuse()
        map.set(last = key, item(deep + 1))
      }
      return map
    }
    return first === 0xf5 ? true : first === 0xf6 ? null : refuse()
  }
  const value = item(0)
  if (at !== bytes.length) refuse()
  return value
}
const head = (kind, many) => many < 24 ? [kind | many] : many < 256 ? [kind | 24, many] : [kind | 25, many >> 8, many & 255]

// -- reading

const BEFORE = [0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x27, 0x04, 0x48] // 18([<<{1: -8, 4: h'8 bytes'}>>
const PROTECTED = 3 // where what is signed of the header begins

// The parts as they stand in it; nothing inside is looked at before a signature held.
export const split = (said) => {
  const text = said.trim()
  if (text.length > LONGEST) refuse("too_long")
  const found = CODE.exec(text) ?? refuse()
  const bytes = bytesOf(found[3]), kid = bytes.slice(8, 16)
  if (bytes.length < 110 || !same(bytes.slice(0, 8), BEFORE) || bytes[16] !== 0xa0) refuse()
  const signatureAt = bytes.length - 64, length = signatureAt - 2
  if (bytes[signatureAt - 2] !== 0x58 || bytes[signatureAt - 1] !== 64) refuse()
  const payloadAt = bytes[17] === 0x58 ? 19 : 20, payload = bytes.slice(payloadAt, length)
  if (!same(bytes.slice(17, payloadAt), head(0x40, payload.length))) refuse()
  const signed = Uint8Array.from([
    0x84, 0x6a, ...new TextEncoder().encode("Signature1"), 0x4d, ...bytes.slice(PROTECTED, 16), 0x40, ...bytes.slice(17, length),
  ])
  return { kid: hex(kid), signed, payload, signature: bytes.slice(signatureAt), address: found[1] ?? "", token: found[2] ?? "" }
}

// Signed by a key of ours, and still only believed if it is what we write: a key signs one kind of statement.
const read = ({ payload, address, token }) => {
  const claims = cbor(payload)
  if (!asWeWrite(claims)) refuse()
  return {
    address, token, issuer: claims.get(ISSUER), type: claims.get(TYPE), number: NUMBERS_BEGIN + claims.get(NUMBER),
    from: claims.get(FROM), to: claims.get(TO), signedAt: claims.get(SIGNED_AT), statusId: claims.get(STATUS_ID),
    face: claims.get(FACE).map(([field, value]) => ({ field, value })), demonstration: claims.get(DEMO) === true,
  }
}

const asWeWrite = (claims) => {
  if (!(claims instanceof Map) || claims.size < DEMO || [...claims.keys()].some((key, at) => key !== at || key > DEMO)) return false
  const words = (value) => typeof value === "string", filled = (name) => words(claims.get(name)) && claims.get(name) !== ""
  const whole = (value, below) => typeof value === "number" && value >= 0 && value < below
  return claims.get(WHAT) === "L1" && filled(ISSUER) && filled(TYPE) && filled(NUMBER)
    && whole(claims.get(FROM), 1_000_000) && (claims.get(TO) === null || whole(claims.get(TO), 1_000_000)) && whole(claims.get(SIGNED_AT), 10 ** 11)
    && claims.get(STATUS_ID) instanceof Uint8Array && claims.get(STATUS_ID).length === 8 && Array.isArray(claims.get(FACE))
    && claims.get(FACE).every((line) => Array.isArray(line) && line.length === 2 && words(line[0])
      && (words(line[1]) || Array.isArray(line[1]) && line[1].length === 2 && line[1].every(words)))
    && (claims.size === DEMO || claims.get(DEMO) === true)
}

// -- signatures

let knows // whether this browser's WebCrypto has Ed25519; some have not, and then we count ourselves
export const checkSignature = async (key, signature, signed, { ourselves = false } = {}) => {
  if (!ourselves && knows !== false) {
    try {
      const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"])
      knows = true
      return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, signed)
    } catch (wrong) {
      if (knows || wrong.name === "DataError") return false
      knows = false
    }
  }
  return verifyOurselves(key, signature, signed)
}

const statusIdOf = async (token) => new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`tongban licence status:${token}`))).slice(0, 8)

const signatureOf = async (frame, trust, how) => {
  let why = "unknown_key"
  for (const key of trust.keys.get(frame.kid) ?? []) { // several keys may share a short id: all are tried
    if (!await checkSignature(key.x, frame.signature, frame.signed, how)) { why = "bad_signature"; continue }
    if (key.withdrawn !== undefined) return ["key_withdrawn", key]
    const code = read(frame)
    if (code.signedAt < key.nbf || code.signedAt > key.naf) return ["key_not_valid_then", key]
    if (key.issuer !== code.issuer || key.type !== code.type) return ["other_issuer", key]
    if (code.address && (code.address !== trust.address || !same(await statusIdOf(code.token), code.statusId))) return ["put_together", key]
    return ["good", key, code]
  }
  return [why, null]
}

// -- the answer: signature and status, told apart. `now` in ms; `statuses` may be null.

export const check = async (said, trust, statuses, now, how = {}) => {
  let signature, key, code
  try { [signature, key, code] = await signatureOf(split(said), trust, how) } catch (wrong) {
    if (wrong instanceof NotOurs) return { signature: "unreadable", state: "unknown", reason: wrong.message, age: null, code: null }
    throw wrong
  }
  if (!code) return { signature, state: "unknown", reason: signature, age: null, code: null, keyId: key?.key_id ?? "" }
  const age = statuses ? Math.max(0, now - statuses.iat * 1000) : null
  let [state, reason] = stateOf(code, statuses, age, now)
  if (state === "valid" && now > trust.exp * 1000) [state, reason] = ["unknown", "keys_old"]
  return { signature, state, reason, age, code, keyId: key.key_id }
}

const stateOf = (code, statuses, age, now) => {
  const today = Math.floor((now + DAY_BEGINS) / 86_400_000), said = statuses?.says.get(hex(code.statusId)) ?? 0
  if (FOR_EVER.has(said)) return SAYS[said]
  if (code.to !== null && code.to < today) return ["not_valid", "expired"]
  if (code.from > today) return ["not_valid", "not_yet_valid"]
  if (age === null) return ["unknown", "no_status"]
  if (age > FRESH) return ["unknown", "status_old"]
  return SAYS[said] ?? ["valid", ""]
}

// -- the lists the root signs

export const openList = async (jws, root, kind) => {
  const parts = typeof jws === "string" ? jws.split(".") : []
  if (parts.length !== 3) refuse("not_a_list")
  const read = (part) => JSON.parse(new TextDecoder().decode(bytesOf(part)))
  const { alg, typ } = read(parts[0])
  if (alg !== "ES256" || typ !== `${kind}+jws`) refuse("not_a_list")
  const key = await crypto.subtle.importKey("jwk", { kty: root.kty, crv: root.crv, x: root.x, y: root.y }, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"])
  const good = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytesOf(parts[2]), new TextEncoder().encode(`${parts[0]}.${parts[1]}`))
  if (!good) refuse("not_signed_by_the_root")
  const body = read(parts[1])
  if (body.kind !== kind) refuse("not_a_list")
  return body
}

export const trustOf = (body) => {
  const keys = new Map()
  for (const one of body.keys) {
    const kid = hex(bytesOf(one.kid)), key = { ...one, x: bytesOf(one.x) }
    keys.set(kid, [...keys.get(kid) ?? [], key])
  }
  return { ...body, keys }
}

export const statusesOf = (body) => {
  const packed = bytesOf(body.entries), says = new Map()
  for (let at = 0; at < packed.length; at += 9) says.set(hex(packed.subarray(at, at + 8)), packed[at + 8])
  return { iat: body.iat, exp: body.exp, says }
}
