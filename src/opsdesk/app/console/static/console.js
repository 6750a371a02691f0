// What scripts add to pages that work without them.
import { listen as shortcuts } from "./shortcuts.js";
import { listen as live } from "./live.js";

document.documentElement.classList.add("scripted");
shortcuts();
live();
