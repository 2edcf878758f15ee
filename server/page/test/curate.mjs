// The path of a curator with the mouse: open, decide, correct, reload, export, run again,
// compare.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
import { drag, marks } from "./browser.mjs";

export async function curate(browser) {
  const page = await browser.open();
  await browser.shot("add");
  await browser.openFile(browser.gold, true);
  const rows = page.locator(".doc-row");
  await rows.nth(11).waitFor();
  assert.equal(await rows.count(), 12);
  await marks(page, "hypotension").first().waitFor();

  // Decide.
  await marks(page, "hypotension").first().click();
  const inspector = page.locator("#inspector");
  await inspector.getByText("D007022").waitFor();
  await inspector.getByRole("button", { name: "Accept", exact: true }).click();
  await page.locator("mark.is-accepted", { hasText: "hypotension" }).waitFor();
  await marks(page, "IDM").click();
  await inspector.getByRole("button", { name: "Reject", exact: true }).click();
  await page.locator("mark.is-rejected", { hasText: "IDM" }).waitFor();
  await marks(page, "sodium").first().click();
  await inspector.getByText("Occurrence 1 of 4").waitFor();
  await inspector.getByRole("button", { name: "Next occurrence" }).click();
  await inspector.getByText("Occurrence 2 of 4").waitFor();
  await inspector.getByRole("button", { name: "Accept all 4" }).click();
  assert.equal(await page.locator("mark.is-accepted", { hasText: "sodium" }).count(), 4);

  // Another type, and back.
  await marks(page, "angiotensin").click();
  await inspector.getByLabel("Type").selectOption("disease");
  await page.locator("mark.disease", { hasText: "angiotensin" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator("mark.chemical", { hasText: "angiotensin" }).waitFor();
  await page.getByRole("button", { name: "Redo" }).click();
  await page.locator("mark.disease", { hasText: "angiotensin" }).waitFor();

  // Another span, and a mention that was missed.
  await drag(page, "renin-angiotensin");
  await page.locator("#spanbar").getByRole("button", { name: "Span of the selected" }).click();
  await inspector.getByText("span and type, was “angiotensin”, was chemical").waitFor();
  await drag(page, "blood pressure fell");
  await page.locator("#spanbar").getByRole("button", { name: "Disease" }).click();
  await page.locator("mark.added", { hasText: "blood pressure fell" }).waitFor();
  await browser.shot("review");

  // Relations: the ends of a focused one light up; one is added.
  const relations = page.locator("#relations tbody tr");
  await relations.first().click();
  await page.locator("mark.lit", { hasText: "hypotension" }).waitFor();
  assert.ok(await page.locator("mark.lit", { hasText: /indomethacin/i }).count() >= 4);
  assert.equal(await page.locator("mark.lit", { hasText: "sodium" }).count(), 0);
  await page.getByText("Add a relation").click();
  await page.locator("#relations").getByLabel("Chemical").selectOption("sodium");
  await page.locator("#relations").getByLabel("Disease").selectOption("blood pressure fell");
  await page.locator("#relations").getByRole("button", { name: "Add", exact: true }).click();
  await relations.nth(1).waitFor();

  // A mention gets the other type: its relation is marked, left out of exports, and comes
  // back with the type.
  await marks(page, "hypotension").first().click();
  await inspector.getByLabel("Type").selectOption("chemical");
  await page.waitForFunction(() => document.getElementById("live").textContent.includes("1 relation no longer fits its mentions"));
  await page.locator("#relations").getByText("A relation does not fit its mentions").waitFor();
  await relations.first().getByText("is a chemical now").waitFor();
  await relations.first().click();
  await inspector.getByText("This relation does not fit its mentions: “hypotension” is a chemical now").waitFor();
  await browser.shot("unfit");
  const without = fs.readFileSync(await browser.exported("jsonl", { which: "this", told: "1 relation left out" }), "utf8");
  assert.equal(JSON.parse(without).relations.length, 1);
  assert.ok(JSON.parse(without).dropped.some(d => d.reason === "“hypotension” is a chemical now"));
  await page.locator("#relations").getByRole("button", { name: "Reject it" }).click();
  await page.locator("#relations tr.rejected").waitFor();
  await page.locator("#relations").getByText("does not fit").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator("mark.disease", { hasText: "hypotension" }).first().waitFor();
  await page.locator("#relations").getByText("does not fit").waitFor({ state: "hidden" });

  // The filter leaves rejected ones alone when it shows them only.
  await page.locator("#filter").getByLabel("State").selectOption("rejected");
  assert.equal(await page.locator("mark.m:not(.off)").count(), 1);
  await page.locator("#filter").getByLabel("State").selectOption("all");
  await page.getByRole("button", { name: "Mark as reviewed" }).click();
  await page.locator("#doc-head").getByText("2 of 12").waitFor();

  // All is there after a reload.
  await browser.saved();
  await page.reload();
  await page.locator("html[data-ready]").waitFor();
  await page.locator("#doc-head").getByText("2 of 12").waitFor();
  await rows.first().click();
  await page.locator("mark.added", { hasText: "blood pressure fell" }).waitFor();
  assert.equal(await page.locator("mark.is-accepted", { hasText: "sodium" }).count(), 4);
  assert.equal(await relations.count(), 2);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#relations tbody tr").length === 1);
  await page.getByRole("button", { name: "Redo" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#relations tbody tr").length === 2);

  // Every format; gold has types as medner eval reads them.
  const gold = await browser.exported("gold");
  const text = fs.readFileSync(gold, "utf8");
  assert.match(text, /^439781\t\d+\t\d+\tblood pressure fell\tDisease\t/m);
  assert.match(text, /^439781\t21\t32\thypotension\tDisease\tD007022$/m);
  assert.doesNotMatch(text, /\tIDM\t/);
  fs.copyFileSync(gold, path.join(browser.out, "reviewed.gold.PubTator"));
  for (const format of ["jsonl", "json", "pubtator", "bioc-xml", "bioc-json", "brat", "displacy", "tsv", "csv", "parquet", "conll", "xmi", "cas-json", "html", "text"]) await browser.exported(format, { which: "this" });
  const accepted = await browser.exported("jsonl", { which: "this", items: "accepted" });
  const result = JSON.parse(fs.readFileSync(accepted, "utf8"));
  assert.deepEqual(result.entities.map(e => e.text), ["hypotension", "sodium", "sodium", "blood pressure fell", "sodium", "renin-angiotensin", "sodium"]);
  assert.ok(result.dropped.some(d => d.text === "IDM" && d.reason === "rejected in review"));

  // Run again, with the model, and compare.
  await page.locator("[data-view=add]").click();
  await page.getByRole("button", { name: "Run again on all documents" }).click();
  await page.locator("[data-view=review][aria-current]").waitFor();
  await browser.annotated();
  await page.locator("[data-view=compare]").click();
  const compare = page.locator("#view-compare");
  await compare.getByLabel("Before").selectOption({ index: 1 });
  await compare.getByLabel("After").selectOption({ index: 0 });
  await compare.getByText(/\d+ the same/).waitFor();
  const difference = compare.locator("details", { hasText: "439781" });
  if (!await difference.evaluate(d => d.open)) await difference.locator("summary").click();
  await difference.getByText("blood pressure fell").first().waitFor();
  await browser.shot("compare");
  await compare.locator("#compare-file").setInputFiles(accepted);
  await page.waitForFunction(name => [...document.querySelectorAll("#view-compare option")].some(o => o.textContent.includes(name)), path.basename(accepted));
  await browser.leave();
}
