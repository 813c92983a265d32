// Colours, widths, keyboards, screen readers, and browsers without scripts.

import assert from "node:assert/strict";
import { push } from "../browser.js";
import { serious, settled, tooWide } from "./page.js";

async function fill(gateway) {
  await push(gateway, "job/backup/instance/db-1.example.org/zone/eu-west-1", "# HELP size_bytes Size.\n# TYPE size_bytes gauge\nsize_bytes{of=\"tables\"} 5\n");
  await push(gateway, "job/mail", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 5\nh_count 3\n");
  await push(gateway, "job/mail", "x{a=\"1\"} 1\nx{a=\"1\"} 2\n", { status: 400 });
}

const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

export const looks = {
  // axe-core is put into the page, which the policy of the page would not allow.
  options: { bypassCSP: true },
  async run({ page, gateway }) {
    await fill(gateway);
    await page.goto(gateway);
    await page.getByRole("link", { name: "job=mail" }).last().click();
    await page.locator("tr.detail").waitFor();
    const views = [page.url(), `${gateway}status`, await page.getByRole("link", { name: "This group" }).evaluate((link) => link.href), `${gateway}?search=nothing`];
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 375]) {
        await page.setViewportSize({ width, height: 800 });
        for (const url of views) {
          await page.goto(url);
          const where = `${colorScheme} ${width} ${url}`;
          assert.deepEqual(await serious(page), [], where);
          assert.equal(await tooWide(page), 0, where);
        }
      }
    }
    await page.goto(gateway);
    await page.locator("#delete-all").click();
    await page.locator("#confirm[open]").waitFor();
    assert.deepEqual(await serious(page), []);
    await page.locator("#confirm").getByRole("button", { name: "Cancel" }).click();

    // The reader's choice goes before the system's, from the first paint on.
    const dark = await background(page);
    await page.emulateMedia({ colorScheme: "light" });
    const light = await background(page);
    assert.notEqual(light, dark);
    await page.locator("#theme").click();
    await page.locator("#theme").click();
    assert.match(await page.locator("#theme").textContent(), /Dark/);
    assert.equal(await background(page), dark);
    const answer = await page.goto(gateway);
    assert.match(await answer.text(), /<html lang="en" data-theme="dark">/);
    await page.locator("#theme").click();
    assert.equal(await background(page), light);

    // Nothing moves after the first paint.
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(views[0]);
    const shift = await page.evaluate(
      () =>
        new Promise((done) => {
          let sum = 0;
          new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(sum), 500);
        }),
    );
    assert.equal(shift, 0);
  },
};

export const plain = {
  options: { javaScriptEnabled: false },
  async run({ page, gateway }) {
    await fill(gateway);
    await page.goto(gateway);
    assert.match(await page.locator(".figures").innerText(), /Groups\s+2/);
    await page.getByRole("link", { name: "job=mail" }).last().click();
    assert.match(await page.locator("tr.detail").innerText(), /Rejected: /);
    assert.equal(await page.locator("tr.detail svg.chart rect").count(), 2);
    await page.getByText("Exposition").click();
    assert.match(await page.locator("pre").last().innerText(), /h_bucket\{instance="",job="mail",le="1"\} 2/);
    await page.locator("#search").fill("db-1");
    await page.locator("#search").press("Enter");
    assert.equal(await page.locator(".toggle").count(), 1);
    await page.getByRole("link", { name: "Size" }).click();
    assert.match(page.url(), /search=db-1&sort=bytes&order=desc/);
    await page.getByRole("link", { name: "Status" }).click();
    assert.match(await page.locator(".variables").innerText(), /web_telemetry_path/);
  },
};

export const keyboard = {
  async run({ page, gateway }) {
    await fill(gateway);
    await page.goto(gateway);
    const press = (key) => page.keyboard.press(key);
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
    /** Goes on with the tabulator until something of this name has the focus, which can be seen. */
    const reach = async (name) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await press("Tab");
        if (!name.test(await focused())) continue;
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(outline, "none", `${name} has the focus, which cannot be seen`);
        return;
      }
      assert.fail(`${name} cannot be reached`);
    };

    await press("Tab");
    assert.equal(await focused(), "Skip to content");
    await press("/");
    assert.match(await focused(), /Search/);
    await page.keyboard.type("backup");
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    assert.match(await focused(), /Search/);
    await reach(/^Series$/);
    await press("Enter");
    await settled(page, () => document.querySelector("th[aria-sort]")?.textContent === "Series");
    assert.match(await focused(), /^Series$/);
    await reach(/^job=backup/);
    await press("Enter");
    await page.locator("tr.detail").waitFor();
    assert.match(await focused(), /^job=backup/);
    await reach(/^Commands/);
    await press("Enter");
    assert.ok(await page.getByText("curl -X DELETE").isVisible());

    // A dialog takes the focus, gives it back, and deletes only on purpose.
    await page.goto(gateway);
    await reach(/^Delete group job=backup/);
    await press("Enter");
    await page.locator("#confirm[open]").waitFor();
    assert.equal(await focused(), "Cancel");
    await press("Escape");
    assert.match(await focused(), /^Delete group job=backup/);
    await press("Enter");
    await press("Tab");
    assert.equal(await focused(), "Delete");
    await press("Enter");
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
  },
};
