// Checks pages that medner wrote in Chromium: nothing is wider than the screen, nothing is
// requested or refused by the page's policy, filters and keyboard work, the text is
// complete without scripts, and axe-core finds nothing. Needs Debian's chromium and, from
// npm, playwright-core and axe-core.
//
//   npm install --prefix .venv/pages playwright-core axe-core
//   node scripts/check_pages.mjs .venv/pages page.html …
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";
import fs from "node:fs";

const [modules, ...pages] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
let failures = 0;
const check = (page, what, ok, detail = "") => {
  if (!ok) failures++;
  console.log(`${ok ? "ok    " : "FAILED"} ${path.basename(page)}: ${what} ${detail}`);
};

async function open(file, options) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on("request", r => { if (r.url() !== pathToFileURL(file).href) trouble.push("request " + r.url().slice(0, 80)); });
  page.on("console", m => { if (m.type() === "error" || m.type() === "warning") trouble.push(m.text().slice(0, 200)); });
  page.on("pageerror", e => trouble.push(String(e).slice(0, 200)));
  const start = Date.now();
  await page.goto(pathToFileURL(file).href);
  return { context, page, trouble, ms: Date.now() - start };
}

for (const file of pages) {
  for (const width of [320, 390, 768, 1280]) {
    const { context, page, trouble, ms } = await open(file, { viewport: { width, height: 900 } });
    const over = await page.evaluate(() => {
      for (const e of document.querySelectorAll("article")) e.style.contentVisibility = "visible";
      return document.documentElement.scrollWidth - innerWidth;
    });
    check(file, `${width} px: nothing runs off`, over <= 0, `(${over} px over, loaded in ${ms} ms)`);
    check(file, `${width} px: no request, no error`, trouble.length === 0, trouble.join("; "));
    await context.close();
  }

  const filtered = await open(file, { viewport: { width: 1280, height: 900 } });
  const { page } = filtered;
  if (await page.locator("#filters").count()) {
    check(file, "filters are shown", await page.locator("#filters").isVisible());
    const count = () => page.evaluate(() => +document.querySelector("[role=status]").textContent.split(" ")[0]);
    const frame = () => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    const all = await count();
    if (await page.locator("[name=least]").count()) {
      await page.locator("[name=least]").focus();
      const start = Date.now();
      for (let i = 0; i < 16; i++) await page.keyboard.press("ArrowRight");
      await frame();
      const some = await count();
      check(file, "the slider filters, by keyboard", some < all, `(${some} of ${all} above 0.80, ${Date.now() - start} ms for 16 steps)`);
      check(file, "rows and marks agree", await page.evaluate(() => [...document.querySelectorAll("main [data-c]")].every(e => e.classList.contains("off") === (+e.dataset.c < 80))));
    }
    await page.locator("button[type=reset]").click();
    await frame();
    check(file, "all is shown again", await count() === all);
    const box = page.locator("[name=type]").first();
    const type = await box.getAttribute("value");
    await box.focus();
    await page.keyboard.press("Space");
    await frame();
    check(file, `without ${type}`, await page.evaluate(t => [...document.querySelectorAll("main [data-t]")].every(e => e.classList.contains("off") === (e.dataset.t === t)), type));
    await page.keyboard.press("Space");
    if (await page.locator(".list").count()) {
      const links = await page.evaluate(() => [...document.querySelectorAll(".list a")].every(a => document.getElementById(a.hash.slice(1))));
      check(file, "each line of the contents leads to a document", links);
    }
  }
  await filtered.context.close();

  const fresh = await open(file, { viewport: { width: 390, height: 900 } });
  await fresh.page.keyboard.press("Tab");
  check(file, "the first Tab skips", await fresh.page.evaluate(() => document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().left >= 0));
  await fresh.page.keyboard.press("Enter");
  check(file, "to the contents", await fresh.page.evaluate(() => location.hash === "#contents" && document.activeElement.id === "contents"));
  await fresh.context.close();

  const plain = await open(file, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  check(file, "without scripts: documents, and no filters", await plain.page.locator("article").first().isVisible() && !await plain.page.locator("#filters").isVisible().catch(() => false));
  await plain.context.close();

  if (fs.statSync(file).size < 1 << 20) {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [390, 1280]) {
        const { context, page } = await open(file, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        await page.evaluate(axe);
        const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
        check(file, `axe, ${colorScheme}, ${width} px`, found.violations.length === 0,
          found.violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 120)} ${v.nodes[0].any.map(a => a.message).join()}`).join("; "));
        await context.close();
      }
    }
  }
}
await browser.close();
console.log(failures ? `${failures} checks failed` : "all checks passed");
process.exit(failures ? 1 : 0);
