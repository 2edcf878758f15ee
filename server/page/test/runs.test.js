import test from "node:test";
import assert from "node:assert/strict";
import { State } from "../js/state.js";
import { Runs } from "../js/runs.js";

test("documents that join a run are annotated with the options that they came with", async () => {
  globalThis.document = { baseURI: "http://server.test/" };
  globalThis.sessionStorage = { getItem: () => null };
  const asked = [];
  let begin;
  const begun = new Promise(resolve => { begin = resolve; });
  globalThis.fetch = async (url, { body }) => {
    const { documents, tasks } = JSON.parse(body);
    asked.push([tasks.join(), ...documents.map(d => d.id)]);
    await begun;
    return new Response(documents.map(d => JSON.stringify({ id: d.id, text: d.text, entities: [], relations: [] }) + "\n").join(""));
  };
  const state = new State(), runs = new Runs(state, () => {});
  const docs = ["a", "b", "c", "d"].map(id => ({ id, text: "Lithium." }));
  state.add(docs);
  const [a, b, c, d] = state.docs;
  const done = runs.start([a], { tasks: ["chemicals"] });
  runs.start([b, c], { tasks: ["diseases"] });
  runs.start([d], { tasks: ["chemicals"] });
  assert.deepEqual(runs.active.runs.map(r => r.name), ["Run 1: chemicals", "Run 2: diseases"]);
  assert.equal(runs.active.total, 4);
  begin();
  await done;
  assert.deepEqual(asked.sort(), [["chemicals", "a"], ["chemicals", "d"], ["diseases", "b", "c"]]);
  assert.deepEqual(state.docs.map(x => JSON.parse(x.run).tasks[0]), ["chemicals", "diseases", "diseases", "chemicals"]);
  assert.deepEqual(state.docs.map(x => x.asked.tasks[0]), ["chemicals", "diseases", "diseases", "chemicals"]);
  assert.equal(runs.running, false);
});
