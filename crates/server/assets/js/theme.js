// Changes the theme at once. The form does the same without scripts, by loading the page again.
const form = document.querySelector("[data-theme-form]");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = event.submitter;
  const body = new URLSearchParams(new FormData(form, chosen));
  fetch(form.action, { method: "POST", body, redirect: "manual" });
  document.documentElement.dataset.theme = chosen.value;
  for (const button of form.elements) button.setAttribute?.("aria-pressed", String(button === chosen));
});
