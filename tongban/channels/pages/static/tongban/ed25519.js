// Ed25519, only the check and only for browsers whose WebCrypto does not know it: nothing here is secret. RFC 8032, strict.

const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SQRT_OF_MINUS_ONE = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

const mod = (value) => { const rest = value % P; return rest < 0n ? rest + P : rest }
const power = (base, exponent) => {
  let out = 1n
  for (let square = base; exponent; exponent >>= 1n, square = square * square % P) if (exponent & 1n) out = out * square % P
  return out
}
const number = (bytes) => { let out = 0n; for (let at = bytes.length - 1; at >= 0; at--) out = out << 8n | BigInt(bytes[at]); return out }

// Points as (X : Y : Z : T), so that adding needs no division.
const add = ([a, b, c, d], [e, f, g, h]) => {
  const A = mod((b - a) * (f - e)), B = mod((b + a) * (f + e)), C = mod(2n * d * h * D), E = mod(2n * c * g)
  const F = B - A, G = E - C, H = E + C, I = B + A
  return [mod(F * G), mod(H * I), mod(G * H), mod(F * I)]
}
const times = (point, factor) => {
  let out = [0n, 1n, 1n, 0n]
  for (let twice = point; factor; factor >>= 1n, twice = add(twice, twice)) if (factor & 1n) out = add(out, twice)
  return out
}
const point = (bytes) => {
  const sign = bytes[31] >> 7, packed = bytes.slice()
  packed[31] &= 127
  const y = number(packed)
  if (y >= P) return null
  const square = mod(y * y), over = mod(square - 1n), under = mod(D * square + 1n)
  let x = over * power(under, 3n) % P * power(over * power(under, 7n) % P, (P - 5n) / 8n) % P
  const twice = mod(under * x * x)
  if (twice === mod(-over)) x = x * SQRT_OF_MINUS_ONE % P
  else if (twice !== over) return null
  if (x === 0n && sign) return null
  if (Number(x & 1n) !== sign) x = P - x
  return [x, y, 1n, x * y % P]
}
const packed = ([x, y, z]) => {
  const inverse = power(z, P - 2n), out = new Uint8Array(32)
  let rest = y * inverse % P
  for (let at = 0; at < 32; at++, rest >>= 8n) out[at] = Number(rest & 255n)
  out[31] |= Number(x * inverse % P & 1n) << 7
  return out
}
let base
export const verify = async (key, signature, signed) => {
  if (key.length !== 32 || signature.length !== 64) return false
  const scalar = number(signature.subarray(32)), holder = point(key)
  if (scalar >= L || !holder) return false
  const text = new Uint8Array(64 + signed.length)
  text.set(signature.subarray(0, 32))
  text.set(key, 32)
  text.set(signed, 64)
  const digest = number(new Uint8Array(await crypto.subtle.digest("SHA-512", text))) % L
  base ??= point(Uint8Array.from([88, ...new Array(31).fill(102)]))
  const expected = packed(add(times(base, scalar), times([P - holder[0], holder[1], 1n, P - holder[3]], digest)))
  return expected.every((byte, at) => byte === signature[at])
}
