import test from "node:test";
import assert from "node:assert/strict";
import { Offsets, findAll, nextBorder, trimmed, wordAt } from "../js/offsets.js";

const texts = [
  "", "plain", "😀", "a😀b", "😀😀", "👩🏽‍⚕️ gave 𝛼-tocopherol", "naïve cafe\u0301 Ménière", "Fieber und Übelkeit durch Lithium",
  "薬剤性肝障害が𠮷野氏に", "تسمم الليثيوم 😀 عند", "\ud800 lone", "a\udc00", "\r\n\u00a0x",
];

test("offsets of code points and units are each other's inverse at every place", () => {
  for (const text of texts) {
    const offsets = new Offsets(text);
    const points = [...text];
    assert.equal(offsets.length, points.length, text);
    let unit = 0;
    for (let i = 0; i <= points.length; i++) {
      assert.equal(offsets.toUnits(i), unit, `${text} at ${i}`);
      assert.equal(offsets.toPoints(unit), i, `${text} at unit ${unit}`);
      if (i < points.length && points[i].length === 2) assert.equal(offsets.toPoints(unit + 1), i, "inside of a character");
      unit += points[i]?.length ?? 0;
    }
    for (let a = 0; a <= points.length; a++) for (let b = a; b <= points.length; b++) assert.equal(offsets.slice(a, b), points.slice(a, b).join(""));
  }
});

test("a border moves by whole characters as people see them", () => {
  const text = "x👩🏽‍⚕️e\u0301y";
  const offsets = new Offsets(text);
  let at = 0;
  const seen = [];
  while (at < offsets.length) { at = nextBorder(offsets, at, 1, "grapheme", "end"); seen.push(at); }
  assert.deepEqual(seen, [1, 6, 8, 9]);
  while (at > 0) { at = nextBorder(offsets, at, -1, "grapheme", "end"); seen.push(at); }
  assert.deepEqual(seen.slice(4), [8, 6, 1, 0]);
});

test("a border moves by words: starts to begins, ends to ends", () => {
  const offsets = new Offsets("acute renal failure, after");
  assert.equal(nextBorder(offsets, 11, 1, "word", "end"), 19);
  assert.equal(nextBorder(offsets, 19, -1, "word", "end"), 11);
  assert.equal(nextBorder(offsets, 6, -1, "word", "start"), 0);
  assert.equal(nextBorder(offsets, 0, 1, "word", "start"), 6);
  assert.equal(nextBorder(offsets, 26, 1, "word", "end"), 26);
});

test("borders are found in the midst of a long text", () => {
  const text = "Wort 😀 ".repeat(5000);
  const offsets = new Offsets(text);
  assert.equal(nextBorder(offsets, 21000, 1, "word", "end"), 21004);
  assert.deepEqual(wordAt(offsets, 21004, 1), { start: 21007, end: 21011 });
  const solid = new Offsets("𠮷".repeat(3000));
  for (let p = 1000; p < 1010; p++) assert.equal(nextBorder(solid, p, 1, "grapheme", "end"), p + 1);
});

test("words are found before and after a place", () => {
  const offsets = new Offsets("  one, two");
  assert.deepEqual(wordAt(offsets, 0, 1), { start: 2, end: 5 });
  assert.deepEqual(wordAt(offsets, 5, 1), { start: 7, end: 10 });
  assert.deepEqual(wordAt(offsets, 7, -1), { start: 2, end: 5 });
  assert.equal(wordAt(offsets, 10, 1), null);
});

test("spans lose the white space at their borders", () => {
  const offsets = new Offsets("😀 \u3000renal failure \n");
  assert.deepEqual(trimmed(offsets, 1, 18), { start: 3, end: 16 });
  assert.equal(trimmed(offsets, 1, 3), null);
});

test("all places of a string are found, in any case", () => {
  assert.deepEqual(findAll(new Offsets("😀Tremor and tremor"), "TREMOR"), [{ start: 1, end: 7 }, { start: 12, end: 18 }]);
  assert.deepEqual(findAll(new Offsets("İ tremor"), "tremor"), [{ start: 2, end: 8 }]); // lower case is longer
  assert.deepEqual(findAll(new Offsets("abc"), ""), []);
});
