// The view in which documents come in: pasted, dropped or opened; and the options that
// they are annotated with.
import { button, el, fill, plural } from "./dom.js";
import { OptionsForm } from "./optionsform.js";
import { openFiles } from "./files.js";
import { listOf } from "./formats.js";
import { sample } from "./sample.js";

export class AddView {
  constructor(root, state, runs, page) {
    Object.assign(this, { root, state, runs, page });
    this.form = new OptionsForm(state);
    this.text = el("textarea", { id: "paste", rows: 9, dir: "auto", placeholder: "Paste an article, an abstract or a note", spellcheck: "false", oninput: () => this.check() });
    this.name = el("input", { type: "text", id: "paste-id", maxlength: 200, placeholder: "chosen for you" });
    this.input = el("input", { type: "file", id: "files", multiple: true, class: "vh", onchange: () => this.files([...this.input.files]) });
    this.keep = el("input", { type: "checkbox", id: "keep" });
    this.go = button("Annotate", () => this.paste(), { class: "primary", disabled: true });
    this.status = el("p", { class: "soft small", role: "status" });
    this.drop = el("div", { class: "drop" },
      el("p", {}, el("label", { for: "files", class: "file-button" }, "Open files"), this.input, el("span", { text: " or drop them anywhere on this page" })),
      this.formats = el("p", { class: "soft small", text: "Text, JSON lines, PubTator, BioC, brat, PubMed, MEDLINE, JATS and TSV; medner tells them apart." }),
      el("label", { class: "check" }, this.keep, "Keep the annotations of the files, and don’t run the model"));
    fill(root,
      el("div", { class: "add-main" },
        el("h2", { id: "add-title", text: "What do you want to annotate?" }),
        el("div", { class: "card" },
          el("label", { for: "paste", class: "strong", text: "Text" }), this.text,
          el("div", { class: "acts between" },
            el("label", { class: "field inline" }, "Name", this.name),
            el("span", { class: "acts" }, button("Try an example", () => { this.text.value = sample; this.name.value = "example"; this.check(); this.text.focus(); }), this.go))),
        el("div", { class: "card" }, this.drop), this.status),
      el("aside", { class: "card options", "aria-labelledby": "options-title" }, el("h2", { id: "options-title", text: "Options" }), this.form.root,
        this.again = el("div", { class: "again", hidden: true }, button("Run again on all documents", () => page.runAgain()), el("p", { class: "soft small", text: "Your corrections stay. The new results are there to compare." }))));
    this.catchDrops();
    state.on("docs run", () => { this.again.hidden = !state.docs.length || runs.running; });
    state.on("options", () => this.offer());
  }

  check() {
    this.go.disabled = !this.text.value.trim();
  }

  offer() {
    const inputs = this.state.options?.inputs;
    if (inputs?.length) this.formats.textContent = "Formats: " + listOf(inputs.map(f => f.name)) + ". medner tells them apart.";
  }

  // paste adds the text of the field as a document.
  paste() {
    const text = this.text.value.toWellFormed ? this.text.value.toWellFormed() : this.text.value;
    if (!text.trim()) return;
    const id = this.name.value.trim() || this.freeName();
    this.text.value = this.name.value = "";
    this.check();
    this.begin([{ id, text }]);
  }

  freeName() {
    const taken = new Set(this.state.docs.map(d => d.id));
    let n = this.state.docs.length + 1;
    while (taken.has("text-" + n)) n++;
    return "text-" + n;
  }

  // begin adds documents, and annotates those without a result.
  begin(docs) {
    const from = this.state.docs.length;
    this.state.add(docs);
    const added = this.state.docs.slice(from);
    this.page.view("review");
    this.page.show(added[0]);
    const fresh = added.filter(d => !d.result);
    if (fresh.length) this.runs.start(fresh, this.form.value());
  }

  // files reads files and adds their documents.
  async files(files) {
    if (!files.length) return;
    this.status.textContent = `Reading ${plural(files.length, "file")} …`;
    this.page.view("add");
    const { documents, problems } = await openFiles(files, this.keep.checked);
    this.input.value = "";
    this.status.textContent = "";
    for (const p of problems) this.page.banner(p);
    if (documents.length) this.begin(documents);
    else this.status.textContent = "No document could be read.";
  }

  // catchDrops takes files that are dropped on the page.
  catchDrops() {
    let depth = 0;
    const hasFiles = event => [...(event.dataTransfer?.types || [])].includes("Files");
    addEventListener("dragenter", event => { if (hasFiles(event)) { depth++; document.body.classList.add("dropping"); } });
    addEventListener("dragleave", event => { if (hasFiles(event) && --depth <= 0) { depth = 0; document.body.classList.remove("dropping"); } });
    addEventListener("dragover", event => { if (hasFiles(event)) event.preventDefault(); });
    addEventListener("drop", async event => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      document.body.classList.remove("dropping");
      this.files(await droppedFiles(event.dataTransfer));
    });
    addEventListener("paste", event => { if (event.clipboardData?.files.length) this.files([...event.clipboardData.files]); });
  }
}

// droppedFiles returns the files of a drop, those in folders included.
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(i => i.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(e => e.isDirectory)) return [...transfer.files];
  const out = [];
  const walk = async entry => {
    if (entry.isFile) return out.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    const reader = entry.createReader();
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) return;
      for (const e of part) if (!e.name.startsWith(".")) await walk(e);
    }
  };
  for (const e of entries) await walk(e);
  return out;
}
