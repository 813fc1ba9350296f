// A long list of answers, searched while typing: the combobox of tongban.js over the datalist that works without script.
customElements.whenDefined("tb-suggest").then((Suggest) => customElements.define("tb-pick", class extends Suggest {
  connectedCallback() {
    const input = this.querySelector("input")
    this.offered = [...(input?.list?.options ?? [])]
    this.setAttribute("src", "#")
    super.connectedCallback()
    input?.removeAttribute("list")
  }
  ask() {
    const words = this.input.value.trim().toLowerCase()
    const at = (one) => `${one.value} ${one.label}`.toLowerCase().indexOf(words)
    if (!words) return this.close()
    this.show(this.offered.filter((one) => at(one) >= 0).sort((one, other) => at(one) - at(other)).map((one) => ({ text: one.value, note: one.label })))
  }
  take(item) {
    this.input.value = item.firstChild.textContent
    this.close()
    this.input.dispatchEvent(new Event("change", { bubbles: true }))
  }
}))
