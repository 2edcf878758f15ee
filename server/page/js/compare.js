// Compares two annotations of a document.
import { fold, spansOf } from "./annotations.js";

// compareEntities returns how two lists of entities of results differ: an array of
//
//   { kind: "same" | "added" | "removed" | "changed", before, after, what }
//
// in the order of the text. Of entities that overlap, one of the one list and one of
// the other make a change: in the span, in the type, or in both.
export function compareEntities(before, after) {
  const key = e => fold(e.type) + "\u0000" + spansOf(e).map(s => s.start + "-" + s.end).join() + (spansOf(e).length ? "" : fold(e.text));
  const waiting = new Map();
  for (const e of after) {
    const k = key(e);
    if (!waiting.has(k)) waiting.set(k, []);
    waiting.get(k).push(e);
  }
  const out = [], left = [];
  for (const e of before) {
    const match = waiting.get(key(e))?.shift();
    if (match) out.push({ kind: "same", before: e, after: match, what: "" });
    else left.push(e);
  }
  const fresh = [...waiting.values()].flat().sort((a, b) => placeOf(a) - placeOf(b));
  const starts = fresh.map(placeOf);
  const longest = Math.max(0, ...fresh.map(e => endOf(e) - placeOf(e)));
  const used = new Set();
  for (const e of left) {
    const other = bestOverlap(e, fresh, starts, longest, used);
    if (other) used.add(other);
    out.push(other ? { kind: "changed", before: e, after: other, what: changeOf(e, other) } : { kind: "removed", before: e, after: null, what: "" });
  }
  for (const e of fresh) if (!used.has(e)) out.push({ kind: "added", before: null, after: e, what: "" });
  return out.sort((a, b) => placeOf(a.after || a.before) - placeOf(b.after || b.before));
}

const placeOf = e => spansOf(e)[0]?.start ?? Infinity;
const endOf = e => spansOf(e).at(-1)?.end ?? Infinity;

// bestOverlap returns the entity that has most characters in common with e, one of
// e's type rather than another; null if none has any. The entities are sorted by
// their starts.
function bestOverlap(e, entities, starts, longest, used) {
  let best = null, most = 0;
  const start = placeOf(e), end = endOf(e);
  if (start === Infinity) return null;
  let i = 0;
  for (let high = starts.length; i < high; ) {
    const middle = (i + high) >> 1;
    if (starts[middle] < start - longest) i = middle + 1;
    else high = middle;
  }
  for (; i < entities.length && starts[i] < end; i++) {
    if (used.has(entities[i])) continue;
    const common = Math.min(end, endOf(entities[i])) - Math.max(start, starts[i]);
    const score = common <= 0 ? 0 : common + (fold(entities[i].type) === fold(e.type) ? 1e6 : 0);
    if (score > most) { most = score; best = entities[i]; }
  }
  return best;
}

function changeOf(a, b) {
  const span = placeOf(a) !== placeOf(b) || endOf(a) !== endOf(b) || spansOf(a).length !== spansOf(b).length;
  return [span && "span", fold(a.type) !== fold(b.type) && "type"].filter(Boolean).join(" and ");
}

// compareRelations returns how two lists of relations differ, by the texts of their
// sides.
export function compareRelations(before, after) {
  const key = r => fold(r.chemical) + "\u0000" + fold(r.disease);
  const fresh = new Map(after.map(r => [key(r), r]));
  const out = [];
  const seen = new Set();
  for (const r of before) {
    const k = key(r);
    if (seen.has(k)) continue;
    seen.add(k);
    out.push(fresh.has(k) ? { kind: "same", before: r, after: fresh.get(k) } : { kind: "removed", before: r, after: null });
  }
  for (const [k, r] of fresh) if (!seen.has(k)) out.push({ kind: "added", before: null, after: r });
  return out;
}

// count returns how many differences are of each kind.
export function count(differences) {
  const out = { same: 0, added: 0, removed: 0, changed: 0 };
  for (const d of differences) out[d.kind]++;
  return out;
}
