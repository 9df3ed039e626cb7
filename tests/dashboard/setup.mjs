// Sets up a node with the wizard of its dashboard, as a person does: commands are pasted from the pages into a
// shell, fields are filled and buttons clicked. It notes each action with its time in the file STEPS.
import { execFile, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";

const require = createRequire(path.join(process.env.LOOK, "package.json"));
const { chromium } = require("playwright-core");
const axe = require("node:fs").readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const run = promisify(execFile);

const root = process.env.SETUP_ROOT;
const home = path.join(root, "wizard");
const user = path.join(root, "user");
mkdirSync(user);
// The pages name the user's own keyring, ~/.thetad. No store of keys runs in a test, so that the keys are in files.
const environment = { ...process.env, HOME: user };
const pictures = path.join(root, "pictures");
const german = process.env.LOOK_LANGUAGE === "de";
const width = Number(process.env.SETUP_WIDTH || 1280);
const began = Date.now();
let failures = 0;

function note(kind, name, from) {
  const line = `wizard\t${kind}\t${name}\t${((Date.now() - from) / 1000).toFixed(1)}\n`;
  appendFileSync(process.env.STEPS, line);
  process.stdout.write(line);
}

// paste runs a command in a shell, as it is shown or with more options behind it. --yes stands for the answer to
// the question of a command that shows its costs.
async function paste(command, more = "") {
  const from = Date.now();
  const full = command + more;
  try {
    return (await run("bash", ["-c", full], { env: environment, cwd: root, timeout: 300_000 })).stdout.trim();
  } catch (error) {
    throw new Error(`${full}: ${error.stderr || error.message}`);
  } finally {
    note("pasted", command, from);
  }
}

async function awaitIn(page, what, seconds, condition) {
  const until = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`expected ${what} within ${seconds} seconds; the page says: ${(await page.innerText("main")).slice(0, 2000)}`);
    await page.waitForTimeout(250);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ viewport: { width, height: 900 }, locale: german ? "de-DE" : "en-GB" });
const page = await context.newPage();
page.on("console", (message) => { if (message.type() === "error") { failures++; console.log(`FAIL console: ${message.text()}`); } });
page.on("pageerror", (error) => { failures++; console.log(`FAIL ${error}`); });

let number = 0;
async function look(name) {
  await page.screenshot({ path: path.join(pictures, `${++number}-${name}.png`), fullPage: true });
  const session = await context.newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const found of result.violations.filter((v) => v.impact === "serious" || v.impact === "critical")) {
    failures++;
    console.log(`FAIL ${name}: ${found.id}: ${found.help}: ${found.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) { failures++; console.log(`FAIL ${name}: ${wide} pixels wider than the window`); }
}

async function click(name, selector) {
  const from = Date.now();
  await Promise.all([page.waitForLoadState(), page.click(selector)]);
  await page.waitForLoadState();
  note("clicked", name, from);
}

async function fill(name, selector, text) {
  const from = Date.now();
  await page.fill(selector, text);
  note("filled", name, from);
}

let node;
try {
  await paste(`thetaedge init --home ${home} --grpc ${process.env.GRPC} --relay ${process.env.RELAY}`);
  const log = openSync(path.join(root, "wizard-node.log"), "w");
  const from = Date.now();
  const start = ["start", "--home", home, "--work.refuse-private=false", "--dashboard.listen=127.0.0.1:0"];
  node = spawn("thetaedge", start, { env: environment, cwd: root, stdio: ["ignore", log, log] });
  let address = "";
  for (let i = 0; !address; i++) {
    try {
      address = (await run("thetaedge", ["dashboard", "--home", home], { env: environment })).stdout.trim();
    } catch (error) {
      if (i > 600 || node.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  note("pasted", "thetaedge start", from);
  const opened = Date.now();
  await page.goto(address);
  await page.waitForURL((url) => url.pathname === "/");
  note("pasted", "thetaedge dashboard --open", opened);
  await look("first");
  await click("Set-up", 'nav a[href="/setup"]');
  await awaitIn(page, "the checks", 60, async () => (await page.locator("ul.checks li.check").count()) > 3);
  await look("setup");

  const commands = await page.locator("ol.steps pre code").allInnerTexts();
  await paste(commands[0], " --keyring-backend test");
  const operator = (await run("thetad", ["keys", "show", "operator", "-a", "--keyring-backend", "test"], { env: environment })).stdout.trim();
  await fill("address of the operator", "#operator", operator);
  await click("Look", 'form[action="/setup"] button');
  await look("fund");
  await paste(`curl -s -d '{"address":"${operator}"}' ${process.env.FAUCET}`);
  await click("Look", 'form[action="/setup"] button');
  await awaitIn(page, "the coins", 60, async () => { if (await page.locator(".notice.good").count()) return true; await page.reload(); return false; });
  await look("funded");
  await paste((await page.locator("ol.steps pre code").allInnerTexts())[1].replace("REGION", "de"), " --keyring-backend test --yes");
  const registered = Date.now();
  await awaitIn(page, "the node to be open", 120, async () => { if (await page.locator("#self-test").count()) return true; await page.reload(); return false; });
  note("waited", "until the pages show the node", registered);
  await look("registered");
  const test = await page.locator("#self-test pre code").innerText();
  const drawn = Date.now();
  for (let i = 0; ; i++) {
    const why = (await run("thetaedge", ["why", "--home", home], { env: environment })).stdout;
    if (!/before the next epoch|No node/.test(why)) break;
    if (i > 120) throw new Error(why);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  note("waited", "until the node can be drawn", drawn);
  await paste(test, " --keyring-backend test --yes");
  await click("Now", 'nav a[href="/"]');
  const earning = Date.now();
  await awaitIn(page, "the live view to say that the node earns", 60, async () => { if (/The node earns/.test(await page.innerText("main"))) return true; await page.reload(); return false; });
  note("waited", "until the live view shows it", earning);
  await look("earning");
  note("total", "from an empty folder until the live view shows that the node earns", began);
} catch (error) {
  failures++;
  console.log(`FAIL ${error.message}`);
  await page.screenshot({ path: path.join(pictures, "failed.png"), fullPage: true });
} finally {
  if (node) {
    const ended = new Promise((resolve) => node.on("exit", resolve));
    node.kill("SIGINT");
    setTimeout(() => node.kill("SIGKILL"), 60_000).unref();
    await ended;
  }
  await browser.close();
}
process.exit(failures === 0 ? 0 : 1);
