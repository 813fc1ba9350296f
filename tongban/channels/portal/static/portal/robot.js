// Asking by voice, where the browser has it; typing always works. What was heard stands in the field before it is asked.

const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition
const button = document.querySelector("[data-listen]")
const field = document.querySelector("#q")
const said = document.querySelector("#heard")

if (Recognition && button && field) {
  const words = button.querySelector("span")
  const quiet = words.textContent
  let ear = null
  button.hidden = said.hidden = false
  button.addEventListener("click", () => {
    if (ear) return ear.stop()
    let heard = false, silent = false
    ear = new Recognition()
    ear.lang = button.dataset.lang.startsWith("zh") ? "zh-CN" : "en-GB"
    ear.interimResults = true
    ear.onstart = () => { words.textContent = button.dataset.words }
    ear.onresult = (event) => {
      const last = event.results[event.results.length - 1]
      heard = true
      field.value = last[0].transcript
      if (last.isFinal) field.form.requestSubmit()
    }
    ear.onerror = (event) => { silent = ["not-allowed", "service-not-allowed", "audio-capture", "network"].includes(event.error) }
    ear.onend = () => {
      ear = null
      words.textContent = quiet
      if (silent) { button.hidden = true; said.textContent = button.dataset.silent } else if (!heard) said.textContent = button.dataset.nothing
      field.focus()
    }
    ear.start()
  })
}
