import test from "node:test";
import assert from "node:assert/strict";
import { meaningOf } from "../js/reliability.js";
import { addressOf } from "../js/links.js";

const calibration = { data: "the first 100 test articles of the BioCreative V CDR corpus", tasks: {
  chemicals: [{ observed: 0.4, count: 50 }, { observed: 0.9, count: 150 }],
  diseases: [{ observed: 0.5, count: 100 }, { observed: 0.8, count: 100 }],
  influences: [{ observed: 0.6, count: 20 }],
} };

test("a calibrated confidence is the share that is right", () => {
  assert.equal(meaningOf(calibration, 0.82, "chemical"), "82 % of spans at this confidence are right on CDR");
  assert.equal(meaningOf(calibration, 0.6, "relation"), "60 % of pairs at this confidence are right on CDR");
  assert.equal(meaningOf({ ...calibration, data: "our ward's notes" }, 0.5), "50 % of spans at this confidence are right on our ward's notes");
});

test("above a confidence the blocks count by their items", () => {
  assert.equal(meaningOf(calibration, 0.7, "", true), "86 % of spans at or above this confidence are right on CDR; they are 63 % of all");
  assert.equal(meaningOf(calibration, 0.8, "disease", true), "80 % of spans at or above this confidence are right on CDR; they are 50 % of all");
  assert.equal(meaningOf(calibration, 0.95, "", true), "no spans had this confidence on CDR");
});

test("without a calibration, or for types that it lacks, nothing is said", () => {
  assert.equal(meaningOf(null, 0.5), "");
  assert.equal(meaningOf({ data: "x", tasks: {} }, 0.5, "chemical"), "");
});

test("addresses are made for identifiers of known schemes alone", () => {
  assert.equal(addressOf("MESH:D008094"), "https://meshb.nlm.nih.gov/record/ui?ui=D008094");
  assert.equal(addressOf("javascript:alert(1)"), null);
  assert.equal(addressOf("CHEBI:1\"><script>"), null);
});
