// On the spot: photographs that wait for a connection, a signature on the glass, the place. The page works without any of it.
import { glass } from "./glass.js";
import { keep, owner } from "../tongban/device.js";

const $ = (selector, within = document) => within.querySelector(selector)
const record = $(".of-record")

// -- photographs: sent at once, or kept sealed on the phone under a name of their own

const LONG_SIDE = 1600
const small = async (file) => {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" })
  const share = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height))
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(picture.width * share)
  canvas.height = Math.round(picture.height * share)
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85))
}
const text = async (blob) => {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  let letters = ""
  for (let at = 0; at < bytes.length; at += 0x8000) letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(letters)
}
const waiting = new Map()  // what this page alone holds, on a phone that is not one's own
const tile = (name, blob, words) => {
  const line = document.createElement("li"), picture = document.createElement("img"), said = document.createElement("span")
  picture.src = URL.createObjectURL(blob)
  picture.alt = words
  said.className = "tb-subtle"
  said.textContent = words
  line.dataset.photo = name
  line.append(picture, said)
  $(".of-shots").append(line)
}
const send = async (form, name, blob) => {
  const body = new FormData()
  body.set("csrfmiddlewaretoken", form.csrfmiddlewaretoken.value)
  body.set("key", name)
  body.set("photo", new File([blob], "photo.jpg", { type: "image/jpeg" }))
  const answer = await fetch(form.dataset.photos, { method: "POST", body, headers: { "X-Autosave": "1", Accept: "application/json" } })
  const told = await answer.json().catch(() => ({}))
  return answer.ok ? "" : told.title ?? String(answer.status)
}
const arrived = (name) => { $(`[data-photo="${name}"] span`)?.remove(); waiting.delete(name) }

const form = $("form[data-photos]")
if (form) {
  form.photo.addEventListener("change", async () => {
    for (const file of [...form.photo.files]) {
      const name = crypto.randomUUID(), blob = await small(file).catch(() => file)
      tile(name, blob, form.dataset.waits)
      try {
        const refused = await send(form, name, blob)
        if (refused) $(`[data-photo="${name}"] span`).textContent = refused
        else arrived(name)
      } catch {
        if (await owner()) await keep("outbox", `${form.dataset.photos}#${name}`, await text(blob), { kind: "photo", page: location.pathname, name })
        else waiting.set(name, blob)
      }
    }
    form.photo.value = ""
  })
  addEventListener("online", async () => {
    for (const [name, blob] of [...waiting]) await send(form, name, blob).then((refused) => refused || arrived(name)).catch(() => {})
  })
  addEventListener("beforeunload", (event) => { if (waiting.size) event.preventDefault() })
  document.addEventListener("tongban:photo", (event) => arrived(event.detail))
}

// -- a signature on the glass

const box = $(".of-glass")
if (box && record) {
  glass(box, {
    choice: $("[data-glass]"),
    chosen: () => record.elements.there_way.value === "glass",
    keep: (lines) => {
      record.elements.there_strokes.value = lines.length ? JSON.stringify(lines) : ""
      record.dispatchEvent(new Event("input", { bubbles: true }))
    },
  })
}

// -- where I stand, only when asked for

const here = $("p.of-here")
if (here && navigator.geolocation && record) {
  here.hidden = false
  $("button", here).addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
    record.elements.position.value = JSON.stringify({ lat: coords.latitude, lng: coords.longitude, accuracy: Math.round(coords.accuracy) })
    $("[role=status]", here).textContent = here.dataset.here.replace("%(metres)s", Math.round(coords.accuracy))
    record.dispatchEvent(new Event("input", { bubbles: true }))
  }))
}
