// The ticks of a queue: all of this page, a row of them with Shift, how many. Everything works without it.
const form = document.getElementById("batch")
if (form) {
  const ticks = () => [...document.querySelectorAll('input[form="batch"][name="case"]')]
  const all = form.querySelector(".of-batch__all"), said = form.querySelector(".of-batch__count")
  const foot = document.querySelector(".of-batch-foot"), act = form.querySelector("select[name=act]") // below the lines, where whoever ticks is
  let last = null
  const count = () => {
    const found = ticks(), on = found.filter((tick) => tick.checked).length
    said.textContent = on ? form.dataset.chosen.replace("%(number)s", on) : ""
    if (foot) {
      foot.hidden = !on
      foot.querySelector("span").textContent = said.textContent
      foot.querySelector("a").textContent = act.selectedOptions[0]?.textContent ?? ""
    }
    const box = all.querySelector("input")
    box.checked = on > 0 && on === found.length
    box.indeterminate = on > 0 && on < found.length
    for (const tick of found) tick.closest("tr")?.toggleAttribute("data-picked", tick.checked)
  }
  all.hidden = false
  act.addEventListener("change", count)
  all.querySelector("input").addEventListener("change", (event) => {
    for (const tick of ticks()) tick.checked = event.target.checked
    count()
  })
  document.addEventListener("click", (event) => {
    const tick = event.target
    if (!tick.matches?.('input[form="batch"][name="case"]')) return
    const found = ticks()
    if (event.shiftKey && last && found.includes(last)) {
      const [from, to] = [found.indexOf(last), found.indexOf(tick)].sort((one, other) => one - other)
      for (const each of found.slice(from, to + 1)) each.checked = tick.checked
    }
    last = tick
    count()
  })
  addEventListener("pageshow", count)
  count()
}
