// Passkeys on the forms marked data-passkey: sign-in, confirm, add. Without script these forms stay hidden or say so.

const toBytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const ids = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

async function create(options, alone) {
  const asked = structuredClone(options.publicKey);
  asked.challenge = toBytes(asked.challenge);
  asked.user.id = toBytes(asked.user.id);
  asked.excludeCredentials = ids(asked.excludeCredentials);
  asked.authenticatorSelection = {
    ...asked.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone ? { userVerification: "required" } : {}),
  };
  const made = await navigator.credentials.create({ publicKey: asked });
  return {
    ...about(made),
    response: {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    },
  };
}

async function use(options) {
  const asked = structuredClone(options.publicKey);
  asked.challenge = toBytes(asked.challenge);
  asked.allowCredentials = ids(asked.allowCredentials);
  const used = await navigator.credentials.get({ publicKey: asked });
  return {
    ...about(used),
    response: {
      clientDataJSON: toText(used.response.clientDataJSON),
      authenticatorData: toText(used.response.authenticatorData),
      signature: toText(used.response.signature),
      userHandle: used.response.userHandle ? toText(used.response.userHandle) : null,
    },
  };
}

const about = (credential) => ({
  type: credential.type,
  id: credential.id,
  rawId: toText(credential.rawId),
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
});

async function optionsFor(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function carryOut(form) {
  const options = await optionsFor(form);
  if (form.dataset.passkey === "add") {
    return create(options.creation_options, form.elements.passwordless?.checked ?? true);
  }
  return use(options.request_options);
}

// Browsers bind passkeys to names: an address in digits (127.0.0.1) has none.
const possible = window.PublicKeyCredential && window.isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname);

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[data-passkey-said]");
  if (!possible) {
    if (said.dataset.missing) said.textContent = said.dataset.missing;
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    said.textContent = "";
    try {
      form.elements.credential.value = JSON.stringify(await carryOut(form));
      form.submit();
    } catch {
      said.textContent = said.dataset.failed;
    }
  });
}
