// Signing an application on the glass of the window. Without script there is paper, and the code on the own phone.
import { glass } from "./glass.js";

const way = document.querySelector("[data-glass-way]")
if (way) glass(way.querySelector(".of-glass"), {
  choice: way.querySelector("form").firstElementChild, // nothing to choose here: the way stands by itself
  chosen: () => true,
  keep: (lines) => { way.querySelector("[name=strokes]").value = lines.length ? JSON.stringify(lines) : "" },
})
way?.removeAttribute("hidden")
