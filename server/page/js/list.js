// The list of documents with their states, the progress of a run, and the search
// among documents.
import { button, el, fill, plural } from "./dom.js";
import { progress } from "./annotations.js";
import { DONE, FAILED, RUNNING, WAITING } from "./state.js";

export class ListView {
  constructor(list, run, state, runs, page) {
    Object.assign(this, { root: list, runRoot: run, state, runs, page });
    this.rows = new Map(); // of documents
    this.query = "";
    this.search = el("input", { type: "search", id: "doc-search", placeholder: "Search", "aria-label": "Search documents", oninput: () => { this.query = this.search.value.toLowerCase(); this.filter(); } });
    this.only = el("select", { "aria-label": "Which documents", onchange: () => this.filter() },
      ...["All", "Not reviewed", "Reviewed", "Failed"].map(text => el("option", { text })));
    this.list = el("ol", { class: "doc-rows", onkeydown: event => this.arrow(event) });
    this.count = el("p", { class: "soft small" });
    fill(list, el("div", { class: "doc-tools" }, this.search, this.only), this.count, this.list);
    state.on("docs", () => this.draw());
    state.on("doc", doc => this.update(doc));
    state.on("current", () => this.mark());
    state.on("run", () => this.drawRun());
    this.drawRun();
  }

  draw() {
    const known = this.rows;
    this.rows = new Map(this.state.docs.map(d => [d, known.get(d) || this.row(d)]));
    fill(this.list, [...this.rows.values()].map(r => r.item));
    this.filter();
    this.mark();
  }

  row(doc) {
    const title = el("span", { class: "doc-title", dir: "auto" });
    const facts = el("span", { class: "doc-facts" });
    const link = el("button", { type: "button", class: "doc-row", tabindex: "-1", onclick: () => this.page.show(doc) }, title, facts);
    const row = { item: el("li", {}, link), link, title, facts };
    this.fillRow(doc, row);
    return row;
  }

  update(doc) {
    const row = this.rows.get(doc);
    if (row) this.fillRow(doc, row);
    this.later ??= requestAnimationFrame(() => { this.later = null; this.filter(); });
  }

  fillRow(doc, row) {
    row.title.textContent = titleOf(doc);
    const { text, kind } = stateOf(doc, this.state);
    fill(row.facts, el("span", { class: "state " + kind, "aria-hidden": "true" }), el("span", { class: "doc-id", text: doc.id }), el("span", { text }));
    row.link.classList.toggle("reviewed", doc.done);
  }

  // filter hides the documents that the search leaves out, and counts.
  filter() {
    const want = this.only.value;
    let shown = 0;
    for (const [doc, row] of this.rows) {
      const on = (want === "All" || (want === "Reviewed" ? doc.done : want === "Failed" ? doc.state === FAILED : !doc.done)) &&
        (!this.query || (doc.id + "\n" + doc.text).toLowerCase().includes(this.query));
      row.item.hidden = !on;
      shown += on;
    }
    const all = this.state.docs.length, done = this.state.docs.filter(d => d.done).length;
    this.count.textContent = (shown < all ? `${shown} of ${plural(all, "document")} shown` : plural(all, "document")) + `, ${done} reviewed`;
  }

  mark() {
    const rows = [...this.rows];
    for (const [doc, row] of rows) {
      const on = doc === this.state.current;
      row.link.tabIndex = on ? 0 : -1;
      if (on) { row.link.setAttribute("aria-current", "true"); row.item.scrollIntoView({ block: "nearest" }); }
      else row.link.removeAttribute("aria-current");
    }
  }

  // arrow moves the focus within the list.
  arrow(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const links = [...this.rows.values()].filter(r => !r.item.hidden).map(r => r.link);
    links[links.indexOf(document.activeElement) + step]?.focus();
  }

  // visible returns the documents that the search shows.
  get visible() {
    return this.state.docs.filter(d => !this.rows.get(d)?.item.hidden);
  }

  drawRun() {
    const { active, running } = this.runs;
    const failed = this.state.docs.filter(d => d.state === FAILED);
    if (!running && !failed.length) return fill(this.runRoot);
    if (!running) {
      return fill(this.runRoot, el("div", { class: "run" }, el("span", { class: "bad", text: plural(failed.length, "document") + " not annotated" }),
        button("Try again", () => this.page.retry(failed), { title: "With the options that are set in Add" })));
    }
    const done = active.done + active.failed;
    fill(this.runRoot, el("div", { class: "run" },
      el("label", { for: "run-bar", text: `${done} of ${active.total} annotated` + (active.failed ? `, ${active.failed} failed` : "") }),
      button("Stop", () => this.runs.cancel()),
      el("progress", { id: "run-bar", max: active.total, value: done }),
      el("div", { class: "soft small run-options" }, active.runs.map(r => el("p", { text: r.name }))),
      active.note && el("p", { class: "soft small", text: active.note })));
  }
}

// titleOf returns the first line of a document, clipped.
export function titleOf(doc) {
  const title = (doc.passages || doc.result?.passages)?.find(p => p.type === "title");
  const from = title ? title.start : 0;
  const text = [...doc.text.slice(0, 4000)].slice(from, title ? title.end : from + 160).join("").trim();
  const line = text.split("\n")[0];
  return line.length > 90 ? line.slice(0, line.lastIndexOf(" ", 90) > 40 ? line.lastIndexOf(" ", 90) : 90) + "…" : line || "(empty)";
}

// stateOf returns the state of a document in words, and its kind for the eye.
export function stateOf(doc, state) {
  if (doc.state === WAITING) return { text: "waiting", kind: "waiting" };
  if (doc.state === RUNNING) return { text: "being annotated", kind: "running" };
  if (doc.state === FAILED) return { text: "not annotated", kind: "failed" };
  const view = state.view(doc);
  const { decided, all } = progress(view);
  const what = plural(view.entities.length, "mention");
  if (doc.done) return { text: "reviewed, " + what, kind: "reviewed" };
  return { text: decided ? `${decided} of ${all} decided` : what, kind: doc.state === DONE && decided ? "begun" : "open" };
}
