// The filter: least confidence with what it means, types, and statuses.
import { el, fill } from "./dom.js";
import { classOf } from "./textview.js";
import { meaningOf } from "./reliability.js";

export class FilterView {
  constructor(root, state) {
    Object.assign(this, { root, state });
    this.value = el("output", { for: "least", text: "0.00" });
    this.slider = el("input", { type: "range", id: "least", min: 0, max: 1, step: 0.01, value: 0, oninput: () => this.slide(), "aria-describedby": "least-meaning" });
    this.meaningLine = el("p", { class: "soft small", id: "least-meaning" });
    this.types = el("fieldset", { class: "type-boxes" });
    this.status = el("select", { onchange: () => state.setFilter({ status: this.status.value }) },
      [["all", "All"], ["open", "To decide"], ["accepted", "Accepted"], ["added", "Added"], ["rejected", "Rejected"]].map(([value, text]) => el("option", { value, text })));
    this.labels = el("input", { type: "checkbox", checked: true, onchange: () => document.documentElement.classList.toggle("plain", !this.labels.checked) });
    this.count = el("p", { class: "small" });
    fill(root, el("h2", { id: "filter-title", text: "Filter" }),
      el("label", { for: "least", class: "between" }, el("span", { text: "Confidence at least" }), this.value), this.slider, this.meaningLine,
      this.types, el("label", { class: "field" }, "State", this.status), el("label", { class: "check" }, this.labels, "Labels in the text"), this.count);
    state.on("current doc docs", () => this.later());
    state.on("current", () => this.slide());
    state.on("filter", () => this.draw());
    state.on("options", () => this.slide());
    this.draw();
  }

  // later draws once before the next frame, however many documents changed.
  later() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.draw(); });
  }

  slide() {
    const least = +this.slider.value;
    this.value.textContent = least.toFixed(2);
    this.meaningLine.textContent = least > 0 ? this.meaning(least, "", true) || "Lower items that you have not decided on are hidden." : "All items are shown.";
    this.slider.setAttribute("aria-valuetext", `${least.toFixed(2)}. ${this.meaningLine.textContent}`);
    this.state.setFilter({ least });
  }

  // meaning says what a confidence means; above tells that all confidences from there
  // on are meant.
  meaning(confidence, type, above = false) {
    const known = type === "" || ["chemical", "disease", "relation"].includes(type);
    if (!known || !this.state.current?.result?.calibrated) return "";
    return meaningOf(this.state.options?.calibration, confidence, type, above);
  }

  draw() {
    const { state } = this;
    const view = state.view(state.current);
    const counts = new Map();
    for (const e of view?.entities || []) counts.set(e.type, (counts.get(e.type) || 0) + 1);
    const sign = [...counts].join() + [...state.filter.types].join();
    if (sign !== this.sign) {
      this.sign = sign;
      const focus = this.types.contains(document.activeElement) ? document.activeElement.value : null;
      fill(this.types, el("legend", { class: "vh", text: "Types" }), [...counts].sort().map(([type, n]) => {
        const box = el("input", { type: "checkbox", value: type, checked: state.filter.types.get(type) !== false, onchange: () => state.setFilter({ types: new Map(state.filter.types).set(type, box.checked) }) });
        return el("label", { class: "check" }, box, el("span", { class: "chip " + classOf(type), text: type }), el("span", { class: "soft small", text: String(n) }));
      }));
      if (focus !== null) [...this.types.querySelectorAll("input")].find(b => b.value === focus)?.focus();
    }
    const all = view ? view.entities.length : 0;
    const shown = view ? view.entities.filter(e => state.shows(e)).length : 0;
    this.count.textContent = view ? `${shown} of ${all} mentions shown` : "";
  }
}
