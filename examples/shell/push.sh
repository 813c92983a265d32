#!/bin/sh
# Runs a command and pushes how that went; ends as the command ended. For cron, for example:
#
#   17 3 * * * push.sh backup /usr/local/bin/backup --all
#
# Environment: PUSHGATEWAY_URL and PUSHGATEWAY_TOKEN. Needs curl 7.76 or newer. The name of the job is letters, digits,
# dots, hyphens and underscores.
set -u

job=$1
shift

start=$(date +%s)
"$@"
code=$?
end=$(date +%s)

# PUT replaces the group of this job. The token goes in by a file descriptor, since everybody can read command lines.
# curl tries again after 502, 503, 504 and the like, and waits as long as Retry-After says.
curl --silent --show-error --fail-with-body --max-time 10 --retry 3 --retry-connrefused \
    --request PUT --data-binary @- --config /dev/fd/3 \
    "$PUSHGATEWAY_URL/metrics/job/$job" 3<<CONFIG <<METRICS || echo "metrics were not pushed" >&2
header = "Authorization: Bearer $PUSHGATEWAY_TOKEN"
CONFIG
# HELP command_last_run_success Whether the last run succeeded.
# TYPE command_last_run_success gauge
command_last_run_success $((code == 0))
# HELP command_last_run_exit_code How the last run ended.
# TYPE command_last_run_exit_code gauge
command_last_run_exit_code $code
# HELP command_last_run_duration_seconds How long the last run took.
# TYPE command_last_run_duration_seconds gauge
command_last_run_duration_seconds $((end - start))
METRICS

exit "$code"
