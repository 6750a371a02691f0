// Keys: `g` and a letter go somewhere, `?` helps, `/` searches, `j` and `k` walk through a list, and whatever the page
// marks with data-key is pressed by that key, or with data-key="mod+Enter" by Ctrl or Command and that key.
import { areOff } from "./keys.js";

const AFTER_G_MS = 1500;
let goUntil = 0;

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (pressed(event)) event.preventDefault();
  });
}

function pressed(event) {
  const mod = event.ctrlKey || event.metaKey;
  if (mod) return press(`mod+${event.shiftKey ? "shift+" : ""}${event.key}`);
  if (areOff() || isTyping(event.target)) return false;
  if (isAsked()) return false;
  if (event.timeStamp < goUntil) {
    goUntil = 0;
    return go(event.key);
  }
  switch (event.key) {
    case "g":
      goUntil = event.timeStamp + AFTER_G_MS;
      return true;
    case "?":
      document.getElementById("shortcuts")?.togglePopover();
      return true;
    case "/":
      return focus(document.querySelector("[data-search]"));
    case "j":
      return walk(1);
    case "k":
      return walk(-1);
    default:
      return press(event.key);
  }
}

function isTyping(element) {
  return element.closest("input:not([type=checkbox], [type=radio], [type=submit]), select, textarea, [contenteditable]") !== null;
}

function isAsked() {
  return document.querySelector("[role=alertdialog]:popover-open") !== null;
}

function go(key) {
  const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  if (link) location.assign(link.href);
  return link !== null;
}

function press(key) {
  const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!element || element.disabled || !element.checkVisibility()) return false;
  if (element.matches("[type=radio], [type=checkbox]")) element.focus();
  element.click();
  return true;
}

function walk(step) {
  const links = [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  return focus(links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step]);
}

function focus(element) {
  element?.focus();
  return Boolean(element);
}
