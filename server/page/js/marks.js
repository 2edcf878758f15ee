// Lays mentions over a text: which marks begin and end where. Marks are nested. Where
// two cross, the inner one is closed and opened again.

// mostMarks bounds how many marks lie over one place.
const mostMarks = 32;

// blockSize is the length, in UTF-16 units, above which a passage is drawn in blocks,
// so that the browser lays out only those in sight.
const blockSize = 3000;

// blocksOf returns the parts of a text that are drawn by themselves, as ranges of
// UTF-16 offsets that cover the text: passages, cut at line ends where they are long,
// or at blanks where there are no line ends. Passages have their offsets in units.
export function blocksOf(text, passages = []) {
  const starts = [{ start: 0, type: "" }];
  for (const p of [...passages].sort((a, b) => a.start - b.start)) {
    const last = starts[starts.length - 1];
    if (p.start >= text.length) continue;
    if (p.start <= last.start) last.type ||= p.type;
    else starts.push({ start: p.start, type: p.type });
  }
  const out = [];
  starts.forEach((s, i) => {
    const stop = i + 1 < starts.length ? starts[i + 1].start : text.length;
    for (let from = s.start; from < stop || (from === 0 && text.length === 0); ) {
      const to = stop - from > blockSize ? cut(text, from, stop) : stop;
      out.push({ start: from, end: to, type: s.type });
      if (to === from) break;
      from = to;
    }
  });
  return out;
}

// cut returns where a block that begins at from ends, before stop.
function cut(text, from, stop) {
  const limit = from + blockSize;
  const line = text.lastIndexOf("\n", limit - 1);
  if (line > from) return line + 1;
  const next = text.indexOf("\n", limit);
  if (next >= 0 && next < Math.min(stop, limit + blockSize)) return next + 1;
  for (let i = limit; i > from; i--) if (/\s/.test(text[i - 1])) return i;
  return (text.charCodeAt(limit) & 0xfc00) === 0xdc00 ? limit + 1 : limit;
}

// piecesIn returns the spans of mentions within a block, clipped to it, by their
// starts and longer ones first, so that they nest. Mentions have spans in units.
export function piecesIn(block, mentions) {
  const out = [];
  for (const mention of mentions) {
    mention.spans.forEach((s, i) => {
      const start = Math.max(s.start, block.start), end = Math.min(s.end, block.end);
      if (start >= end) return;
      const last = i === mention.spans.length - 1 && end === s.end;
      out.push({ start, end, mention, last });
    });
  }
  return out.sort((a, b) => a.start - b.start || b.end - a.end);
}

// nest returns the tree of a block: an array of nodes, each a text { start, end } or
// a mark { mention, open, label, depth, children }. A mark that is open goes on in the mark
// after it; label tells that the mention ends here. left counts the mentions that are
// not marked, since too many others lie over them.
export function nest(block, mentions) {
  const root = { children: [], depth: 0 };
  const stack = [root]; // the open marks, the outermost first, below the root
  const pieces = [];    // those of the open marks
  let at = block.start, left = 0;
  const top = () => stack[stack.length - 1];
  const upTo = end => {
    if (end > at) top().children.push({ start: at, end });
    at = Math.max(at, end);
  };
  const open = piece => {
    const node = { mention: piece.mention, open: true, label: false, depth: 1, children: [] };
    top().children.push(node);
    stack.push(node);
    pieces.push(piece);
  };
  // closeFirst ends the marks that end first, at a place or before it.
  const closeFirst = place => {
    const end = Math.min(...pieces.map(p => p.end));
    if (!(end <= place)) return false;
    upTo(end);
    const first = pieces.findIndex(p => p.end === end);
    const inner = pieces.slice(first);
    inner.forEach((p, i) => {
      if (p.end !== end) return;
      stack[first + 1 + i].label = p.last;
      stack[first + 1 + i].open = !p.last;
    });
    stack.length = first + 1;
    pieces.length = first;
    inner.filter(p => p.end !== end).forEach(open);
    return true;
  };
  for (const piece of piecesIn(block, mentions)) {
    while (pieces.length && closeFirst(piece.start));
    if (pieces.length === mostMarks) { left++; continue; }
    upTo(piece.start);
    open(piece);
  }
  while (pieces.length && closeFirst(block.end));
  upTo(block.end);
  measure(root.children);
  return { children: root.children, left };
}

// measure sets the depth of each mark: how many marks lie inside of each other below
// its edge, itself included. It returns the greatest.
function measure(nodes) {
  let most = 0;
  for (const n of nodes) {
    if (!n.children) continue;
    n.depth = 1 + measure(n.children);
    most = Math.max(most, n.depth);
  }
  return most;
}
