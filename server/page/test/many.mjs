// Five hundred documents, and one of 200,000 characters with thousands of mentions.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
import { marks } from "./browser.mjs";

// made returns a result with a mention of lithium and tremor in each sentence.
function made(id, sentences, newline) {
  const sentence = "Lithium 𝛼 caused a coarse tremor in one of the patients of this group, as others say." + (newline ? "\n" : " ");
  const length = [...sentence].length;
  const entities = [];
  for (let i = 0; i < sentences; i++) {
    for (const [text, type, at] of [["Lithium", "chemical", 0], ["tremor", "disease", 26]]) {
      entities.push({ text, type, start: i * length + at, end: i * length + at + text.length, confidence: ((i * 37) % 100) / 100, grounded: true, normalized: text.toLowerCase(), links: [] });
    }
  }
  return JSON.stringify({
    schema: "medner/1", id, offsets: "unicode code points", text: sentence.repeat(sentences), entities, dropped: [], warnings: [], calibrated: true,
    relations: [{ type: "influences", chemical: "Lithium", disease: "tremor", confidence: 0.5, grounded: true }],
  });
}

export async function many(browser) {
  const file = path.join(browser.out, "many.jsonl");
  fs.writeFileSync(file, Array.from({ length: 500 }, (_, i) => made("article-" + (i + 1), 12, false)).join("\n") + "\n");
  let page = await browser.open();
  await browser.openFile(file, true);
  await page.waitForFunction(() => document.querySelectorAll(".doc-row").length === 500);
  await marks(page, "tremor").first().waitFor();
  await page.locator("#doc-head").getByText("1 of 500").waitFor();
  const timed = async (name, run) => { const start = performance.now(); await run(); console.log(`       ${name}: ${Math.round(performance.now() - start)} ms`); };
  const steps = browser.quick ? 20 : 100;
  await timed(steps + " documents on", async () => {
    for (let i = 0; i < steps; i++) await page.keyboard.press("]");
    await page.locator("#doc-head").getByText(`${steps + 1} of 500`).waitFor();
  });
  await timed("20 mentions accepted", async () => {
    for (let i = 0; i < 20; i++) { await page.keyboard.press("n"); await page.keyboard.press("a"); }
    await page.waitForFunction(() => document.querySelectorAll("mark.is-accepted").length === 20);
  });
  await page.getByLabel("Search documents").fill("article-49");
  await page.locator("#doc-list").getByText("11 of 500 documents shown").waitFor();
  await browser.saved();
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".doc-row").length === 500);
  await browser.leave();

  for (const newline of browser.quick ? [false] : [true, false]) {
    const long = path.join(browser.out, "long.jsonl");
    fs.writeFileSync(long, made("long", 2400, newline) + "\n");
    page = await browser.open();
    await timed("200,000 characters opened", async () => {
      await browser.openFile(long, true);
      await marks(page, "tremor").first().waitFor();
    });
    assert.equal(await page.locator("#text mark.m").count(), 4800);
    const few = browser.quick ? 10 : 50;
    await timed(few + " mentions on, each accepted", async () => {
      for (let i = 0; i < few; i++) { await page.keyboard.press("n"); await page.keyboard.press("a"); }
      await page.waitForFunction(n => document.querySelectorAll("mark.is-accepted").length === n, few);
    });
    await timed("all occurrences accepted", async () => {
      await page.keyboard.press("n");
      await page.keyboard.press("Shift+A");
      await page.waitForFunction(n => document.querySelectorAll("mark.is-accepted").length === 2400 + n / 2, few);
    });
    await timed("the slider moved by 30 steps", async () => {
      await page.locator("#least").focus();
      for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowRight");
      await page.locator("#filter output").getByText("0.30").waitFor();
    });
    await page.locator("#text mark.m:not(.off)").last().scrollIntoViewIfNeeded();
    await page.locator("#text mark.m:not(.off)").last().click();
    await page.locator("#inspector").getByText("2400 of 2400").waitFor();
    await browser.saved();
    await browser.leave();
  }
}
