// The pages of evaluation as an orchestrator meets them: which target is better, which cases changed, and what waits for a person.
// They are those of the example `page`, whose ledger holds invented runs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { LARGE, PHONE, hardToRead, launch, nameless, openIn } from "./support.mjs";

const { JETON_PAGE, JETON_SCREENSHOTS } = process.env;

let browser, server, url;
const runs = [];

/** JSON of the API. */
const api = async (path) => (await fetch(`${url}${path}`)).json();

/** Opens a page of the example and notes what it complains of. */
const open = (options) => openIn(browser, { url, ...options });

/** The pages by name; those of runs are known once the server is. */
const PAGES = {
  overview: () => "/evals",
  suite: () => "/evals/suite?suite=refunds",
  "suite-cut-off": () => "/evals/suite?suite=triage",
  run: () => `/evals/run?id=${runs[0]}`,
  case: () => `/evals/case?run=${runs[0]}&case=receipt-01`,
  "compare-choose": () => "/evals/compare",
  compare: () => `/evals/compare?baseline=${runs[1]}:mini&candidate=${runs[0]}:sonnet`,
  "compare-invalid": () => `/evals/compare?baseline=${runs[0]}:sonnet&candidate=${runs[0]}:lab`,
  labels: () => "/evals/labels",
};

before(async () => {
  mkdirSync(JETON_SCREENSHOTS, { recursive: true });
  server = spawn(JETON_PAGE, ["still"], { env: { ...process.env, JETON_PAGE_LISTEN: "127.0.0.1:0" }, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) {
    url = line.trim();
    break;
  }
  assert.match(url ?? "", /^http:/, "the example does not say where it listens");
  runs.push(...(await api("/api/evals/runs?suite=refunds&limit=2")).runs.map((run) => run.id));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.kill();
});

for (const [name, path] of Object.entries(PAGES)) {
  for (const [size, viewport, colorScheme] of [["large", LARGE, "light"], ["phone", PHONE, "dark"]]) {
    test(`${name}, ${size}, ${colorScheme}: nothing overflows, is nameless, asked elsewhere or hard to read`, async () => {
      const { page, complaints, close } = await open({ viewport, colorScheme, path: path() });
      await page.screenshot({ path: join(JETON_SCREENSHOTS, `evals-${name}-${size}.png`), fullPage: true });
      const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      assert.ok(needed <= there, `the page is ${needed} px wide on ${there} px`);
      assert.deepEqual(await page.evaluate(hardToRead), []);
      assert.deepEqual(await page.evaluate(nameless), []);
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

for (const [size, viewport] of [["large", LARGE], ["phone", PHONE]]) {
  test(`${size}: from the overview to a comparison that opens a flip in both runs, without scripts`, async () => {
    const { page, complaints, close } = await open({ viewport, path: "/", javaScriptEnabled: false });
    await page.getByRole("link", { name: "Evals" }).click();
    await page.getByRole("link", { name: "refunds", exact: true }).click();
    await page.getByRole("combobox", { name: "Baseline" }).selectOption(`${runs[1]}:mini`);
    await page.getByRole("combobox", { name: "Candidate" }).selectOption(`${runs[0]}:sonnet`);
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByText("The candidate is better.").waitFor();
    const compared = page.url();
    for (const [side, run, target, outcome] of [["baseline", runs[1], "mini", "failed"], ["candidate", runs[0], "sonnet", "passed"]]) {
      await page.goto(compared);
      await page.getByRole("link", { name: `${side}: ${outcome}` }).first().click();
      await page.getByRole("heading", { name: target, exact: true }).waitFor();
      assert.ok(page.url().includes(`run=${run}`), `${side}: ${page.url()}`);
      const text = await page.locator("main").innerText();
      for (const says of [outcome, "Grades", "Context"]) assert.ok(text.includes(says), `${says}: ${text}`);
    }
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("an experiment opens from the case whose cause it shows", async () => {
  const { report } = await api(`/api/evals/causes?run=${runs[0]}`);
  const label = report.labels.find((one) => one.level === "L2");
  const { page, complaints, close } = await open({ path: `/evals/case?run=${runs[0]}&case=${label.case}&target=${label.target}` });
  await page.getByRole("row", { name: "unchanged" }).getByRole("link").first().click();
  await page.locator("main").first().waitFor();
  assert.ok(page.url().includes(`run=${report.experiments}&case=${label.case}#row-${label.tried[0].rows[0]}`), page.url());
  assert.deepEqual(complaints, []);
  await close();
});

test("whether a suite is sound stands on its page with what it rests on", async () => {
  const { page, close } = await open({ path: PAGES.suite() });
  const text = await page.locator("section", { hasText: "Is the suite sound?" }).first().innerText();
  const { detectable, judges } = await api("/api/evals/health?suite=refunds");
  for (const says of ["Newest run", "48 cases in 24 independent groups", "96 checks", `${(100 * detectable).toFixed(1)} points`, "4 of 5 comparisons", "Judges and people", "11 of 11"]) {
    assert.ok(text.includes(says), `${says}: ${text}`);
  }
  assert.deepEqual(judges.map((judge) => [judge.target, judge.labelled]), [["sonnet", 11], ["mini", 0]]);
  await close();
});

test("rows of a run are narrowed to those without an answer", async () => {
  const { page, close } = await open({ path: PAGES.run() });
  await page.getByRole("combobox", { name: "Outcome" }).selectOption("error");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("16 of 144 rows").waitFor();
  const outcomes = await page.locator(".cases tbody td:nth-child(3)").allInnerTexts();
  assert.deepEqual([...new Set(outcomes)], ["no answer"]);
  await close();
});

test("by keyboard, without scripts, a person judges an answer", async () => {
  const { page, complaints, close } = await open({ path: "/evals/labels", javaScriptEnabled: false });
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#content", "the first stop leads past the navigation");
  const before = (await api("/api/evals/labels")).waiting.length;
  await page.getByRole("textbox", { name: "Comment" }).first().focus();
  await page.keyboard.type("Kind & right.");
  await page.keyboard.press("Tab");
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Fail");
  await page.keyboard.press("Enter");
  await page.getByText("The label is written.").waitFor();
  const { waiting, labels } = await api("/api/evals/labels");
  assert.equal(waiting.length, before - 1);
  assert.deepEqual([labels[0].verdict, labels[0].comment, labels[0].by, labels[0].grader], ["fail", "Kind & right.", "ada", "tone"]);
  assert.deepEqual(complaints, []);
  await close();
});
