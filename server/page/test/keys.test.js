import test from "node:test";
import assert from "node:assert/strict";
import { findShortcut, keysOf, shortcuts } from "../js/keys.js";

const press = (key, more = {}) => ({ key, code: "", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });

test("keys are named with their modifiers", () => {
  assert.equal(keysOf(press("a")), "a");
  assert.equal(keysOf(press("A")), "a"); // caps lock
  assert.equal(keysOf(press("A", { shiftKey: true })), "Shift+A");
  assert.equal(keysOf(press("?", { shiftKey: true })), "?");
  assert.equal(keysOf(press("ArrowLeft", { shiftKey: true, ctrlKey: true })), "Ctrl+Shift+←");
  assert.equal(keysOf(press("z", { metaKey: true })), "Ctrl+Z");
});

test("each shortcut is found, and no two have the same keys in one mode", () => {
  const seen = new Set();
  for (const s of shortcuts) {
    const name = s.keys + " " + (s.mode || "");
    assert.ok(!seen.has(name), name);
    seen.add(name);
    assert.ok(s.does && s.group && typeof s.run === "function", name);
  }
  assert.equal(findShortcut(press("!", { shiftKey: true, code: "Digit1" })).keys, "Shift+1");
  assert.equal(findShortcut(press("1", { code: "Digit1" })).keys, "1");
  assert.equal(findShortcut(press("1", { code: "Digit1", shiftKey: true })).keys, "1"); // French keyboards
  assert.equal(findShortcut(press("[", { altKey: true, ctrlKey: true, getModifierState: key => key === "AltGraph" })).keys, "["); // German keyboards
});

test("arrows work while a span is chosen only; single keys can be turned off", () => {
  assert.equal(findShortcut(press("ArrowRight")), null);
  assert.equal(findShortcut(press("ArrowRight"), { span: true }).does, "end one character further");
  assert.equal(findShortcut(press("a"), { on: false }), null);
  assert.equal(findShortcut(press("z", { ctrlKey: true }), { on: false }).does, "undo");
  assert.equal(findShortcut(press("ArrowRight"), { span: true, on: false }).does, "end one character further");
  assert.equal(findShortcut(press("a", { altKey: true })), null);
});
