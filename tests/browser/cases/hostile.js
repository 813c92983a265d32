// Whatever strangers push is shown as the text that it is.

import assert from "node:assert/strict";
import { push } from "../browser.js";
import { settled } from "./page.js";

const MARKUP = `"'><img src=x onerror=hacked=1><script>hacked=1</script></title></textarea>\${hacked=1}{{hacked}}\u202e`;
const LONG = "x".repeat(4_000);

const base64 = (text) => Buffer.from(text).toString("base64url");
const quoted = (text) => `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;

export const hostile = {
  async run({ page, gateway }) {
    const name = "U__" + [...'<img src=x onerror="hacked=1">'].map((c) => `_${c.codePointAt(0).toString(16)}_`).join("");
    const body = `# HELP {${quoted(MARKUP)}} ${MARKUP}\n# TYPE {${quoted(MARKUP)}} gauge\n`.replace(/[{}]/g, "");
    const samples = `${body}{${quoted(MARKUP)},${quoted(MARKUP)}=${quoted(MARKUP)}} 1\n`;
    const group = `job@base64/${base64(MARKUP)}/${name}@base64/${base64(MARKUP)}/long/${LONG}`;
    await push(gateway, group, samples);
    // A rejected push, with a reason that quotes it.
    await push(gateway, group, `{${quoted(MARKUP)},x="1"} 1\n{${quoted(MARKUP)},x="1"} 2\n`, { status: 400 });
    await push(gateway, `job@base64/${base64("javascript:hacked=1")}`, "m 1\n");

    const check = async (where) => {
      assert.equal(await page.evaluate(() => globalThis.hacked), undefined, where);
      assert.equal(await page.locator("main img, main script, main textarea, dialog img").count(), 0, where);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${where}: ${wide} pixels too wide`);
    };
    await page.goto(gateway);
    await check("the list");
    const toggle = page.locator(".toggle", { hasText: "onerror" });
    assert.ok((await toggle.textContent()).includes(`job=${MARKUP}`));
    await toggle.click();
    await page.locator("tr.detail").waitFor();
    await check("a group");
    const detail = await page.locator("tr.detail").textContent();
    assert.ok(detail.split(MARKUP).length > 4, detail);
    assert.ok(detail.includes("Rejected: "));

    // In the field, in the URL, and in what is chosen from.
    await page.locator("#search").fill(MARKUP);
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    await page.reload();
    assert.equal(await page.locator("#search").inputValue(), MARKUP);
    await check("a search");
    await page.goto(gateway);
    await page.getByLabel("Job", { exact: true }).selectOption(MARKUP);
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    await check("a job");
    await page.locator(".largest a", { hasText: "onerror" }).click();
    await page.waitForURL(/\/group\//);
    await check("a group of its own");

    // In the dialogs, and away with it.
    await page.goto(gateway);
    await page.locator("#delete-all").click();
    await page.locator("#confirm[open]").waitFor();
    assert.ok((await page.locator("#confirm-list").textContent()).includes(MARKUP));
    await check("a confirmation");
    await page.locator("#confirm").getByRole("button", { name: "Cancel" }).click();
    await page.locator("button.delete[aria-label*=onerror]").click();
    await check("another");
    await page.locator("#confirm .danger").click();
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    await check("the end");
  },
};
