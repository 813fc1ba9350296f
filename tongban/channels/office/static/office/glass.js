// A signature on the glass: lines of points between 0 and 1000, whatever the size of the glass.

export function glass(box, { chosen, choice, keep }) {
  const canvas = box.querySelector("canvas"), pen = canvas.getContext("2d"), lines = []
  choice.hidden = false
  const show = () => { box.hidden = !chosen() }
  choice.closest("form").addEventListener("change", show)
  show()
  pen.lineWidth = 3
  pen.lineCap = pen.lineJoin = "round"
  const at = (event) => {
    const place = canvas.getBoundingClientRect()
    return [Math.round(((event.clientX - place.left) / place.width) * 1000), Math.round(((event.clientY - place.top) / place.height) * 1000)]
  }
  const draw = () => {
    pen.clearRect(0, 0, canvas.width, canvas.height)
    pen.strokeStyle = getComputedStyle(canvas).color
    for (const line of lines) {
      pen.beginPath()
      line.forEach(([x, y], number) => pen[number ? "lineTo" : "moveTo"]((x / 1000) * canvas.width, (y / 1000) * canvas.height))
      pen.stroke()
    }
  }
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); lines.push([at(event)]); draw() })
  canvas.addEventListener("pointermove", (event) => { if (event.buttons && lines.length) { lines.at(-1).push(at(event)); draw() } })
  canvas.addEventListener("pointerup", () => keep(lines))
  box.querySelector("button").addEventListener("click", () => { lines.length = 0; draw(); keep(lines) })
}

const form = document.querySelector(".gt-hand")
if (form) {
  const strokes = form.elements.strokes
  if (!form.querySelector("[name=signed]:checked")) form.querySelector("[name=signed][value=glass]").checked = true
  glass(form.querySelector(".of-glass"), {
    choice: form.querySelector("[data-glass]"),
    chosen: () => form.elements.signed.value === "glass",
    keep: (lines) => { strokes.value = lines.length ? JSON.stringify(lines) : "" },
  })
}
