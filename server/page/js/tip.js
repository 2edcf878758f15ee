// The box beside a mention that the pointer is on: its type, confidence and links.
import { el, fill, plural } from "./dom.js";
import { alike } from "./annotations.js";
import { classOf } from "./textview.js";

export class Tip {
  constructor(root, state, view, filter) {
    Object.assign(this, { root, state, view, filter });
    view.root.addEventListener("pointerover", event => this.over(event.target.closest("mark.m:not(.off)")));
    view.root.addEventListener("pointerleave", event => { if (!root.contains(event.relatedTarget)) this.hide(); });
    root.addEventListener("pointerleave", () => this.hide());
    addEventListener("keydown", () => this.hide(), true);
    addEventListener("scroll", () => this.hide(), true);
    state.on("current pending doc", () => this.hide());
  }

  hide() {
    this.root.hidden = true;
  }

  over(mark) {
    const { state } = this;
    const view = state.view(state.current);
    const e = mark && view?.entities.find(x => x.uid === mark.dataset.uid);
    if (!e || state.pending || e.uid === state.selected) return this.hide();
    const links = e.links.slice(0, 3).map(l => el("li", { text: `${l.name || l.id} (${l.id})` }));
    fill(this.root,
      el("p", {}, el("span", { class: "chip " + classOf(e.type), text: e.type }), " ", e.confidence === null ? el("span", { text: e.origin === "added" ? "added by you" : "" }) : el("b", { class: "number", text: e.confidence.toFixed(2) }), " ",
        el("span", { class: "soft", text: e.status === "open" ? "" : e.status })),
      e.confidence !== null && el("p", { class: "soft small", text: this.filter.meaning(e.confidence, e.type) }),
      e.normalized && el("p", { class: "small", dir: "auto", text: e.normalized }),
      links.length > 0 && el("ul", { class: "small" }, links),
      e.concepts.length > 0 && !links.length && el("p", { class: "small", text: e.concepts.join(", ") }),
      el("p", { class: "soft small", text: plural(alike(view.entities, e).length, "occurrence") }));
    this.root.hidden = false;
    const box = mark.getClientRects()[0], { width, height } = this.root.getBoundingClientRect();
    this.root.style.left = Math.max(8, Math.min(box.left, innerWidth - width - 8)) + "px";
    this.root.style.top = (box.bottom + height + 10 < innerHeight ? box.bottom + 10 : box.top - height - 6) + "px";
  }
}
