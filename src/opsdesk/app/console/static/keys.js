// Keys of one letter can be switched off, for whoever speaks to their browser or presses keys by chance (WCAG 2.1.4). The
// choice is this browser's; keys with Ctrl or Command stay.

const OFF = "keys-off";

export function areOff() {
  return localStorage.getItem(OFF) !== null;
}

export function listen() {
  const box = document.querySelector("[data-keys]");
  show();
  if (!box) return;
  box.checked = !areOff();
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    show();
  });
}

function show() {
  document.documentElement.classList.toggle("keys-off", areOff());
}
