// A scanner beside the machine types what it reads, and nobody has touched a field: what comes in one go and ends with Enter
// is a code. On a page that asks for one it goes there; on the first page it is somebody with a booking.

const PAUSE = 1000, SHORTEST = 8
let read = "", last = 0

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return
  const now = performance.now()
  if (now - last > PAUSE) read = ""
  last = now
  if (event.key.length === 1) {
    read += event.key
    if (read.length > 1) event.preventDefault()
  } else if (event.key === "Enter" && read.length >= SHORTEST) {
    const field = document.querySelector("input[name=payload]")
    event.preventDefault()
    if (!field) return
    field.value = read
    read = ""
    field.form.requestSubmit()
  }
}, true)
