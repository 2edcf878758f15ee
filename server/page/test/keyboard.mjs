// The whole path once more, with the keyboard alone: a text in three scripts is pasted,
// annotated, corrected and exported.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";

const text = "😀 Akute Übelkeit nach Cisplatin.\nシスプラチン caused tremor and tremor again.";

// tabTo presses Tab until an element has the focus.
async function tabTo(page, what, selector) {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate(s => document.activeElement.matches(s), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not come to ${what}`);
}

export async function keyboardOnly(browser) {
  const page = await browser.open();
  const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); };
  const said = wanted => page.waitForFunction(w => document.getElementById("live").textContent.includes(w), wanted);
  const marked = (selector, wanted) => page.locator(selector, { hasText: wanted }).first().waitFor();

  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await press("Enter");
  await tabTo(page, "the text field", "#paste");
  await page.keyboard.insertText(text);
  await tabTo(page, "Annotate", ".add-main .primary");
  await press("Enter");
  await browser.annotated();
  await page.waitForFunction(() => document.querySelector("#doc-head .doc-state.done"));

  // What the model found is rejected, so that the rest is the same with any model.
  for (;;) {
    const open = await page.evaluate(() => document.querySelectorAll("#text mark.m:not(.is-rejected)").length);
    if (!open) break;
    await press("g", "Shift+X");
    await page.waitForFunction(n => document.querySelectorAll("#text mark.m:not(.is-rejected)").length < n, open);
  }

  // Find and add: Cisplatin; all places of tremor.
  await press("/");
  await page.keyboard.type("cisplatin");
  await press("Escape");
  await said("Found");
  await press("1");
  await marked("mark.added.chemical", "Cisplatin");
  await press("/");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("tremor");
  await press("Escape", "Shift+Digit2");
  await page.waitForFunction(() => document.querySelectorAll("mark.added.disease").length === 2);

  // A new span by words and characters, and another span for it.
  await press("Escape", "i");
  await said("New span: Akute");
  await press("Control+ArrowRight", "2");
  await marked("mark.added.disease", "Akute Übelkeit");
  await press("s", "Control+Shift+ArrowRight", "Enter");
  await said("The span is now: Übelkeit");
  await press("s", "ArrowLeft", "ArrowLeft", "ArrowRight", "Escape");
  await said("Left as it was");
  await marked("mark.added.disease", "Übelkeit");

  // A relation between two mentions; its ends light up.
  await press("r");
  await said("Relation from Übelkeit");
  await press("n");
  await marked("mark.sel", "Cisplatin");
  await press("r");
  await said("Added relation: Cisplatin influences Übelkeit");
  assert.equal(await page.locator("mark.lit").count(), 2);
  const rows = n => page.waitForFunction(want => document.querySelectorAll("#relations tbody tr").length === want, n);
  const count = await page.locator("#relations tbody tr").count();
  await press("u");
  await rows(count - 1);
  await press("Shift+U");
  await rows(count);
  await press("l");
  await page.waitForFunction(() => document.activeElement.matches("#relations tr"));

  // Occurrences, type, help.
  await press("Escape", "p");
  await marked("mark.sel", "tremor");
  const selected = () => page.evaluate(() => document.querySelector("mark.sel").dataset.uid);
  const before = await selected();
  await press("Shift+O");
  await marked("mark.sel", "tremor");
  assert.notEqual(await selected(), before);
  await press("1");
  await said("tremor is now a chemical");
  await press("Control+z");
  await said("Undone");
  await press("?");
  await page.locator("#help[open]").waitFor();
  await press("Escape");
  await press("d");
  await said("Reviewed");

  // Export as gold.
  await press("e");
  await page.locator("#export[open]").waitFor();
  await tabTo(page, "Download", "#export .primary");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  const file = path.join(browser.out, "keyboard.gold.PubTator");
  await download.saveAs(file);
  await page.locator("#export").getByText("Saved by your browser").waitFor();
  const points = [...text.replace("\n", " ")];
  const lines = fs.readFileSync(file, "utf8").trim().split("\n").map(l => l.split("\t")).filter(l => l.length >= 6);
  assert.deepEqual(lines.map(l => [l[3], l[4]]), [["Übelkeit", "Disease"], ["Cisplatin", "Chemical"], ["tremor", "Disease"], ["tremor", "Disease"]]);
  for (const [, start, end, mention] of lines) assert.equal(points.slice(+start, +end).join(""), mention);
  await browser.leave();
}
