// A live part of a page is not replaced under somebody's hands: while a field in it is used or holds something new, the news waits behind
// the bar that offers it.
const { prototype } = customElements.get("tb-live"), { news } = prototype
const used = (field) => field === document.activeElement || field.checked !== field.defaultChecked ||
  (field.options ? field.selectedIndex > 0 && !field.selectedOptions[0].defaultSelected : field.value !== field.defaultValue)
prototype.news = async function () {
  clearTimeout(this.soon)
  if ([...this.querySelectorAll("input:not([type=hidden]), textarea, select")].some(used)) {
    this.soon = setTimeout(() => this.news(), 3000)
    return this.bar()
  }
  document.querySelector(".tb-live")?.remove()
  return news.call(this)
}
