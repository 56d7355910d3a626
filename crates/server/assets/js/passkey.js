// Passkeys: what a button holds goes to the browser, the browser's answer into the form, and the form to the server.
const { PublicKeyCredential } = window;
const hasPasskeys =
  PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential?.parseCreationOptionsFromJSON;

async function answerOf({ passkey, options }) {
  const asked = JSON.parse(options);
  const credential =
    passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  return JSON.stringify(credential);
}

async function send(button) {
  const { form, dataset } = button;
  const needed = (dataset.needs ?? "").split(" ").filter(Boolean);
  if (!needed.every((name) => form.elements[name]?.reportValidity() ?? true)) return;
  button.disabled = true;
  try {
    form.elements[dataset.into].value = await answerOf(dataset);
    form.dataset.sent = "";
    form.submit();
  } catch {
    dispatchEvent(new CustomEvent("mintmark:announce", { detail: dataset.failed }));
    button.disabled = false;
  }
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (hasPasskeys) button.addEventListener("click", () => send(button));
  else button.closest(".passkey").remove();
}
if (!hasPasskeys) for (const note of document.querySelectorAll("[data-passkey-missing]")) note.hidden = false;
