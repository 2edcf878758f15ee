// The view that compares two runs: two sets of options, a file with results, or the
// review.
import { button, el, fill, plural } from "./dom.js";
import { compareEntities, compareRelations, count } from "./compare.js";
import { reviewed } from "./result.js";
import { spansOf } from "./annotations.js";
import { Offsets } from "./offsets.js";
import { classOf } from "./textview.js";
import { openFiles } from "./files.js";
import { titleOf } from "./list.js";

const review = "review"; // stands for the current state of the review

export class CompareView {
  constructor(root, state, page) {
    Object.assign(this, { root, state, page });
    this.before = "";
    this.after = review;
    this.input = el("input", { type: "file", id: "compare-file", class: "vh", multiple: true, onchange: () => this.openResults([...this.input.files]) });
  }

  // sources returns what can be compared: [id, name, number of documents].
  sources() {
    const out = new Map([[review, ["Your review", this.state.docs.filter(d => d.result).length]]]);
    for (const d of this.state.docs) {
      for (const r of d.runs) {
        if (!out.has(r.id)) out.set(r.id, [r.name, 0]);
        out.get(r.id)[1]++;
      }
    }
    return out;
  }

  draw() {
    const sources = this.sources();
    if (!sources.has(this.before)) this.before = [...sources.keys()].find(id => id !== review) || review;
    if (!sources.has(this.after)) this.after = review;
    const menu = (label, value, set) => el("label", { class: "field" }, label, el("select", { onchange: event => { set(event.target.value); this.draw(); } },
      [...sources].map(([id, [name, n]]) => el("option", { value: id, text: `${name} (${n})`, selected: id === value }))));
    fill(this.root,
      el("h2", { id: "compare-title", text: "Compare two runs" }),
      el("div", { class: "card compare-choice" }, menu("Before", this.before, v => { this.before = v; }), menu("After", this.after, v => { this.after = v; }),
        el("span", { class: "field" }, el("span", { text: "Results from a file" }), el("label", { for: "compare-file", class: "file-button" }, "Open results"), this.input)),
      this.summary());
  }

  resultOf(doc, id) {
    if (id === review) return doc.result ? reviewed(doc, this.state.view(doc)) : null;
    return doc.runs.find(r => r.id === id)?.result || null;
  }

  summary() {
    const total = { same: 0, added: 0, removed: 0, changed: 0 };
    const rows = [];
    let pairs = 0;
    for (const doc of this.state.docs) {
      const [a, b] = [this.resultOf(doc, this.before), this.resultOf(doc, this.after)];
      if (!a || !b) continue;
      pairs++;
      const entities = compareEntities(a.entities || [], b.entities || []), relations = compareRelations(a.relations || [], b.relations || []);
      const n = count(entities), m = count(relations);
      for (const k of Object.keys(total)) total[k] += n[k] + m[k];
      if (n.added + n.removed + n.changed + m.added + m.removed === 0) continue;
      rows.push({ doc, entities, relations, n, m });
    }
    if (!pairs) return el("p", { class: "soft", text: "There is no document that both have. Run again with other options, or open a file with results." });
    const shown = rows.slice(0, 200);
    return [
      el("p", { class: "totals" }, total.same + " the same, ", el("span", { class: "chip plus", text: total.added + " added" }), " ", el("span", { class: "chip minus", text: total.removed + " removed" }), " ", el("span", { class: "chip other-way", text: total.changed + " changed" }),
        el("span", { class: "soft", text: ` in ${rows.length} of ${plural(pairs, "document")}` })),
      ...shown.map(r => this.one(r, shown.length === 1)),
      rows.length > shown.length && el("p", { class: "soft", text: `${rows.length - shown.length} more documents differ; the first ${shown.length} are shown.` }),
    ];
  }

  // one returns the differences of a document, folded unless it is the only one.
  one({ doc, entities, relations, n, m }, open) {
    const details = el("details", { class: "card difference", open },
      el("summary", {}, el("span", { dir: "auto", text: titleOf(doc) }), el("span", { class: "soft small", text: ` ${doc.id}: ${n.added + m.added} added, ${n.removed + m.removed} removed, ${n.changed} changed` })));
    const body = () => { if (details.open && details.childElementCount === 1) details.append(this.table(doc, entities, relations)); };
    details.addEventListener("toggle", body);
    body();
    return details;
  }

  table(doc, entities, relations) {
    const offsets = new Offsets(doc.text);
    const what = e => (e ? [el("span", { class: "chip " + classOf(e.type), text: e.type }), " ", el("span", { dir: "auto", text: e.text })] : "–");
    const words = { added: "plus", removed: "minus", changed: "other-way" };
    const rows = entities.filter(d => d.kind !== "same").map(d => {
      const span = spansOf(d.after || d.before);
      return el("tr", {}, el("td", {}, el("span", { class: "chip " + words[d.kind], text: d.kind + (d.what ? ": " + d.what : "") })), el("td", {}, what(d.before)), el("td", {}, what(d.after)),
        el("td", { class: "soft small", dir: "auto" }, span.length ? context(offsets, span) : "not in the text"));
    });
    const pair = r => (r ? `${r.chemical} → ${r.disease}` : "–");
    const pairs = relations.filter(d => d.kind !== "same").map(d => el("tr", {}, el("td", {}, el("span", { class: "chip " + words[d.kind], text: d.kind })),
      el("td", { dir: "auto", text: pair(d.before) }), el("td", { dir: "auto", text: pair(d.after) }), el("td", { class: "soft small", text: "relation" })));
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences of " + doc.id }, el("table", { class: "differences" },
      el("thead", {}, el("tr", {}, ["Difference", "Before", "After", "Where"].map(t => el("th", { scope: "col", text: t })))), el("tbody", {}, rows, pairs)),
    button("Review this document", () => { this.page.view("review"); this.page.show(doc); }));
  }

  // openResults adds the results of files to the documents of the same names, as a run.
  async openResults(files) {
    const { documents, problems } = await openFiles(files, true);
    this.input.value = "";
    const byId = new Map(this.state.docs.map(d => [d.id, d]));
    let found = 0;
    for (const d of documents) {
      const doc = byId.get(d.id);
      if (!doc || (d.text && d.text !== doc.text)) continue;
      const run = { ...d.runs[0], result: { ...d.result, text: doc.text } };
      this.state.change(doc, { runs: [...doc.runs.filter(r => r.id !== run.id), run] });
      this.before = run.id;
      found++;
    }
    if (found < documents.length) problems.push(`${documents.length - found} of ${plural(documents.length, "result")} have no document here with the same name and text.`);
    for (const p of problems) this.page.banner(p);
    this.draw();
    this.page.say(plural(found, "result") + " opened.");
  }
}

// context returns the words around a mention.
function context(offsets, span) {
  const start = Math.max(0, span[0].start - 30), end = Math.min(offsets.length, span.at(-1).end + 30);
  const text = (a, b) => offsets.slice(a, b).replace(/\s+/g, " ");
  return [start > 0 && "…", text(start, span[0].start), el("b", { text: text(span[0].start, span.at(-1).end) }), text(span.at(-1).end, end), end < offsets.length && "…"];
}
