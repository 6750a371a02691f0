// Forms that the server makes anew at each press of a button: what has come is gone on with where it makes sense.

// What the form was sent with, and what was typed since: the answer does not know of that, and must not take it away.
let sent = new Map();
let typed = new Map();
let caret = null;

export function listen() {
  document.addEventListener("htmx:before:request", () => {
    sent = values();
  });
  document.addEventListener("htmx:before:swap", () => {
    typed = new Map([...values()].filter(([id, value]) => sent.has(id) && sent.get(id) !== value));
    const { id, selectionStart } = document.activeElement ?? {};
    caret = typed.has(id) ? { id, selectionStart } : null;
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const form = document.getElementById("configuration");
    if (form && (event.detail?.ctx?.target?.id === form.id)) {
      keepTyped();
      goOn(form);
    }
  });
}

function values() {
  const form = document.getElementById("configuration");
  const controls = [...(form?.elements ?? [])].filter((each) => each.id && each.matches("input:not([type=hidden]), select, textarea"));
  return new Map(controls.map((each) => [each.id, each.type === "checkbox" ? each.checked : each.value]));
}

function keepTyped() {
  for (const [id, value] of typed) {
    const control = document.getElementById(id);
    if (control?.type === "checkbox") control.checked = value;
    else if (control && control.value !== value) control.value = value;
  }
}

function stayAt({ id, selectionStart }) {
  const control = document.getElementById(id);
  control?.focus();
  if (control?.type === "text" || control?.type === "search") control.setSelectionRange(selectionStart, selectionStart);
}

function goOn(form) {
  const question = form.querySelector("dialog[data-modal]");
  if (question) {
    question.showModal();
    return;
  }
  if (caret) {
    stayAt(caret);
    return;
  }
  const named = form.dataset.focus ? document.getElementById(form.dataset.focus) : null;
  const wrong = form.querySelector("[aria-invalid=true]") ?? form.querySelector("#problems");
  const target = named?.disabled ? named.closest("td, span")?.querySelector("button:not([disabled])") : (named ?? wrong);
  target?.focus();
}
