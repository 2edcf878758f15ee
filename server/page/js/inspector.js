// The card of what is selected: type, confidence, links, occurrences, and what can be
// done with it.
import { button, el, fill, keycap, plural } from "./dom.js";
import { alike, endsOf, faultOf, fold, isConcept, nameOf, ACCEPTED, REJECTED } from "./annotations.js";
import { classOf } from "./textview.js";
import { linkTo } from "./links.js";

export class Inspector {
  constructor(root, state, editor, filter) {
    Object.assign(this, { root, state, editor, filter });
    this.more = false; // whether narrow screens show all of the card
    state.on("current selected pending relating", () => this.draw());
    state.on("doc", doc => doc === state.current && this.draw());
    this.draw();
  }

  draw() {
    const { state } = this;
    const { entity, relation } = state;
    const focus = document.activeElement?.dataset.act;
    const inside = this.root.contains(document.activeElement);
    const body = entity ? this.entity(entity) : relation ? this.relation(relation) : this.nothing();
    fill(this.root, el("h2", { id: "inspector-title", text: entity ? "Mention" : relation ? "Relation" : "Selection" }), body);
    this.root.classList.toggle("shown", Boolean(entity || relation));
    this.root.classList.toggle("more", this.more);
    if (!this.root.parentNode.contains(document.activeElement)) this.root.parentNode.scrollTop = 0;
    if (inside && focus) this.root.querySelector(`[data-act="${focus}"]`)?.focus();
  }

  nothing() {
    return el("p", { class: "soft" }, "Nothing is selected. Click a mention, or press ", keycap("n"), " for the next one. Drag over text to add a mention. ", keycap("?"), " shows all keys.");
  }

  entity(e) {
    const view = this.state.view(this.state.current);
    const all = alike(view.entities, e).filter(o => o.spans.length);
    const at = all.indexOf(e);
    const act = (name, label, run, props = {}) => button(label, run, { data: { act: name }, ...props });
    const { editor } = this;
    return [
      el("div", { class: "about" },
        el("p", { class: "what", dir: "auto", text: e.text }),
        el("p", { class: "chips" }, el("span", { class: "chip " + classOf(e.type), text: e.type }), statusChip(e)),
        this.sureness(e)),
      el("div", { class: "acts" },
        act("accept", e.status === ACCEPTED ? "Accepted" : "Accept", () => editor.decide(ACCEPTED), { class: "accept", "aria-pressed": String(e.status === ACCEPTED), "aria-keyshortcuts": "a" }),
        act("reject", e.origin === "added" ? "Remove" : e.status === REJECTED ? "Rejected" : "Reject", () => editor.decide(REJECTED), { class: "reject", "aria-pressed": e.origin === "added" ? null : String(e.status === REJECTED), "aria-keyshortcuts": "x" }),
        this.moreButton()),
      el("div", { class: "rest" },
        el("label", { class: "field" }, "Type", this.types(e)),
        el("div", { class: "acts small" },
          e.spans.length > 0 && act("span", "Change span", () => editor.beginSpan(), { "aria-keyshortcuts": "s" }),
          act("relate", "Relate to…", () => editor.relate(), { "aria-keyshortcuts": "r" })),
        all.length > 1 && el("div", { class: "occurrences" },
          el("span", { text: at >= 0 ? `Occurrence ${at + 1} of ${all.length}` : plural(all.length, "occurrence") }),
          act("before", "‹", () => editor.next(-1, true), { "aria-label": "Previous occurrence" }),
          act("after", "›", () => editor.next(1, true), { "aria-label": "Next occurrence" }),
          el("div", { class: "acts" }, act("accept-all", `Accept all ${all.length}`, () => editor.decide(ACCEPTED, true)), act("reject-all", `Reject all ${all.length}`, () => editor.decide(REJECTED, true)))),
        this.facts(e),
        this.links(e)),
    ];
  }

  // moreButton unfolds the card on narrow screens, where it would cover the text.
  moreButton() {
    return button(this.more ? "Less" : "More", () => { this.more = !this.more; this.draw(); }, { class: "narrow", data: { act: "more" }, "aria-expanded": String(this.more) });
  }

  // types returns the menu of types, with one for a type of the curator's own.
  types(e) {
    const select = el("select", { data: { act: "type" }, onchange: () => {
      if (select.value !== "…") return this.editor.setType(select.value);
      fill(select.parentNode, "New type", this.ownType());
      this.root.querySelector("[data-act=own]").focus();
    } }, [...this.state.types, "…"].map(t => el("option", { value: t, text: t === "…" ? "another type…" : t, selected: t === e.type })));
    return select;
  }

  ownType() {
    const done = () => { const type = input.value.trim().toLowerCase(); if (type) this.editor.setType(type); else this.draw(); };
    const input = el("input", { type: "text", maxlength: 40, data: { act: "own" }, onchange: done });
    return input;
  }

  // sureness shows a confidence, and what it means.
  sureness(item) {
    if (item.confidence === null || item.confidence === undefined) {
      return el("p", { class: "soft small", text: item.origin === "added" ? "Added by you" : "No confidence is known" });
    }
    const meaning = this.filter.meaning(item.confidence, item.type);
    return el("div", { class: "sure" },
      el("meter", { min: 0, max: 1, value: item.confidence, "aria-label": "Confidence" }),
      el("span", { class: "number", text: item.confidence.toFixed(2) }), el("span", { class: "soft small", text: meaning || "confidence" }));
  }

  facts(e) {
    const rows = [
      e.normalized && e.normalized !== e.text.toLowerCase() && ["Normalized", e.normalized],
      e.changed && ["Changed", e.changed + (e.changed.includes("span") ? ", was “" + e.source.text + "”" : "") + (e.changed.includes("type") ? ", was " + e.source.type : "")],
      e.spans.length > 1 && ["Parts", e.spans.map(s => s.start + "–" + s.end).join(", ")],
      e.spans.length ? ["Characters", e.spans[0].start + "–" + e.spans.at(-1).end] : ["In the text", "no"],
    ].filter(Boolean);
    return el("dl", { class: "facts" }, rows.flatMap(([head, text]) => [el("dt", { text: head }), el("dd", { dir: "auto", text })]));
  }

  // links lists the terminology's entries, of which one can be chosen.
  links(e) {
    if (!e.links.length && !e.concepts.length) return null;
    const rows = e.links.map(l => el("li", {},
      el("label", {}, el("input", { type: "radio", name: "concept", checked: e.concepts.some(c => isConcept(c, fold(l.id))), data: { act: "link-" + l.id }, onchange: () => this.editor.link(l.id, l.name) }),
        el("span", { dir: "auto", text: l.name || l.id })),
      el("span", { class: "soft small" }, linkTo(l.id), ` ${l.method}` + (l.score === null || l.score === undefined ? "" : " " + l.score.toFixed(2)))));
    const others = e.concepts.filter(c => !e.links.some(l => isConcept(c, fold(l.id)))).map(c => el("li", {}, linkTo(c)));
    return el("fieldset", { class: "links" }, el("legend", { text: "Concepts" }), el("ul", {}, rows, others));
  }

  relation(r) {
    const view = this.state.view(this.state.current), { entities } = view;
    const why = r.status !== REJECTED && faultOf(view, r);
    const side = name => {
      const ends = endsOf(entities, r, name);
      return el("li", {}, el("span", { class: "chip " + name, text: name }), " ", el("span", { dir: "auto", text: nameOf(entities, r, name) }),
        ends.length ? el("span", { class: "soft small", text: " " + plural(ends.length, "mention") }) : el("span", { class: "bad small", text: " no mention in the text" }),
        ends.length && ends.every(e => e.status === REJECTED) && el("span", { class: "bad small", text: " all rejected" }));
    };
    return [
      el("ul", { class: "plain" }, side("chemical"), side("disease")),
      why && el("p", { class: "warn small", dir: "auto", text: `This relation does not fit its mentions: ${why}. Exports leave it out.` }),
      el("p", { class: "chips" }, el("span", { class: "chip pair", text: r.type }), statusChip(r)),
      this.sureness({ ...r, type: "relation" }),
      el("div", { class: "acts" },
        button(r.status === ACCEPTED ? "Accepted" : "Accept", () => this.editor.decide(ACCEPTED), { class: "accept", data: { act: "accept" }, "aria-pressed": String(r.status === ACCEPTED) }),
        button(r.origin === "added" ? "Remove" : r.status === REJECTED ? "Rejected" : "Reject", () => this.editor.decide(REJECTED), { class: "reject", data: { act: "reject" }, "aria-pressed": r.origin === "added" ? null : String(r.status === REJECTED) })),
    ];
  }
}

// statusChip names the status of an entity or a relation.
export function statusChip(item) {
  const words = { accepted: item.origin === "added" ? "added" : item.changed ? "changed" : "accepted", rejected: "rejected", open: "to decide" };
  return el("span", { class: "chip status " + item.status, text: words[item.status] });
}
