// A picture that is larger than its frame is shown where something happens: at the first node that is under way.

const UNDER_WAY = ".node.blocked, .node.active, .node.retrying, .node.waiting";

export function lookAtWork() {
  for (const frame of document.querySelectorAll(".picture")) {
    const node = frame.querySelector(UNDER_WAY) ?? frame.querySelector(".node");
    if (!node) continue;
    const inside = node.getBoundingClientRect();
    const around = frame.getBoundingClientRect();
    frame.scrollLeft += inside.left - around.left - (around.width - inside.width) / 2;
    frame.scrollTop += inside.top - around.top - (around.height - inside.height) / 2;
  }
}
