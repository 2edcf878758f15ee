// Uses the page as curators do, in Chromium, on a server that runs already: with the
// mouse, with the keyboard alone, and through axe-core.
//
//   node e2e.mjs --url http://127.0.0.1:8080/ --gold sample.PubTator [--quick] [--locked URL --lockedKey KEY] [--out DIR] [--shots DIR]
//
// With --quick fewer steps, sizes and themes are tried. --locked is a server with keys, on
// which the question for one is tried. --out
// names a folder for the files that the page exports, --shots one for screenshots.
// Every wait is for a condition and may take minutes.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Browser } from "./browser.mjs";
import { curate } from "./curate.mjs";
import { keyboardOnly } from "./keyboard.mjs";
import { accessible } from "./accessible.mjs";
import { many } from "./many.mjs";
import { locked } from "./locked.mjs";
import { troubles } from "./troubles.mjs";

const { values } = parseArgs({ options: {
  url: { type: "string" }, gold: { type: "string" }, quick: { type: "boolean", default: false }, locked: { type: "string" }, lockedKey: { type: "string" }, out: { type: "string" }, shots: { type: "string" },
} });
const out = values.out || fs.mkdtempSync(path.join(process.env.TMPDIR || "/tmp", "medner-page-"));
fs.mkdirSync(out, { recursive: true });
const browser = await Browser.launch({ ...values, out });
let failed = false;
for (const part of [curate, keyboardOnly, many, troubles, locked, accessible]) {
  const start = performance.now();
  try {
    await part(browser);
    console.log(`ok     ${part.name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed = true;
    console.log(`FAILED ${part.name}: ${error.stack}`);
    await browser.shot(part.name + "-failed");
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
