// The annotations of a document under review: those of a result, with the curator's
// edits applied in order. Edits are kept, never their outcome, so that any of them
// can be undone. Offsets are code points here, as in results.
import { Offsets } from "./offsets.js";

// Statuses of entities and relations. What the curator adds is accepted at once.
export const OPEN = "open", ACCEPTED = "accepted", REJECTED = "rejected";

// sides are those of a relation; they are called as the types of what stands there.
const sides = ["chemical", "disease"];

// fold returns a text as it is compared with others: in one case, with single blanks.
// The same mentions are compared at each edit, so that what was folded is remembered.
const folded = new Map();
export function fold(text) {
  if (!text) return "";
  let out = folded.get(text);
  if (out === undefined) {
    if (folded.size > 50000) folded.clear();
    folded.set(text, out = text.toLowerCase().replace(/\s+/g, " ").trim());
  }
  return out;
}

// spansOf returns the spans of an entity of a result, none if it is not in the text.
export function spansOf(e) {
  if (e.spans && e.spans.length) return e.spans.map(([start, end]) => ({ start, end }));
  return e.start === null || e.start === undefined ? [] : [{ start: e.start, end: e.end }];
}

// entityOf returns an entity under review, made of one of a result.
export function entityOf(e, uid, origin = "model") {
  return {
    uid, origin, status: origin === "added" ? ACCEPTED : statusOf(e), text: e.text, type: e.type || "entity", spans: spansOf(e),
    confidence: e.confidence ?? null, normalized: e.normalized || "", links: e.links || [], concepts: e.concepts || [],
    changed: "", source: e,
  };
}

// relationOf returns a relation under review, made of one of a result.
export function relationOf(r, uid, origin = "model") {
  return {
    uid, origin, status: origin === "added" ? ACCEPTED : statusOf(r), type: r.type || "influences", chemical: r.chemical, disease: r.disease,
    chemicalEntity: r.chemical_entity || "", diseaseEntity: r.disease_entity || "", confidence: r.confidence ?? null, source: r,
  };
}

// statusOf returns what an exported file says of an earlier review.
const statusOf = item => (["accepted", "added", "changed"].includes(item.infons?.review) ? ACCEPTED : OPEN);

// apply returns the entities and relations of a result after edits. An edit is one of
//
//   { op: "status", uids, status }             of entities or relations
//   { op: "span", uid, start, end }            in code points
//   { op: "type", uids, type }
//   { op: "add", entities: [{ uid, type, start, end }] }
//   { op: "relate", uid, chemical, disease }   texts of mentions
//   { op: "link", uids, concept, name }        the entry that the mentions mean
//   { op: "remove", uids }                     of what was added
export function apply(result, edits) {
  const offsets = new Offsets(result.text || "");
  const view = {
    offsets,
    entities: (result.entities || []).map((e, i) => entityOf(e, "e" + i)),
    relations: (result.relations || []).map((r, i) => relationOf(r, "r" + i)),
  };
  for (const edit of edits) step(view, edit);
  view.entities.sort(inReadingOrder);
  return view;
}

// inReadingOrder compares entities by their places; those that are not in the text
// come last.
export function inReadingOrder(a, b) {
  const [p, q] = [a.spans[0], b.spans[0]];
  if (!p || !q) return (p ? 0 : 1) - (q ? 0 : 1);
  return p.start - q.start || b.spans.at(-1).end - a.spans.at(-1).end;
}

function step(view, edit) {
  const named = new Set(edit.uids || [edit.uid]);
  const entities = view.entities.filter(e => named.has(e.uid));
  switch (edit.op) {
    case "status":
      for (const item of [...entities, ...view.relations.filter(r => named.has(r.uid))]) item.status = edit.status;
      break;
    case "span":
      for (const e of entities) respan(view, e, edit);
      break;
    case "type":
      for (const e of entities) Object.assign(e, { type: edit.type, status: ACCEPTED, changed: changeOf(e, { type: edit.type }) });
      break;
    case "add":
      for (const a of edit.entities) {
        const text = view.offsets.slice(a.start, a.end);
        view.entities.push(entityOf({ text, type: a.type, start: a.start, end: a.end, normalized: fold(text) }, a.uid, "added"));
      }
      break;
    case "relate":
      view.relations.push(relationOf({ chemical: edit.chemical, disease: edit.disease }, edit.uid, "added"));
      break;
    case "link":
      relink(view, entities, edit.concept);
      break;
    case "remove":
      view.entities = view.entities.filter(e => !named.has(e.uid));
      view.relations = view.relations.filter(r => !named.has(r.uid));
      break;
  }
}

// respan moves an entity to another span. Its text follows, and so do relations that
// have no other mention.
function respan(view, e, { start, end }) {
  const text = view.offsets.slice(start, end);
  for (const r of view.relations) {
    for (const side of sides) {
      const key = fold(r[side]), byId = isCalled(e, r, side);
      if (!byId && !(fits(e, side) && isNamed(e, key)) || e.concepts.some(c => isConcept(c, key))) continue;
      if (byId || !view.entities.some(o => o !== e && fits(o, side) && isNamed(o, key))) r[side] = text;
    }
  }
  Object.assign(e, { changed: changeOf(e, { start, end }), spans: [{ start, end }], text, normalized: fold(text), status: ACCEPTED });
}

// relink gives entities another concept, and relations that named the old one.
function relink(view, entities, concept) {
  const named = (r, side) => entities.some(e => isCalled(e, r, side) || (fits(e, side) && isNamed(e, fold(r[side]))));
  const sidesOf = view.relations.flatMap(r => sides.filter(side => named(r, side)).map(side => [r, side]));
  for (const e of entities) Object.assign(e, { concepts: concept ? [concept] : [], status: ACCEPTED });
  for (const [r, side] of sidesOf) if (!endsOf(view.entities, r, side).length) r[side] = concept || entities[0].text;
}

// changeOf returns in what an entity differs from the model's: "", "span", "type" or
// both. Those that the curator added don't differ.
function changeOf(e, { type = e.type, start = e.spans[0]?.start, end = e.spans.at(-1)?.end }) {
  if (e.origin === "added") return "";
  const spans = spansOf(e.source);
  const moved = spans[0]?.start !== start || spans.at(-1)?.end !== end;
  return [moved && "span", (e.source.type || "entity") !== type && "type"].filter(Boolean).join(" and ");
}

// alike returns the entities that name the same as one does: those of its type with
// its text or its normalized text.
export function alike(entities, e) {
  const keys = new Set([fold(e.text), fold(e.normalized)].filter(Boolean));
  return entities.filter(o => o.type === e.type && (keys.has(fold(o.text)) || (o.normalized && keys.has(fold(o.normalized)))));
}

// endsOf returns the entities that one side of a relation means: by the entity's
// identifier if the relation has one, else by concept or by text.
export function endsOf(entities, relation, side) {
  const byId = entities.filter(e => isCalled(e, relation, side));
  if (byId.length) return byId;
  const key = fold(relation[side]);
  const ofSide = entities.filter(e => fits(e, side));
  const same = e => isNamed(e, key);
  const found = ofSide.filter(same);
  if (!found.length) return [];
  // Short forms share the normalized text of what they stand for.
  const normal = new Set(found.map(e => fold(e.normalized)).filter(Boolean));
  return ofSide.filter(e => same(e) || normal.has(fold(e.normalized)));
}

// isCalled tells whether a side of a relation names an entity by its identifier.
const isCalled = (e, relation, side) => Boolean(relation[side + "Entity"]) && e.source.id === relation[side + "Entity"];

// isNamed tells whether a side of a relation, folded, names an entity.
const isNamed = (e, key) => fold(e.text) === key || Boolean(e.normalized && fold(e.normalized) === key) || e.concepts.some(c => isConcept(c, key));

// isConcept tells whether two identifiers, the second one folded, are one concept's.
export const isConcept = (concept, key) => fold(concept) === key || fold(concept) === "mesh:" + key || "mesh:" + fold(concept) === key;

// faultOf returns why a relation can't be as it stands, or "": a side of it has mentions,
// none of which is kept and of the side's type; or the curator added it, and its mentions
// are gone. A side that never had mentions is no fault of the model's: influences may be
// all that it was asked for.
export function faultOf(view, relation, kept = e => e.status !== REJECTED) {
  for (const side of sides) {
    const key = fold(relation[side]), names = e => isCalled(e, relation, side) || isNamed(e, key);
    if (view.entities.some(e => kept(e) && fits(e, side) && names(e))) continue;
    if (endsOf(view.entities, relation, side).some(e => kept(e) && fits(e, side))) continue;
    const named = view.entities.filter(names);
    const other = named.find(e => kept(e) && !fits(e, side));
    if (other) return `“${other.text}” is a ${other.type} now`;
    if (named.length) return named.every(e => e.status === REJECTED) ? `every mention of “${named[0].text}” is rejected` : `no mention of “${named[0].text}” is exported`;
    if (relation.origin === "added") return `no mention of “${relation[side]}” is left`;
  }
  return "";
}

// fits tells whether an entity can stand on a side of a relation: all types can but that
// of the other side.
const fits = (e, side) => fold(e.type) === side || !sides.includes(fold(e.type));

// nameOf returns how people read a side of a relation: the text of a mention where
// the side is a concept.
export function nameOf(entities, relation, side) {
  const ends = endsOf(entities, relation, side);
  const key = fold(relation[side]);
  if (!ends.length || ends.some(e => fold(e.text) === key)) return relation[side];
  return ends[0].text;
}

// progress returns how many entities and relations are decided, of how many.
export function progress(view) {
  const items = [...view.entities, ...view.relations];
  return { decided: items.filter(i => i.status !== OPEN).length, all: items.length };
}
