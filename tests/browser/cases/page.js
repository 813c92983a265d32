// What cases ask of a page.

import { AXE } from "../browser.js";

/** The jobs of the groups that are shown, in order. */
export async function jobs(page) {
  const texts = await page.locator(".toggle .job").allTextContents();
  return texts.map((text) => text.replace("job=", ""));
}

/** Waits until `is`, run in the page, is true. */
export async function settled(page, is, argument) {
  await page.waitForFunction(is, argument);
}

/** What axe-core finds that is serious. The page must have been opened with `bypassCSP`. */
export async function serious(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(", ")}`);
}

/** By how many pixels the page is wider than its window. */
export function tooWide(page) {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}

/** How many elements the page has. */
export function elements(page) {
  return page.evaluate(() => document.getElementsByTagName("*").length);
}
