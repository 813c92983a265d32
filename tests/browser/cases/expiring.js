// Groups that expire: seen before they do, and gone when they have.

import assert from "node:assert/strict";
import { push } from "../browser.js";
import { jobs, serious, settled, tooWide } from "./page.js";

const figure = (page) => page.locator(".figures div", { hasText: "Expiring within 1h" });

export const expiring = {
  // axe-core is put into the page, which the policy of the page would not allow.
  options: { bypassCSP: true },
  async run({ page, gateway }) {
    const lasting = (job, ttl) => push(gateway, `job/${job}`, "m{of=\"it\"} 1\n".replace("it", job), { headers: { "X-Pushgateway-TTL": ttl } });
    await lasting("week", "1w");
    await lasting("day", "1d12h");
    await lasting("minutes", "30m");
    await page.goto(gateway);
    assert.match(await figure(page).innerText(), /1$/);

    // A column of its own, sorted from what ends first.
    const header = page.getByRole("columnheader", { name: "Expires" });
    await header.getByRole("link").click();
    await settled(page, () => document.querySelector('th[aria-sort="ascending"]')?.textContent === "Expires");
    assert.deepEqual(await jobs(page), ["minutes", "day", "week"]);
    const cells = await page.locator(".groups tbody td:nth-child(7)").allTextContents();
    assert.match(cells[0], /^in (29|30) min$/);
    assert.deepEqual(cells.slice(1), ["in 1 d", "in 6 d"]);

    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 900, 375]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${gateway}?sort=expiry_time`);
        assert.deepEqual(await serious(page), [], `${colorScheme} ${width}`);
        assert.equal(await tooWide(page), 0, `${colorScheme} ${width}`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(gateway);

    // What ends soon can be found, and told when exactly.
    await figure(page).getByRole("link").click();
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    assert.match(page.url(), /expires_within=1h/);
    await page.getByRole("link", { name: "job=minutes" }).last().click();
    await page.locator("tr.detail").waitFor();
    const facts = await page.locator("tr.detail .facts").innerText();
    assert.match(facts, /Expires\s+in (29|30) min\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);

    // What has ended is counted until the store is rid of it, and shown no more.
    await lasting("moment", "1s");
    const isGone = async () => {
      await page.goto(gateway);
      return !(await jobs(page)).includes("moment");
    };
    for (let tries = 0; !(await isGone()); tries++) assert.ok(tries < 200, "the moment does not end");
    assert.match(await figure(page).innerText(), /1 expired/);
    assert.deepEqual((await jobs(page)).sort(), ["day", "minutes", "week"]);
  },
};
