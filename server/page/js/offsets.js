// Converts between the offsets of results, which count Unicode code points, and those
// of JavaScript, which count UTF-16 units; and finds the borders of characters and
// words.

// Offsets converts the offsets of one text. It keeps the places of the characters
// that take two units: there are none in most texts.
export class Offsets {
  constructor(text) {
    this.text = text;
    this.wide = []; // code point offsets of characters of two units, ascending
    let points = 0;
    for (let i = 0; i < text.length; i++, points++) {
      const unit = text.charCodeAt(i);
      const pair = unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
      if (!pair) continue;
      this.wide.push(points);
      i++;
    }
    this.length = points; // in code points
  }

  // toUnits returns the UTF-16 offset of a code point offset.
  toUnits(point) {
    return point + countBelow(this.wide, point);
  }

  // toPoints returns the code point offset of a UTF-16 offset. An offset inside of a
  // character is moved to its begin.
  toPoints(unit) {
    let low = 0, high = this.wide.length; // the wide characters that end at or before unit
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.wide[middle] + middle + 2 <= unit) low = middle + 1;
      else high = middle;
    }
    const inside = low < this.wide.length && this.wide[low] + low + 1 === unit;
    return unit - low - (inside ? 1 : 0);
  }

  // slice returns the text between two code point offsets.
  slice(start, end) {
    return this.text.slice(this.toUnits(start), this.toUnits(end));
  }
}

// countBelow returns how many of the ascending numbers are below a limit.
function countBelow(numbers, limit) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// reach is how many UTF-16 units around a place are looked at for borders: a word or
// a character with its accents is shorter.
const reach = 400;

const segmenters = {};
function segmenter(granularity) {
  segmenters[granularity] ??= new Intl.Segmenter(undefined, { granularity });
  return segmenters[granularity];
}

// borders returns the UTF-16 offsets near a place at which a character or a word may
// begin or end. It looks at a part of the text that begins and ends at white space
// where there is any.
function borders(text, unit, granularity) {
  let from = Math.max(0, unit - reach), to = Math.min(text.length, unit + reach);
  if (from > 0) from = breakAt(text, from, unit, 1);
  if (to < text.length) to = breakAt(text, to, unit, -1);
  const out = [];
  for (const s of segmenter(granularity).segment(text.slice(from, to))) {
    if (granularity === "word" && !s.isWordLike) continue;
    out.push([from + s.index, from + s.index + s.segment.length]);
  }
  return out;
}

// breakAt returns the first white space from a place on towards another, in steps of
// 1 or -1; the place itself, moved out of a character of two units, if there is none.
function breakAt(text, from, towards, step) {
  for (let i = from; i !== towards; i += step) if (/\s/.test(text[i])) return i;
  return (text.charCodeAt(from) & 0xfc00) === 0xdc00 ? from - 1 : from;
}

// nextBorder returns the code point offset to which a border of a span moves from a
// code point offset: by a character as people see them (an accent or a joined emoji
// belongs to its character) or by a word; forward if step is 1, back if it is -1. For
// words, a start moves to begins of words and an end to ends.
export function nextBorder(offsets, point, step, granularity, side) {
  const unit = offsets.toUnits(point);
  let best = step > 0 ? offsets.text.length : 0;
  for (const [start, end] of borders(offsets.text, unit, granularity)) {
    const places = granularity === "word" ? [side === "start" ? start : end] : [start, end];
    for (const place of places) {
      if (step > 0 && place > unit) best = Math.min(best, place);
      if (step < 0 && place < unit) best = Math.max(best, place);
    }
  }
  return offsets.toPoints(best);
}

// wordAt returns the span of the first word that ends after a code point offset (step
// 1), or the last one that begins before it (step -1); null if there is none near.
export function wordAt(offsets, point, step) {
  const unit = offsets.toUnits(point);
  const words = borders(offsets.text, unit, "word");
  const found = step > 0 ? words.find(([start]) => start >= unit) : words.findLast(([, end]) => end <= unit);
  return found ? { start: offsets.toPoints(found[0]), end: offsets.toPoints(found[1]) } : null;
}

// trimmed returns a span without the white space at its borders; null if nothing is
// left.
export function trimmed(offsets, start, end) {
  const text = offsets.slice(start, end);
  const before = new Offsets(text.slice(0, text.length - text.trimStart().length)).length;
  const after = new Offsets(text.slice(text.trimEnd().length)).length;
  return start + before < end - after ? { start: start + before, end: end - after } : null;
}

// findAll returns the spans of all places of a string in a text, in any case. Where
// changing the case changes the length of the text, case counts.
export function findAll(offsets, needle) {
  if (!needle) return [];
  let text = offsets.text, word = needle;
  const folded = text.toLowerCase();
  if (folded.length === text.length) { text = folded; word = needle.toLowerCase(); }
  const out = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    out.push({ start: offsets.toPoints(at), end: offsets.toPoints(at + word.length) });
  }
  return out;
}
