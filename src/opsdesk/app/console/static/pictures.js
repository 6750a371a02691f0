// Two pictures of a ticket side by side, zoomed, moved and turned as one: by mouse, wheel, touch and keys. What is marked
// with data-compare opens them, and so does a thumbnail, with its picture on the left.

const ZOOM_MAX = 16;
const ZOOM_STEP = 1.25;
const MOVE_STEP = 0.08;
const WHEEL_SPEED = 0.002;
const KEYS = {
  "+": "in", "=": "in", "-": "out", "_": "out", "[": "left", "]": "right", "0": "reset",
  ArrowLeft: "west", ArrowRight: "east", ArrowUp: "north", ArrowDown: "south",
};
const MOVES = { west: [1, 0], east: [-1, 0], north: [0, 1], south: [0, -1] };

const pointers = new Map();
let at = asAtFirst();

export function listen() {
  document.addEventListener("click", clicked);
  document.addEventListener("change", (event) => event.target.closest("#compare") && show());
  // Before the shortcuts of the page hear of it: nobody passes a ticket by a key that is pressed over its pictures.
  document.addEventListener("keydown", keyed, { capture: true });
  document.addEventListener("wheel", wheeled, { passive: false });
  for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) document.addEventListener(kind, pointed);
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, sourceEvent } = event.detail.ctx;
    if (sourceElement?.id === "pictures" && sourceEvent?.type === "every" && opened()) event.preventDefault();
  });
}

function asAtFirst() {
  return { zoom: 1, x: 0, y: 0, turn: 0 };
}

function opened() {
  return document.querySelector("#compare[open]");
}

function clicked(event) {
  const tool = event.target.closest("#compare [data-do]");
  if (tool) return act(tool.dataset.do);
  const thumbnail = event.target.closest("a[data-picture]");
  if (thumbnail && (event.button || event.ctrlKey || event.metaKey || event.shiftKey)) return;
  if (!thumbnail && !event.target.closest("[data-compare]")) return;
  event.preventDefault();
  open(thumbnail?.getAttribute("href"));
}

function open(first) {
  const dialog = document.getElementById("compare");
  const [left, right] = dialog.querySelectorAll("select");
  if (first && right && right.value === first) right.value = left.value;
  if (first) left.value = first;
  at = asAtFirst();
  dialog.showModal();
  show();
}

function keyed(event) {
  const dialog = opened();
  if (!dialog || event.ctrlKey || event.metaKey || event.altKey) return;
  event.stopPropagation();
  const action = KEYS[event.key];
  if (!action || (event.target.matches("select") && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  act(action);
}

function act(action) {
  if (action === "in") zoomBy(ZOOM_STEP);
  else if (action === "out") zoomBy(1 / ZOOM_STEP);
  else if (action === "left") at.turn -= 90;
  else if (action === "right") at.turn += 90;
  else if (action === "reset") at = asAtFirst();
  else moveBy(MOVES[action][0] * MOVE_STEP, MOVES[action][1] * MOVE_STEP);
  show();
}

// About a point, given in parts of the view from its middle, which stays where it is.
function zoomBy(factor, [x, y] = [0, 0]) {
  const zoom = Math.min(Math.max(at.zoom * factor, 1), ZOOM_MAX);
  at = { ...at, x: x - (x - at.x) * (zoom / at.zoom), y: y - (y - at.y) * (zoom / at.zoom), zoom };
  moveBy(0, 0);
}

function moveBy(x, y) {
  const most = at.zoom / 2;
  at.x = Math.min(Math.max(at.x + x, -most), most);
  at.y = Math.min(Math.max(at.y + y, -most), most);
}

function wheeled(event) {
  const view = event.target.closest(".compare-view");
  if (!view) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY * WHEEL_SPEED), place(view, event.clientX, event.clientY));
  show();
}

// One pointer moves; two zoom by their distance, about their middle, and move with it.
function pointed(event) {
  const view = event.target.closest?.(".compare-view");
  if (event.type === "pointerdown" && view && event.button === 0) {
    view.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  } else if (event.type !== "pointermove") {
    pointers.delete(event.pointerId);
  } else if (view && pointers.has(event.pointerId)) {
    const before = between();
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const after = between();
    moveBy((after.x - before.x) / view.clientWidth, (after.y - before.y) / view.clientHeight);
    if (before.apart) zoomBy(after.apart / before.apart, place(view, after.x, after.y));
    show();
  }
}

function between() {
  const [[x, y], [otherX, otherY] = [x, y]] = [...pointers.values()];
  return { x: (x + otherX) / 2, y: (y + otherY) / 2, apart: Math.hypot(x - otherX, y - otherY) };
}

function place(view, x, y) {
  const box = view.getBoundingClientRect();
  return [(x - box.left) / box.width - 0.5, (y - box.top) / box.height - 0.5];
}

function show() {
  const dialog = opened();
  if (!dialog) return; // A picture may come when it is closed again.
  for (const pane of dialog.querySelectorAll(".compare-pane")) {
    const [select, image] = [pane.querySelector("select"), pane.querySelector("img")];
    if (image.getAttribute("src") !== select.value) {
      image.onload = show;
      image.src = select.value;
    }
    image.alt = select.selectedOptions[0].text;
    const scale = at.zoom * fitting(image);
    image.style.transform = `translate(${at.x * 100}%, ${at.y * 100}%) rotate(${at.turn}deg) scale(${scale})`;
  }
  const said = { zoom: Math.round(at.zoom * 100), turn: ((at.turn % 360) + 360) % 360 };
  dialog.querySelector("output").textContent = dialog.dataset.zoom.replace(/\{(\w+)\}/g, (_, name) => said[name]);
}

// A picture that lies on its side is as large as its view lets it be.
function fitting({ naturalWidth: width, naturalHeight: height, clientWidth, clientHeight }) {
  if (at.turn % 180 === 0 || !width) return 1;
  return Math.min(clientWidth / height, clientHeight / width) / Math.min(clientWidth / width, clientHeight / height);
}
