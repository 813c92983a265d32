// Thousands of groups, and a page that is refreshed: one request and a bounded page for whatever one does.

import assert from "node:assert/strict";
import { each, push } from "../browser.js";
import { elements, settled } from "./page.js";

const GROUPS = 5_000;
const MOST_ELEMENTS = 1_500;

export const many = {
  async run({ page, gateway }) {
    await each(GROUPS, (at) => push(gateway, `job/job-${at % 250}/instance/i${at}`, `m_${at % 40} ${at}\n`));
    let requests = 0;
    page.on("request", () => (requests += 1));
    await page.goto(gateway);
    assert.match(await page.locator(".found").textContent(), /^5,000 groups/);
    const rows = () => page.locator(".toggle").count();
    assert.equal(await rows(), 25);

    const does = async (what, act, is, argument) => {
      requests = 0;
      await act();
      await settled(page, is, argument);
      assert.ok(requests <= 1, `${what}: ${requests} requests`);
      const count = await elements(page);
      assert.ok(count < MOST_ELEMENTS, `${what}: ${count} elements`);
      assert.ok((await rows()) <= 25, what);
    };
    const shows = (text) => document.querySelector(".pager span").textContent.startsWith(text);
    await does("the next page", () => page.getByRole("link", { name: "Next" }).click(), shows, "26–50 of 5,000");
    await does("the last page", () => page.getByRole("link", { name: "Last", exact: true }).click(), shows, "4,976–5,000");
    const sort = page.locator("table.groups > thead").getByRole("link", { name: "Size" });
    await does("sorting", () => sort.click(), shows, "1–25");
    await does("searching", () => page.locator("#search").fill("i123"), shows, "1–11 of 11");
    await does("opening", () => page.locator(".toggle").first().click(), () => document.querySelector("tr.detail"));
    await does("searching on", () => page.locator("#search").fill("job-7"), shows, "1–25 of 220");
  },
};

export const refreshing = {
  async run({ page, gateway }) {
    for (let at = 0; at < 60; at += 1) await push(gateway, `job/j${String(at).padStart(2, "0")}`, "m 1\n");
    await page.clock.install();
    await page.goto(gateway);
    await page.getByRole("link", { name: "job=j15" }).last().click();
    await page.locator("tr.detail").waitFor();
    await page.getByText("Exposition").click();
    await page.getByText("Exposition").scrollIntoViewIfNeeded();
    await page.getByRole("link", { name: "job=j16" }).last().focus();
    const state = () =>
      page.evaluate(() => ({
        scroll: Math.round(scrollY),
        focus: document.activeElement.textContent,
        open: [...document.querySelectorAll("tr.detail details")].map((details) => details.open),
      }));
    const before = await state();
    assert.ok(before.scroll > 0);
    assert.deepEqual(before.open, [false, true]);
    await push(gateway, "job/j15", "m 2\n");

    // The page is taken over after a while, and nobody is disturbed.
    const shown = () => page.locator("tr.detail td.number").first().textContent();
    assert.equal(await shown(), "1");
    await page.clock.runFor(16_000);
    await settled(page, () => document.querySelector("tr.detail td.number").textContent === "2");
    assert.deepEqual(await state(), before);

    // Not while text is selected, not while it is paused.
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector("tr.detail h3")));
    let requests = 0;
    page.on("request", () => (requests += 1));
    await push(gateway, "job/j15", "m 3\n");
    await Promise.all([page.waitForEvent("requestfinished"), page.clock.runFor(16_000)]);
    assert.equal(await page.evaluate(() => getSelection().toString().startsWith("m")), true);
    await page.evaluate(() => getSelection().empty());
    const button = page.getByRole("button", { name: "Auto-refresh" });
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    requests = 0;
    await page.clock.runFor(60_000);
    assert.equal(requests, 0);
    await page.reload();
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    await button.click();
    await push(gateway, "job/j15", "m 4\n");
    await page.clock.runFor(16_000);
    await settled(page, () => document.querySelector("tr.detail td.number").textContent === "4");

    // What fails is said, and the page stays.
    await page.route(`${gateway}?*`, (route) => route.abort(), { times: 1 });
    await page.clock.runFor(16_000);
    await page.getByText("Refresh failed").waitFor();
    assert.equal(await page.locator(".toggle").count(), 25);
  },
};
