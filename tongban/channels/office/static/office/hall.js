// The hall is drawn anew with every call; a form in which somebody chooses stays as it is meanwhile.
const live = document.getElementById("hall-now"), replace = live?.replaceChildren
if (live) live.replaceChildren = (...fresh) => {
  const held = live.querySelector("[data-held]:focus-within")
  if (!held || fresh.length !== live.childNodes.length) return replace.apply(live, fresh)
  fresh.forEach((part, at) => live.childNodes[at] === held || live.childNodes[at].replaceWith(part))
}
