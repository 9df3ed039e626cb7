// Opens each page of five dashboards in Chromium, takes pictures, and fails if axe finds a serious barrier,
// if a page is wider than the window, if something cannot be reached or used without a mouse, or if the browser reports
// an error or a violation of the policy of the pages.
import { createRequire } from "node:module";
import path from "node:path";
import { journey, tabs } from "./keyboard.mjs";

const require = createRequire(path.join(process.env.LOOK, "package.json"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

const [working, fresh, out] = process.argv.slice(2);
const language = process.env.LOOK_LANGUAGE === "de" ? "de-DE" : "en-GB";
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let failures = 0;
const fail = (text) => { failures++; console.log("FAIL " + text); };

async function check(page, name) {
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const found of result.violations) {
    const text = `${name}: ${found.impact}: ${found.id}: ${found.help}: ${found.nodes.map((n) => n.target.join(" ")).join(", ")}`;
    if (found.impact === "serious" || found.impact === "critical") fail(text);
    else console.log("note " + text);
  }
}

async function visit(address, pages, state) {
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, locale: language, storageState: state, bypassCSP: false });
      const page = await context.newPage();
      page.on("console", (message) => { if (message.type() === "error" && !/status of (401|404|422)/.test(message.text())) fail(`${page.url()}: console: ${message.text()}`); });
      page.on("pageerror", (error) => fail(`${page.url()}: ${error}`));
      page.on("dialog", (dialog) => { fail(`${page.url()}: a stranger's script ran: ${dialog.message()}`); dialog.dismiss(); });
      for (const [name, where, act] of pages) {
        await page.goto(new URL(where, address).href);
        if (act) await act(page);
        await page.waitForTimeout(name.startsWith("now") ? 2600 : 150);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (wide > 0) fail(`${name} at ${width}: ${wide} pixels wider than the window`);
        await page.screenshot({ path: path.join(out, `${name}-${width}-${scheme}.png`), fullPage: true });
        // The policy of the pages does not allow a script of another origin; the debugger may add one.
        const session = await context.newCDPSession(page);
        await session.send("Runtime.evaluate", { expression: require("node:fs").readFileSync(axe, "utf8") });
        await check(page, `${name} at ${width}, ${scheme}`);
        if (scheme === "light") await tabs(page, `${name} at ${width}`, fail);
      }
      await context.close();
    }
  }
}

async function enter(address) {
  const context = await browser.newContext({ locale: language });
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForURL((url) => url.pathname === "/");
  const state = await context.storageState();
  await context.close();
  return state;
}

// weigh measures what a browser without a cache loads for the first page.
async function weigh(address) {
  const context = await browser.newContext({ locale: language, storageState: entered });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  await session.send("Network.enable");
  await page.goto(new URL("/", address).href, { waitUntil: "load" });
  console.log(`first view: ${(bytes / 1024).toFixed(1)} KiB`);
  if (bytes > 150 * 1024) fail(`first view: expected at most 150 KiB, found ${bytes} bytes`);
  await context.close();
}

// walk goes through the pages by keys, at both widths.
async function walk(address) {
  for (const [width, jobs] of [[1280, "2"], [390, "3"]]) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, locale: language, storageState: entered });
    const page = await context.newPage();
    try {
      await journey(page, address, jobs, fail);
    } catch (error) {
      fail(`without a mouse, at ${width}: ${error.message}`);
    }
    await context.close();
  }
}

const send = async (page) => {
  await page.click('form[action="/settings/check"] button');
  await page.waitForLoadState();
};
await visit(working, [["door", "/"]]);
// A token is valid for five minutes, and the pictures may take longer.
const operator = process.argv[5], held = process.argv[6], outdated = process.argv[7], waiting = process.argv[8];
const entered = await enter(working), newcomer = await enter(fresh), heldBack = await enter(held), old = await enter(outdated), alone = await enter(waiting);
await visit(working, [
  ["now", "/"], ["jobs", "/jobs"], ["jobs-filtered", "/jobs?phase=claimed"],
  ["receipt-paid", "/jobs/47063-0-0/3/0"], ["receipt-slashed", "/jobs/47900-0-0/0/0"], ["receipt-running", "/jobs/48190-0-0/0/0"],
  ["earnings", "/earnings"], ["settings", "/settings"],
  ["rules-wrong", "/settings", async (page) => { await page.fill(`[name="owner.idle"]`, "1s"); await page.fill(`[name="owner.processes"]`, "*"); await send(page); }],
  ["rules", "/settings", async (page) => { await page.fill(`[name="owner.hours"]`, "mon-fri 20:00-08:00\nsat,sun"); await page.fill(`[name="owner.idle"]`, "10m"); await page.selectOption(`[name="owner.full-screen"]`, "true"); await send(page); }],
  ["settings-wrong", "/settings", async (page) => { await page.fill('[name="policy.max-jobs"]', "5000"); await page.fill('[name="policy.max-memory"]', "much"); await send(page); }],
  ["confirm", "/settings", async (page) => { await page.fill('[name="policy.max-jobs"]', "3"); await page.fill('[name="policy.min-rewards"]', "0.5tfuel"); await page.fill('[name="dashboard.electricity"]', "0.32 EUR"); await send(page); }],
  ["logs", "/logs"], ["alerts", "/alerts"], ["fleet", "/fleet", async (page) => { await page.waitForTimeout(1500); await page.reload(); }], ["setup", "/setup"], ["nothing", "/nothing"],
], entered);
await visit(fresh, [["now-new", "/"], ["setup-new", "/setup?operator=" + operator], ["alerts-new", "/alerts"], ["fleet-new", "/fleet"]], newcomer);
await visit(held, [
  ["now-held", "/"],
  ["now-details", "/", async (page) => { for (const summary of await page.$$("summary")) await summary.click(); }],
  ["rules-saved", "/settings?saved=yes"],
], heldBack);
await visit(outdated, [["now-outdated", "/"], ["setup-checked", "/setup?checks=run"]], old);
await visit(waiting, [["now-waiting", "/"], ["setup-waiting", "/setup?operator=" + operator]], alone);
await weigh(working);
await walk(working);
await browser.close();
console.log(failures === 0 ? "no serious barriers" : `${failures} failures`);
process.exit(failures === 0 ? 0 : 1);
