// The page as a whole: its views, messages, and the ways between documents.
import { button, byId, el, plural } from "./dom.js";
import { openHelp } from "./helpview.js";
import { WAITING } from "./state.js";

const views = ["add", "review", "compare"];

export class Page {
  constructor(state) {
    this.state = state;
  }

  // wire connects the buttons of the header.
  wire() {
    for (const b of byId("views").querySelectorAll("button")) b.addEventListener("click", () => this.view(b.dataset.view));
    byId("open-export").addEventListener("click", () => this.openExport());
    byId("open-help").addEventListener("click", () => this.openHelp());
    byId("docs-toggle").addEventListener("click", () => this.openList(byId("docs-toggle").getAttribute("aria-expanded") === "false"));
    this.state.on("docs", () => {
      const none = this.state.docs.length === 0;
      for (const name of ["review", "compare"]) this.tab(name).disabled = none;
      byId("open-export").disabled = none;
      if (none) this.view("add");
    });
    this.state.on("saved", () => { byId("open-export").disabled = false; });
    addEventListener("beforeunload", event => { if (this.runs.running || this.unsaved) event.preventDefault(); });
  }

  tab(name) {
    return byId("views").querySelector(`[data-view=${name}]`);
  }

  // view shows one of the views.
  view(name) {
    for (const v of views) {
      byId("view-" + v).hidden = v !== name;
      if (v === name) this.tab(v).setAttribute("aria-current", "page");
      else this.tab(v).removeAttribute("aria-current");
    }
    this.shown = name;
    if (name === "compare") this.compare.draw();
    scrollTo(0, 0);
  }

  // openList shows the list of documents, or hides it, on narrow screens; on others it is
  // always there.
  openList(open) {
    const toggle = byId("docs-toggle");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = open ? "Hide the list" : "Show the list";
    byId("doc-list").classList.toggle("open", open);
  }

  // say tells something in the live region.
  say(text) {
    const live = byId("live");
    // The same text twice in a row is told twice.
    live.textContent = live.textContent === text ? text + " " : text;
  }

  // banner shows a message until it is closed. A message that is there is not shown
  // again.
  banner(text, action, label) {
    const known = [...byId("banners").children].some(b => b.dataset.text === text);
    if (known) return;
    const node = el("div", { class: "banner", role: "alert", data: { text } }, el("p", { text }),
      action && button(label, action), button("×", () => node.remove(), { "aria-label": "Close this message", class: "icon-button" }));
    byId("banners").append(node);
  }

  saving() {
    this.unsaved = true;
    byId("saved").textContent = "Saving …";
  }

  saved() {
    this.unsaved = false;
    byId("saved").textContent = "Saved on this computer";
  }

  // show makes a document the current one, and tells which.
  show(doc) {
    if (!doc || doc === this.state.current) return;
    this.state.show(doc);
    this.openList(false);
    const at = this.state.docs.indexOf(doc);
    this.say(`Document ${at + 1} of ${this.state.docs.length}: ${doc.id}`);
    scrollTo(0, 0);
  }

  // step shows the next document of the list (1) or the one before (-1).
  step(by) {
    const list = this.list.visible;
    const at = list.indexOf(this.state.current);
    const to = list[at + by];
    if (to) this.show(to);
    else this.say(by > 0 ? "This is the last document." : "This is the first document.");
  }

  // markReviewed marks the current document as reviewed and shows the next that is
  // not; a reviewed one is opened again.
  markReviewed() {
    const { state } = this;
    const doc = state.current;
    if (!doc?.result) return;
    state.change(doc, { done: !doc.done });
    if (!doc.done) return this.say("This document is open again.");
    const at = state.docs.indexOf(doc);
    const next = [...state.docs.slice(at + 1), ...state.docs.slice(0, at)].find(d => !d.done && d.result);
    if (next) this.show(next);
    this.say(next ? `Reviewed. Now ${next.id}.` : "Reviewed. All documents are reviewed.");
  }

  goToRelations() {
    this.relations.focus();
  }

  find() {
    this.head.focusFind();
  }

  // hasSelection tells whether text is selected in the browser.
  hasSelection() {
    return Boolean(this.state.pending?.native);
  }

  openExport() {
    if (this.state.docs.length) this.exporter.open();
  }

  openHelp() {
    openHelp(byId("help"));
  }

  // retry annotates documents again that failed, with the options of the form.
  retry(docs) {
    this.runs.start(docs, this.add.form.value());
  }

  // runAgain annotates all documents with the options of the form.
  runAgain() {
    this.view("review");
    this.runs.start(this.state.docs, this.add.form.value());
  }

  // resume offers to go on with documents that were waiting when the page was closed.
  resume() {
    const open = this.state.docs.filter(d => d.state === WAITING);
    if (!open.length) return;
    const text = plural(open.length, "document") + " had not been annotated when the page was closed.";
    this.banner(text, () => {
      byId("banners").querySelector(`[data-text="${CSS.escape(text)}"]`)?.remove();
      // Each goes on with the options that it was added with.
      for (const d of open) this.runs.start([d], d.asked || this.add.form.value());
    }, "Go on");
  }

  // watchOtherTabs warns where the same work is open twice: the later change would win.
  watchOtherTabs() {
    if (!globalThis.BroadcastChannel) return;
    const channel = new BroadcastChannel("medner-review");
    const warn = () => this.banner("This work is open in another tab too. Work in one of them: the last change of a document wins.");
    channel.onmessage = event => {
      if (event.data === "hello") channel.postMessage("here");
      warn();
    };
    channel.postMessage("hello");
  }
}

