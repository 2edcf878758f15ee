// The keyboard shortcuts: one table, from which keys are dispatched and the help is
// made. docs/page.md has the same table; a test compares them.

// shortcuts lists each shortcut: the keys, in which mode it works ("" for always,
// "span" while a span is chosen), what it does, in words and as a function of the
// editor and the page.
export const shortcuts = [
  { group: "Go", keys: "n", does: "next mention", run: (e) => e.next(1) },
  { group: "Go", keys: "p", does: "previous mention", run: (e) => e.next(-1) },
  { group: "Go", keys: "o", does: "next occurrence of the same", run: (e) => e.next(1, true) },
  { group: "Go", keys: "Shift+O", does: "previous occurrence of the same", run: (e) => e.next(-1, true) },
  { group: "Go", keys: "g", does: "next mention that is not decided on", run: (e) => e.nextOpen() },
  { group: "Go", keys: "]", does: "next document", run: (_, page) => page.step(1) },
  { group: "Go", keys: "[", does: "previous document", run: (_, page) => page.step(-1) },
  { group: "Go", keys: "l", does: "go to the relations", run: (_, page) => page.goToRelations() },
  { group: "Go", keys: "/", does: "find text in the document", run: (_, page) => page.find() },
  { group: "Decide", keys: "a", does: "accept; a second time: open again", run: (e) => e.decide("accepted") },
  { group: "Decide", keys: "Shift+A", does: "accept all occurrences", run: (e) => e.decide("accepted", true) },
  { group: "Decide", keys: "x", does: "reject; a second time: open again", run: (e) => e.decide("rejected") },
  { group: "Decide", keys: "Shift+X", does: "reject all occurrences", run: (e) => e.decide("rejected", true) },
  { group: "Decide", keys: "d", does: "document is reviewed: go to the next that is not", run: (_, page) => page.markReviewed() },
  { group: "Change", keys: "1", does: "type is chemical; adds the selected text", run: (e) => e.setType("chemical") },
  { group: "Change", keys: "2", does: "type is disease; adds the selected text", run: (e) => e.setType("disease") },
  { group: "Change", keys: "Shift+1", does: "the same, for all occurrences: chemical", code: "Digit1", run: (e) => e.setType("chemical", true) },
  { group: "Change", keys: "Shift+2", does: "the same, for all occurrences: disease", code: "Digit2", run: (e) => e.setType("disease", true) },
  { group: "Change", keys: "s", does: "change the span of the selected mention", run: (e, page) => page.hasSelection() ? e.useSelection() : e.beginSpan() },
  { group: "Change", keys: "i", does: "choose a new span, to add a mention", run: (e) => e.beginSpan(true) },
  { group: "Change", keys: "r", does: "begin a relation at the selected mention; end it at another", run: (e) => e.relate() },
  { group: "Change", keys: "u", does: "undo", run: (e) => e.undo() },
  { group: "Change", keys: "Shift+U", does: "redo", run: (e) => e.redo() },
  { group: "Change", keys: "Ctrl+Z", does: "undo", always: true, run: (e) => e.undo() },
  { group: "Change", keys: "Ctrl+Y", does: "redo", always: true, run: (e) => e.redo() },
  { group: "Change", keys: "Ctrl+Shift+Z", does: "redo", always: true, run: (e) => e.redo() },
  { group: "While a span is chosen", mode: "span", keys: "→", does: "end one character further", run: (e) => e.moveSpan("end", 1, "grapheme") },
  { group: "While a span is chosen", mode: "span", keys: "←", does: "end one character back", run: (e) => e.moveSpan("end", -1, "grapheme") },
  { group: "While a span is chosen", mode: "span", keys: "Ctrl+→", does: "end one word further", run: (e) => e.moveSpan("end", 1, "word") },
  { group: "While a span is chosen", mode: "span", keys: "Ctrl+←", does: "end one word back", run: (e) => e.moveSpan("end", -1, "word") },
  { group: "While a span is chosen", mode: "span", keys: "Shift+→", does: "start one character further", run: (e) => e.moveSpan("start", 1, "grapheme") },
  { group: "While a span is chosen", mode: "span", keys: "Shift+←", does: "start one character back", run: (e) => e.moveSpan("start", -1, "grapheme") },
  { group: "While a span is chosen", mode: "span", keys: "Ctrl+Shift+→", does: "start one word further", run: (e) => e.moveSpan("start", 1, "word") },
  { group: "While a span is chosen", mode: "span", keys: "Ctrl+Shift+←", does: "start one word back", run: (e) => e.moveSpan("start", -1, "word") },
  { group: "While a span is chosen", mode: "span", keys: "↓", does: "new span: to the next word", run: (e) => e.shiftSpan(1) },
  { group: "While a span is chosen", mode: "span", keys: "↑", does: "new span: to the previous word", run: (e) => e.shiftSpan(-1) },
  { group: "While a span is chosen", mode: "span", keys: "Enter", does: "keep the changed span", run: (e) => e.keepSpan() },
  { group: "Page", keys: "Escape", does: "leave what was begun; select nothing", run: (e) => e.cancel() },
  { group: "Page", keys: "e", does: "export", run: (_, page) => page.openExport() },
  { group: "Page", keys: "?", does: "this help", run: (_, page) => page.openHelp() },
];

const arrows = { ArrowRight: "→", ArrowLeft: "←", ArrowDown: "↓", ArrowUp: "↑", Delete: "x" };

// keysOf returns the name of the shortcut that an event is: modifiers, then the key.
// Shift is named where it is no part of the key itself ("?" has it on most keyboards).
export function keysOf(event) {
  let key = arrows[event.key] || event.key;
  // AltGr, with which German keyboards write "[", counts as Control and Alt on Windows.
  const ctrl = (event.ctrlKey || event.metaKey) && !event.getModifierState?.("AltGraph");
  const letter = /^\p{L}$/u.test(key);
  if (letter) key = ctrl || event.shiftKey ? key.toUpperCase() : key.toLowerCase();
  const named = letter || key.length > 1 || "→←↓↑".includes(key);
  return (ctrl ? "Ctrl+" : "") + (event.shiftKey && named ? "Shift+" : "") + key;
}

// find returns the shortcut for an event, or null. Single keys work only where on is
// true; people who speak to their computer turn them off.
export function findShortcut(event, { span = false, on = true } = {}) {
  if (event.altKey && !event.getModifierState?.("AltGraph")) return null;
  const keys = keysOf(event);
  const same = s => s.keys === keys || (s.code && s.code === event.code && event.shiftKey && !event.ctrlKey && !event.metaKey);
  return shortcuts.find(s => same(s) && (s.mode === "span" ? span : on || s.always || s.keys === "Escape")) || null;
}

// typing tells whether an element takes keys for itself.
export function typing(element) {
  if (!element) return false;
  if (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "file"].includes(element.type);
}
