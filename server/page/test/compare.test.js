import test from "node:test";
import assert from "node:assert/strict";
import { compareEntities, compareRelations, count } from "../js/compare.js";

const e = (text, type, start, end) => ({ text, type, start, end });

test("entities are the same, added, removed or changed", () => {
  const before = [e("a", "chemical", 0, 1), e("bb", "disease", 5, 7), e("c", "chemical", 10, 11), e("d", "disease", 20, 21)];
  const after = [e("a", "chemical", 0, 1), e("bbb", "disease", 5, 8), e("c", "disease", 10, 11), e("z", "disease", 30, 31)];
  const got = compareEntities(before, after);
  assert.deepEqual(got.map(d => [d.kind, d.what, d.before?.text, d.after?.text]), [
    ["same", "", "a", "a"], ["changed", "span", "bb", "bbb"], ["changed", "type", "c", "c"], ["removed", "", "d", undefined], ["added", "", undefined, "z"],
  ]);
  assert.deepEqual(count(got), { same: 1, added: 1, removed: 1, changed: 2 });
});

test("each entity has one counterpart, of its own type if there is one", () => {
  const got = compareEntities([e("ab", "disease", 0, 2), e("b", "disease", 1, 2)], [e("abc", "chemical", 0, 3), e("abcd", "disease", 0, 4)]);
  assert.deepEqual(got.map(d => [d.kind, d.before?.text, d.after?.text]).sort(), [["changed", "ab", "abcd"], ["changed", "b", "abc"]].sort());
});

test("the same list twice has no difference, items that are not in the text included", () => {
  const list = [e("a", "disease", 0, 1), e("a", "disease", 0, 1), e("b", "disease", null, null)];
  assert.deepEqual(count(compareEntities(list, list)), { same: 3, added: 0, removed: 0, changed: 0 });
  assert.deepEqual(count(compareEntities([e("a", "disease", null, null)], [e("b", "disease", null, null)])), { same: 0, added: 1, removed: 1, changed: 0 });
});

test("relations are compared by the texts of their sides, in any case", () => {
  const got = compareRelations([{ chemical: "Lithium", disease: "tremor" }, { chemical: "x", disease: "y" }], [{ chemical: "lithium", disease: "Tremor" }, { chemical: "x", disease: "z" }]);
  assert.deepEqual(got.map(d => d.kind), ["same", "removed", "added"]);
});

test("many entities are compared fast enough to be looked at", () => {
  const list = n => Array.from({ length: 20000 }, (_, i) => e("m" + i, "disease", i * 10, i * 10 + 5 + n));
  assert.equal(count(compareEntities(list(0), list(1))).changed, 20000);
});
