import test from "node:test";
import assert from "node:assert/strict";
import { Store } from "../js/store.js";

// database returns a stand-in for IndexedDB that keeps rows, and refuses to write while
// full is true.
function database() {
  const db = { rows: new Map(), full: false };
  db.transaction = () => {
    const changes = [], transaction = {};
    const store = {
      put: row => changes.push(() => db.rows.set(row.key, row)),
      delete: key => changes.push(() => db.rows.delete(key)),
    };
    transaction.objectStore = () => store;
    setTimeout(() => {
      if (db.full) {
        transaction.error = Object.assign(new Error("full"), { name: "QuotaExceededError" });
        return transaction.onabort();
      }
      for (const change of changes) change();
      transaction.oncomplete();
    });
    return transaction;
  };
  return db;
}

test("what could not be kept is kept with the next change", async () => {
  const told = [];
  const store = new Store({ trouble: message => told.push(message), saved: () => told.push("saved"), factory: null });
  store.db = database();
  store.db.full = true;
  store.keep({ key: "a", text: "one" });
  await store.write();
  assert.match(told.join(), /storage is full/);
  assert.equal(store.db.rows.size, 0);
  store.db.full = false;
  store.keep({ key: "b", text: "two" });
  await store.write();
  assert.deepEqual([...store.db.rows.keys()].sort(), ["a", "b"]);
  assert.equal(told.at(-1), "saved");
});

test("a document that was removed meanwhile is not written again", async () => {
  const store = new Store({ trouble() {}, saved() {}, factory: null });
  store.db = database();
  store.db.full = true;
  store.keep({ key: "a", text: "one" });
  await store.write();
  store.db.full = false;
  store.forget({ key: "a" });
  await store.write();
  assert.equal(store.db.rows.size, 0);
});
