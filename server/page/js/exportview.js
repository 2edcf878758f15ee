// The dialog that exports the work.
import { button, download, el, fill, plural } from "./dom.js";
import { write } from "./api.js";
import { reviewed } from "./result.js";
import { DONE } from "./state.js";

// titles has, for formats, what people know them by, and the ending of their files.
const titles = {
  jsonl: ["medner JSON lines", "jsonl"], json: ["medner JSON", "json"], pubtator: ["PubTator", "PubTator"], "bioc-xml": ["BioC XML", "xml"], "bioc-json": ["BioC JSON", "json"],
  brat: ["brat", "ann"], displacy: ["displaCy", "jsonl"], tsv: ["Table (TSV)", "tsv"], html: ["Page (HTML)", "html"], text: ["Text summary", "txt"],
};

// formatsWithNotes can hold how each item was reviewed.
const formatsWithNotes = ["json", "jsonl", "bioc-xml", "bioc-json"];

export class ExportView {
  constructor(dialog, state, page) {
    Object.assign(this, { dialog, state, page });
  }

  open() {
    const { state } = this;
    const outputs = state.options?.outputs?.map(f => f.name) || Object.keys(titles);
    const done = state.docs.filter(d => d.state === DONE && d.result);
    const format = el("select", { id: "export-format" },
      el("option", { value: "gold", text: "Gold for medner eval (PubTator)" }), outputs.map(name => el("option", { value: name, text: titles[name]?.[0] || name })));
    const which = el("select", { id: "export-documents" }, [["all", `All documents (${done.length})`], ["done", `Reviewed documents (${done.filter(d => d.done).length})`], ["this", "This document"]].map(([value, text]) => el("option", { value, text })));
    const items = el("select", { id: "export-items" }, [["kept", "All but what was rejected"], ["accepted", "Only what was accepted, changed or added"]].map(([value, text]) => el("option", { value, text })));
    const least = el("input", { type: "checkbox", disabled: !state.filter.least });
    const status = el("div", { role: "status", class: "small" });
    const field = (label, input) => el("label", { class: "field" }, label, input);
    const go = button("Download", async () => {
      go.disabled = true;
      status.textContent = "Making the file …";
      try {
        const warnings = await this.run({ format: format.value, which: which.value, accepted: items.value === "accepted", least: least.checked ? state.filter.least : 0 });
        fill(status, el("p", { text: "Saved by your browser." }), warnings.length > 0 && el("ul", {}, warnings.map(w => el("li", { text: w }))));
      } catch (error) {
        fill(status, el("p", { class: "bad", text: error.message }));
      }
      go.disabled = false;
    }, { class: "primary" });
    fill(this.dialog, el("h2", { id: "export-title", text: "Export" }),
      field("Format", format), field("Documents", which), field("Items", items),
      el("label", { class: "check" }, least, `Leave out undecided items below the filter (${state.filter.least.toFixed(2)})`),
      status, el("div", { class: "acts end" }, button("Close", () => this.dialog.close()), go));
    this.dialog.showModal();
  }

  // run makes the file and hands it to the browser. It returns what the format could
  // not hold.
  async run({ format, which, accepted, least }) {
    const { state } = this;
    const docs = state.docs.filter(d => d.result && (which === "all" || (which === "done" ? d.done : d === state.current)));
    if (!docs.length) throw new Error("There is no such document to export.");
    const to = format === "gold" ? "pubtator" : format;
    const results = docs.map(d => reviewed(d, state.view(d), { accepted, least, notes: formatsWithNotes.includes(to) }));
    const { blob, warnings } = await write(results, to);
    const base = docs.length === 1 ? docs[0].id.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "document" : "medner-" + docs.length + "-documents";
    download(blob, base + (format === "gold" ? ".gold." : ".") + (titles[to]?.[1] || to));
    this.page.say(plural(docs.length, "document") + " exported.");
    return warnings;
  }
}
