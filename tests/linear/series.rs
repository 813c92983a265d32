//! Pushes of much of one family: labels, series, buckets, escapes, long names, violations.

use crate::{Case, Request, parts};

/// The inputs.
pub(crate) const CASES: [Case; 14] = [
    Case {
        name: "many labels of a series",
        size: 5_000,
        request: |n| Request::push(format!("m{{{}}} 1\n", parts(n, |n| format!("l{n}=\"x\",")))),
        status: 200,
    },
    Case {
        name: "the same label many times",
        size: 10_000,
        request: |n| Request::push(format!("m{{{}}} 1\n", "l=\"x\",".repeat(n))),
        status: 400,
    },
    Case {
        name: "many series",
        size: 10_000,
        request: |n| Request::push(parts(n, |n| format!("m{{l=\"{n}\"}} 1\n"))),
        status: 200,
    },
    Case {
        name: "many series in the opposite order",
        size: 10_000,
        request: |n| Request::push(parts(n, |i| format!("m{{l=\"{:08}\"}} 1\n", n - i))),
        status: 200,
    },
    Case {
        name: "the same series many times",
        size: 10_000,
        request: |n| Request::push("m 1\n".repeat(n)),
        status: 400,
    },
    Case {
        name: "many series with a label that is reserved",
        size: 10_000,
        request: |n| Request::push(parts(n, |n| format!("m{{__l=\"{n}\"}} 1\n"))),
        status: 400,
    },
    Case {
        name: "many series with timestamps",
        size: 10_000,
        request: |n| Request::push(parts(n, |n| format!("m{{l=\"{n}\"}} 1 1\n"))),
        status: 400,
    },
    Case {
        name: "many buckets",
        size: 10_000,
        request: |n| {
            let buckets = parts(n, |n| format!("h_bucket{{le=\"{n}\"}} {n}\n"));
            Request::push(format!("# TYPE h histogram\n{buckets}h_sum 1\nh_count 1\n"))
        },
        status: 200,
    },
    Case {
        name: "many quantiles in the opposite order",
        size: 10_000,
        request: |n| {
            let quantiles = parts(n, |i| format!("s{{quantile=\"0.{:08}\"}} 1\n", n - i));
            Request::push(format!("# TYPE s summary\n{quantiles}s_sum 1\ns_count 1\n"))
        },
        status: 200,
    },
    Case {
        name: "a long name",
        size: 200_000,
        request: |n| Request::push(format!("{} 1\n", "m".repeat(n))),
        status: 200,
    },
    Case {
        name: "a long label name",
        size: 200_000,
        request: |n| Request::push(format!("m{{{}=\"x\"}} 1\n", "l".repeat(n))),
        status: 200,
    },
    Case {
        name: "many escapes",
        size: 100_000,
        request: |n| {
            let escapes = "\\\\\\n\\\"".repeat(n);
            Request::push(format!(
                "# HELP m {}\nm{{l=\"{escapes}\"}} 1\n",
                "\\\\\\n".repeat(n)
            ))
        },
        status: 200,
    },
    Case {
        name: "a long number",
        size: 100_000,
        request: |n| Request::push(format!("m 0.{}\n", "1".repeat(n))),
        status: 200,
    },
    Case {
        name: "blanks, comments and empty lines",
        size: 50_000,
        request: |n| Request::push(format!("{}m{}1\n", "# x\n\n \n".repeat(n), " \t".repeat(n))),
        status: 200,
    },
];
