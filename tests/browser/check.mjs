// Looks at reports in the system's Chromium: node check.mjs FOLDER PAGE... ; FOLDER takes the screenshots.
// Every page is looked at wide and narrow, light and dark, printed, and without script; axe-core judges it; the list is
// sorted and filtered; nothing may be loaded, violate the policy or be logged. Prints what it measured as JSON; what is
// wrong goes to standard error, a line each, with exit code 1.

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [folder, ...pages] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const wrong = [];
const measured = {};

// A folder of its own for the profile is made, and removed, by playwright.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const views = [
  { name: "desktop", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "phone", viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
];

async function open(file, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const url = pathToFileURL(resolve(file)).href;
  const say = (what) => wrong.push(`${basename(file)}: ${what}`);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) say(`console: ${message.text()}`); });
  page.on("pageerror", (error) => say(`script: ${error.message}`));
  page.on("request", (request) => { if (request.url().split("#")[0] !== url) say(`loads ${request.url()}`); });
  page.on("dialog", (dialog) => { say(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const before = Date.now();
  await page.goto(url, { waitUntil: "load" });
  const loaded_ms = Date.now() - before;
  return { context, page, say, loaded_ms };
}

for (const file of pages) {
  const name = basename(file, ".html");
  for (const view of views) {
    const { context, page, say, loaded_ms } = await open(file, view);
    const paint = await page.evaluate(() => new Promise((done) => {
      new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => done(entry.startTime)))
        .observe({ type: "paint", buffered: true });
    }));
    measured[`${name} ${view.name}`] = { first_paint_ms: Math.round(paint), loaded_ms };
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) say(`${view.name}: the page is ${overflow} px wider than the window`);
    const foreign = await page.evaluate(() => ({
      scripts: document.scripts.length,
      others: document.querySelectorAll("img, iframe, object, embed, link, [onclick], [onload], [onerror], [style]").length,
      broken: globalThis.hacked !== undefined,
      violations: globalThis.violations,
    }));
    if (foreign.scripts !== 1 || foreign.others !== 0 || foreign.broken) say(`something got in: ${JSON.stringify(foreign)}`);
    await page.screenshot({ path: join(folder, `${name}-${view.name}.png`) });
    if (!name.includes("large")) {
      await page.screenshot({ path: join(folder, `${name}-${view.name}-all.png`), fullPage: true });
      await page.evaluate(axeSource);
      const result = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      if (result.passes.length < 20) say(`${view.name}: axe ran only ${result.passes.length} checks`);
      for (const violation of result.violations) {
        say(`${view.name}: axe ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
      }
    }
    for (const violation of foreign.violations) say(`policy violated: ${violation}`);
    if (view.name === "desktop") await use(page, say);
    await context.close();
  }
  await printed(file, name);
  await withoutScript(file);
}

// Filter and sort, by mouse and by keyboard.
async function use(page, say) {
  const rows = page.locator("#tables tbody tr");
  const all = await rows.count();
  const visible = () => page.evaluate(() => Array.from(document.querySelectorAll("#tables tbody tr")).filter((row) => !row.hidden).length);
  const column = (index) => page.evaluate((index) => Array.from(document.querySelectorAll("#tables tbody tr")).map((row) => row.cells[index].dataset.v ?? row.cells[index].textContent), index);
  const wanted = await page.evaluate(() => { const rows = document.querySelectorAll("#tables tbody tr"); return rows[rows.length >> 1].cells[0].textContent; });
  const matches = (await page.evaluate(() => Array.from(document.querySelectorAll("#tables tbody tr")).map((row) => row.textContent.toLowerCase()))).filter((text) => wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word))).length;
  await page.getByLabel("Filter by table or slot").fill(wanted);
  if (await visible() !== matches || matches < 1) say(`filter "${wanted}": ${await visible()} rows instead of ${matches}`);
  if (!(await page.locator(".filter [role=status]").textContent()).startsWith(`${matches} of ${all}`)) say("the filter does not say how many rows it shows");
  await page.getByLabel("Filter by table or slot").fill("no such table at all");
  if (await visible() !== 0) say("a filter that fits nothing shows rows");
  await page.getByLabel("Filter by table or slot").fill("");
  if (await visible() !== all) say("an empty filter hides rows");
  const copy = page.locator("#tables thead th").nth(6);
  await copy.getByRole("button").click();
  const sizes = (await column(6)).map(Number);
  if (await copy.getAttribute("aria-sort") !== "descending" || sizes.some((size, index) => index > 0 && sizes[index - 1] < size)) say("sorting by copy size does not sort");
  const first = page.locator("#tables thead th").nth(0);
  await first.getByRole("button").focus();
  await page.keyboard.press("Enter");
  const names = await column(0);
  const collator = new Intl.Collator("en", { numeric: true });
  if (await first.getAttribute("aria-sort") !== "ascending" || names.some((name, index) => index > 0 && collator.compare(names[index - 1], name) > 0)) say("sorting by name with the keyboard does not sort");
  if (await copy.getAttribute("aria-sort") !== "none") say("two columns say that they are sorted");
  await page.reload();
  await page.keyboard.press("Tab");
  const focused = await page.evaluate(() => document.activeElement?.textContent);
  if (focused !== "Skip to the report") say(`the first stop of the tab key is "${focused}"`);
  // Every chart and wide table can be reached and scrolled with the keyboard.
  const unreachable = await page.evaluate(() => Array.from(document.querySelectorAll(".scroll")).filter((one) => one.tabIndex !== 0 || !one.ariaLabel).length);
  if (unreachable > 0) say(`${unreachable} regions cannot be reached with the keyboard`);
}

async function printed(file, name) {
  if (name.includes("large")) return;
  const { context, page, say } = await open(file, { viewport: { width: 794, height: 1123 } });
  const pdf = await page.pdf({ path: join(folder, `${name}.pdf`), format: "A4", printBackground: true });
  if (pdf.length < 20_000) say(`printed: only ${pdf.length} bytes`);
  await page.emulateMedia({ media: "print" });
  await page.screenshot({ path: join(folder, `${name}-print.png`) });
  if (await page.locator("nav").isVisible()) say("the navigation is printed");
  await context.close();
}

async function withoutScript(file) {
  const { context, page, say } = await open(file, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  if (await page.locator(".filter").isVisible()) say("without script: a filter that cannot work is shown");
  for (const id of ["verdict", "load", "slots", "forecast", "foreign-keys", "copy", "findings", "tables", "provenance"]) {
    if (!(await page.locator(`#${id} h2`).isVisible())) say(`without script: section ${id} cannot be seen`);
  }
  if (await page.locator("#tables tbody tr").count() < 1) say("without script: no tables are listed");
  await context.close();
}

await browser.close();
console.log(JSON.stringify(measured));
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
