'use strict';

// Pushes with prom-client, as jobs in Node do.
//
//     push.js URL push     pushes to several groups
//     push.js URL delete   deletes them all

const client = require('prom-client');

/** A registry with nothing but this gauge. */
function gauge(name, value) {
  const registry = new client.Registry();
  new client.Gauge({ name, help: `The gauge ${name}.`, registers: [registry] }).set(value);
  return registry;
}

/** A registry with a metric of every type, some with labels that need escaping. */
function everyType() {
  const registry = new client.Registry();
  const registers = [registry];
  const tasks = new client.Counter({
    name: 'tasks_total', help: 'Tasks done.', labelNames: ['outcome'], registers,
  });
  tasks.inc({ outcome: 'ok' }, 3);
  tasks.inc({ outcome: 'failed: "disk\\full"\n' });
  new client.Gauge({ name: 'temperature_celsius', help: 'How warm it is.', registers }).set(-2.5);
  const wait = new client.Histogram({
    name: 'wait_seconds', help: 'Time waited.', buckets: [0.5, 2.5], registers,
  });
  [0.25, 1.5, 7].forEach((seconds) => wait.observe(seconds));
  const size = new client.Summary({
    name: 'size_bytes', help: 'Sizes.', percentiles: [0.5, 0.99], registers,
  });
  [100, 200, 300].forEach((bytes) => size.observe(bytes));
  return registry;
}

const groups = {
  allTypes: { jobName: 'node', groupings: { instance: 'worker-1' } },
  added: { jobName: 'node added' },
  // Percent-encoded, never base64: the Go Pushgateway loses or refuses these.
  path: { jobName: 'node-path', groupings: { path: '/var/tmp' } },
  empty: { jobName: 'node-empty', groupings: { empty: '', zone: 'a b' } },
  slash: { jobName: 'nightly/node backup' },
  gzip: { jobName: 'node-gzip' },
};

async function push(url) {
  const to = (registry, options = {}) => new client.Pushgateway(url, options, registry);

  await to(gauge('replaced', 1)).push(groups.allTypes);
  await to(everyType()).push(groups.allTypes);

  await to(gauge('kept', 1)).pushAdd(groups.added);
  await to(gauge('changed', 1)).pushAdd(groups.added);
  await to(gauge('changed', 2)).pushAdd(groups.added);

  for (const group of [groups.path, groups.empty, groups.slash]) {
    await to(gauge('odd_values', 1)).push(group);
  }
  const headers = { 'Content-Encoding': 'gzip' };
  await to(gauge('compressed', 1), { headers }).push(groups.gzip);
}

async function remove(url) {
  const gateway = new client.Pushgateway(url, {}, new client.Registry());
  for (const group of Object.values(groups)) {
    await gateway.delete(group);
  }
}

const [url, step] = process.argv.slice(2);
const steps = { push, delete: remove };
steps[step](url).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
