// Asking by voice, where the browser has it; typing always works. What was heard stands in the field before it is asked.

const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition
const button = document.querySelector("[data-listen]")
const field = document.querySelector("#q")

if (Recognition && button && field) {
  const words = button.querySelector("span")
  const quiet = words.textContent
  button.hidden = false
  button.addEventListener("click", () => {
    const ear = new Recognition()
    ear.lang = button.dataset.lang.startsWith("zh") ? "zh-CN" : "en-GB"
    ear.interimResults = true
    ear.onstart = () => { words.textContent = button.dataset.words }
    ear.onresult = (event) => {
      const last = event.results[event.results.length - 1]
      field.value = last[0].transcript
      if (last.isFinal) field.form.requestSubmit()
    }
    ear.onend = ear.onerror = () => { words.textContent = quiet; field.focus() }
    ear.start()
  })
}
