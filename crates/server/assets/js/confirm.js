// Keeps a button off until the name is typed. The server asks for it too.
for (const field of document.querySelectorAll("[data-must-be]")) {
  const button = field.form.querySelector("button:not([type])");
  const check = () => {
    button.disabled = field.value !== field.dataset.mustBe;
  };
  field.addEventListener("input", check);
  check();
}
