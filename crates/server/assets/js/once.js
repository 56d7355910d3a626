// A form goes once: a second press would throw away the answer to the first one, and with it a secret that is shown this once. The
// server makes nothing twice either, but cannot give back what a browser dropped. After ten seconds without an answer the button works
// again.
const WAITS = 10_000;
const buttonsOf = (form) => [...form.elements].filter((element) => element.matches("button:not([type=button])"));

function hold(form) {
  form.dataset.sent = "";
  for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true");
  setTimeout(() => release(form), WAITS);
}

function release(form) {
  delete form.dataset.sent;
  for (const button of buttonsOf(form)) button.removeAttribute("aria-disabled");
}

addEventListener("submit", (event) => {
  const form = event.target;
  // A field may be called "method".
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (form.dataset.sent === undefined) hold(form);
  else event.preventDefault();
});

// A page that the browser had kept is as it was before.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});
