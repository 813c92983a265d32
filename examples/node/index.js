'use strict';

// A function (of AWS Lambda, or of whatever else calls `handler`) that pushes how its last run went.
//
// Environment: PUSHGATEWAY_URL and PUSHGATEWAY_TOKEN. Needs Node 18 or newer, and prom-client.

const { setTimeout: sleep } = require('node:timers/promises');
const { Gauge, Registry } = require('prom-client');

const JOB = 'invoices';
const ATTEMPTS = 4;

exports.handler = async (event) => {
  // Of this run alone: what the last one counted has no place in it.
  const registry = new Registry();
  const gauge = (name, help) => new Gauge({ name, help, registers: [registry] });
  const success = gauge('invoices_last_run_success', 'Whether the last run succeeded.');
  const sent = gauge('invoices_last_run_sent', 'Invoices of the last run.');
  const duration = gauge('invoices_last_run_duration_seconds', 'How long the last run took.');
  const stop = duration.startTimer();
  try {
    sent.set(await sendInvoices(event.invoices));
    success.set(1);
  } finally {
    stop();
    // Before the handler returns: the environment may be frozen then.
    await push(registry);
  }
};

async function sendInvoices(invoices) {
  return invoices.length;
}

/** Replaces the group of this job. A failure is logged: metrics are no reason to fail the run. */
async function push(registry) {
  const { PUSHGATEWAY_URL, PUSHGATEWAY_TOKEN } = process.env;
  const request = {
    method: 'PUT',
    headers: { authorization: `Bearer ${PUSHGATEWAY_TOKEN}`, 'content-type': registry.contentType },
    body: await registry.metrics(),
  };
  let problem;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // Jobs that were refused together should not come back together.
    if (attempt > 0) await sleep(1000 * 2 ** (attempt - 1) * (0.5 + Math.random()));
    try {
      const signal = AbortSignal.timeout(5000);
      const response = await fetch(`${PUSHGATEWAY_URL}/metrics/job/${encodeURIComponent(JOB)}`, { ...request, signal });
      if (response.ok) return;
      problem = `${response.status} ${(await response.text()).trim()}`;
      if (![502, 503, 504].includes(response.status)) break;
    } catch (error) {
      problem = error.cause?.message ?? error.message;
    }
  }
  console.error(`metrics were not pushed: ${problem}`);
}
