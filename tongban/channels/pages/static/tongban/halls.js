// Where the device is: asked for only when the button is pressed, rounded to about ten metres, sent once with the form.
class Here extends HTMLElement {
  connectedCallback() {
    if (!("geolocation" in navigator)) return
    this.hidden = false
    this.button = this.querySelector("button")
    this.button.addEventListener("click", () => this.ask())
  }
  ask() {
    const said = this.querySelector("[role=status]")
    this.button.disabled = true
    said.textContent = this.dataset.asking
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const form = this.closest("form")
        form.elements.lat.value = coords.latitude.toFixed(4)
        form.elements.lng.value = coords.longitude.toFixed(4)
        form.requestSubmit()
      },
      () => { this.button.disabled = false; said.textContent = this.dataset.failed },
      { enableHighAccuracy: false, timeout: 10000, maximumAge: 60000 },
    )
  }
}
customElements.define("tb-here", Here)
