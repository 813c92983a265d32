// Makes the pictures of the documentation: `node screenshots.js GATEWAY FOLDER`.

import { join } from "node:path";
import { start } from "./browser.js";

const [gateway, folder] = process.argv.slice(2);
const { page, close } = await start({ viewport: { width: 1280, height: 860 } });
const picture = (name) => page.screenshot({ path: join(folder, `${name}.png`) });
try {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(gateway);
  await picture("overview");
  await page.goto(`${gateway}?search=mail`);
  await page.locator(".toggle", { hasText: "newsletter" }).click();
  await page.locator("tr.detail").waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
  await page.locator("#groups").scrollIntoViewIfNeeded();
  await page.evaluate(() => document.querySelector("#groups").scrollIntoView());
  await picture("group");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(gateway);
  await picture("dark");
} finally {
  await close();
}
