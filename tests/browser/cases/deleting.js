// Deleting one group or many, and the tokens that it takes.

import assert from "node:assert/strict";
import { push } from "../browser.js";
import { jobs, settled } from "./page.js";

const confirmDialog = (page) => page.locator("#confirm[open]");

export const deleting = {
  async run({ page, gateway }) {
    for (const at of [1, 2, 3]) await push(gateway, `job/ci/branch/b${at}`, "a 1\nb{x=\"1\"} 1\nb{x=\"2\"} 1\n");
    await push(gateway, "job/a b", "m 1\n");
    await push(gateway, "job@base64/Li4/path@base64/L3Zhci90bXA", "m{x=\"odd\"} 1\n");
    await push(gateway, "job/kept", "m{x=\"kept\"} 1\n");
    await page.goto(gateway);

    // One that a slip of the finger would cost.
    await page.getByRole("button", { name: "Delete group job=kept" }).click();
    assert.equal(await page.locator("#confirm-title").textContent(), "Delete this group with 1 series?");
    await confirmDialog(page).getByRole("button", { name: "Cancel" }).click();
    await confirmDialog(page).waitFor({ state: "detached" });
    assert.equal((await jobs(page)).length, 6);

    for (const [name, left] of [["job=a b", 5], ["job=.., path=/var/tmp", 4]]) {
      await page.getByRole("button", { name: `Delete group ${name}`, exact: true }).click();
      await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
      await settled(page, (left) => document.querySelectorAll(".toggle").length === left, left);
      await page.getByText("Group deleted").last().waitFor();
    }

    // All that were found: told before, told after.
    await page.locator("#search").fill("branch");
    await settled(page, () => document.querySelectorAll(".toggle").length === 3);
    await page.locator("#delete-all").click();
    await confirmDialog(page).waitFor();
    assert.match(await page.locator("#confirm-title").textContent(), /^Delete 3 groups with 9 series\?$/);
    assert.equal(await page.locator("#confirm-list li").count(), 3);
    assert.equal((await jobs(page)).length, 3);
    await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    await page.getByText("Deleted 3 groups with 9 series").waitFor();
    await settled(page, () => document.querySelector(".empty"));
    await page.goto(gateway);
    assert.deepEqual(await jobs(page), ["kept"]);

    // What goes wrong is said where it happens, and can be tried again.
    await page.route("**/metrics/job/kept", (route) => route.fulfill({ status: 503, body: "key-value store failed to write: <b>full</b>\n" }), { times: 1 });
    await page.getByRole("button", { name: "Delete group job=kept" }).click();
    await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    await settled(page, () => document.querySelector("#confirm .error").textContent === "key-value store failed to write: <b>full</b>");
    await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    await page.getByText("Nothing has been pushed yet.").first().waitFor();
  },
};

export const tokens = {
  async run({ page, gateway }) {
    const headers = { Authorization: "Bearer pusher" };
    for (const job of ["a", "b", "c", "d"]) await push(gateway, `job/${job}`, "m 1\n", { headers });
    await page.goto(gateway);
    const asked = page.locator("#token[open]");
    const answer = async (token) => {
      await asked.waitFor();
      await asked.getByLabel("Token").fill(token);
      await asked.getByRole("button", { name: "Go on" }).click();
    };
    const deleteOne = async (job) => {
      await page.getByRole("button", { name: `Delete group job=${job}` }).click();
      await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    };

    // None, a wrong one, the right one.
    await deleteOne("a");
    await answer("guess");
    await settled(page, () => /refused/.test(document.querySelector("#token-text").textContent));
    await answer("pusher");
    await settled(page, () => document.querySelectorAll(".toggle").length === 3);

    // It is kept, and only for the session.
    await page.reload();
    await deleteOne("b");
    await settled(page, () => document.querySelectorAll(".toggle").length === 2);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.ok(!page.url().includes("pusher") && !(await page.content()).includes("pusher"));

    // It does not do for everything. Who has no other can leave it at that.
    await page.locator("#delete-all").click();
    await asked.waitFor();
    await asked.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Nothing was deleted: the token does not allow this").waitFor();
    await page.locator("#delete-all").click();
    await answer("chief");
    await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    await page.getByText("Deleted 2 groups with 2 series").waitFor();
  },
};

export const reading = {
  // What the browser asks its user for.
  options: { httpCredentials: { username: "", password: "reader" } },
  async run({ page, gateway }) {
    const headers = { Authorization: "Bearer pusher" };
    for (const job of ["a", "b"]) await push(gateway, `job/${job}`, "m 1\n", { headers });
    await page.goto(gateway);
    await page.locator("#search").fill("job");
    await settled(page, () => document.querySelector(".found").textContent === "2 groups found");
    await page.getByRole("button", { name: "Delete group job=a" }).click();
    await confirmDialog(page).getByRole("button", { name: "Delete" }).click();
    const asked = page.locator("#token[open]");
    await asked.getByLabel("Token").fill("pusher");
    await asked.getByRole("button", { name: "Go on" }).click();
    await settled(page, () => document.querySelector(".found").textContent === "1 group found");

    // What may push may not read: pages are asked for as before.
    await page.locator(".toggle").click();
    await page.locator("tr.detail").waitFor();
    await page.getByRole("link", { name: "Status" }).click();
    await page.getByRole("heading", { name: "Status" }).waitFor();
  },
};
