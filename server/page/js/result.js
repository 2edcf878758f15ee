// Makes the result of a review: medner's own JSON object, which the server turns into
// the other formats.
import { ACCEPTED, REJECTED, faultOf } from "./annotations.js";

// taskOf returns the name of the task that brings entities of a type.
const taskOf = type => (type === "chemical" ? "chemicals" : type === "disease" ? "diseases" : type);

// reviewed returns the result of a document after its review. What was rejected is
// among the dropped items, with the reason; nothing is lost silently. Options:
//
//   accepted    only what was accepted or added
//   least       the confidence below which items that nobody decided on are left out
//   notes       whether items say how they were reviewed, in the infon "review"
//   unfit       is called with each relation that is left out since its mentions are of
//               other types now, or left out themselves; and with why
export function reviewed(doc, view, { accepted = false, least = 0, notes = false, unfit = () => {} } = {}) {
  const dropped = [...(doc.result.dropped || [])];
  const keep = (item, text, task) => {
    let reason = "";
    if (item.status === REJECTED) reason = "rejected in review";
    else if (accepted && item.status !== ACCEPTED) reason = "not accepted in review";
    else if (item.status !== ACCEPTED && item.confidence !== null && item.confidence < least) reason = `confidence ${item.confidence} is below ${least}`;
    if (reason) dropped.push({ text, task, reason });
    return !reason;
  };
  const kept = new Set(view.entities.filter(e => keep(e, e.text, taskOf(e.type))));
  const fitting = r => {
    const text = r.chemical + " → " + r.disease, reason = faultOf(view, r, e => kept.has(e));
    if (reason) { dropped.push({ text, task: "influences", reason }); unfit(text, reason); }
    return !reason;
  };
  const relations = view.relations.filter(r => keep(r, r.chemical + " → " + r.disease, "influences") && fitting(r));
  return { ...doc.result, entities: [...kept].map(e => entityObject(e, notes)), relations: relations.map(r => relationObject(r, notes)), dropped };
}

// reviewNote returns the infons of an item with the outcome of its review, unless
// nobody decided on it.
function reviewNote(item) {
  if (item.status !== ACCEPTED) return item.source.infons;
  return { ...item.source.infons, review: item.origin === "added" ? "added" : item.changed ? "changed" : ACCEPTED };
}

function entityObject(e, notes) {
  const first = e.spans[0], last = e.spans.at(-1);
  const moved = e.changed.includes("span") || e.origin === "added";
  const out = {
    ...e.source, text: e.text, type: e.type, start: first ? first.start : null, end: last ? last.end : null,
    confidence: moved ? null : e.confidence, grounded: e.spans.length > 0, normalized: e.normalized, links: moved ? [] : e.links,
  };
  if (e.spans.length < 2) delete out.spans;
  if (e.concepts.length) out.concepts = e.concepts;
  else delete out.concepts;
  const infons = notes ? reviewNote(e) : e.source.infons;
  if (infons) out.infons = infons;
  return out;
}

function relationObject(r, notes) {
  const out = { ...r.source, type: r.type, chemical: r.chemical, disease: r.disease, confidence: r.confidence, grounded: r.source.grounded ?? true };
  const infons = notes ? reviewNote(r) : r.source.infons;
  if (infons) out.infons = infons;
  return out;
}
