// What is typed into a form with data-draft stays in this tab, so that a session that ends meanwhile costs nothing: whoever
// signs in again finds it there. The name in data-draft is that of the thing and of the person. What has been accepted
// (data-draft-done), is old, or was left by signing out, is forgotten.

const PREFIX = "draft:";
const KEPT = ["reason_code", "reason", "remark"];
const KEPT_MS = 60 * 60 * 1000;

export function listen() {
  forget((name, saved) => Date.now() - saved.at > KEPT_MS);
  for (const element of document.querySelectorAll("[data-draft-done]")) {
    sessionStorage.removeItem(PREFIX + element.dataset.draftDone);
  }
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (form.dataset.draftFresh !== undefined) restore(form);
    form.addEventListener("input", () => save(form));
  }
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", () => forget(() => true));
}

function save(form) {
  const fields = [...new FormData(form)].filter(([name]) => name.startsWith("answer-") || KEPT.includes(name));
  sessionStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), fields }));
}

function restore(form) {
  const saved = JSON.parse(sessionStorage.getItem(PREFIX + form.dataset.draft) ?? "null");
  for (const [name, value] of saved?.fields ?? []) {
    const field = form.elements.namedItem(name);
    const box = [...form.elements].find((each) => each.type === "checkbox" && each.name === name && each.value === value);
    if (box) box.checked = !box.disabled;
    else if (field && field.type !== "checkbox") field.value = value;
  }
}

function forget(isOver) {
  for (const name of Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX))) {
    if (isOver(name, JSON.parse(sessionStorage.getItem(name)))) sessionStorage.removeItem(name);
  }
}
