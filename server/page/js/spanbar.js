// The bar beside text that is selected or being chosen: what can be done with it.
import { button, el, fill, keycap } from "./dom.js";

export class SpanBar {
  constructor(root, state, editor, view) {
    Object.assign(this, { root, state, editor, view });
    state.on("pending relating current selected", () => this.draw());
    const look = () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.look(), 120); };
    document.addEventListener("selectionchange", look);
    addEventListener("resize", () => this.place());
    view.root.addEventListener("scroll", () => this.place(), true);
    // A press on the bar must not end the selection that it is about.
    root.addEventListener("mousedown", event => event.preventDefault());
  }

  // look takes the selection in the browser for the span that is chosen.
  look() {
    const { pending } = this.state;
    const span = this.view.selection();
    if (span && !this.state.relating) this.state.setPending({ ...span, uid: "", native: true });
    else if (pending?.native && getSelection().isCollapsed) this.state.setPending(null);
  }

  draw() {
    const { state, editor } = this;
    const { pending, relating } = state;
    this.root.hidden = !pending && !relating;
    if (this.root.hidden) return;
    const view = state.view(state.current);
    if (relating) {
      const begin = view.entities.find(e => e.uid === relating);
      fill(this.root, el("span", { class: "bar-text", dir: "auto", text: `Relation from “${begin?.text}”: choose the other end` }),
        button(["Relate ", keycap("r")], () => editor.relate(), { disabled: !state.entity || state.selected === relating }), button(["Cancel ", keycap("Esc")], () => editor.cancel()));
    } else {
      const text = view.offsets.slice(pending.start, pending.end);
      const clear = run => () => { run(); getSelection().removeAllRanges(); };
      fill(this.root, el("span", { class: "bar-text", dir: "auto", text: "“" + (text.length > 60 ? [...text].slice(0, 57).join("") + "…" : text) + "”" }),
        pending.uid ? button(["Keep ", keycap("Enter")], () => editor.keepSpan())
          : [button(["Chemical ", keycap("1")], clear(() => editor.setType("chemical")), { class: "chemical" }), button(["Disease ", keycap("2")], clear(() => editor.setType("disease")), { class: "disease" }),
            this.others(clear),
            pending.native && state.entity && button(["Span of the selected ", keycap("s")], clear(() => editor.useSelection()))],
        button(["Cancel ", keycap("Esc")], clear(() => editor.cancel())));
    }
    this.place();
  }

  // others returns a menu of the other types, if there are any.
  others(clear) {
    const types = this.state.types.filter(t => t !== "chemical" && t !== "disease");
    if (!types.length) return null;
    const select = el("select", { "aria-label": "Another type", onchange: clear(() => this.editor.setType(select.value)), onmousedown: event => event.stopPropagation() }, ["Other…", ...types].map(t => el("option", { text: t })));
    return select;
  }

  // place puts the bar below the selection, or above it where there is no room; on
  // narrow screens it lies at the bottom.
  place() {
    if (this.root.hidden) return;
    const narrow = innerWidth < 700;
    this.root.classList.toggle("docked", narrow || !this.state.pending);
    if (narrow || !this.state.pending) { this.root.style.left = this.root.style.top = ""; return; }
    const mark = this.view.markOf("pending");
    const range = this.state.pending.native && getSelection().rangeCount ? getSelection().getRangeAt(0) : null;
    const box = (range || mark)?.getBoundingClientRect();
    if (!box) return;
    const { width, height } = this.root.getBoundingClientRect();
    const top = box.bottom + 8 + height < innerHeight ? box.bottom + 8 : Math.max(8, box.top - height - 8);
    this.root.style.left = Math.max(8, Math.min(box.left, innerWidth - width - 8)) + "px";
    this.root.style.top = top + "px";
  }
}
