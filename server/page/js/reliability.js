// Says what a confidence means, by the table that the calibration was measured with.

// taskOfType names the tasks of the table by types.
const taskOfType = { chemical: "chemicals", disease: "diseases", relation: "influences", influences: "influences" };

// meaningOf returns a sentence such as "93 % of spans at this confidence are right on
// CDR", of the table of the type's task, or of all; "" if the table says nothing. If
// above is true, it tells about all confidences from there on.
export function meaningOf(table, confidence, type = "", above = false) {
  const bins = binsOf(table, taskOfType[type] || "");
  const use = bins.filter(b => (above ? b.high > confidence : b.low <= confidence && (confidence < b.high || (confidence === 1 && b.high >= 1))));
  const count = use.reduce((n, b) => n + b.count, 0);
  if (!count) return "";
  const right = use.reduce((n, b) => n + b.right, 0);
  const share = Math.round((100 * right) / count);
  const what = type === "relation" || type === "influences" ? "pairs" : "spans";
  return `${share} % of ${what} at ${above ? "or above " : ""}this confidence are right on ${table.corpus}`;
}

// binsOf returns the bins { low, high, count, right } of a task, or those of all
// tasks for mentions.
function binsOf(table, task) {
  if (!table?.tasks) return [];
  if (task) return table.tasks[task] || [];
  return Object.entries(table.tasks).filter(([name]) => name !== "influences").flatMap(([, bins]) => bins);
}
