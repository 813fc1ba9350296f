// A code that is shown: the next one comes before this one is over. And the face this device kept: its age, and nothing that looks current after a day.
const DAY = 24 * 3600_000
const $ = (selector, within = document) => within.querySelector(selector)

class Show extends HTMLElement {
  connectedCallback() {
    this.ends = performance.now() + this.dataset.seconds * 1000
    this.next = setTimeout(() => this.fetchNext(), this.dataset.seconds * 1000 - 4000)
    document.addEventListener("visibilitychange", () => { if (!document.hidden && performance.now() > this.ends - 5000) this.fetchNext() })
    addEventListener("online", () => this.fetchNext())
  }
  disconnectedCallback() { clearTimeout(this.next) }
  async fetchNext() {
    clearTimeout(this.next)
    if (document.hidden) return
    const answer = await fetch(this.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null)
    if (answer && !answer.ok) return location.reload()  // signed out, or the licence does not hold any more: the page says so
    $("[data-offline]", this).hidden = Boolean(answer)
    if (!answer) { this.next = setTimeout(() => this.fetchNext(), 5000); return }
    const { svg, seconds } = await answer.json()
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement
    $("[data-code]", this).replaceChildren(document.importNode(drawn, true))
    this.dataset.turn = this.dataset.turn === "1" ? "0" : "1"  // two animations of one kind: changing the name begins it anew
    this.ends = performance.now() + seconds * 1000
    this.next = setTimeout(() => this.fetchNext(), seconds * 1000 - 4000)
  }
}
customElements.define("tb-show", Show)

const kept = $("[data-kept-face]"), since = $("meta[name=tongban-kept]")?.content
if (kept && since) {
  const at = new Date(since).getTime(), said = $("[data-kept-at]", kept)
  for (const part of document.querySelectorAll("[data-needs-line]")) part.hidden = true
  kept.hidden = false
  const look = () => {
    const age = Date.now() - at
    const over = !(age >= 0 && age < DAY)
    $("[data-kept-code]", kept).hidden = over
    $("[data-kept-over]", kept).hidden = !over
    said.textContent = said.dataset.words.replace("%(hours)s", Math.floor(age / 3600_000)).replace("%(minutes)s", Math.floor((age % 3600_000) / 60_000))
    if (over) $("[data-kept-code]", kept).replaceChildren()
    else setTimeout(look, 30_000)
  }
  look()
}
