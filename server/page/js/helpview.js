// The help: all shortcuts, and how the work is kept.
import { button, el, fill } from "./dom.js";
import { shortcuts } from "./keys.js";
import { preference, setPreference } from "./store.js";

// single tells whether single keys are shortcuts.
export const single = () => preference("single-keys", true);

export function openHelp(dialog) {
  const groups = [...new Set(shortcuts.map(s => s.group))];
  const box = el("input", { type: "checkbox", checked: single(), onchange: () => setPreference("single-keys", box.checked) });
  fill(dialog, el("div", { class: "top" }, el("h2", { id: "help-title", text: "Keys and help" }), button("Close", () => dialog.close(), { autofocus: true })),
    el("div", { class: "help-groups" }, groups.map(group => el("table", {}, el("caption", { text: group }), el("tbody", {},
      shortcuts.filter(s => s.group === group).map(s => el("tr", {}, el("td", {}, s.keys.split("+").map((k, i) => [i > 0 && "+", el("kbd", { text: k })]).flat()), el("td", { text: s.does }))))))),
    el("label", { class: "check" }, box, "Single keys are shortcuts (turn this off if you speak to your computer)"),
    el("h3", { text: "With the mouse" }),
    el("p", { text: "Click a mention to select it. Drag over text to add a mention, or to give the selected one another span. Click “Relate to…”, then another mention." }),
    el("h3", { text: "Where your work is" }),
    el("p", { text: "Documents and corrections are kept in this browser on this computer, unencrypted, until you choose “Clear all” at the foot of the page. On a shared computer do that when you are done. The server keeps nothing; export what you want to keep." }));
  dialog.showModal();
}
