// The dialog that exports the work.
import { button, download, el, fill, plural } from "./dom.js";
import { write } from "./api.js";
import { reviewed } from "./result.js";
import { DONE } from "./state.js";
import { formats, titleOf } from "./formats.js";

// formatsWithNotes can hold how each item was reviewed.
const formatsWithNotes = ["json", "jsonl", "bioc-xml", "bioc-json"];

export class ExportView {
  constructor(dialog, state, page) {
    Object.assign(this, { dialog, state, page });
  }

  open() {
    const { state } = this;
    const outputs = state.options?.outputs?.map(f => f.name) || ["jsonl", "pubtator"];
    const done = state.docs.filter(d => d.state === DONE && d.result);
    const format = el("select", { id: "export-format" },
      el("option", { value: "gold", text: "Gold for medner eval (PubTator)" }), outputs.map(name => el("option", { value: name, text: titleOf(name) })));
    const alone = el("p", { class: "soft small", hidden: true, text: "This format has a file for each document: export them one by one." });
    format.addEventListener("change", () => {
      const one = Boolean(formats[format.value]?.[2]);
      alone.hidden = !one || state.docs.length < 2;
      which.disabled = one;
      if (one) which.value = "this";
    });
    const which = el("select", { id: "export-documents" }, [["all", `All documents (${done.length})`], ["done", `Reviewed documents (${done.filter(d => d.done).length})`], ["this", "This document"]].map(([value, text]) => el("option", { value, text })));
    const items = el("select", { id: "export-items" }, [["kept", "All but what was rejected"], ["accepted", "Only what was accepted, changed or added"]].map(([value, text]) => el("option", { value, text })));
    const least = el("input", { type: "checkbox", disabled: !state.filter.least });
    const status = el("div", { role: "status", class: "small" });
    const field = (label, input) => el("label", { class: "field" }, label, input);
    const go = button("Download", async () => {
      go.disabled = true;
      status.textContent = "Making the file …";
      try {
        const { warnings, left } = await this.run({ format: format.value, which: which.value, accepted: items.value === "accepted", least: least.checked ? state.filter.least : 0 });
        fill(status, el("p", { text: "Saved by your browser." }), warnings.length > 0 && el("ul", {}, warnings.map(w => el("li", { text: w }))), left.length > 0 && leftOut(left));
      } catch (error) {
        fill(status, el("p", { class: "bad", text: error.message }));
      }
      go.disabled = false;
    }, { class: "primary" });
    fill(this.dialog, el("h2", { id: "export-title", text: "Export" }),
      field("Format", format), alone, field("Documents", which), field("Items", items),
      el("label", { class: "check" }, least, `Leave out undecided items below the filter (${state.filter.least.toFixed(2)})`),
      status, el("div", { class: "acts end" }, button("Close", () => this.dialog.close()), go));
    this.dialog.showModal();
  }

  // run makes the file and hands it to the browser. It returns what the format could
  // not hold, and the relations that were left out since they don't fit their mentions.
  async run({ format, which, accepted, least }) {
    const { state } = this;
    const docs = state.docs.filter(d => d.result && (which === "all" || (which === "done" ? d.done : d === state.current)));
    if (!docs.length) throw new Error("There is no such document to export.");
    const to = format === "gold" ? "pubtator" : format;
    const left = [];
    const results = docs.map(d => reviewed(d, state.view(d), { accepted, least, notes: formatsWithNotes.includes(to), unfit: (text, reason) => left.push(`${d.id}: ${text}: ${reason}`) }));
    const { blob, warnings } = await write(results, to);
    const base = docs.length === 1 ? docs[0].id.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "document" : "medner-" + docs.length + "-documents";
    download(blob, base + (format === "gold" ? ".gold." : ".") + (formats[to]?.[1] || to));
    this.page.say(plural(docs.length, "document") + " exported.");
    return { warnings, left };
  }
}

// leftOut lists relations that a file doesn't have, though nobody rejected them.
function leftOut(left) {
  return el("details", { class: "warn", open: left.length < 6 }, el("summary", { text: plural(left.length, "relation") + " left out, whose mentions are not what they were" }),
    el("ul", {}, left.slice(0, 200).map(l => el("li", { dir: "auto", text: l }))));
}
