// Says what a confidence means, by the calibration that confidences were made with:
// blocks of items of which a share was right on a corpus.

// taskOfType names the tasks of the calibration by types.
const taskOfType = { chemical: "chemicals", disease: "diseases", relation: "influences" };

// meaningOf returns a sentence such as "83 % of spans at this confidence are right on
// CDR", of the type's task, or of both tasks for mentions where the type is "". If
// above is true, it tells about all confidences from there on. It is "" where the
// calibration says nothing: confidences are scores then.
export function meaningOf(calibration, confidence, type = "", above = false) {
  const blocks = blocksOf(calibration, taskOfType[type]);
  if (!blocks.length) return "";
  const what = type === "relation" ? "pairs" : "spans";
  const corpus = corpusOf(calibration.data);
  if (!above) return `${Math.round(100 * confidence)} % of ${what} at this confidence are right on ${corpus}`;
  // A confidence is the share of its block, so that rounding must not leave it out.
  const from = blocks.filter(b => b.observed >= confidence - 0.005);
  const all = from.reduce((n, b) => n + b.count, 0), total = blocks.reduce((n, b) => n + b.count, 0);
  if (!all) return `no ${what} had this confidence on ${corpus}`;
  const right = from.reduce((n, b) => n + b.count * b.observed, 0);
  return `${Math.round((100 * right) / all)} % of ${what} at or above this confidence are right on ${corpus}; they are ${Math.round((100 * all) / total)} % of all`;
}

// blocksOf returns the blocks of a task, or those of all tasks for mentions.
function blocksOf(calibration, task) {
  if (!calibration?.tasks) return [];
  if (task) return calibration.tasks[task] || [];
  return ["chemicals", "diseases"].flatMap(name => calibration.tasks[name] || []);
}

// corpusOf returns the short name of the corpus that a calibration was fitted to.
function corpusOf(data) {
  return /\bCDR\b/.test(data || "") ? "CDR" : data || "the calibration’s corpus";
}
