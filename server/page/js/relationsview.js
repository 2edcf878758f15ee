// The table of relations of the current document. The ends of the focused one light
// up in the text.
import { button, el, fill } from "./dom.js";
import { REJECTED, faultOf, fold, nameOf } from "./annotations.js";

// signs stand for statuses.
const signs = { open: "○", accepted: "✓", rejected: "✗" };

export class RelationsView {
  constructor(root, state, editor) {
    Object.assign(this, { root, state, editor });
    state.on("current filter", () => this.draw());
    state.on("doc", doc => doc === state.current && this.draw());
    state.on("selected", () => this.mark());
  }

  draw() {
    const view = this.state.view(this.state.current);
    const focused = this.root.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.uid : "";
    const all = view?.relations || [];
    const shown = all.filter(r => this.state.shows({ ...r, type: "influences" }));
    this.faults = new Map(all.filter(r => r.status !== REJECTED).map(r => [r, faultOf(view, r)]).filter(([, why]) => why));
    const rows = shown.map(r => this.row(view, r));
    fill(this.root,
      el("h2", { id: "relations-title" }, "Relations ", el("span", { class: "soft", text: String(shown.length) + (shown.length < all.length ? " of " + all.length : "") })),
      rows.length > 0 && el("table", { class: "relations", onkeydown: event => this.arrow(event) },
        el("thead", {}, el("tr", {}, ["Chemical", "Disease", "Conf."].map(t => el("th", { scope: "col", text: t })), el("th", { scope: "col" }, el("span", { class: "vh", text: "State" })))),
        el("tbody", {}, rows)),
      !rows.length && el("p", { class: "soft small", text: all.length ? "The filter hides all." : view ? "None were found." : "" }),
      this.faults.size > 0 && el("div", { class: "warn acts" }, el("p", { class: "small", text: this.faults.size === 1 ? "A relation does not fit its mentions any more. Exports leave it out." : `${this.faults.size} relations do not fit their mentions any more. Exports leave them out.` }),
        button(this.faults.size === 1 ? "Reject it" : "Reject them", () => this.editor.rejectUnfit([...this.faults.keys()]))),
      view && this.form(view));
    this.mark();
    if (focused) this.root.querySelector(`tr[data-uid="${CSS.escape(focused)}"]`)?.focus();
  }

  row(view, r) {
    const select = () => { if (this.state.selected !== r.uid) this.state.select(r.uid); };
    const side = name => el("td", { dir: "auto", class: "side-" + name, text: nameOf(view.entities, r, name) });
    const why = this.faults.get(r);
    const sign = why ? el("span", { class: "bad", "aria-hidden": "true", title: why, text: "!" }) : el("span", { "aria-hidden": "true", class: r.status, text: signs[r.status] });
    return el("tr", { class: r.status, tabindex: "-1", data: { uid: r.uid }, onfocus: select, onclick: select },
      side("chemical"), side("disease"), el("td", { class: "number", text: r.confidence === null ? "" : r.confidence.toFixed(2) }), el("td", { class: "sign" }, sign, el("span", { class: "vh", text: why || (r.status === "open" ? "to decide" : r.status) })));
  }

  // mark shows which row is selected; it, or the first, is what Tab comes to.
  mark() {
    const rows = [...this.root.querySelectorAll("tr[data-uid]")];
    const selected = rows.find(r => r.dataset.uid === this.state.selected);
    for (const row of rows) {
      row.classList.toggle("sel", row === selected);
      if (row === selected) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      row.tabIndex = row === (selected || rows[0]) ? 0 : -1;
    }
  }

  // focus moves the focus to the table.
  focus() {
    const row = this.root.querySelector("tr[tabindex='0']");
    if (row) row.focus();
    else this.root.querySelector("select, summary")?.focus();
  }

  arrow(event) {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const row = event.target.closest("tr[data-uid]");
    if (!step || !row) return;
    event.preventDefault();
    row[step]?.focus();
  }

  // form returns the fields that add a relation between two mentions by their texts.
  form(view) {
    const names = type => {
      const seen = new Map();
      for (const e of view.entities) if (e.status !== REJECTED && e.type === type && !seen.has(fold(e.text))) seen.set(fold(e.text), e.text);
      return [...seen.values()];
    };
    const [chemicals, diseases] = [names("chemical"), names("disease")];
    if (!chemicals.length || !diseases.length) return null;
    const menu = (label, list) => el("select", { "aria-label": label }, list.map(t => el("option", { text: t })));
    const [chemical, disease] = [menu("Chemical", chemicals), menu("Disease", diseases)];
    const details = el("details", { class: "relate" }, el("summary", { text: "Add a relation" }),
      el("div", { class: "acts" }, chemical, el("span", { class: "soft", text: "influences" }), disease,
        button("Add", () => this.editor.addRelation(chemical.value, disease.value))));
    details.open = this.root.querySelector("details")?.open || false;
    return details;
  }
}

