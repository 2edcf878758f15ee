// Sends documents to the model, a few at a time, and brings the results to their
// documents as they come. A run is a set of options; a document keeps the result of
// each run that it was in. Documents that join while others are under way are annotated
// with the options that they came with.
import { annotate, ApiError } from "./api.js";
import { DONE, FAILED, RUNNING, WAITING } from "./state.js";
import { plural } from "./dom.js";

// A request takes documents of batchUnits characters in all, but at least one; atOnce
// requests are under way at the same time, so that the server's batch is never empty.
const batchUnits = 24000, mostDocuments = 16, atOnce = 2;

// mostTries bounds how often a request that the server was too busy for is sent.
const mostTries = 60;

export class Runs {
  constructor(state, say) {
    Object.assign(this, { state, say });
    this.list = []; // { id, name, options }
    this.active = null;
    this.controller = null;
    this.queue = []; // { doc, run }
  }

  // runOf returns the run with these options; a new one if there was none.
  runOf(options) {
    const id = JSON.stringify(options);
    const known = this.list.find(r => r.id === id);
    if (known) return known;
    const run = { id, name: "Run " + (this.list.length + 1) + ": " + describe(options), options };
    this.list.push(run);
    return run;
  }

  // restore lists the runs of documents that were kept.
  restore(docs) {
    for (const d of docs) for (const r of d.runs) if (r.options && !this.list.some(o => o.id === r.id)) this.list.push({ id: r.id, name: r.name, options: r.options });
  }

  get running() {
    return this.controller !== null;
  }

  // start annotates documents. Those without a result get this one to review; others
  // keep theirs, and get one to compare it with.
  async start(docs, options) {
    const run = this.runOf(options);
    const joins = this.running;
    if (!joins) {
      this.controller = new AbortController();
      this.active = { runs: [], total: 0, done: 0, failed: 0, note: "" };
    }
    if (!this.active.runs.includes(run)) this.active.runs.push(run);
    this.active.total += docs.length;
    this.queue.push(...docs.map(doc => ({ doc, run })));
    for (const d of docs) if (!d.result) this.state.change(d, { state: WAITING, error: "", asked: options });
    this.state.tell("run");
    if (joins) return;
    const { signal } = this.controller;
    await Promise.all(Array.from({ length: atOnce }, () => this.worker(signal)));
    const { done, failed } = this.active;
    this.controller = null;
    this.state.tell("run");
    this.say(signal.aborted ? `Stopped: ${plural(done, "document")} annotated.` : `${plural(done, "document")} annotated` + (failed ? `, ${failed} failed.` : "."));
  }

  cancel() {
    this.controller?.abort();
  }

  // take returns the next documents for a request, which are of one run. The document
  // that is shown goes first.
  take() {
    const shown = this.queue.findIndex(q => q.doc === this.state.current);
    if (shown > 0) this.queue.unshift(...this.queue.splice(shown, 1));
    const { run } = this.queue[0];
    const docs = [];
    for (let units = 0; this.queue[0]?.run === run && docs.length < mostDocuments; ) {
      units += this.queue[0].doc.text.length;
      if (docs.length && units > batchUnits) break;
      docs.push(this.queue.shift().doc);
    }
    return { docs, run };
  }

  async worker(signal) {
    while (this.queue.length && !signal.aborted) {
      const { docs, run } = this.take();
      for (const d of docs) if (!d.result) this.state.change(d, { state: RUNNING }, false);
      await this.send(docs, run, signal);
      this.state.tell("run");
    }
    if (signal.aborted) for (const { doc } of this.queue.splice(0)) this.settle(doc, {});
  }

  // send annotates the documents of one request. One that is refused since the server
  // is busy is sent again after the time that the server asks for.
  async send(docs, run, signal) {
    const open = new Set(docs);
    for (let tries = 1; open.size; tries++) {
      const left = docs.filter(d => open.has(d));
      try {
        for await (const { at, result, error } of annotate(left.map(d => ({ id: d.id, text: d.text })), run.options, signal)) {
          const doc = left[at];
          if (!doc || !open.delete(doc)) continue;
          this.settle(doc, { run, result, error });
        }
        for (const d of open) this.settle(d, { run, error: "The answer ended before this document was done." });
        return;
      } catch (error) {
        if (error.name === "AbortError" || signal.aborted) {
          for (const d of open) this.settle(d, {});
          return;
        }
        const busy = error instanceof ApiError && (error.status === 429 || error.status === 503);
        if (!busy || tries === mostTries) {
          for (const d of open) this.settle(d, { run, error: error.message });
          return;
        }
        this.active.note = "The server is busy; trying again.";
        this.state.tell("run");
        await pause((error.retryAfter || Math.min(tries, 10)) * 1000, signal);
        this.active.note = "";
      }
    }
  }

  // settle brings a result or an error to its document; neither, if the run was
  // stopped before it.
  settle(doc, { run, result, error }) {
    if (!run) {
      if (!doc.result) this.state.change(doc, { state: FAILED, error: "Stopped before it was annotated." });
      return;
    }
    if (error) {
      this.active.failed++;
      this.state.change(doc, doc.result ? { error } : { state: FAILED, error });
      return;
    }
    this.active.done++;
    const kept = { ...result, text: result.text ?? doc.text, id: doc.id };
    if (!kept.passages && doc.passages) kept.passages = doc.passages;
    const runs = [...doc.runs.filter(r => r.id !== run.id), { id: run.id, name: run.name, options: run.options, result: kept }];
    if (doc.result) this.state.change(doc, { runs });
    else this.state.change(doc, { runs, result: kept, run: run.id, state: DONE, error: "", text: kept.text });
  }
}

// pause waits, or until the run is stopped.
function pause(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

// describe names options for people.
export function describe(options) {
  const parts = [(options.tasks || []).join(", ")];
  for (const [name, value] of Object.entries(options)) {
    if (name !== "tasks" && value !== "" && value !== undefined) parts.push(name.replaceAll("_", " ") + " " + value);
  }
  return parts.filter(Boolean).join("; ");
}
