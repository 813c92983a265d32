//! What stands in a request beside its body: path, query, matchers, headers. The first byte says which.
#![no_main]

use http::Method;
use libfuzzer_sys::fuzz_target;
use spin_pushgateway::api::groups::Query;
use spin_pushgateway::exposition::content_type::PushFormat;
use spin_pushgateway::exposition::encoding::accepts_gzip;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::negotiate::Format;
use spin_pushgateway::exposition::openmetrics::Support;
use spin_pushgateway::groups::matchers::Selector;
use spin_pushgateway::groups::path;
use spin_pushgateway::routes::{Paths, Route, route};

fuzz_target!(|input: &[u8]| {
    let Some((which, rest)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    match which % 5 {
        0 => {
            if let Route::Group { job, segments, .. } =
                route(&Method::PUT, &text, &Paths::new("", "", ""))
            {
                for scheme in [NameScheme::Legacy, NameScheme::Utf8] {
                    if let Ok(key) = path::parse(job, &segments, scheme) {
                        assert!(key.get("job").is_some_and(|job| !job.is_empty()));
                    }
                }
            }
        }
        1 => drop(Query::parse(&text)),
        2 => {
            if let Ok(selector) = Selector::parse(&text) {
                let _ = selector.matches(&[("job", "j"), ("instance", "")]);
            }
        }
        3 => {
            let _ = Format::negotiate(Some(&text), Support::On).content_type();
        }
        _ => {
            let _ = PushFormat::of_header(Some(rest), Support::On);
            let _ = accepts_gzip([rest]);
        }
    }
});
