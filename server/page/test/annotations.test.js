import test from "node:test";
import assert from "node:assert/strict";
import { alike, apply, endsOf, faultOf, nameOf, progress } from "../js/annotations.js";
import { reviewed } from "../js/result.js";

const text = "😀 Lithium (Li) caused tremor. Li again.";
const result = {
  id: "d", text, dropped: [{ text: "x", task: "diseases", reason: "not in the text" }], warnings: [],
  entities: [
    { text: "Lithium", type: "chemical", start: 2, end: 9, confidence: 0.9, grounded: true, normalized: "lithium", links: [] },
    { text: "Li", type: "chemical", start: 11, end: 13, confidence: 0.6, grounded: true, normalized: "lithium", links: [] },
    { text: "tremor", type: "disease", start: 22, end: 28, confidence: 0.4, grounded: true, normalized: "tremor", links: [{ id: "MESH:D014202", name: "Tremor", method: "exact", score: 1 }] },
    { text: "Li", type: "chemical", start: 30, end: 32, confidence: 0.6, grounded: true, normalized: "lithium", links: [] },
    { text: "ataxia", type: "disease", start: null, end: null, confidence: 0.1, grounded: false, normalized: "ataxia", links: [] },
  ],
  relations: [{ type: "influences", chemical: "Lithium", disease: "tremor", confidence: 0.7, grounded: true }],
};
const doc = { id: "d", text, result };

test("edits are applied in order, and the result stays as it was", () => {
  const before = JSON.stringify(result);
  const view = apply(result, [
    { op: "status", uids: ["e0", "e1"], status: "accepted" },
    { op: "span", uid: "e2", start: 15, end: 28 },
    { op: "type", uids: ["e3"], type: "disease" },
    { op: "add", entities: [{ uid: "n1", type: "disease", start: 0, end: 1 }] },
    { op: "relate", uid: "p1", chemical: "Li", disease: "tremor" },
    { op: "status", uids: ["r0"], status: "rejected" },
  ]);
  assert.equal(JSON.stringify(result), before);
  const by = uid => view.entities.find(e => e.uid === uid);
  assert.deepEqual(view.entities.map(e => e.uid), ["n1", "e0", "e1", "e2", "e3", "e4"]);
  assert.equal(by("n1").text, "😀");
  assert.equal(by("e2").text, "caused tremor", view.offsets.slice(15, 28));
  assert.equal(by("e2").changed, "span");
  assert.equal(by("e3").changed, "type");
  assert.equal(by("e0").status, "accepted");
  assert.equal(view.relations[0].status, "rejected");
  assert.deepEqual(progress(view), { decided: 7, all: 8 });
});

test("a removed addition is gone", () => {
  const view = apply(result, [{ op: "add", entities: [{ uid: "n1", type: "disease", start: 0, end: 1 }] }, { op: "remove", uids: ["n1"] }]);
  assert.equal(view.entities.length, 5);
});

test("a change back is none", () => {
  const view = apply(result, [{ op: "span", uid: "e2", start: 15, end: 28 }, { op: "span", uid: "e2", start: 22, end: 28 }]);
  assert.equal(view.entities.find(e => e.uid === "e2").changed, "");
});

test("occurrences are alike by text and by normalized text", () => {
  const { entities } = apply(result, []);
  assert.deepEqual(alike(entities, entities[0]).map(e => e.uid), ["e0", "e1", "e3"]);
});

test("the ends of relations are found by text, concept and identifier", () => {
  const { entities, relations } = apply(result, []);
  assert.deepEqual(endsOf(entities, relations[0], "chemical").map(e => e.uid), ["e0", "e1", "e3"]);
  assert.deepEqual(endsOf(entities, relations[0], "disease").map(e => e.uid), ["e2"]);
  const gold = apply({ text: "Li tremor", entities: [{ id: "T1", text: "Li", type: "chemical", start: 0, end: 2, concepts: ["MESH:D008094"] }, { id: "T2", text: "tremor", type: "disease", start: 3, end: 9, concepts: ["MESH:D014202"] }],
    relations: [{ chemical: "MESH:D008094", disease: "MESH:D014202" }, { chemical: "a", disease: "b", chemical_entity: "T1", disease_entity: "T2" }] }, []);
  assert.equal(nameOf(gold.entities, gold.relations[0], "chemical"), "Li");
  assert.equal(nameOf(gold.entities, gold.relations[0], "disease"), "tremor");
  assert.deepEqual(endsOf(gold.entities, gold.relations[1], "disease").map(e => e.uid), ["e1"]);
});

test("an untouched review is the result", () => {
  assert.deepEqual(reviewed(doc, apply(result, [])), result);
});

test("a reviewed result lists what was left out, with reasons", () => {
  const view = apply(result, [{ op: "status", uids: ["e0"], status: "accepted" }, { op: "status", uids: ["e1", "r0"], status: "rejected" }, { op: "span", uid: "e2", start: 15, end: 28 }]);
  const out = reviewed(doc, view, { least: 0.65, notes: true });
  assert.deepEqual(out.entities.map(e => [e.text, e.confidence, e.infons?.review]), [["Lithium", 0.9, "accepted"], ["caused tremor", null, "changed"]]);
  assert.deepEqual(out.entities[1].links, []);
  assert.deepEqual(out.relations, []);
  assert.deepEqual(out.dropped.map(d => [d.text, d.reason]), [
    ["x", "not in the text"], ["Li", "rejected in review"], ["Li", "confidence 0.6 is below 0.65"], ["ataxia", "confidence 0.1 is below 0.65"], ["Lithium → caused tremor", "rejected in review"],
  ]);
  const accepted = reviewed(doc, view, { accepted: true });
  assert.deepEqual(accepted.entities.map(e => e.text), ["Lithium", "caused tremor"]);
  // What was exported comes back with its statuses.
  assert.deepEqual(apply(out, []).entities.map(e => e.status), ["accepted", "accepted"]);
});

test("discontinuous mentions keep their parts until their span is changed", () => {
  const r = { text: "renal or hepatic failure", entities: [{ text: "renal failure", type: "disease", start: 0, end: 24, spans: [[0, 5], [17, 24]], grounded: true, confidence: 1, normalized: "", links: [] }], relations: [], dropped: [] };
  const d = { id: "d", text: r.text, result: r };
  assert.deepEqual(reviewed(d, apply(r, [])).entities[0].spans, [[0, 5], [17, 24]]);
  assert.equal(reviewed(d, apply(r, [{ op: "span", uid: "e0", start: 9, end: 24 }])).entities[0].spans, undefined);
});

test("a relation whose mention gets the other side's type does not fit, and is left out with the reason", () => {
  const left = [];
  const view = apply(result, [{ op: "type", uids: ["e0", "e1", "e3"], type: "disease" }]);
  assert.equal(faultOf(view, view.relations[0]), "“Lithium” is a disease now");
  const out = reviewed(doc, view, { unfit: (text, why) => left.push([text, why]) });
  assert.deepEqual(out.relations, []);
  assert.deepEqual(left, [["Lithium → tremor", "“Lithium” is a disease now"]]);
  assert.deepEqual(out.dropped.at(-1), { text: "Lithium → tremor", task: "influences", reason: "“Lithium” is a disease now" });
  // One mention of the type is enough, whether it is called so or by a short form.
  const one = apply(result, [{ op: "type", uids: ["e0", "e3"], type: "disease" }]);
  assert.equal(faultOf(one, one.relations[0]), "");
  // By identifier, and in capitals as files have types.
  const gold = { text: "Li tremor", entities: [{ id: "T1", text: "Li", type: "Chemical", start: 0, end: 2 }, { id: "T2", text: "tremor", type: "Disease", start: 3, end: 9 }],
    relations: [{ chemical: "a", disease: "b", chemical_entity: "T1", disease_entity: "T2" }] };
  const changed = apply(gold, [{ op: "type", uids: ["e1"], type: "chemical" }]);
  assert.equal(faultOf(apply(gold, []), apply(gold, []).relations[0]), "");
  assert.equal(faultOf(changed, changed.relations[0]), "“tremor” is a chemical now");
});

test("a relation without mentions that are kept does not fit; one that never had any does", () => {
  const view = apply(result, [{ op: "status", uids: ["e2"], status: "rejected" }]);
  assert.equal(faultOf(view, view.relations[0]), "every mention of “tremor” is rejected");
  assert.equal(reviewed(doc, apply(result, [{ op: "status", uids: ["r0"], status: "accepted" }]), { accepted: true }).dropped.at(-1).reason, "no mention of “Lithium” is exported");
  const added = [{ op: "add", entities: [{ uid: "n1", type: "disease", start: 15, end: 21 }] }, { op: "relate", uid: "p1", chemical: "Li", disease: "caused" }];
  assert.equal(faultOf(apply(result, added), apply(result, added).relations[1]), "");
  const gone = apply(result, [...added, { op: "remove", uids: ["n1"] }]);
  assert.equal(faultOf(gone, gone.relations[1]), "no mention of “caused” is left");
  const alone = { text: "x", entities: [], relations: [{ chemical: "a", disease: "b" }] };
  assert.equal(faultOf(apply(alone, []), apply(alone, []).relations[0]), "");
});

test("a relation follows its only mention to another span and another concept", () => {
  const view = apply(result, [{ op: "span", uid: "e2", start: 15, end: 28 }, { op: "span", uid: "e0", start: 0, end: 9 }]);
  assert.equal(view.relations[0].disease, "caused tremor");
  assert.equal(view.relations[0].chemical, "Lithium"); // Li is the same
  assert.equal(faultOf(view, view.relations[0]), "");
  const gold = { text: "Li tremor", entities: [{ text: "Li", type: "chemical", start: 0, end: 2, concepts: ["D008094"] }, { text: "tremor", type: "disease", start: 3, end: 9, concepts: ["D014202"] }],
    relations: [{ chemical: "D008094", disease: "D014202" }] };
  const linked = apply(gold, [{ op: "link", uids: ["e1"], concept: "MESH:D020329" }, { op: "span", uid: "e1", start: 2, end: 9 }]);
  assert.equal(linked.relations[0].disease, "MESH:D020329");
  assert.deepEqual(endsOf(linked.entities, linked.relations[0], "disease").map(e => e.uid), ["e1"]);
});
