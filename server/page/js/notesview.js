// What a result says besides its items: what was left out and why, warnings, windows,
// and what made it.
import { el, fill, plural } from "./dom.js";

export class NotesView {
  constructor(root, state) {
    Object.assign(this, { root, state });
    state.on("current", () => this.draw());
    state.on("doc", doc => doc === state.current && this.draw());
  }

  draw() {
    const doc = this.state.current;
    const r = doc?.result;
    const ungrounded = this.state.view(doc)?.entities.filter(e => !e.spans.length) || [];
    const dropped = r?.dropped || [], warnings = r?.warnings || [];
    fill(this.root, el("h2", { id: "notes-title", text: "About this result" }),
      ungrounded.length > 0 && el("div", { class: "note" }, el("h3", { text: plural(ungrounded.length, "item") + " not in the text" }),
        el("ul", {}, ungrounded.map(e => el("li", {}, el("button", { type: "button", class: "link", dir: "auto", onclick: () => this.state.select(e.uid), text: e.text }), el("span", { class: "soft small", text: " " + e.type }))))),
      el("details", { open: dropped.length > 0 && dropped.length < 8 }, el("summary", { text: plural(dropped.length, "item") + " left out" }),
        dropped.length ? el("ul", { class: "dropped" }, dropped.slice(0, 500).map(d => el("li", {}, el("span", { dir: "auto", text: d.text }), el("span", { class: "soft small", text: ` (${d.task}): ${d.reason}` })))) : el("p", { class: "soft small", text: "The model's answer was used in full." })),
      warnings.length > 0 && el("div", { class: "note warn" }, el("h3", { text: plural(warnings.length, "warning") }), el("ul", {}, warnings.map(w => el("li", { text: w })))),
      r && this.made(doc, r));
  }

  made(doc, r) {
    const m = r.model || {};
    const rows = [
      ["Model", m.name], ["Adapter", m.adapter], ["Method", m.method], ["Weights", m.weights && m.weights + ", " + m.precision],
      ["Windows", windowsOf(r)], ["Confidences", r.calibrated ? "calibrated" + (this.state.options?.calibration?.data ? ", on " + this.state.options.calibration.data : "") : "scores, not calibrated"],
      ["Terminology", r.terminology && r.terminology.name + " " + r.terminology.release], ["Version", m.engine_version],
      ["Run", doc.runs.find(x => x.id === doc.run)?.name],
    ].filter(([, value]) => value);
    return el("details", {}, el("summary", { text: "How it was made" }), el("dl", { class: "facts" }, rows.flatMap(([head, text]) => [el("dt", { text: head }), el("dd", { text })])));
  }
}

// windowsOf tells into how many windows a long text was cut, if it was.
function windowsOf(r) {
  const n = Array.isArray(r.windows) ? r.windows.length : r.windows;
  return n > 1 ? plural(n, "window") : "";
}
