// Opens dialogs in place. Without scripts their links load the page with the dialog open in it.
addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog instanceof HTMLDialogElement && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    dialog.close();
    dialog.showModal();
  }
  const closer = event.target.closest("dialog:modal [data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

// A page that came with a dialog open shows it over itself.
for (const dialog of document.querySelectorAll("dialog[open]:target")) {
  dialog.close();
  dialog.showModal();
}
