// What a person does who has no mouse.

// holds are what can have the focus, in the order of the page.
const holds = `a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex="0"]`;

// ofFocus describes what has the focus, as a person sees it. It runs in the page.
function ofFocus(holds) {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const seen = [...document.querySelectorAll(holds)].filter((e) => e.checkVisibility({ visibilityProperty: true }));
  const box = at.getClientRects()[0] ?? at.getBoundingClientRect(), style = getComputedStyle(at);
  // Of a region that is larger than the window, the corner at its beginning is seen.
  const x = Math.min(box.left + box.width / 2, innerWidth - 1), y = Math.min(box.top + Math.min(box.height, 40) / 2, innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  return {
    index: seen.indexOf(at), all: seen.length,
    name: at.id ? "#" + at.id : at.tagName.toLowerCase() + " " + (at.getAttribute("href") ?? at.textContent.trim().slice(0, 30)),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    shown: box.width > 0 && box.top >= 0 && y < innerHeight && top !== null && (at.contains(top) || top.contains(at) && top !== document.body && top.tagName !== "MAIN" && top.tagName !== "HTML"),
  };
}

// tabs goes through a page with the tabulator, and fails if something is left out, comes in another order, is not marked or
// lies under something else.
export async function tabs(page, name, fail) {
  await page.evaluate(() => {
    // The tabulator goes on from where something had the focus last.
    const begin = document.body.insertBefore(document.createElement("span"), document.body.firstChild);
    begin.tabIndex = -1;
    begin.focus();
    begin.remove();
    scrollTo(0, 0);
  });
  let next = 0;
  for (;; next++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(ofFocus, holds);
    if (at === null || next > 0 && at.index === 0) break;
    if (at.index !== next) { fail(`${name}: expected the focus on number ${next} of ${at.all}, found ${at.name}, number ${at.index}`); return; }
    if (!at.ring) fail(`${name}: the focus on ${at.name} is not seen`);
    if (!at.shown) fail(`${name}: ${at.name} has the focus and is hidden`);
  }
  const all = await page.evaluate((holds) => [...document.querySelectorAll(holds)].filter((e) => e.checkVisibility({ visibilityProperty: true })).length, holds);
  if (next !== all) fail(`${name}: the tabulator reaches ${next} of ${all}`);
}

// reach presses the tabulator until something has the focus.
async function reach(page, selector) {
  for (let i = 0; i < 300; i++) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the tabulator does not reach ${selector} at ${page.url()}`);
}

// follow goes to something and presses a key that leads to another page.
async function follow(page, selector, key = "Enter") {
  await reach(page, selector);
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
}

// journey uses all pages, the buttons and the settings by keys alone. jobs is what it sets policy.max-jobs to.
export async function journey(page, address, jobs, fail) {
  const expect = (condition, text) => { if (!condition) fail(`without a mouse: ${text}`); };
  await page.goto(new URL("/", address).href);
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement.matches(".skip")), "the first key leads to the way past the menu");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.getElementById("main").contains(document.activeElement)), "it leads past the menu");
  for (const where of ["/jobs", "/earnings", "/alerts", "/fleet", "/logs", "/setup", "/settings"]) {
    await follow(page, `nav a[href="${where}"]`);
    expect(new URL(page.url()).pathname === where, `the menu leads to ${where}, found ${page.url()}`);
  }
  // A change of the settings, with its effect.
  await reach(page, "#s-policy-max-jobs");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(jobs);
  await reach(page, "#s-policy-trust");
  await page.keyboard.press("ArrowDown");
  await follow(page, 'form[action="/settings/check"] button');
  await follow(page, 'form[action="/settings/save"] button', "Space");
  expect((await page.locator(".notice.good").count()) > 0, "the settings were saved");
  // Buttons, and what is renewed meanwhile.
  await follow(page, 'nav a[href="/"]');
  await follow(page, "#pause", "Space");
  await follow(page, "#resume");
  await reach(page, "main details summary");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.querySelector("main details").open), "details open");
  await reach(page, '#live a[id^="job-"]');
  const held = await page.evaluate(() => document.activeElement.id);
  await page.evaluate(() => { window.renewed = 0; document.body.addEventListener("htmx:afterSwap", () => { window.renewed++; }); });
  await page.waitForFunction(() => window.renewed >= 2, null, { timeout: 20_000 });
  expect((await page.evaluate(() => document.activeElement.id)) === held, "a job keeps the focus while the page is renewed");
  expect(await page.evaluate(() => document.querySelector("main details").open), "details stay open while the page is renewed");
  await follow(page, `[id="${held}"]`);
  expect(new URL(page.url()).pathname.startsWith("/jobs/"), "a job leads to its receipt");
}
