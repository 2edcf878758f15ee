// Keeps the work in the browser, so that it survives a reload: documents with their
// results and edits in IndexedDB, preferences in localStorage. Nothing leaves this
// computer.

const databaseName = "medner-review", storeName = "documents";

// promised returns a promise of what an IndexedDB request brings.
const promised = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

export class Store {
  // Listeners: trouble(message) when something can't be kept, saved() when all is kept.
  constructor({ trouble, saved, factory = globalThis.indexedDB }) {
    Object.assign(this, { trouble, saved, factory });
    this.waiting = new Map(); // records by key that are not written yet; null: to be deleted
    this.writing = null;
    this.order = 0;
  }

  async open() {
    if (!this.factory) throw new Error("this browser keeps no data for this page");
    const request = this.factory.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: "key" });
    this.db = await promised(request);
    this.db.onversionchange = () => this.db.close();
  }

  // load returns the documents that were kept, in their order.
  async load() {
    const all = await promised(this.db.transaction(storeName).objectStore(storeName).getAll());
    all.sort((a, b) => a.order - b.order);
    this.order = all.length ? all.at(-1).order + 1 : 0;
    return all;
  }

  // keep writes a document soon. Changes in quick succession are written once.
  keep(doc) {
    doc.order ??= this.order++;
    this.waiting.set(doc.key, doc);
    this.write();
  }

  forget(doc) {
    this.waiting.set(doc.key, null);
    this.write();
  }

  // write writes what waits, until nothing does.
  write() {
    this.writing ??= this.flush().finally(() => { this.writing = null; });
    return this.writing;
  }

  async flush() {
    while (this.waiting.size) {
      const now = [...this.waiting];
      this.waiting.clear();
      if (!this.db) return;
      try {
        const transaction = this.db.transaction(storeName, "readwrite");
        const store = transaction.objectStore(storeName);
        for (const [key, doc] of now) doc ? store.put(record(doc)) : store.delete(key);
        await new Promise((resolve, reject) => {
          transaction.oncomplete = resolve;
          transaction.onabort = transaction.onerror = () => reject(transaction.error || new Error("the transaction was ended"));
        });
      } catch (error) {
        // They wait for the next change: there may be room by then.
        for (const [key, doc] of now) if (!this.waiting.has(key)) this.waiting.set(key, doc);
        this.trouble(error.name === "QuotaExceededError"
          ? "The browser's storage is full: the last changes are not kept. Export your work, then remove documents."
          : "The last changes could not be kept in this browser (" + error.message + "). Export your work before you close the page.");
        return;
      }
    }
    this.saved();
  }

  // clear deletes everything that the page has kept in this browser.
  async clear() {
    this.waiting.clear();
    await this.writing;
    if (this.db) {
      const transaction = this.db.transaction(storeName, "readwrite");
      await promised(transaction.objectStore(storeName).clear());
    }
    localStorage.clear();
    sessionStorage.clear();
  }
}

// record returns what is kept of a document: not what can be made anew.
export function record(doc) {
  const { view: _, ...kept } = doc;
  if (kept.state === "running") kept.state = "waiting";
  return kept;
}

// preference returns a choice that was made on this computer.
export function preference(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem("medner-" + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function setPreference(name, value) {
  try {
    localStorage.setItem("medner-" + name, JSON.stringify(value));
  } catch { /* a preference that is not kept is chosen again */ }
}
