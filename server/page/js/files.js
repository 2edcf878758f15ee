// Reads files: the server recognises their formats.
import { read } from "./api.js";
import { plural } from "./dom.js";

// openFiles returns the documents of files and what went wrong with them. With
// annotated true, documents keep the annotations of their files as a result to review.
export async function openFiles(files, annotated) {
  const documents = [], problems = [];
  for (const file of files) {
    try {
      const { documents: results, warnings, failures } = await read(file.name, file);
      for (const r of results) documents.push(documentOf(r, file.name, annotated));
      if (failures.length) problems.push(`${file.name}: ${plural(failures.length, "document")} could not be read: ${failures.slice(0, 3).join("; ")}${failures.length > 3 ? "; …" : ""}`);
      if (annotated && warnings.length) problems.push(`${file.name}: ${warnings.slice(0, 5).join("; ")}`);
    } catch (error) {
      problems.push(`${file.name}: ${error.message}`);
    }
  }
  return { documents, problems };
}

// documentOf returns a document of the page, made of a result that the server read.
export function documentOf(r, source, annotated) {
  const doc = { id: r.id, text: r.text ?? "", passages: r.passages, source };
  if (annotated) {
    const run = "file " + source;
    doc.result = { ...r, text: doc.text };
    doc.run = run;
    doc.runs = [{ id: run, name: "File " + source, result: doc.result }];
  }
  return doc;
}
