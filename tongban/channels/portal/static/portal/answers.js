// A notice that follows the answers: the page as the server draws it for them takes the place of the parts named in data-answers.
const form = document.querySelector("form[data-answers]")
let asked = 0

function address() {
  const chosen = []
  for (const [name, value] of new FormData(form)) {
    if (name === "chosen" && value) chosen.push(value)
    if (name.startsWith("of-")) chosen.push(`${name.slice(3)}:${value}`)
  }
  return `${location.pathname}?chosen=${chosen.map(encodeURIComponent).join(",").replaceAll("%3A", ":")}`
}

const groups = (part) => [...new Set([...part.querySelectorAll("input")].map((input) => input.name))].join()

async function follow() {
  const number = ++asked
  const url = address()
  const notice = document.getElementById("notice")
  notice.setAttribute("aria-busy", "true")
  try {
    const answer = await fetch(url, { credentials: "same-origin" })
    if (!answer.ok) throw new Error(answer.status)
    const page = new DOMParser().parseFromString(await answer.text(), "text/html")
    if (number !== asked) return
    for (const id of form.dataset.answers.split(" ")) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)]
      if (!old || !fresh) continue
      if (id === "follow" && groups(old) === groups(fresh)) continue // nobody loses the place where they are
      old.replaceWith(document.adoptNode(fresh))
    }
    history.replaceState(null, "", url)
  } catch {
    document.getElementById("notice").removeAttribute("aria-busy") // the button still shows it
  }
}

if (form) form.addEventListener("change", follow)
