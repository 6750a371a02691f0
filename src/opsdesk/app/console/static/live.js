// What changes by itself: parts of a page that htmx fetches again and again, times that run out, messages and errors.

const TICK_MS = 1000;

export function listen() {
  focusProblem();
  document.addEventListener("htmx:config:request", onlyWhenSeen);
  document.addEventListener("htmx:after:swap", (event) => {
    keepFilters(event.detail?.ctx);
    announce(event.detail?.ctx);
    countDown();
  });
  document.addEventListener("htmx:error", () => say(document.documentElement.dataset.lost));
  document.addEventListener("visibilitychange", catchUp);
  setInterval(countDown, TICK_MS);
  countDown();
}

// A tab that nobody looks at asks for nothing, and asks at once when it is looked at again; a list in which somebody
// ticks tickets stays as it is.
function onlyWhenSeen(event) {
  const rests = document.hidden || document.querySelector("#list [name=ticket]:checked");
  if (event.detail.ctx.sourceEvent?.type === "every" && rests) event.preventDefault();
}

function catchUp() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[hx-trigger^=every]")) {
    element.dispatchEvent(new CustomEvent("every"));
  }
}

function focusProblem() {
  const summary = document.getElementById("problems");
  const first = document.querySelector("[aria-invalid=true], .has-error input");
  (first ?? summary)?.focus();
}

// The address says how a list is filtered, so that it can be opened again. htmx would do it too, but takes the entry of
// the history for its own from then on, and loads the page anew when a form leads back to it.
function keepFilters(context) {
  if (context?.sourceElement?.matches("form.filters")) history.replaceState(null, "", context.request.action);
}

// A list that was filtered says how much of it is left: the element names the sentence in data-announce.
function announce(context) {
  const target = context?.target;
  const found = target?.id ? document.getElementById(target.id) : null;
  say(found?.dataset.announce);
}

function say(text) {
  const live = document.getElementById("live");
  if (text && live.textContent !== text) live.textContent = text;
}

// <time data-until datetime=…> counts down to its moment, in hours, minutes and seconds; data-over is said when it is there.
function countDown() {
  for (const element of document.querySelectorAll("time[data-until]")) {
    const left = Math.round((Date.parse(element.dateTime) - Date.now()) / 1000);
    if (left > 0) {
      const [hours, minutes, seconds] = [left / 3600, (left / 60) % 60, left % 60].map(Math.floor);
      const rest = [...(hours ? [hours, String(minutes).padStart(2, "0")] : [minutes]), String(seconds).padStart(2, "0")];
      element.textContent = rest.join(":");
    } else if (element.textContent !== element.dataset.over) {
      element.textContent = element.dataset.over;
      say(element.dataset.over);
    }
  }
}
