// What the suites of the pages share: a browser, pages opened in it, and what must hold of each.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { JETON_URL, JETON_KEY_ADMIN, JETON_BROWSER } = process.env;
export const WIDE = { width: 1280, height: 900 };
export const LARGE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Starts the browser, asking nothing of the world. */
export function launch() {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: JETON_BROWSER, args });
}

/** Opens a page and notes what it complains of and asks elsewhere. */
export async function openIn(browser, { viewport = WIDE, colorScheme = "light", path = "/", javaScriptEnabled = true, url = JETON_URL } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled, httpCredentials: { username: "admin", password: JETON_KEY_ADMIN } });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || complaints.push(`asks ${request.url()}`));
  const response = await page.goto(`${url}${path}`);
  assert.equal(response.status(), 200);
  await page.locator("main").first().waitFor();
  return { page, complaints, close: () => context.close() };
}

// Runs in the page: texts whose contrast with what lies behind them is below WCAG's level AA.
export function hardToRead() {
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
export function nameless() {
  const named = (element) => element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.textContent.trim() || element.title;
  const pictures = [...document.querySelectorAll("svg:not([aria-hidden=true]), img")].filter(
    (element) => !element.closest("[aria-hidden=true]") && !(element.getAttribute("aria-label") || element.getAttribute("alt") || element.querySelector("title")),
  );
  const controls = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")].filter(
    (element) => !named(element) && !element.labels?.length && !element.querySelector("[aria-label], title"),
  );
  const tables = [...document.querySelectorAll("table")].filter((table) => !table.querySelector("th"));
  return [...pictures, ...controls, ...tables].map((element) => element.outerHTML.slice(0, 120));
}
