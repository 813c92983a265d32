// What cases ask of a page.

/** The jobs of the groups that are shown, in order. */
export async function jobs(page) {
  const texts = await page.locator(".toggle .job").allTextContents();
  return texts.map((text) => text.replace("job=", ""));
}

/** Waits until `is`, run in the page, is true. */
export async function settled(page, is, argument) {
  await page.waitForFunction(is, argument);
}

/** How many elements the page has. */
export function elements(page) {
  return page.evaluate(() => document.getElementsByTagName("*").length);
}
