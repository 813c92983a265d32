// Searching, sorting, filtering, opening; all of it in the URL.

import assert from "node:assert/strict";
import { push } from "../browser.js";
import { nativeHistogram, PROTOBUF } from "../protobuf.js";
import { jobs, settled } from "./page.js";

export const finding = {
  async run({ page, gateway }) {
    await push(gateway, "job/backup/instance/db-1", "size_bytes 5\n");
    await push(gateway, "job/backup/instance/db-2", "size_bytes{of=\"a\"} 5\nsize_bytes{of=\"b\"} 5\n");
    await push(gateway, "job/mail", "sent_total 1\nqueued 1\nbounced 1\n");
    await push(gateway, "job/mail", "sent_total{x=\"1\"} 1\nsent_total{x=\"1\"} 2\n", { status: 400 });
    await page.goto(gateway);
    assert.deepEqual(await jobs(page), ["backup", "backup", "mail"]);

    // By labels and by metric names, as one types.
    await page.locator("#search").pressSequentially("DB-2");
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    assert.equal(new URL(page.url()).searchParams.get("search"), "DB-2");
    await page.locator("#search").fill("bounced");
    await settled(page, () => document.querySelector(".toggle .job")?.textContent === "job=mail");
    assert.match(await page.locator(".found").textContent(), /1 group found/);
    await page.locator("#search").fill("nothing has this");
    await settled(page, () => document.querySelector(".empty"));
    await page.getByRole("link", { name: "Clear" }).click();
    await settled(page, () => document.querySelectorAll(".toggle").length === 3);

    // By every column, both ways.
    for (const [column, first, last] of [
      ["Group", "mail", "backup"],
      ["Series", "mail", "backup"],
      ["Families", "mail", "backup"],
      ["Size", "mail", "backup"],
      ["Result", "mail", "backup"],
      ["Last push", "backup", "mail"],
    ]) {
      const header = page.locator("table.groups > thead").getByRole("link", { name: column });
      await header.click();
      const isSorted = ([column, first]) =>
        document.querySelector("th[aria-sort]").textContent === column &&
        document.querySelector(".toggle .job").textContent === `job=${first}`;
      await settled(page, isSorted, [column, first]);
      const before = await page.locator("th[aria-sort]").getAttribute("aria-sort");
      await header.click();
      await settled(page, (was) => document.querySelector("th[aria-sort]").ariaSort !== was, before);
      assert.equal((await jobs(page))[0], last, column);
    }

    // By job, by what failed, by age.
    await page.goto(gateway);
    await page.getByLabel("Job", { exact: true }).selectOption("mail");
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    await page.getByLabel("Job", { exact: true }).selectOption("");
    await settled(page, () => document.querySelectorAll(".toggle").length === 3);
    await page.getByLabel("Failed", { exact: true }).check();
    await settled(page, () => document.querySelectorAll(".toggle").length === 1);
    assert.match(await page.locator("table.groups > tbody > tr > td").nth(2).textContent(), /Failed.*sent_total/);
    await page.getByLabel("Last push", { exact: true }).selectOption("1h");
    await settled(page, () => document.querySelector(".empty"));

    // What is open stays open, for whoever gets the link, and on the way back.
    await page.goto(gateway);
    await page.getByRole("link", { name: "db-1" }).last().click();
    await page.locator("tr.detail").waitFor();
    assert.match(await page.locator("tr.detail").textContent(), /size_bytes.*untyped.*5/s);
    assert.equal(await page.getByRole("link", { name: "db-1" }).last().getAttribute("aria-expanded"), "true");
    const link = page.url();
    await page.getByRole("link", { name: "db-1" }).last().click();
    await page.locator("tr.detail").waitFor({ state: "detached" });
    await page.goBack();
    await page.locator("tr.detail").waitFor();
    await page.goto("about:blank");
    await page.goto(link);
    assert.equal(await page.locator("tr.detail").count(), 1);

    // A page of its own, with the commands that work.
    await page.getByRole("link", { name: "This group" }).click();
    await page.locator("h1 .badge").first().waitFor();
    await page.getByText("Commands").click();
    assert.match(await page.locator("pre").first().textContent(), new RegExp(`'${gateway}metrics/job/backup/instance/db-1'`));
    await page.getByText("Exposition").click();
    assert.match(await page.locator("pre").last().textContent(), /# TYPE size_bytes untyped\nsize_bytes\{instance="db-1",job="backup"\} 5\n/);

    await page.getByRole("link", { name: "Status" }).click();
    await page.getByRole("heading", { name: "Status" }).waitFor();
    assert.match(await page.locator(".variables").textContent(), /push_tokensnot set/);
  },
};

export const charts = {
  async run({ page, gateway }) {
    await push(
      gateway,
      "job/classic",
      "# TYPE h histogram\nh_bucket{le=\"0.5\"} 2\nh_bucket{le=\"1\"} 6\nh_bucket{le=\"+Inf\"} 7\nh_sum 5\nh_count 7\n" +
        "# TYPE s summary\ns{quantile=\"0.5\"} 1.5\ns{quantile=\"0.9\"} NaN\ns_sum 9\ns_count 4\n",
    );
    const native = { schema: 0, first: 0, counts: [1, 4, 2], zeros: 1, sum: 9 };
    await push(gateway, "job/native", nativeHistogram("n", "Native.", native), { headers: PROTOBUF });
    const float = { ...native, counts: [0.5, 4, 2], zeros: 0.25, float: true };
    await push(gateway, "job/float", nativeHistogram("f", "Float.", float), { headers: PROTOBUF });

    const family = async (job, name) => {
      await page.goto(gateway);
      await page.getByRole("link", { name: `job=${job}` }).last().click();
      const family = page.locator(".family", { has: page.locator("h3 code", { hasText: name }) });
      await family.waitFor();
      return {
        name: await family.getByRole("img").getAttribute("aria-label"),
        bars: await family.locator("svg.chart rect").evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("height")))),
        numbers: await family.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))),
        sums: await family.locator(".sums dd").allTextContents(),
      };
    };
    assert.deepEqual(await family("classic", "h"), {
      name: "Histogram of 7 observations in 3 buckets",
      bars: [50, 100, 25],
      numbers: [["≤ 0.5", "2"], ["≤ 1", "4"], ["≤ +Inf", "1"]],
      sums: ["7", "5"],
    });
    assert.deepEqual(await family("classic", "s"), {
      name: "Summary of 4 observations with 2 quantiles",
      bars: [100, 0],
      numbers: [["0.5", "1.5"], ["0.9", "NaN"]],
      sums: ["4", "9"],
    });
    assert.deepEqual(await family("native", "n"), {
      name: "Histogram of 8 observations in 4 buckets",
      bars: [25, 25, 100, 50],
      numbers: [["in [-0.001, 0.001]", "1"], ["in (0.5, 1]", "1"], ["in (1, 2]", "4"], ["in (2, 4]", "2"]],
      sums: ["8", "9"],
    });
    assert.deepEqual((await family("float", "f")).numbers.map(([, count]) => count), ["0.25", "0.5", "4", "2"]);
  },
};

export const prefix = {
  async run({ page, gateway }) {
    await push(gateway, "job/below", "m 1\n");
    await page.goto(gateway.slice(0, -1));
    assert.equal(page.url(), gateway);
    await page.locator(".toggle").click();
    await page.locator("tr.detail").waitFor();
    await page.getByRole("link", { name: "This group" }).click();
    await page.getByRole("button", { name: "Delete group job=below" }).click();
    await page.locator("#confirm .danger").click();
    await page.getByText("Nothing has been pushed yet.").first().waitFor();
    assert.equal(page.url(), gateway);
    await page.getByRole("link", { name: "Status" }).click();
    await page.getByRole("link", { name: "Metrics", exact: true }).click();
    await page.waitForURL(`${gateway}metrics`);
  },
};
