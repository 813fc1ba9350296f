// A roll has no pages: the paper is as long as this slip, so that the cutter wastes none.
const MARGINS = 8, slip = document.querySelector(".tm-slip"), roll = new CSSStyleSheet()

if (slip) addEventListener("beforeprint", () => {
  slip.classList.add("tm-slip--paper")
  const long = Math.ceil((slip.getBoundingClientRect().height / 96) * 25.4) + MARGINS + 2
  roll.replaceSync(`@page slip { size: 80mm ${long}mm }`)
  document.adoptedStyleSheets = [roll]
})
addEventListener("afterprint", () => slip?.classList.remove("tm-slip--paper"))
