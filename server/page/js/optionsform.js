// The fields of the options that documents are annotated with. Which there are, the
// server says.
import { el, fill } from "./dom.js";
import { preference, setPreference } from "./store.js";

const names = { generate: "Lists that the model writes", tag: "Tags (fast)", both: "Both" };
const help = { chemicals: "drugs and other chemicals", diseases: "diseases, symptoms, adverse effects", influences: "which chemical causes or worsens which disease" };

export class OptionsForm {
  constructor(state) {
    this.state = state;
    this.root = el("div", { class: "options-form", onchange: () => setPreference("options", this.value()) });
    state.on("options", () => this.draw());
    this.draw();
  }

  draw() {
    const offers = this.state.options || {};
    const chosen = preference("options", {});
    const tasks = offers.tasks || ["chemicals", "diseases", "influences"];
    this.tasks = tasks.map(t => el("input", { type: "checkbox", value: t, checked: (chosen.tasks || tasks).includes(t) }));
    const methods = (offers.methods || []).filter(m => m.available);
    this.method = select([["", "As the model does it best"], ...methods.map(m => [m.name, names[m.name] || m.name])], chosen.method);
    const terminologies = offers.terminologies || [];
    this.terminology = select([["", "No linking"], ...terminologies.map(t => [t.name, `${t.title || t.name} ${t.release || ""}`.trim()])], chosen.terminology);
    this.least = el("input", { type: "number", min: 0, max: 1, step: 0.01, value: chosen.min_confidence ?? "", placeholder: "0" });
    this.ungrounded = select([["", "Flag them"], ["drop", "Leave them out"]], chosen.on_ungrounded);
    this.chunk = el("input", { type: "number", min: 64, step: 64, value: chosen.chunk_tokens ?? "", placeholder: "640" });
    const models = offers.models || [];
    this.model = select([["", "The server’s default"], ...models.slice(1).map(m => [m, m])], chosen.model);
    const field = (label, input) => el("label", { class: "field" }, label, input);
    fill(this.root,
      offers.unavailable && el("p", { class: "bad", text: "This server can’t annotate: " + offers.unavailable }),
      el("fieldset", {}, el("legend", { text: "Look for" }), this.tasks.map(box => el("label", { class: "check" }, box, el("span", {}, box.value[0].toUpperCase() + box.value.slice(1), el("span", { class: "soft small block", text: help[box.value] || "" }))))),
      methods.length > 1 && field("Method for chemicals and diseases", this.method),
      terminologies.length > 0 && field("Link to", this.terminology),
      el("details", {}, el("summary", { text: "More options" }),
        models.length > 1 && field("Adapter", this.model), field("Leave out items below a confidence of", this.least), field("Items that are not in the text", this.ungrounded), field("Most tokens of a window of a long text", this.chunk)));
  }

  // value returns the options as the server takes them; what is not chosen is left to
  // the server.
  value() {
    const tasks = this.tasks.filter(b => b.checked).map(b => b.value);
    const out = { tasks: tasks.length ? tasks : this.tasks.map(b => b.value) };
    const set = (name, value) => { if (value !== "") out[name] = value; };
    set("model", this.model.value);
    set("method", this.method.value);
    set("terminology", this.terminology.value);
    if (this.least.value !== "" && this.least.checkValidity()) out.min_confidence = +this.least.value;
    set("on_ungrounded", this.ungrounded.value);
    if (this.chunk.value !== "" && this.chunk.checkValidity()) out.chunk_tokens = +this.chunk.value;
    return out;
  }
}

function select(options, chosen) {
  return el("select", {}, options.map(([value, text]) => el("option", { value, text, selected: value === chosen })));
}
