// The page as a person meets it: in a real browser, wide and narrow, light and dark, with and without a mouse.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PHONE, WIDE, hardToRead, launch, nameless, openIn } from "./support.mjs";

const { JETON_URL, JETON_KEY, JETON_SCREENSHOTS } = process.env;
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
const open = (options) => openIn(browser, options);

before(async () => {
  mkdirSync(JETON_SCREENSHOTS, { recursive: true });
  browser = await launch();
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
