// A server with keys: the page asks for one, says when it was wrong, and forgets it with
// the tab.
import assert from "node:assert/strict";
import { check, loadAxe } from "./accessible.mjs";

export async function locked(browser) {
  if (!browser.locked) return;
  const kept = page => page.evaluate(() => [sessionStorage.length, JSON.stringify(localStorage).includes("key-of")]);
  let page = await browser.open({ at: browser.locked, dialog: true });
  const dialog = page.locator("#ask"), input = dialog.getByLabel("API key");
  await dialog.getByText("This server needs a key").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "api-key");
  assert.equal(await input.getAttribute("type"), "password");
  await browser.shot("key");

  // Neither nothing nor a wrong key is let through.
  await page.keyboard.press("Enter");
  assert.ok(await page.evaluate(() => document.getElementById("ask").open));
  await page.keyboard.type("key-of-nobody");
  await page.keyboard.press("Enter");
  await dialog.getByText("did not take the key").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "api-key");

  // Escape leaves the question; the page says what is missing, and asks anew.
  await page.keyboard.press("Escape");
  await page.locator(".banner").getByText("key").waitFor();
  assert.deepEqual(await kept(page), [0, false]);
  await page.getByRole("button", { name: "Try again" }).click();
  await dialog.getByText("This server needs a key").waitFor();
  await input.fill(" " + browser.lockedKey + " ");
  await dialog.getByRole("button", { name: "Use this key" }).click();
  await page.locator("html[data-ready]").waitFor();
  await page.getByText("Method for chemicals and diseases").or(page.getByText("Look for")).first().waitFor();
  assert.equal(await page.evaluate(() => document.getElementById("ask").open), false);

  // It serves the whole tab, after a reload too; not another one.
  await page.reload();
  await page.locator("html[data-ready]").waitFor();
  await page.locator("#paste").fill("Lithium caused tremor.");
  await page.getByRole("button", { name: "Annotate" }).click();
  await page.locator("#doc-head .doc-state.done").waitFor();
  assert.deepEqual(await kept(page), [1, false]);
  const other = await browser.context.newPage();
  await other.goto(browser.locked);
  await other.locator("#ask").getByText("This server needs a key").waitFor();
  await other.close();

  // The server's key changes while somebody works: requests share one question.
  await page.evaluate(() => sessionStorage.setItem("medner-api-key", "key-of-yesterday"));
  await page.locator("[data-view=add]").click();
  await page.locator("#paste").fill("Aspirin caused nausea.");
  await page.getByRole("button", { name: "Annotate" }).click();
  await dialog.getByText("did not take the key").waitFor();
  await input.fill(browser.lockedKey);
  await page.keyboard.press("Enter");
  await page.locator("#doc-head .doc-state.done").waitFor();
  await browser.leave("401");

  page = await browser.open({ at: browser.locked, dialog: true, bypassCSP: true });
  await page.locator("#ask[open]").waitFor();
  await loadAxe(page);
  await check(page, "the question for a key");
  await browser.leave("401");
}
