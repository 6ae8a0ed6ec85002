// The page as a person meets it: in a real browser, wide and narrow, light and dark, with and without a mouse.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { JETON_URL, JETON_KEY, JETON_KEY_ADMIN, JETON_BROWSER, JETON_SCREENSHOTS } = process.env;
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
// The page asks for news every few seconds.
const NEWS_WITHIN_MS = 20_000;

let browser;

/** One call through the gateway; gives its id. */
async function call(model, kind) {
  const response = await fetch(`${JETON_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${JETON_KEY}`, "content-type": "application/json", "jeton-class": kind },
    body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: "user", content: "Say hello." }] }),
  });
  await response.arrayBuffer();
  return response.headers.get("jeton-call");
}

/** Opens the page and checks of it what must hold everywhere. */
async function open({ viewport = WIDE, colorScheme = "light", path = "/" } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, httpCredentials: { username: "admin", password: JETON_KEY_ADMIN } });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url().startsWith(JETON_URL) || request.url().startsWith("data:") || complaints.push(`asks ${request.url()}`));
  const response = await page.goto(`${JETON_URL}${path}`);
  assert.equal(response.status(), 200);
  await page.locator("main").first().waitFor();
  return { page, complaints, close: () => context.close() };
}

before(async () => {
  mkdirSync(JETON_SCREENSHOTS, { recursive: true });
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  browser = await chromium.launch({ executablePath: JETON_BROWSER, args });
  for (const model of ["twin/steady", "said/steady", "tooluser/steady", "limited/steady", "local/extract"]) {
    await call(model, `browser.${model.split("/")[0]}`);
  }
});

after(() => browser?.close());

for (const [name, viewport] of [["wide", WIDE], ["phone", PHONE]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${name}, ${colorScheme}: nothing overflows, is asked elsewhere or is hard to read`, async () => {
      const { page, complaints, close } = await open({ viewport, colorScheme });
      await page.screenshot({ path: join(JETON_SCREENSHOTS, `${name}-${colorScheme}.png`), fullPage: true });
      assert.ok((await page.locator("main").innerText()).includes("browser.twin"));
      const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(needed <= there, `the page is ${needed} px wide on ${there} px`);
      assert.deepEqual(await page.evaluate(hardToRead), []);
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

test("light and dark differ", async () => {
  const grounds = [];
  for (const colorScheme of ["light", "dark"]) {
    const { page, close } = await open({ colorScheme });
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await close();
  }
  assert.notEqual(grounds[0], grounds[1]);
});

test("every picture, control and table has a name for those who cannot see it", async () => {
  const { page, close } = await open();
  assert.deepEqual(await page.evaluate(nameless), []);
  assert.ok(await page.evaluate(() => document.documentElement.lang && document.title && document.querySelector("h1")));
  await close();
});

test("the keyboard reaches the figures and a receipt", async () => {
  const { page, complaints, close } = await open();
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
  assert.match(first ?? "", /^#/, "the first stop is a link past the navigation");
  await page.locator("main a[data-open]").first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: /^Receipt of call-/ }).waitFor();
  await page.screenshot({ path: join(JETON_SCREENSHOTS, "receipt.png"), fullPage: true });
  await page.keyboard.press("Escape");
  await page.getByRole("article", { name: /^Receipt of call-/ }).waitFor({ state: "hidden" });
  assert.deepEqual(complaints, []);
  await close();
});

test("the page tells of a new call by itself", async () => {
  const { page, close } = await open();
  await call("twin/steady", "browser.fresh");
  await page.locator("main").getByText("browser.fresh").first().waitFor({ timeout: NEWS_WITHIN_MS });
  await close();
});

test("without the credential there is no page", async () => {
  for (const path of ["/", "/api/calls", "/metrics"]) {
    const response = await fetch(`${JETON_URL}${path}`);
    assert.equal(response.status, 401, path);
    assert.ok(!(await response.text()).includes("browser.twin"), path);
  }
});

// Runs in the page: texts whose contrast with what lies behind them is below WCAG's level AA.
function hardToRead() {
  const parse = (color) => {
    const numbers = color.match(/[\d.]+/g)?.map(Number) ?? [];
    if (color.startsWith("color(srgb")) return [numbers[0] * 255, numbers[1] * 255, numbers[2] * 255, numbers[3] ?? 1];
    return [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((value, at) => value * a + under[at] * (1 - a));
  const behind = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) layers.push(parse(getComputedStyle(node).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()).map((node) => node.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!text.length || element.closest("svg, .sr, [aria-hidden=true]") || box.width < 2 || box.height < 2 || style.visibility === "hidden") continue;
    const ground = behind(element);
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (isLarge ? 3 : 4.5)) found.push(`${contrast.toFixed(2)}: ${text[0].slice(0, 40)}`);
  }
  return [...new Set(found)];
}

// Runs in the page: what has no accessible name.
function nameless() {
  const named = (element) => element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.textContent.trim() || element.title;
  const pictures = [...document.querySelectorAll("svg:not([aria-hidden=true]), img")].filter(
    (element) => !element.closest("[aria-hidden=true]") && !(element.getAttribute("aria-label") || element.getAttribute("alt") || element.querySelector("title")),
  );
  const controls = [...document.querySelectorAll("a, button, input, select, summary")].filter(
    (element) => !named(element) && !element.labels?.length && !element.querySelector("[aria-label], title"),
  );
  const tables = [...document.querySelectorAll("table")].filter((table) => !table.querySelector("th"));
  return [...pictures, ...controls, ...tables].map((element) => element.outerHTML.slice(0, 120));
}
