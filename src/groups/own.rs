//! Metric names that belong to the gateway itself.

use crate::exposition::model::MetricType;

/// When a push to a group last succeeded: a gauge of every group.
pub const PUSH_TIME: &str = "push_time_seconds";

/// When a push to a group last failed: a gauge of every group.
pub const FAILURE_TIME: &str = "push_failure_time_seconds";

/// When a group expires: a gauge of groups that do. The Pushgateway has no such thing.
pub const EXPIRY_TIME: &str = "pushgateway_group_expiry_time_seconds";

/// The HELP text of [`EXPIRY_TIME`].
pub const EXPIRY_TIME_HELP: &str =
    "Unix time when the last of this group expires unless it is pushed again.";

/// When forwarding a push to a group failed: a gauge of the groups of which the last push has not been forwarded.
pub const FORWARD_FAILURE_TIME: &str = "pushgateway_group_forward_failure_time_seconds";

/// The HELP text of [`FORWARD_FAILURE_TIME`].
pub const FORWARD_FAILURE_TIME_HELP: &str =
    "Unix time when forwarding failed, of groups whose last push has not been forwarded.";

/// The HELP text of [`PUSH_TIME`].
pub const PUSH_TIME_HELP: &str =
    "Last Unix time when changing this group in the Pushgateway succeeded.";

/// The HELP text of [`FAILURE_TIME`].
pub const FAILURE_TIME_HELP: &str =
    "Last Unix time when changing this group in the Pushgateway failed.";

/// Whether a family of this name is made by the gateway for every group. A pushed one is accepted and replaced.
#[must_use]
pub fn is_automatic(name: &str) -> bool {
    name == PUSH_TIME || name == FAILURE_TIME
}

/// The counters among the Pushgateway's own metrics.
const COUNTERS: &[&str] = &[
    "go_memstats_alloc_bytes_total",
    "go_memstats_frees_total",
    "go_memstats_mallocs_total",
    "process_cpu_seconds_total",
    "process_network_receive_bytes_total",
    "process_network_transmit_bytes_total",
    "pushgateway_http_requests_total",
];

/// The summaries among them.
const SUMMARIES: &[&str] = &[
    "go_gc_duration_seconds",
    "pushgateway_http_push_duration_seconds",
    "pushgateway_http_push_size_bytes",
];

/// The gauges among them, and those that this gateway has of its own.
const GAUGES: &[&str] = &[
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_goroutines",
    "go_info",
    "go_memstats_alloc_bytes",
    "go_memstats_buck_hash_sys_bytes",
    "go_memstats_gc_sys_bytes",
    "go_memstats_heap_alloc_bytes",
    "go_memstats_heap_idle_bytes",
    "go_memstats_heap_inuse_bytes",
    "go_memstats_heap_objects",
    "go_memstats_heap_released_bytes",
    "go_memstats_heap_sys_bytes",
    "go_memstats_last_gc_time_seconds",
    "go_memstats_mcache_inuse_bytes",
    "go_memstats_mcache_sys_bytes",
    "go_memstats_mspan_inuse_bytes",
    "go_memstats_mspan_sys_bytes",
    "go_memstats_next_gc_bytes",
    "go_memstats_other_sys_bytes",
    "go_memstats_stack_inuse_bytes",
    "go_memstats_stack_sys_bytes",
    "go_memstats_sys_bytes",
    "go_sched_gomaxprocs_threads",
    "go_threads",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "pushgateway_build_info",
    "pushgateway_entries_skipped",
    "pushgateway_families",
    EXPIRY_TIME,
    FORWARD_FAILURE_TIME,
    "pushgateway_groups",
    "pushgateway_max_groups",
    "pushgateway_series",
    "pushgateway_series_left_out",
    "pushgateway_stored_bytes",
];

/// The type that a family of this name has among the gateway's own metrics, which a pushed one must have too.
///
/// The names are the Pushgateway's, so that a push is judged as there, though this gateway runs no Go process and
/// exposes few of them.
#[must_use]
pub fn type_of(name: &str) -> Option<MetricType> {
    if !(name.starts_with("go_")
        || name.starts_with("process_")
        || name.starts_with("pushgateway_"))
    {
        None
    } else if GAUGES.contains(&name) {
        Some(MetricType::Gauge)
    } else if COUNTERS.contains(&name) {
        Some(MetricType::Counter)
    } else if SUMMARIES.contains(&name) {
        Some(MetricType::Summary)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_metrics_have_the_types_of_the_pushgateway() {
        let cases = [
            ("go_goroutines", Some(MetricType::Gauge)),
            ("go_gc_duration_seconds", Some(MetricType::Summary)),
            ("process_cpu_seconds_total", Some(MetricType::Counter)),
            ("pushgateway_http_requests_total", Some(MetricType::Counter)),
            ("go_something_else", None),
            ("some_metric", None),
            (PUSH_TIME, None),
        ];
        for (name, want) in cases {
            assert_eq!(type_of(name), want, "{name}");
        }
    }
}
