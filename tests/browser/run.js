// Runs one case: `node run.js CASE GATEWAY`. Ends with 0 if it passes.

import * as deleting from "./cases/deleting.js";
import * as expiring from "./cases/expiring.js";
import * as finding from "./cases/finding.js";
import * as hostile from "./cases/hostile.js";
import * as looks from "./cases/looks.js";
import * as many from "./cases/many.js";
import { start } from "./browser.js";

const cases = { ...deleting, ...expiring, ...finding, ...hostile, ...looks, ...many };
const [name, gateway] = process.argv.slice(2);
const { options, run } = cases[name];

const { context, page, close } = await start(options);
const wrong = [];
// A violation of the content security policy is an error on the console, too. A refused request is one of a case's own.
page.on("console", (message) => {
  if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) wrong.push(message.text());
});
page.on("pageerror", (error) => wrong.push(error.message));
page.on("request", (request) => {
  if (!request.url().startsWith(gateway.slice(0, -1))) wrong.push(`a request elsewhere: ${request.url()}`);
});
try {
  await run({ context, page, gateway });
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await close();
}
