// Draws the text of the current document with its mentions, and turns what people
// select in it into offsets.
import { el, fill } from "./dom.js";
import { blocksOf, nest } from "./marks.js";
import { Offsets } from "./offsets.js";
import { OPEN } from "./annotations.js";

// lowConfidence is the confidence below which a mark looks less sure, as in medner's
// HTML.
const lowConfidence = 0.5;

// classOf returns the class that gives a type its colour.
export const classOf = type => (type === "chemical" || type === "disease" ? type : "other");

export class TextView {
  constructor(root, state, notice) {
    this.root = root;
    this.notice = notice; // tells how many mentions are not marked
    this.state = state;
    this.doc = null;
    this.blocks = [];
    this.marks = new Map();
    this.glowing = []; // marks with the classes that glow gave them
    this.starts = new WeakMap(); // of text nodes: the UTF-16 offset of their first unit
    state.on("current", () => this.draw());
    state.on("doc", doc => doc === state.current && this.draw());
    state.on("pending", () => this.draw());
    state.on("selected", s => this.select(s));
    state.on("relating", () => this.glow());
    state.on("filter", () => this.paint());
  }

  // draw draws the blocks whose marks changed.
  draw() {
    const { state } = this;
    const doc = state.current;
    const text = doc?.result?.text ?? doc?.text ?? "";
    const passages = doc?.result?.passages ?? doc?.passages;
    if (doc !== this.doc || text !== this.text || passages !== this.passages) this.begin(doc, text, passages);
    const mentions = this.mentions();
    this.left = 0;
    for (const block of this.blocks) {
      const here = mentions.filter(m => m.spans.some(s => s.start < block.end && s.end > block.start));
      const sign = here.map(m => m.sign).join("\n");
      if (sign === block.sign) { this.left += block.left; continue; }
      block.sign = sign;
      const tree = nest(block, here);
      block.left = tree.left;
      this.left += tree.left;
      const focus = block.node.contains(document.activeElement);
      fill(block.node, this.nodes(tree.children));
      if (focus) this.lost = true;
    }
    this.paint();
    if (this.lost) this.select({ uid: state.selected, focus: true });
    this.lost = false;
    this.notice.hidden = this.left === 0;
    this.notice.textContent = `${this.left} mentions are not marked, since too many others lie over them.`;
  }

  // begin draws another document, without marks.
  begin(doc, text, passages) {
    Object.assign(this, { doc, text, passages });
    const offsets = new Offsets(text);
    const parts = (passages || []).map(p => ({ type: p.type, start: offsets.toUnits(p.start) }));
    this.blocks = text ? blocksOf(text, parts).map(b => ({ ...b, sign: null, left: 0, node: el("div", { class: "block " + (b.type === "title" ? "title" : ""), dir: "auto" }) })) : [];
    fill(this.root, this.blocks.map(b => b.node));
    this.root.scrollTop = 0;
  }

  // mentions returns the entities of the current document with their spans in UTF-16
  // units, and the span that is being chosen.
  mentions() {
    const view = this.state.view(this.doc);
    if (!view) return [];
    const { pending } = this.state;
    const units = s => ({ start: view.offsets.toUnits(s.start), end: view.offsets.toUnits(s.end) });
    const out = view.entities.filter(e => e.spans.length && !(pending?.uid === e.uid && !pending.native)).map(e => ({
      uid: e.uid, entity: e, spans: e.spans.map(units),
      sign: [e.uid, e.type, e.status, e.changed, e.origin, e.confidence, ...e.spans.map(s => s.start + "-" + s.end)].join(),
    }));
    if (pending && !pending.native) out.push({ uid: "pending", entity: null, spans: [units(pending)], sign: "pending" + pending.start + "-" + pending.end });
    return out;
  }

  nodes(tree) {
    return tree.map(n => {
      if (!n.children) {
        const node = document.createTextNode(this.text.slice(n.start, n.end));
        this.starts.set(node, n.start);
        return node;
      }
      return this.mark(n);
    });
  }

  mark(n) {
    const e = n.mention.entity;
    const props = { class: "d" + Math.min(n.depth, 4), data: { uid: n.mention.uid } };
    if (!e) return el("mark", { ...props, class: props.class + " pending" }, this.nodes(n.children));
    props.class += [" m " + classOf(e.type), n.open && "cut", "is-" + e.status, e.changed && "changed", e.origin === "added" && "added",
      e.confidence !== null && e.confidence < lowConfidence && e.status === OPEN && "low"].filter(Boolean).join(" ");
    const sign = { accepted: "✓ ", rejected: "✗ ", open: "" }[e.status];
    const label = n.label && el("span", { class: "label" }, sign && el("span", { class: "sign", text: sign }), e.type);
    return el("mark", { ...props, tabindex: "-1" }, this.nodes(n.children), label);
  }

  // paint shows what is filtered, without drawing text, and then what is selected.
  paint() {
    const { state } = this;
    const shown = new Set(state.visible.map(e => e.uid));
    this.marks = new Map(); // of mentions, by uid
    for (const mark of this.root.querySelectorAll("mark.m")) {
      const { uid } = mark.dataset;
      const known = this.marks.get(uid);
      if (known) known.push(mark);
      else this.marks.set(uid, [mark]);
      if (mark.classList.contains("off") === shown.has(uid)) mark.classList.toggle("off");
    }
    this.first = state.visible.find(e => this.marks.has(e.uid))?.uid;
    this.glow();
  }

  // glow shows what is selected and what belongs to it; and makes the selected mention,
  // or the first, the one that Tab comes to.
  glow() {
    const { state } = this;
    for (const [mark, name] of this.glowing) mark.classList.remove(name);
    this.glowing = [];
    const add = (uid, name) => { for (const mark of this.marks.get(uid) || []) { mark.classList.add(name); this.glowing.push([mark, name]); } };
    for (const uid of state.lit) add(uid, "lit");
    add(state.selected, "sel");
    add(state.relating, "from");
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = (this.marks.get(state.selected) || this.marks.get(this.first))?.[0];
    if (this.stop) this.stop.tabIndex = 0;
    this.root.classList.toggle("relating", state.relating !== "");
  }

  // select shows a selection, and moves the focus or scrolls if it should.
  select({ uid, focus, scroll }) {
    this.glow();
    const mark = uid && this.markOf(uid);
    if (!mark) return;
    if (focus) mark.focus({ preventScroll: true });
    if (focus || scroll) mark.scrollIntoView({ block: "nearest" });
  }

  // markOf returns the first mark of an entity.
  markOf(uid) {
    return this.root.querySelector(`mark[data-uid="${CSS.escape(uid)}"]`);
  }

  // selection returns the span of the text that is selected in the browser, in code
  // points; null if none is.
  selection() {
    const s = getSelection();
    const view = this.state.view(this.doc);
    if (!view || !s.rangeCount || s.isCollapsed) return null;
    const range = s.getRangeAt(0);
    if (!this.root.contains(range.startContainer) || !this.root.contains(range.commonAncestorContainer) && !range.intersectsNode(this.root)) return null;
    const start = this.unitAt(range.startContainer, range.startOffset);
    const end = this.root.contains(range.endContainer) ? this.unitAt(range.endContainer, range.endOffset) : this.text.length;
    if (start >= end) return null;
    return { start: view.offsets.toPoints(start), end: view.offsets.toPoints(end) };
  }

  // unitAt returns the UTF-16 offset of a place in the document's tree: that of the
  // first text from there on.
  unitAt(node, offset) {
    if (this.starts.has(node)) return this.starts.get(node) + offset;
    let from = node.nodeType === Node.TEXT_NODE ? node : node.childNodes[offset];
    const walker = document.createTreeWalker(this.root, NodeFilter.SHOW_TEXT);
    if (!from) { // behind the last child of a node
      from = node;
      while (from.lastChild) from = from.lastChild;
      walker.currentNode = from;
      while (walker.currentNode && !this.starts.has(walker.currentNode)) if (!walker.previousNode()) return 0;
      return this.starts.get(walker.currentNode) + walker.currentNode.length;
    }
    walker.currentNode = from;
    while (!this.starts.has(walker.currentNode)) if (!walker.nextNode()) return this.text.length;
    return this.starts.get(walker.currentNode);
  }
}
