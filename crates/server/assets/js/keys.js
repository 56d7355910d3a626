// Keys for who would rather not reach for the mouse: `/`, `?`, `n`, `g c`. Esc is the browser's own, but for search fields. They
// can be turned off (WCAG 2.1.4), since who dictates text presses keys without meaning to.
const OFF = "mintmark-shortcuts-off";
const stored = () => {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
};
let off = stored();
let before = "";

const setting = document.querySelector("[data-shortcuts-off]");
if (setting) {
  setting.checked = off;
  setting.addEventListener("change", () => {
    off = setting.checked;
    try {
      localStorage.setItem(OFF, off ? "yes" : "no");
    } catch {
      // The browser keeps nothing; the choice then holds for this page.
    }
  });
}

const writes = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "Escape" && target.matches?.("[data-search]")) target.blur();
  if (off || event.ctrlKey || event.metaKey || event.altKey || writes(target) || document.querySelector("dialog:modal")) return;
  const pressed = before === "g" ? `g ${key}` : key;
  before = key === "g" && before !== "g" ? "g" : "";
  let found = document.querySelector(`[data-keys="${CSS.escape(pressed)}"]`);
  if (pressed === "/") found = document.querySelector("[data-search]");
  if (pressed === "?") found = document.querySelector("[data-dialog=shortcuts]");
  if (!found) return;
  event.preventDefault();
  if (pressed === "/") found.focus();
  else found.click();
});
