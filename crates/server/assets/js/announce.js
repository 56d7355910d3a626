// Says something on the page, and to who hears it: the place is a live region.
const toasts = document.querySelector("[data-toasts]");
document.documentElement.dataset.scripts = "";

addEventListener("mintmark:announce", ({ detail }) => {
  const toast = document.createElement("p");
  toast.textContent = detail;
  toasts.replaceChildren(toast);
  setTimeout(() => toast.remove(), 5000);
});
