// What the page knows: documents, which one is shown, what is selected, and the
// filter. Views listen for changes; nobody else changes the state but its methods.
import { apply, alike, endsOf, OPEN, REJECTED } from "./annotations.js";

// States of documents.
export const WAITING = "waiting", RUNNING = "running", DONE = "done", FAILED = "failed";

export class State extends EventTarget {
  constructor() {
    super();
    this.docs = [];      // in the order in which they were added
    this.current = null; // the document that is shown
    this.selected = "";  // uid of an entity or a relation of the current document
    this.pending = null; // { start, end, uid }: a span that is being chosen, in code points; uid of the entity that gets it
    this.relating = "";  // uid of the entity that a new relation begins at
    this.filter = { least: 0, types: new Map(), status: "all" };
    this.options = null; // what the server offers
    this.next = 1;
    this.known = new Set(["chemical", "disease"]); // types of entities
  }

  // tell calls the listeners of a change. The detail of a change of a document is
  // that document.
  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  on(types, listener) {
    for (const type of types.split(" ")) this.addEventListener(type, event => listener(event.detail));
  }

  // newKey returns an identifier for a document that no other has had.
  newKey() {
    return Date.now().toString(36) + "-" + (this.next++).toString(36) + "-" + Math.floor(Math.random() * 1e9).toString(36);
  }

  // add appends documents. Each is { id, text } with a result if it has one.
  add(docs) {
    for (const d of docs) {
      this.docs.push({
        key: this.newKey(), state: d.result ? DONE : WAITING, error: "", edits: [], at: 0, done: false, runs: [], run: "", ...d,
      });
    }
    this.tell("docs");
    for (const d of this.docs.slice(-docs.length)) {
      this.learn(d);
      this.tell("saved", d);
    }
    if (!this.current && this.docs.length) this.show(this.docs[0]);
  }

  // restore takes documents as they were saved.
  restore(docs) {
    this.docs = docs;
    for (const d of docs) this.learn(d);
    this.tell("docs");
    if (docs.length) this.show(docs.find(d => !d.done) || docs[0]);
  }

  clear() {
    this.docs = [];
    this.current = null;
    this.tell("docs");
    this.show(null);
  }

  remove(doc) {
    const i = this.docs.indexOf(doc);
    this.docs.splice(i, 1);
    this.tell("docs");
    this.tell("removed", doc);
    if (this.current === doc) this.show(this.docs[Math.min(i, this.docs.length - 1)] || null);
  }

  // show makes a document the current one.
  show(doc) {
    this.current = doc;
    this.selected = "";
    this.pending = null;
    this.relating = "";
    this.tell("current", doc);
  }

  // change sets fields of a document and tells so; save tells whether they are kept.
  change(doc, fields, save = true) {
    Object.assign(doc, fields);
    if ("result" in fields || "edits" in fields || "at" in fields) doc.view = null;
    if ("result" in fields) this.learn(doc);
    this.tell("doc", doc);
    if (save) this.tell("saved", doc);
  }

  // view returns the annotations of a document with its edits.
  view(doc) {
    if (!doc || !doc.result) return null;
    doc.view ??= apply(doc.result, doc.edits.slice(0, doc.at));
    return doc.view;
  }

  // edit appends an edit to the current document; what was undone is forgotten.
  edit(edit) {
    const doc = this.current;
    for (const e of edit.entities || [edit]) if (e.type) this.known.add(e.type);
    this.change(doc, { edits: [...doc.edits.slice(0, doc.at), edit], at: doc.at + 1 });
  }

  undo() {
    const doc = this.current;
    if (!doc || doc.at === 0) return null;
    this.change(doc, { at: doc.at - 1 });
    return doc.edits[doc.at];
  }

  redo() {
    const doc = this.current;
    if (!doc || doc.at === doc.edits.length) return null;
    this.change(doc, { at: doc.at + 1 });
    return doc.edits[doc.at - 1];
  }

  // select selects an entity or a relation of the current document, or nothing.
  select(uid, { focus = false, scroll = false } = {}) {
    this.selected = uid;
    this.tell("selected", { uid, focus, scroll });
  }

  setPending(pending) {
    this.pending = pending;
    this.tell("pending", pending);
  }

  setRelating(uid) {
    this.relating = uid;
    this.tell("relating", uid);
  }

  setFilter(fields) {
    Object.assign(this.filter, fields);
    this.tell("filter");
  }

  // shows tells whether the filter lets an entity or a relation through.
  shows(item) {
    const { least, types, status } = this.filter;
    if (item.confidence !== null && item.confidence < least && item.status === OPEN) return false;
    if (types.get(item.type) === false) return false;
    return status === "all" || item.status === status || (status === "added" && item.origin === "added");
  }

  // entity returns the selected entity of the current document, or null.
  get entity() {
    return this.view(this.current)?.entities.find(e => e.uid === this.selected) || null;
  }

  get relation() {
    return this.view(this.current)?.relations.find(r => r.uid === this.selected) || null;
  }

  // visible returns the entities of the current document that stand in the text and
  // pass the filter.
  get visible() {
    const view = this.view(this.current);
    return view ? view.entities.filter(e => e.spans.length && this.shows(e)) : [];
  }

  // lit returns the uids of the entities that the selection points to: the other
  // occurrences of an entity, or the ends of a relation.
  get lit() {
    const view = this.view(this.current);
    if (this.entity) return new Set(alike(view.entities, this.entity).filter(e => e.status !== REJECTED).map(e => e.uid));
    if (!this.relation) return new Set();
    return new Set(["chemical", "disease"].flatMap(side => endsOf(view.entities, this.relation, side)).filter(e => e.status !== REJECTED).map(e => e.uid));
  }

  // types returns the types of entities of all documents, the two of the model first.
  get types() {
    return [...this.known];
  }

  // learn notes the types of a result and of edits.
  learn(doc) {
    for (const e of doc.result?.entities || []) this.known.add(e.type || "entity");
    for (const edit of doc.edits) for (const e of edit.entities || [edit]) if (e.type) this.known.add(e.type);
  }
}
