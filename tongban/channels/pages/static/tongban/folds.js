// A live part is drawn anew with its news: what somebody has opened or closed in it stays so, the keyboard stays on its link or fold,
// and whoever listens is told the headings that were not there before: `Result ready`.
const told = document.createElement("p")
told.role = "status"
told.className = "ds-sr-only"
document.body.append(told)
for (const live of document.querySelectorAll("tb-live[data-reload]")) {
  const replace = live.replaceChildren
  const near = (one) => one.closest("[id], [data-href]")
  const said = (one) => one.querySelector("summary")?.textContent ?? one.href
  const named = (one) => [near(one).id, near(one).dataset.href, said(one)].join()
  const heads = () => [...live.querySelectorAll("h1, h2, [data-said]")].map((one) => one.textContent.trim().replace(/\s+/g, " "))
  live.replaceChildren = (...fresh) => {
    const before = heads()
    const open = new Map()
    for (const one of live.querySelectorAll("details")) open.set(named(one), open.has(named(one)) ? undefined : one.open)
    const held = live.contains(document.activeElement) && document.activeElement.closest("a, summary")
    const line = held && named(held.localName === "a" ? held : held.parentElement)
    replace.apply(live, fresh)
    for (const one of live.querySelectorAll("details")) one.open = open.get(named(one)) ?? one.open
    const news = heads().filter((one) => !before.includes(one))
    if (news.length) told.textContent = news.join(". ")
    if (!line || live.contains(document.activeElement)) return
    const same = [...live.querySelectorAll("a, details")].filter((one) => named(one) === line)
    if (same.length === 1) (same[0].querySelector("summary") ?? same[0]).focus({ preventScroll: true })
  }
}
