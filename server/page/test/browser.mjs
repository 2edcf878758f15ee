// A browser whose pages are watched: a request to elsewhere, an error, or anything that
// the policy refuses makes a part of the test fail.
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const patience = +(process.env.PATIENCE || 300) * 1000; // ms

export class Browser {
  static async launch(options) {
    const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
    const chrome = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
    return Object.assign(new Browser(), options, { chrome, trouble: [] });
  }

  // open returns a new page, in a context without anything kept, that is ready; or, with
  // dialog true, that asks for a key. It is that of this.url, or of at.
  async open({ at = this.url, dialog = false, ...options } = {}) {
    await this.leave();
    this.context = await this.chrome.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
    this.context.setDefaultTimeout(patience);
    const page = await this.context.newPage();
    this.page = page;
    const origin = new URL(at).origin;
    page.on("request", r => { if (!r.url().startsWith(origin + "/") && !r.url().startsWith("blob:" + origin)) this.trouble.push("request " + r.url().slice(0, 100)); });
    page.on("console", m => { if (m.type() === "error" || m.type() === "warning") this.trouble.push(m.text().slice(0, 300)); });
    page.on("pageerror", e => this.trouble.push(String(e.stack).slice(0, 500)));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", e => console.error("policy: " + e.violatedDirective + " " + e.blockedURI)));
    await page.goto(at);
    if (dialog) return page;
    await page.locator("html[data-ready]").waitFor();
    return page;
  }

  // leave closes the page; nothing must have gone wrong on it, but for what the test
  // expects.
  async leave(...expected) {
    if (!this.context) return;
    await this.context.close();
    this.context = null;
    const found = this.trouble.filter(t => !expected.some(e => t.includes(e)));
    this.trouble = [];
    assert.deepEqual(found, []);
  }

  // keep makes the page open files with their annotations, without the model.
  async openFile(name, keep) {
    await this.page.getByLabel("Keep the annotations").setChecked(keep);
    await this.page.locator("#files").setInputFiles(name);
    await this.page.locator("#view-review").waitFor();
  }

  // exported exports in a format and returns the path of the file that the browser saved.
  async exported(format, { which = "all", items = "kept", told } = {}) {
    const { page } = this;
    await page.locator("#open-export").click();
    const dialog = page.locator("#export");
    await dialog.locator("#export-format").selectOption(format);
    // Formats with a file for each document take this one.
    if (await dialog.locator("#export-documents").isEnabled()) await dialog.locator("#export-documents").selectOption(which);
    await dialog.locator("#export-items").selectOption(items);
    const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
    const file = path.join(this.out, download.suggestedFilename());
    await download.saveAs(file);
    await dialog.getByText("Saved by your browser").waitFor();
    if (told) await dialog.getByText(told).waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    assert.ok(fs.statSync(file).size > 0, file);
    return file;
  }

  // saved waits until the page has kept everything.
  async saved() {
    await this.page.waitForFunction(() => document.getElementById("saved").textContent === "Saved on this computer");
  }

  // idle waits until no document waits for the model.
  async annotated() {
    await this.page.waitForFunction(() => !document.querySelector("#run progress"), null, { timeout: patience });
  }

  async shot(name) {
    if (this.shots && this.page && this.context) await this.page.screenshot({ path: path.join(this.shots, name + ".png") });
  }

  async close() {
    await this.chrome.close();
  }
}

// markOf returns the marks of the mentions with a text.
export const marks = (page, text) => page.locator("#text mark.m:not(.off)").filter({ hasText: text });

// select drags the mouse over a piece of the text. It is found by its characters, in
// text nodes that are no labels.
export async function drag(page, words) {
  const box = await page.evaluate(wanted => {
    const walker = document.createTreeWalker(document.getElementById("text"), NodeFilter.SHOW_TEXT, n => (n.parentElement.closest(".label") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    let text = "";
    const nodes = [];
    while (walker.nextNode()) { nodes.push([text.length, walker.currentNode]); text += walker.currentNode.data; }
    const at = text.indexOf(wanted);
    if (at < 0) throw new Error("there is no " + wanted);
    const place = offset => { const [start, node] = nodes.findLast(([s, n]) => s <= offset && offset <= s + n.length); return [node, offset - start]; };
    const range = document.createRange();
    range.setStart(...place(at));
    range.setEnd(...place(at + wanted.length));
    range.startContainer.parentElement.scrollIntoView({ block: "center" });
    const rects = [...range.getClientRects()].filter(r => r.width > 0);
    return { x1: rects[0].left, y1: rects[0].top + rects[0].height / 2, x2: rects.at(-1).right, y2: rects.at(-1).top + rects.at(-1).height / 2 };
  }, words);
  await page.mouse.move(box.x1 + 0.5, box.y1);
  await page.mouse.down();
  await page.mouse.move(box.x2 - 0.5, box.y2, { steps: 4 });
  await page.mouse.up();
  await page.locator("#spanbar").getByText(words).waitFor();
}
