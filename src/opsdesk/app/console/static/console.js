// What scripts add to pages that work without them.
import { listen as shortcuts } from "./shortcuts.js";
import { listen as configuring } from "./configuring.js";
import { listen as drafts } from "./drafts.js";
import { listen as keys } from "./keys.js";
import { listen as live } from "./live.js";
import { lookAtWork } from "./picture.js";
import { listen as pictures } from "./pictures.js";

document.documentElement.classList.add("scripted");
drafts();
keys();
shortcuts();
live();
configuring();
pictures();
lookAtWork();
