// Questions to the user: a yes or no, a line of text, the API key.
import { button, el, fill } from "./dom.js";
import { setKey } from "./api.js";

// ask opens a dialog and resolves to what the button that closes it stands for; null
// if it was left.
function ask(dialog, title, body, buttons) {
  return new Promise(resolve => {
    let answer = null;
    const close = value => { answer = value; dialog.close(); };
    fill(dialog, el("form", { method: "dialog", onsubmit: event => { event.preventDefault(); close(buttons.at(-1).value()); } },
      el("h2", { id: "ask-title", text: title }), body,
      el("div", { class: "acts end" }, buttons.map((b, i) => i === buttons.length - 1
        ? el("button", { type: "submit", class: b.class || "primary", text: b.label }) : button(b.label, () => close(b.value()))))));
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
  });
}

const cancel = { label: "Cancel", value: () => null };

// confirm resolves to whether the user agrees.
export const confirm = (dialog, title, text, label) => ask(dialog, title, el("p", { text }), [cancel, { label, value: () => true, class: "danger" }]);

// askKey asks for the server's API key, and keeps it for this tab. It resolves to
// whether there is one now. Several requests share one question.
let asking = null;
export function askKey(dialog, wrong) {
  asking ??= (async () => {
    const input = el("input", { type: "password", id: "api-key", autocomplete: "off", required: true });
    const key = await ask(dialog, "This server needs a key", [
      el("p", { text: wrong ? "The server did not take the key. Ask whoever runs it." : "Whoever runs the server gave you an API key. It is kept until you close this tab." }),
      el("label", { class: "field" }, "API key", input)], [cancel, { label: "Use this key", value: () => input.value.trim() }]);
    setKey(key || "");
    return Boolean(key);
  })().finally(() => { asking = null; });
  return asking;
}
