// Every view and dialog through axe-core, light and dark, narrow and wide; nothing is
// wider than the screen.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import assert from "node:assert/strict";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// loadAxe brings axe-core to a page.
export const loadAxe = page => page.evaluate(axe);

// check verifies what a page shows.
export async function check(page, where) {
  const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const told = found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(a => a.message).join()).slice(0, 4).join(" | ")}`);
  assert.deepEqual(told, [], where);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${where}: ${over} px run off`);
}

export async function accessible(browser) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of browser.quick ? [colorScheme === "light" ? 320 : 1280] : [320, 1280]) {
      const at = `${colorScheme}, ${width} px: `;
      const page = await browser.open({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      await loadAxe(page);
      await check(page, at + "add");
      await browser.openFile(nested(browser.out), true);
      await page.locator("#text mark.m").first().waitFor();
      await check(page, at + "review");
      await page.keyboard.press("n");
      await page.keyboard.press("a");
      await page.keyboard.press("n");
      await page.keyboard.press("x");
      await page.keyboard.press("n");
      await page.locator("#notes summary").last().click();
      await check(page, at + "a mention is selected");
      await browser.shot(`nested-${colorScheme}-${width}`);
      await page.keyboard.press("s");
      await check(page, at + "a span is chosen");
      await page.keyboard.press("Escape");
      await page.keyboard.press("l");
      await check(page, at + "a relation is selected");
      await page.locator("#text mark.disease").last().hover();
      await check(page, at + "the pointer is on a mention");
      await page.keyboard.press("?");
      await check(page, at + "help");
      await page.keyboard.press("Escape");
      await page.locator("#open-export").click();
      await check(page, at + "export");
      await page.keyboard.press("Escape");
      await page.locator("[data-view=compare]").click();
      await check(page, at + "compare");
      await page.locator("#clear").click();
      await check(page, at + "clear all");
      await page.getByRole("button", { name: "Cancel" }).click();
      await browser.leave();
    }
  }
}

// nested writes a file with mentions that nest, cross and lack in the text.
function nested(out) {
  const text = "😀 Acute renal failure and hepatic toxicity after cisplatin-induced nephrotoxicity; عند المريض ارتعاش. 振戦 ist selten.";
  const at = (mention, type, confidence) => {
    const start = [...text.slice(0, text.indexOf(mention))].length;
    return { text: mention, type, start, end: start + [...mention].length, confidence, grounded: true, normalized: mention.toLowerCase(), links: [] };
  };
  const entities = [
    at("Acute renal failure", "disease", 0.93), at("renal failure", "disease", 0.61), at("failure and hepatic toxicity", "disease", 0.31), at("hepatic toxicity", "disease", 0.88),
    at("cisplatin-induced nephrotoxicity", "disease", 0.77), { ...at("cisplatin", "chemical", 0.99), links: [{ id: "MESH:D002945", name: "Cisplatin", method: "exact", score: 1 }] }, at("nephrotoxicity", "disease", 0.9),
    at("ارتعاش", "disease", 0.7), at("振戦", "symptom", 0.8), { text: "fever", type: "disease", start: null, end: null, confidence: 0.2, grounded: false, normalized: "fever", links: [] },
  ];
  const file = path.join(out, "nested.jsonl");
  fs.writeFileSync(file, JSON.stringify({
    schema: "medner/1", id: "nested", offsets: "unicode code points", text, entities, calibrated: true, warnings: ["the article has 2 windows"],
    relations: [{ type: "influences", chemical: "cisplatin", disease: "nephrotoxicity", confidence: 0.66, grounded: true }],
    dropped: [{ text: "saline", task: "chemicals", reason: "not in the article" }],
  }) + "\n");
  return file;
}
