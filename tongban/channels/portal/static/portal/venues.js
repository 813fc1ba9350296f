// The pass and the guard's screen tick; the diary stands on this phone and is never sent. Every page works without this.

const DIARY = "tongban:diary", OFF = "tongban:diary-off", KEPT = 14 * 24 * 3600
const two = (number) => String(number).padStart(2, "0")

function visits() {
  try {
    const since = Date.now() / 1000 - KEPT
    return JSON.parse(localStorage.getItem(DIARY) ?? "[]").filter((visit) => visit.at > since)
  } catch { return [] }
}
function keep(rows) { try { rows.length ? localStorage.setItem(DIARY, JSON.stringify(rows)) : localStorage.removeItem(DIARY) } catch { /* a phone that keeps nothing */ } }
const off = () => { try { return localStorage.getItem(OFF) === "1" } catch { return true } }

// word, colour and clock follow the server's time, whatever the phone believes it is
customElements.define("tb-pass", class extends HTMLElement {
  connectedCallback() {
    this.minutes = JSON.parse(this.dataset.minutes || "{}")
    this.ahead = Number(this.dataset.now) - Date.now() / 1000
    this.sheet = this.closest("[data-colour]")
    this.turn = setInterval(() => this.tick(), 500)
    this.tick()
  }
  disconnectedCallback() { clearInterval(this.turn) }
  tick() {
    const now = Date.now() / 1000 + this.ahead
    if (this.dataset.ends && now > Number(this.dataset.ends)) { clearInterval(this.turn); return location.reload() }
    const day = new Date((now + 8 * 3600) * 1000)
    this.querySelector("[data-clock]").textContent = `${two(day.getUTCHours())}:${two(day.getUTCMinutes())}:${two(day.getUTCSeconds())}`
    const said = this.minutes[Math.floor(now / 60) * 60]
    if (!said) return this.dataset.guard !== undefined && location.reload()
    if (this.said === said[0] + said[2]) return
    this.said = said[0] + said[2]
    this.querySelector("[data-word]").textContent = said[0]
    this.querySelector("[data-word-en]").textContent = said[1]
    const colour = this.querySelector("[data-colour-name]")
    colour.textContent = colour.dataset[said[2]]
    if (this.sheet) this.sheet.dataset.colour = said[2]
  }
})

customElements.define("tb-diary", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false
    if (off() || !this.dataset.visit) return
    const visit = JSON.parse(this.dataset.visit), rows = visits()
    if (!rows.some((row) => row.at === visit.at && row.venue === visit.venue)) keep([...rows, visit])
    this.querySelector("[data-kept]").hidden = false
  }
})

customElements.define("tb-diary-list", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false
    const wish = this.querySelector("[data-keep]")
    wish.checked = !off()
    wish.addEventListener("change", () => { try { wish.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1") } catch { /* nothing is kept then */ } })
    this.querySelector("[data-clear]").addEventListener("click", () => { keep([]); this.draw() })
    keep(visits())
    this.draw()
  }
  draw() {
    const rows = visits().sort((one, other) => other.at - one.at), list = this.querySelector("[data-rows]")
    const language = this.dataset.lang.startsWith("zh") ? "zh" : "en"
    list.replaceChildren(...rows.map((visit) => {
      const item = document.createElement("li"), words = document.createElement("div"), name = document.createElement("strong"), rest = document.createElement("div")
      name.textContent = visit.name[language]
      rest.className = "tb-subtle"
      rest.textContent = `${new Date(visit.at * 1000).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" })} · ${visit.entrance[language]} · ${visit.address[language]}`
      words.append(name, rest)
      const remove = document.createElement("button")
      Object.assign(remove, { type: "button", className: "ds-button", textContent: this.dataset.remove })
      remove.dataset.variant = "tertiary"
      remove.setAttribute("aria-label", `${this.dataset.remove} ${visit.name[language]}`)
      remove.addEventListener("click", () => { keep(visits().filter((one) => one.at !== visit.at || one.venue !== visit.venue)); this.draw() })
      item.append(words, remove)
      return item
    }))
    this.querySelector("[data-none]").hidden = rows.length > 0
    this.querySelector("[data-acts]").hidden = rows.length === 0
  }
})
