// Talks to the server that the page came from, and to nobody else. Addresses are
// relative to the page's, so that it may stand below a path of a proxy.

// ApiError is what the server answered instead of a result.
export class ApiError extends Error {
  constructor(message, status, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter; // seconds; 0 if the server named none
  }
}

const keyName = "medner-api-key";

// key returns the API key of this tab's session, "" if there is none.
export const key = () => sessionStorage.getItem(keyName) || "";

// setKey keeps a key until the tab is closed.
export function setKey(value) {
  if (value) sessionStorage.setItem(keyName, value);
  else sessionStorage.removeItem(keyName);
}

// askForKey is called when the server asks for a key; it resolves to whether there is
// a new one. The page sets it.
let askForKey = async () => false;
export const onKeyNeeded = ask => { askForKey = ask; };

// request sends a request and returns the response if its status is a good one. Where
// the server wants a key it asks for one and tries again.
export async function request(path, { method = "POST", headers = {}, body, signal } = {}) {
  for (;;) {
    const sent = key();
    const auth = sent ? { Authorization: "Bearer " + sent } : {};
    let response;
    try {
      response = await fetch(new URL(path, document.baseURI), { method, headers: { ...headers, ...auth }, body, signal, credentials: "same-origin", referrerPolicy: "no-referrer" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError("The server can't be reached. Is it running, and is this computer connected?", 0);
    }
    if (response.ok) return response;
    if (response.status === 401 && (key() !== sent || await askForKey(sent !== ""))) continue;
    throw new ApiError(await messageOf(response), response.status, +response.headers.get("Retry-After") || 0);
  }
}

// messageOf returns what a response says went wrong.
async function messageOf(response) {
  const text = (await response.text().catch(() => "")).slice(0, 4000);
  try {
    const body = JSON.parse(text);
    return body.error?.message || body.message || text;
  } catch {
    return text.trim() || `The server answered ${response.status} ${response.statusText}`;
  }
}

// lines delivers the lines of a response as they come.
export async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      const parts = (rest + (value || "")).split("\n");
      rest = parts.pop();
      for (const line of parts) if (line.trim()) yield line;
      if (done) break;
    }
    if (rest.trim()) yield rest;
  } finally {
    reader.cancel().catch(() => {});
  }
}

// offers returns what the server offers: formats, tasks, methods, terminologies, and
// how reliable confidences are.
export const offers = async () => (await request("v1/ner/options", { method: "GET" })).json();

const ndjson = "application/x-ndjson";

// read turns the content of a file into documents as results: the server recognises
// the format. Annotations that don't fit their text are mended or left out; warnings
// tell so. failures tells which documents could not be read.
export async function read(name, body, signal) {
  const headers = { "Content-Type": "application/octet-stream", Accept: ndjson };
  const response = await request("v1/convert?with_text=true&notes=true&lenient=true&name=" + encodeURIComponent(name), { headers, body, signal });
  const out = { documents: [], warnings: [], failures: [] };
  for await (const line of lines(response)) {
    const object = JSON.parse(line);
    if (object.error) out.failures.push(object.error.message);
    else if (object.notes) out.warnings.push(...object.notes);
    else out.documents.push(object);
  }
  return out;
}

// write turns results into a file of a format, and tells which documents the format
// can't hold.
export async function write(results, to, signal) {
  const body = results.map(r => JSON.stringify(r) + "\n").join("");
  const response = await request("v1/convert?with_text=true&format=" + encodeURIComponent(to), { headers: { "Content-Type": ndjson }, body, signal });
  const failed = JSON.parse(response.headers.get("Medner-Errors") || "[]");
  return { blob: await response.blob(), warnings: failed.map(f => f.message) };
}

// annotate sends documents { id, text } and delivers { at, result } or { at, error }
// for each as it is done; at is the document's index.
export async function* annotate(documents, options, signal) {
  const response = await request("v1/ner", {
    headers: { "Content-Type": "application/json", Accept: ndjson },
    body: JSON.stringify({ documents, ...options, with_text: true }), signal,
  });
  let at = 0;
  for await (const line of lines(response)) {
    const object = JSON.parse(line);
    if (object.error && !("id" in object)) throw new ApiError(object.error.message, 0); // the answer broke off
    yield object.error ? { at, error: object.error.message } : { at, result: object };
    at++;
  }
}
