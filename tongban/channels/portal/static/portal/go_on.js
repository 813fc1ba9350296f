// The code of a QR stands behind the # of the address: it is put into the field and taken out of the address. Nothing is sent by itself.
const field = document.querySelector("#id_code")
const said = location.hash.slice(1)
if (field && /^[a-z0-9]{8}$/.test(said)) {
  field.value = said
  field.form.querySelector("[type=submit]")?.focus()
}
if (location.hash) history.replaceState(null, "", location.pathname + location.search)
