// Chromium, and what tests and screenshots do to a gateway beside it.
//
// Environment: `BROWSER_MODULES` is the folder with node_modules, `CHROMIUM_BIN` the browser.

import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const require = createRequire(resolve(process.env.BROWSER_MODULES ?? "target/test-programs/browser", "index.js"));
const { chromium } = require("playwright-core");

/** The source of axe-core, to be run in a page. */
export const AXE = require("axe-core").source;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium with a fresh profile. `close` ends it and removes the profile. */
export async function start(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: FLAGS,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, page: context.pages()[0], close };
}

/** Pushes `body` to the group at `path`; throws unless the gateway answers with `status`. */
export async function push(gateway, path, body, { status = 200, method = "POST", headers = {} } = {}) {
  const answer = await fetch(new URL(`metrics/${path}`, gateway), { method, body, headers });
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
}

/** The names of `count` different things, dealt out to a few tasks at once. */
export async function each(count, task, atOnce = 16) {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
