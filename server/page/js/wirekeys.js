// Brings key presses to the shortcuts.
import { findShortcut, typing } from "./keys.js";
import { single } from "./helpview.js";

export function wireKeys(state, editor, page) {
  addEventListener("keydown", event => {
    if (event.defaultPrevented || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (page.shown !== "review" && event.key !== "?") return;
    const span = Boolean(state.pending) && !state.pending.native;
    const shortcut = findShortcut(event, { span, on: single() });
    if (!shortcut || (event.key === "Enter" && event.target.tagName === "BUTTON")) return;
    // Arrows in the list and the table are theirs.
    event.preventDefault();
    if (!state.current && shortcut.keys !== "?") return;
    if (!state.view(state.current) && shortcut.group !== "Page" && shortcut.group !== "Go") return page.say("This document has no result yet.");
    shortcut.run(editor, page);
    if (shortcut.keys === "1" || shortcut.keys === "2" || shortcut.code) getSelection().removeAllRanges();
  });
}
