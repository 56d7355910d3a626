// Copying, and files made from what is on the page: a secret then is in no address and is asked for once.
const announce = (detail) => dispatchEvent(new CustomEvent("mintmark:announce", { detail }));
const textOf = (id) => {
  const element = document.getElementById(id);
  return element instanceof HTMLTextAreaElement ? element.value : element.textContent;
};

async function copy(id) {
  try {
    await navigator.clipboard.writeText(textOf(id));
    announce(document.body.dataset.copied);
  } catch {
    announce(document.body.dataset.copyFailed);
  }
}

function download({ download: id, name, before, after }) {
  const file = new Blob([before, textOf(id), after], { type: "application/octet-stream" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copy], [data-download]");
  if (button?.dataset.copy) copy(button.dataset.copy);
  if (button?.dataset.download) download(button.dataset);
});

addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-select]")) target.select();
});
