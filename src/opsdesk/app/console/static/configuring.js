// Forms that the server makes anew at each press of a button: what has come is gone on with where it makes sense.

export function listen() {
  document.addEventListener("htmx:after:swap", (event) => {
    const form = document.getElementById("configuration");
    if (form && (event.detail?.ctx?.target?.id === form.id)) goOn(form);
  });
}

function goOn(form) {
  const question = form.querySelector("dialog[data-modal]");
  if (question) {
    question.showModal();
    return;
  }
  const named = form.dataset.focus ? document.getElementById(form.dataset.focus) : null;
  const wrong = form.querySelector("[aria-invalid=true]") ?? form.querySelector("#problems");
  const target = named?.disabled ? named.closest("td, span")?.querySelector("button:not([disabled])") : (named ?? wrong);
  target?.focus();
}
