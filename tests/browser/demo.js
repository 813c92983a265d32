// The groups that screenshots show: a few weeks in the life of a company's batch jobs, pushed in a second.

import { push } from "./browser.js";
import { nativeHistogram, PROTOBUF } from "./protobuf.js";

const text = (lines) => `${lines.join("\n")}\n`;

const backup = (seconds, bytes) =>
  text([
    "# HELP backup_duration_seconds How long the last backup took.",
    "# TYPE backup_duration_seconds gauge",
    `backup_duration_seconds ${seconds}`,
    "# HELP backup_size_bytes Size of the archive, by kind of data.",
    "# TYPE backup_size_bytes gauge",
    `backup_size_bytes{kind="tables"} ${bytes}`,
    `backup_size_bytes{kind="indexes"} ${Math.round(bytes * 0.21)}`,
    `backup_size_bytes{kind="wal"} ${Math.round(bytes * 0.034)}`,
    "# HELP backup_last_success_timestamp_seconds When a backup last succeeded.",
    "# TYPE backup_last_success_timestamp_seconds gauge",
    "backup_last_success_timestamp_seconds 1.7641e+09",
  ]);

const mails = (count) => {
  const bounds = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
  const share = [0.02, 0.09, 0.27, 0.52, 0.78, 0.91, 0.97, 0.99, 1];
  return text([
    "# HELP mail_send_seconds Time to hand a mail over to the relay.",
    "# TYPE mail_send_seconds histogram",
    ...bounds.map((bound, at) => `mail_send_seconds_bucket{le="${bound}"} ${Math.round(count * share[at])}`),
    `mail_send_seconds_sum ${(count * 0.83).toFixed(1)}`,
    `mail_send_seconds_count ${count}`,
    "# HELP mail_render_seconds Time to render a mail.",
    "# TYPE mail_render_seconds summary",
    'mail_render_seconds{quantile="0.5"} 0.012',
    'mail_render_seconds{quantile="0.9"} 0.031',
    'mail_render_seconds{quantile="0.99"} 0.094',
    `mail_render_seconds_sum ${(count * 0.016).toFixed(2)}`,
    `mail_render_seconds_count ${count}`,
    "# TYPE mails_total counter",
    `mails_total{result="sent"} ${count - 17}`,
    'mails_total{result="bounced"} 17',
  ]);
};

const imported = (tables) =>
  text([
    "# HELP import_rows Rows that were imported, by table.",
    "# TYPE import_rows gauge",
    ...Array.from({ length: tables }, (_, at) => `import_rows{table="t${String(at).padStart(3, "0")}"} ${(at * 7919) % 50_000}`),
  ]);

const plain = (value) => text(["# TYPE job_duration_seconds gauge", `job_duration_seconds ${value}`, "# TYPE job_items_total counter", `job_items_total ${value * 31}`]);

/** Pushes them. The first one returned is worth opening. */
export async function demo(gateway) {
  await push(gateway, "job/newsletter/instance/mailer-1", mails(18_240));
  for (const [instance, seconds, bytes] of [["db-1", 412.7, 81_204_003_112], ["db-2", 398.1, 80_913_447_010], ["db-3", 1207.4, 214_003_551_204]]) {
    await push(gateway, `job/backup/instance/${instance}/zone/eu-west`, backup(seconds, bytes));
  }
  for (const [source, tables] of [["crm", 48], ["erp", 126], ["shop", 74], ["legacy", 12]]) {
    await push(gateway, `job/import/source/${source}`, imported(tables));
  }
  const rest = ["certificates", "cleanup", "ci/branch/main", "ci/branch/release", "currency-rates", "invoices", "ledger-close", "log-rotation", "reindex", "report/team/finance", "report/team/sales", "search-index", "thumbnails", "warehouse-export", "vacuum"];
  for (const [at, path] of rest.entries()) await push(gateway, `job/${path}`, plain(3 + at * 2.5));
  const counts = [2, 5, 9, 21, 48, 97, 160, 231, 305, 352, 344, 281, 220, 171, 118, 83, 52, 30, 22, 9, 4, 1];
  const latency = nativeHistogram("request_seconds", "Latency of requests under load.", { schema: 1, first: -12, counts, zeros: 3, sum: 402.25 });
  await push(gateway, "job/load-test/instance/runner-7", latency, { headers: PROTOBUF });
  await push(gateway, "job/invoices", "job_duration_seconds{x=\"1\"} 1\njob_duration_seconds{x=\"1\"} 2\n", { status: 400 });
}
