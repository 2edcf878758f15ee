// What goes wrong: no connection, a file that can't be read, a full storage, a stopped
// run, and clearing everything.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";

export async function troubles(browser) {
  let page = await browser.open();
  await browser.context.setOffline(true);
  await page.locator("#paste").fill("Lithium caused tremor.");
  await page.getByRole("button", { name: "Annotate" }).click();
  await page.locator("#doc-head").getByText("can't be reached").waitFor();
  await browser.shot("offline");
  await browser.context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("#doc-head .doc-state.done").waitFor();

  // Of two files one is none that medner reads.
  const bad = path.join(browser.out, "bad.pdf"), good = path.join(browser.out, "good.txt");
  fs.writeFileSync(bad, "%PDF-1.7\n");
  fs.writeFileSync(good, "Aspirin caused nausea.\n");
  await page.locator("[data-view=add]").click();
  await page.locator("#files").setInputFiles([bad, good]);
  await page.locator(".banner", { hasText: "bad.pdf" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".doc-row").length === 2);
  await browser.annotated();

  // A storage that is full is told of.
  await page.evaluate(() => { IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); }; });
  await page.getByRole("button", { name: "Mark as reviewed" }).click();
  await page.locator(".banner", { hasText: "storage is full" }).waitFor();

  // Nothing is left after clearing.
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".doc-row").length === 2);
  await page.locator("#clear").click();
  await page.locator("#ask").getByRole("button", { name: "Clear all" }).click();
  await page.waitForFunction(() => document.documentElement.dataset.ready && !document.querySelector(".doc-row"));
  const left = await page.evaluate(async () => {
    const db = await new Promise(resolve => { const r = indexedDB.open("medner-review"); r.onsuccess = () => resolve(r.result); });
    const all = await new Promise(resolve => { const r = db.transaction("documents").objectStore("documents").getAll(); r.onsuccess = () => resolve(r.result); });
    return [all.length, localStorage.length, sessionStorage.length];
  });
  assert.deepEqual(left, [0, 0, 0]);
  await browser.leave("ERR_INTERNET_DISCONNECTED", "400");

  // Markup in a document stays text.
  page = await browser.open();
  await page.locator("#paste").fill("<img src=x onerror=alert(1)> <script>alert(2)</script> Lithium");
  await page.getByLabel("Name").fill("<b>x</b>");
  await page.getByRole("button", { name: "Annotate" }).click();
  await page.locator("#doc-head .doc-state.done").waitFor();
  assert.equal(await page.locator("#main img, #main script, #main b:has-text('x')").count(), 0);
  await page.locator("h2", { hasText: "<b>x</b>" }).waitFor();
  await browser.leave();
}
