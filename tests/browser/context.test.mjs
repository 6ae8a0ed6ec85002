// The pages of context as somebody meets them who writes no code: what is stale, and why an answer lacked a fact.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WIDE, hardToRead, launch, nameless, openIn } from "./support.mjs";

const { JETON_URL, JETON_SCREENSHOTS, JETON_KEY_ADMIN } = process.env;
const NARROW = { width: 360, height: 800 };
const TASK = "May I get a refund in the autumn sale after 40 days?";
const PAGES = {
  catalogue: "/context",
  unit: "/context/unit?id=doc:context/refunds.md",
  findings: "/context/findings",
  preview: `/context/preview?task=${encodeURIComponent(TASK)}&budget=600`,
};

let browser;

before(async () => {
  mkdirSync(JETON_SCREENSHOTS, { recursive: true });
  browser = await launch();
  // The context is read in the background while the server answers already.
  const headers = { authorization: `Bearer ${JETON_KEY_ADMIN}` };
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    if ((await fetch(`${JETON_URL}/api/context/units`, { headers })).status === 200) return;
  }
  assert.fail("the context was not read within 30 s");
});

after(() => browser?.close());

for (const [name, path] of Object.entries(PAGES)) {
  for (const [size, viewport, colorScheme] of [["wide", WIDE, "light"], ["narrow", NARROW, "dark"]]) {
    test(`${name}, ${size}, ${colorScheme}: nothing overflows, is nameless, asked elsewhere or hard to read`, async () => {
      const { page, complaints, close } = await openIn(browser, { viewport, colorScheme, path });
      await page.screenshot({ path: join(JETON_SCREENSHOTS, `context-${name}-${size}.png`), fullPage: true });
      const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(needed <= there, `the page is ${needed} px wide on ${there} px`);
      assert.deepEqual(await page.evaluate(hardToRead), []);
      assert.deepEqual(await page.evaluate(nameless), []);
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

test("without scripts the catalogue is narrowed to what is out of date, and a unit says why", async () => {
  const { page, close } = await openIn(browser, { path: "/", javaScriptEnabled: false });
  await page.getByRole("link", { name: "Context" }).click();
  await page.getByRole("combobox", { name: "Freshness" }).selectOption("expired");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("link", { name: "Refunds in the autumn sale" }).click();
  await page.getByRole("heading", { name: "Findings" }).waitFor();
  assert.match(await page.locator(".findings").innerText(), /held until 2020-11-30/);
  await close();
});

test("by keyboard a question is asked, and the page says why a fact is lacking", async () => {
  const { page, complaints, close } = await openIn(browser, { path: "/context/preview" });
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#content", "the first stop leads past the navigation");
  await page.getByRole("textbox", { name: "Task" }).fill(TASK);
  await page.getByLabel("Tokens at most").focus();
  await page.keyboard.type("600");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What it would get, in order" }).waitFor();
  const text = await page.locator("main").innerText();
  for (const says of ["of 600 tokens", "Refund window", "must be there", "it held until 2020-11-30"]) assert.ok(text.includes(says), `${says}: ${text}`);
  await page.getByText("The text, word for word").click();
  assert.match(await page.locator("pre.text").innerText(), /within 30 days/, "facts are as their source has them");
  assert.deepEqual(complaints, []);
  await close();
});
