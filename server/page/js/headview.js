// The head of the current document: its name, the way to others, undo, search, and
// whether it is reviewed.
import { button, el, fill, keycap } from "./dom.js";
import { progress } from "./annotations.js";
import { findAll } from "./offsets.js";
import { FAILED, RUNNING, WAITING } from "./state.js";

export class HeadView {
  constructor(root, state, page, editor) {
    Object.assign(this, { root, state, page, editor });
    this.query = el("input", { type: "search", id: "find", placeholder: "Find in text", "aria-label": "Find in text", onkeydown: event => this.findKey(event), oninput: () => this.findNext(0) });
    this.hits = el("span", { class: "soft small", role: "status" });
    this.id = el("h2", { class: "doc-name", dir: "auto" });
    this.where = el("span", { class: "soft small" });
    this.state_ = el("p", { class: "doc-state" });
    this.undo = button("Undo", () => editor.undo(), { "aria-keyshortcuts": "u" });
    this.redo = button("Redo", () => editor.redo(), { "aria-keyshortcuts": "Shift+U" });
    this.review = button("", () => page.markReviewed(), { "aria-keyshortcuts": "d" });
    this.remove = button("Remove", () => state.remove(state.current), { class: "quiet" });
    fill(root,
      el("div", { class: "head-row" }, el("span", { class: "pager" },
        this.before = button("‹", () => page.step(-1), { "aria-label": "Previous document", class: "icon-button" }), this.where, this.after = button("›", () => page.step(1), { "aria-label": "Next document", class: "icon-button" })), this.id, this.review),
      el("div", { class: "head-row tools" }, this.undo, this.redo, this.query, this.hits, this.remove), this.state_);
    state.on("current docs", () => this.draw());
    state.on("doc", doc => doc === state.current && this.draw());
  }

  draw() {
    const { state } = this;
    const doc = state.current;
    this.root.hidden = !doc;
    if (!doc) return;
    const at = state.docs.indexOf(doc);
    this.id.textContent = doc.id;
    this.where.textContent = `${at + 1} of ${state.docs.length}`;
    this.undo.disabled = doc.at === 0;
    this.redo.disabled = doc.at === doc.edits.length;
    fill(this.review, doc.done ? "Reviewed ✓" : "Mark as reviewed ", doc.done ? null : keycap("d"));
    this.review.className = doc.done ? "" : "primary";
    this.review.disabled = !doc.result;
    this.review.setAttribute("aria-pressed", String(doc.done));
    const messages = { [WAITING]: "Waiting for the model.", [RUNNING]: "The model is reading this document …", [FAILED]: doc.error };
    const view = state.view(doc);
    const { decided, all } = view ? progress(view) : { decided: 0, all: 0 };
    this.state_.className = "doc-state " + doc.state;
    this.state_.textContent = messages[doc.state] || (doc.error ? "Another run failed: " + doc.error : all ? `${decided} of ${all} decided` : "No mentions were found. Drag over text to add one.");
  }

  focusFind() {
    this.query.focus();
    this.query.select();
  }

  findKey(event) {
    if (event.key === "Enter") { event.preventDefault(); this.findNext(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") { event.preventDefault(); this.leave(); }
  }

  // findNext chooses the next place of what is searched as a span, which 1 and 2 then
  // add; step 0 begins at the first.
  findNext(step) {
    const { state } = this;
    const view = state.view(state.current);
    if (!view) return;
    const found = findAll(view.offsets, this.query.value.trim());
    if (!found.length) {
      this.hits.textContent = this.query.value.trim() ? "not found" : "";
      if (state.pending) state.setPending(null);
      return;
    }
    this.at = step === 0 ? 0 : (this.at + step + found.length) % found.length;
    this.hits.textContent = `${this.at + 1} of ${found.length}`;
    state.setPending({ ...found[this.at], uid: "" });
    this.page.text.markOf("pending")?.scrollIntoView({ block: "nearest" });
  }

  // leave moves the focus to the text, where 1 and 2 add the span that was found.
  leave() {
    const mark = this.page.text.root.querySelector("mark.m[tabindex='0']");
    this.query.blur();
    mark?.focus({ preventScroll: true });
    if (this.state.pending) this.page.say("Found. Press 1 to add a chemical, 2 a disease; Shift adds all places.");
  }
}
