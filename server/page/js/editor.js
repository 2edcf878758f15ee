// What a curator can do to the current document. Each function makes an edit, tells
// in the live region what it did, and can be undone.
import { alike, faultOf, ACCEPTED, OPEN, REJECTED, fold } from "./annotations.js";
import { plural } from "./dom.js";
import { findAll, nextBorder, trimmed, wordAt } from "./offsets.js";

export class Editor {
  constructor(state, say) {
    this.state = state;
    this.say = say;
  }

  // decide sets the status of the selected entity or relation; of all occurrences of
  // an entity if every is true. The same status a second time opens it again.
  decide(status, every = false) {
    const { entity, relation } = this.state;
    const item = entity || relation;
    if (!item) return this.say("Nothing is selected. Press n for the next mention.");
    const items = entity && every ? alike(this.state.view(this.state.current).entities, entity) : [item];
    const to = item.status === status ? OPEN : status;
    if (to === REJECTED || to === OPEN) {
      const added = items.filter(i => i.origin === "added");
      if (added.length === items.length) return this.removeAdded(added);
    }
    const what = items.length > 1 ? items.length + " occurrences" : nameOf(item);
    this.edit({ op: "status", uids: items.map(i => i.uid), status: to }, (to === ACCEPTED ? "Accepted: " : to === REJECTED ? "Rejected: " : "Open again: ") + what);
  }

  removeAdded(items) {
    this.edit({ op: "remove", uids: items.map(i => i.uid) }, "Removed: " + nameOf(items[0]));
    this.state.select("");
  }

  // edit makes an edit and tells what it did, and how many relations don't fit their
  // mentions any more.
  edit(edit, did) {
    const before = this.unfit();
    this.state.edit(edit);
    const more = this.unfit() - before;
    this.say(did + (more > 0 ? `. ${plural(more, "relation")} no longer ${more === 1 ? "fits its mentions" : "fit their mentions"}: see Relations.` : ""));
  }

  // unfit returns how many relations of the current document don't fit their mentions.
  unfit() {
    const view = this.state.view(this.state.current);
    return view.relations.filter(r => r.status !== REJECTED && faultOf(view, r)).length;
  }

  // rejectUnfit rejects relations that don't fit their mentions; those that the curator
  // added are removed.
  rejectUnfit(relations) {
    const added = relations.filter(r => r.origin === "added"), others = relations.filter(r => r.origin !== "added");
    if (added.length) this.state.edit({ op: "remove", uids: added.map(r => r.uid) });
    if (others.length) this.state.edit({ op: "status", uids: others.map(r => r.uid), status: REJECTED });
    this.say("Rejected: " + plural(relations.length, "relation"));
  }

  // setType gives the selected entity a type; or adds the span that is chosen, as an
  // entity of the type.
  setType(type, every = false) {
    if (this.state.pending && !this.state.pending.uid) return this.addPending(type, every);
    const entity = this.state.entity;
    if (!entity) return this.say("Nothing is selected.");
    const items = every ? alike(this.state.view(this.state.current).entities, entity) : [entity];
    this.edit({ op: "type", uids: items.map(i => i.uid), type }, nameOf(entity) + " is now a " + type);
  }

  // addPending adds the span that is chosen; every tells that all places with the same
  // text become entities too.
  addPending(type, every = false) {
    const { state } = this;
    const view = state.view(state.current);
    const { start, end } = state.pending;
    const span = trimmed(view.offsets, start, end);
    if (!span) return this.say("Only white space is selected.");
    const has = s => view.entities.some(e => e.type === type && e.spans.length === 1 && e.spans[0].start === s.start && e.spans[0].end === s.end && e.status !== REJECTED);
    if (has(span)) return this.say("This is a " + type + " already.");
    const text = view.offsets.slice(span.start, span.end);
    const others = every ? findAll(view.offsets, text).filter(s => s.start !== span.start && !has(s)) : [];
    const base = state.current.edits.length + "-" + Math.floor(Math.random() * 1e6);
    const entities = [span, ...others].map((s, i) => ({ uid: "n" + base + "-" + i, type, start: s.start, end: s.end }));
    state.edit({ op: "add", entities });
    state.setPending(null);
    state.select(entities[0].uid, { focus: true });
    this.say(`Added ${type}: ${text}` + (others.length ? `, in ${entities.length} places` : ""));
  }

  // beginSpan begins to change the span of the selected entity; or, if nothing is
  // selected or fresh is true, to choose a new one at the word after it.
  beginSpan(fresh = false) {
    const { state } = this;
    const view = state.view(state.current);
    if (!view) return;
    const entity = state.entity;
    if (entity && entity.spans.length && !fresh) {
      state.setPending({ start: entity.spans[0].start, end: entity.spans.at(-1).end, uid: entity.uid });
      return this.say("Changing the span. Left and right move its end, with Shift its start, with Control by words. Enter keeps it, Escape leaves it.");
    }
    const word = wordAt(view.offsets, entity?.spans.at(-1)?.end ?? 0, 1) || wordAt(view.offsets, 0, 1);
    if (!word) return this.say("There are no words in this document.");
    state.setPending({ ...word, uid: "" });
    this.say("New span: " + view.offsets.slice(word.start, word.end) + ". Up and down move it by words, left and right move its end, 1 adds a chemical, 2 a disease.");
  }

  // moveSpan moves a side of the span that is chosen, by a character or a word.
  moveSpan(side, step, granularity) {
    const { state } = this;
    const { offsets } = state.view(state.current);
    const span = { ...state.pending };
    const to = nextBorder(offsets, span[side], step, granularity, side);
    if (side === "end" ? to <= span.start : to >= span.end) return this.say("A span has one character at least.");
    span[side] = to;
    state.setPending(span);
    this.say(offsets.slice(span.start, span.end));
  }

  // shiftSpan moves a new span to the next word or to the one before.
  shiftSpan(step) {
    const { state } = this;
    const { offsets } = state.view(state.current);
    const { start, end, uid } = state.pending;
    if (uid) return;
    const word = wordAt(offsets, step > 0 ? end : start, step);
    if (!word) return this.say(step > 0 ? "This is the last word." : "This is the first word.");
    state.setPending({ ...word, uid: "" });
    this.say(offsets.slice(word.start, word.end));
  }

  // keepSpan ends the choice of a span: the entity that it was begun for gets it.
  keepSpan() {
    const { state } = this;
    const { pending } = state;
    if (!pending) return;
    if (!pending.uid) return this.say("Press 1 for a chemical, 2 for a disease.");
    const { offsets, entities } = state.view(state.current);
    const span = trimmed(offsets, pending.start, pending.end);
    if (!span) return this.say("Only white space is selected.");
    const entity = entities.find(e => e.uid === pending.uid);
    state.setPending(null);
    if (entity.spans.length !== 1 || entity.spans[0].start !== span.start || entity.spans[0].end !== span.end) {
      this.edit({ op: "span", uid: entity.uid, ...span }, "The span is now: " + offsets.slice(span.start, span.end));
    }
    state.select(entity.uid, { focus: true });
  }

  // useSelection gives the selected entity the span that was selected in the text.
  useSelection() {
    const { state } = this;
    if (!state.pending || !state.entity) return this.say("Select a mention, then text.");
    state.setPending({ ...state.pending, uid: state.entity.uid });
    this.keepSpan();
  }

  // cancel leaves the choice of a span or of a relation, else the selection.
  cancel() {
    const { state } = this;
    if (state.pending) {
      const uid = state.pending.uid || state.selected;
      state.setPending(null);
      if (uid) state.select(uid, { focus: true });
      return this.say("Left as it was.");
    }
    if (state.relating) { state.setRelating(""); return this.say("No relation was added."); }
    state.select("");
  }

  // relate begins a relation at the selected entity, or ends it there.
  relate() {
    const { state } = this;
    const entity = state.entity;
    if (!entity) return this.say("Select a mention first.");
    if (!state.relating || state.relating === entity.uid) {
      state.setRelating(entity.uid);
      return this.say(`Relation from ${nameOf(entity)}: go to the other end with n and p, then press r. Escape leaves it.`);
    }
    const begin = state.view(state.current).entities.find(e => e.uid === state.relating);
    const type = fold(begin.type);
    if (type === fold(entity.type) && (type === "chemical" || type === "disease")) return this.say(`Both are of the type ${type}: a relation is between a chemical and a disease. Choose another mention.`);
    const [chemical, disease] = fold(begin.type) === "disease" || fold(entity.type) === "chemical" ? [entity, begin] : [begin, entity];
    state.setRelating("");
    this.addRelation(chemical.text, disease.text);
  }

  // addRelation adds the relation between a chemical and a disease, by their texts.
  addRelation(chemical, disease) {
    const { state } = this;
    const same = state.view(state.current).relations.find(r => fold(r.chemical) === fold(chemical) && fold(r.disease) === fold(disease));
    if (same) {
      state.select(same.uid);
      if (same.status !== ACCEPTED) state.edit({ op: "status", uids: [same.uid], status: ACCEPTED });
      return this.say("This relation was there; it is accepted now.");
    }
    const uid = "p" + state.current.edits.length + "-" + Math.floor(Math.random() * 1e6);
    state.edit({ op: "relate", uid, chemical, disease });
    state.select(uid);
    this.say(`Added relation: ${chemical} influences ${disease}`);
  }

  // link says which entry of a terminology all occurrences of an entity mean.
  link(concept, name = "") {
    const entity = this.state.entity;
    if (!entity) return;
    const uids = alike(this.state.view(this.state.current).entities, entity).map(e => e.uid);
    this.edit({ op: "link", uids, concept, name }, concept ? `${nameOf(entity)} means ${concept}` : `${nameOf(entity)} has no concept`);
  }

  undo() {
    this.say(this.state.undo() ? "Undone." : "There is nothing to undo.");
  }

  redo() {
    this.say(this.state.redo() ? "Done again." : "There is nothing to do again.");
  }

  // next selects the visible entity after the selected one (step 1) or before it
  // (step -1). While a relation is being added, only entities of another type count.
  next(step, same = false) {
    const { state } = this;
    const entity = state.entity;
    let list = state.visible;
    if (same) {
      if (!entity) return this.say("Nothing is selected.");
      const all = new Set(alike(state.view(state.current).entities, entity).map(e => e.uid));
      list = list.filter(e => all.has(e.uid));
    } else if (state.relating) {
      const begin = state.view(state.current).entities.find(e => e.uid === state.relating);
      list = list.filter(e => e.type !== begin?.type || e.uid === state.relating);
    }
    if (!list.length) return this.say("There are no mentions to go to.");
    const at = list.findIndex(e => e.uid === state.selected);
    const to = at < 0 ? (step > 0 ? 0 : list.length - 1) : (at + step + list.length) % list.length;
    state.select(list[to].uid, { focus: true, scroll: true });
  }

  // nextOpen selects the next entity, in reading order, that nobody decided on.
  nextOpen() {
    const list = this.state.visible;
    const at = list.findIndex(e => e.uid === this.state.selected);
    const found = [...list.slice(at + 1), ...list.slice(0, at + 1)].find(e => e.status === OPEN);
    if (!found) return this.say("Every mention is decided on.");
    this.state.select(found.uid, { focus: true, scroll: true });
  }
}

// nameOf returns an entity or a relation as people call it.
export const nameOf = item => item.text ?? `${item.chemical} influences ${item.disease}`;
