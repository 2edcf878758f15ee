import test from "node:test";
import assert from "node:assert/strict";
import { meaningOf } from "../js/reliability.js";
import { addressOf } from "../js/links.js";

const table = { corpus: "CDR", tasks: {
  chemicals: [{ low: 0, high: 0.5, count: 10, right: 2 }, { low: 0.5, high: 1, count: 90, right: 81 }],
  diseases: [{ low: 0, high: 0.5, count: 10, right: 4 }, { low: 0.5, high: 1, count: 10, right: 9 }],
  influences: [{ low: 0, high: 1, count: 2, right: 1 }],
} };

test("a confidence means the share that is right in its bin", () => {
  assert.equal(meaningOf(table, 0.7, "chemical"), "90 % of spans at this confidence are right on CDR");
  assert.equal(meaningOf(table, 1, "chemical"), "90 % of spans at this confidence are right on CDR");
  assert.equal(meaningOf(table, 0.2, ""), "30 % of spans at this confidence are right on CDR");
  assert.equal(meaningOf(table, 0.2, "relation"), "50 % of pairs at this confidence are right on CDR");
  assert.equal(meaningOf(table, 0.5, "disease", true), "90 % of spans at or above this confidence are right on CDR");
  assert.equal(meaningOf(null, 0.5), "");
  assert.equal(meaningOf({ corpus: "CDR", tasks: {} }, 0.5), "");
});

test("addresses are made for identifiers of known schemes alone", () => {
  assert.equal(addressOf("MESH:D008094"), "https://meshb.nlm.nih.gov/record/ui?ui=D008094");
  assert.equal(addressOf("javascript:alert(1)"), null);
  assert.equal(addressOf("CHEBI:1\"><script>"), null);
});
