import test from "node:test";
import assert from "node:assert/strict";
import { blocksOf, nest } from "../js/marks.js";

// drawn writes the tree of a block with brackets, each with its mention's name.
function drawn(text, nodes) {
  return nodes.map(n => (n.children ? `[${drawn(text, n.children)}${n.label ? "|" + n.mention.uid : "|"}]` : text.slice(n.start, n.end))).join("");
}
const mention = (uid, ...spans) => ({ uid, spans: spans.map(([start, end]) => ({ start, end })) });
const whole = text => ({ start: 0, end: text.length });
const draw = (text, ...mentions) => drawn(text, nest(whole(text), mentions).children);

test("marks nest, and those that cross are opened again", () => {
  const text = "acute renal failure";
  assert.equal(draw(text), text);
  assert.equal(draw(text, mention("a", [6, 11])), "acute [renal|a] failure");
  assert.equal(draw(text, mention("b", [6, 11]), mention("a", [0, 19])), "[acute [renal|b] failure|a]");
  assert.equal(draw(text, mention("a", [0, 11]), mention("b", [6, 19])), "[acute [renal|]|a][ failure|b]");
  assert.equal(draw(text, mention("a", [0, 5]), mention("b", [0, 5])), "[[acute|b]|a] renal failure");
  assert.equal(draw(text, mention("a", [0, 11]), mention("b", [3, 11]), mention("c", [6, 19])), "[acu[te [renal|]|b]|a][ failure|c]");
  assert.equal(draw(text, mention("a", [0, 5], [12, 19])), "[acute|] renal [failure|a]");
});

test("the depth of a mark counts the marks inside of it", () => {
  const { children } = nest({ start: 0, end: 10 }, [mention("a", [0, 10]), mention("b", [2, 8]), mention("c", [3, 4])]);
  assert.equal(children[0].depth, 3);
});

test("any mentions leave the text whole, with each label once", () => {
  let seed = 7;
  const random = n => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 300; round++) {
    const text = "abcdefghijklmnopqrst";
    const mentions = Array.from({ length: 1 + random(9) }, (_, i) => { const start = random(19); return mention("m" + i, [start, start + 1 + random(20 - start)]); });
    const { children, left } = nest(whole(text), mentions);
    const labels = [], parts = [];
    const walk = nodes => { for (const n of nodes) { if (n.children) { assert.ok(n.children.length > 0, "no mark is empty"); walk(n.children); if (n.label) labels.push(n.mention.uid); } else parts.push(text.slice(n.start, n.end)); } };
    walk(children);
    assert.equal(parts.join(""), text);
    assert.deepEqual(labels.sort(), mentions.map(m => m.uid).sort());
    assert.equal(left, 0);
  }
});

test("what overlaps too many others is counted", () => {
  const mentions = Array.from({ length: 40 }, (_, i) => mention("m" + i, [0, 40 - i]));
  assert.equal(nest({ start: 0, end: 40 }, mentions).left, 8);
});

test("blocks cover the text, begin at passages and are not long", () => {
  const line = "A sentence of an article about lithium 😀. ".repeat(30);
  for (const text of ["", "x", line, (line + "\n").repeat(40), line.repeat(60), "😀".repeat(20000)]) {
    const blocks = blocksOf(text, [{ type: "title", start: 0 }, { type: "abstract", start: 20 }]);
    assert.equal(blocks.map(b => text.slice(b.start, b.end)).join(""), text);
    for (const b of blocks) {
      assert.ok(b.end - b.start <= 6100, `${b.end - b.start}`);
      assert.ok((text.charCodeAt(b.start) & 0xfc00) !== 0xdc00, "no character is cut");
    }
    if (text.length > 20) assert.equal(blocks[1].start, 20);
  }
  assert.equal(blocksOf("Title\nAbstract", [{ type: "title", start: 0 }, { type: "abstract", start: 6 }])[0].type, "title");
});

test("a mention over the border of two blocks has its label in the second", () => {
  const m = mention("a", [5, 15]);
  assert.equal(nest({ start: 0, end: 10 }, [m]).children[1].label, false);
  assert.equal(nest({ start: 10, end: 20 }, [m]).children[0].label, true);
});
