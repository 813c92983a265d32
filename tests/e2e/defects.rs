//! Defects of the Go Pushgateway that must be impossible here, one by one.
//!
//! Each of these takes down the scrapes or the later pushes of a Pushgateway, or makes its answers wrong.

use spin_pushgateway::exposition::model::{Metric, MetricFamily, MetricType, Value};
use spin_pushgateway::exposition::protobuf;

use crate::exposition::{samples, value};
use crate::support::client::{Body, Client};
use crate::support::gateway::{Gateway, Options};

const PROTOBUF: (&str, &str) = (
    "Content-Type",
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
);

fn put(client: &mut Client, path: &str, body: &str) -> u16 {
    client.put(path, body).expect("an answer").status
}

/// Whether others can still push, and whether everything is still scraped.
fn is_well(client: &mut Client) {
    assert_eq!(put(client, "/metrics/job/innocent", "fine 1\n"), 200);
    let samples = samples(client);
    let fine = "fine{instance=\"\",job=\"innocent\"} 1".to_owned();
    assert!(samples.contains(&fine), "{samples:?}");
}

#[test]
fn a_group_with_an_empty_instance_is_no_second_group() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    assert_eq!(put(&mut client, "/metrics/job/a", "m 1\n"), 200);
    for path in [
        "/metrics/job/a/instance@base64/=",
        "/metrics/job/a/instance/",
    ] {
        assert_eq!(put(&mut client, path, "m 2\n"), 200, "{path}");
        is_well(&mut client);
    }
    assert_eq!(value(&mut client, "m{instance=\"\",job=\"a\"}"), Some(2.0));
    assert_eq!(value(&mut client, "pushgateway_groups"), Some(2.0));
}

#[test]
fn grouping_labels_that_are_no_utf8_are_refused() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for path in [
        "/metrics/job/%ff",
        "/metrics/job@base64/_w",
        "/metrics/job/a/x/%ff",
    ] {
        assert_eq!(put(&mut client, path, "m 1\n"), 400, "{path}");
        is_well(&mut client);
    }
    assert_eq!(value(&mut client, "pushgateway_groups"), Some(1.0));
}

#[test]
fn a_label_name_cannot_unescape_to_a_reserved_one() {
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .start();
    let mut client = gateway.client();
    assert_eq!(put(&mut client, "/metrics/job/a/U______x/1", "m 1\n"), 400);
    is_well(&mut client);
    assert_eq!(put(&mut client, "/metrics/job/a/U__x_2e_y/1", "m 1\n"), 200);
    is_well(&mut client);
}

#[test]
fn a_pushed_failure_time_is_always_replaced() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for _ in 0..2 {
        assert_eq!(
            put(
                &mut client,
                "/metrics/job/a",
                "push_failure_time_seconds{x=\"y\"} 7\nm 1\n"
            ),
            200
        );
        assert_eq!(
            value(
                &mut client,
                "push_failure_time_seconds{instance=\"\",job=\"a\"}"
            ),
            Some(0.0)
        );
        is_well(&mut client);
    }
}

#[test]
fn names_of_own_metrics_are_reserved_from_the_first_request_on() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let body = "pushgateway_http_push_size_bytes 1\npushgateway_http_requests_total 1\n";
    assert_eq!(put(&mut client, "/metrics/job/a", body), 400);
    is_well(&mut client);
    let body =
        "# TYPE pushgateway_http_requests_total counter\npushgateway_http_requests_total 1\n";
    assert_eq!(put(&mut client, "/metrics/job/a", body), 200);
    is_well(&mut client);
}

#[test]
fn protobuf_that_no_scrape_could_write_is_refused() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let family = |name: &'static str, metric_type, value| {
        let metrics = vec![Metric {
            labels: Vec::new(),
            value,
            timestamp_ms: None,
        }];
        let mut bytes = Vec::new();
        let family = MetricFamily {
            name: name.into(),
            help: None,
            metric_type,
            unit: None,
            metrics,
        };
        protobuf::write_family(&mut bytes, &family);
        bytes
    };
    // `m`, of a type that does not exist, with one metric.
    let unknown_type = [7, 0x0a, 1, b'm', 0x18, 9, 0x22, 0].to_vec();
    let cases = [
        (
            "a family without a name",
            family("", MetricType::Gauge, Value::Gauge(1.0)),
        ),
        (
            "a name that is none",
            family("a b", MetricType::Gauge, Value::Gauge(1.0)),
        ),
        ("an unknown type", unknown_type),
        (
            "a gauge histogram that is a gauge",
            family("m", MetricType::GaugeHistogram, Value::Gauge(1.0)),
        ),
        (
            "a length beyond the body",
            vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0x0a],
        ),
        ("a length beyond all memory", vec![0xff; 9]),
    ];
    for (name, body) in cases {
        let response = client.send("PUT", "/metrics/job/a", &[PROTOBUF], Body::Fixed(&body));
        assert_eq!(response.expect("an answer").status, 400, "{name}");
        is_well(&mut client);
    }
    // Not even a group is left.
    assert_eq!(value(&mut client, "pushgateway_groups"), Some(1.0));
}

#[test]
fn what_groups_disagree_on_does_not_change_from_scrape_to_scrape() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for (job, body) in [
        ("a", "m 1\n"),
        ("b", "# HELP m one\nm 2\n"),
        ("c", "# HELP m two\nm 3\n"),
    ] {
        assert_eq!(put(&mut client, &format!("/metrics/job/{job}"), body), 200);
    }
    for _ in 0..20 {
        let text = client.get("/metrics").expect("a scrape").text();
        assert!(text.contains("# HELP m one\n# TYPE m untyped\n"), "{text}");
    }
}

#[test]
fn names_that_become_equal_by_escaping_stay_apart() {
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .start();
    let mut client = gateway.client();
    let body = "{\"m.x\",\"a.b\"=\"1\",a_b=\"2\"} 1\nm_x 2\n";
    assert_eq!(put(&mut client, "/metrics/job/a", body), 200);
    assert_eq!(
        samples(&mut client),
        [
            "U__m_2e_x{U__a_2e_b=\"1\",a_b=\"2\",instance=\"\",job=\"a\"} 1",
            "m_x{instance=\"\",job=\"a\"} 2",
        ]
    );
}

#[test]
fn no_series_has_a_label_twice() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\n";
    assert_eq!(put(&mut client, "/metrics/job/a/le/5", body), 400);
    is_well(&mut client);
}

#[test]
fn a_prefix_holds_for_every_path() {
    let gateway = Options::new().variable("web_route_prefix", "/pgw").start();
    let mut client = gateway.client();
    let status = |client: &mut Client, path: &str| client.get(path).expect("an answer").status;
    for (path, want) in [
        ("/pgw/api/v1/metrics", 200),
        ("/pgw/api/v1/metrics/", 404),
        ("/pgw/-/quit", 405),
        ("/-/quit", 404),
        ("/api/v1/metrics", 404),
        ("/metrics", 404),
        ("/pgw/metrics", 200),
    ] {
        assert_eq!(status(&mut client, path), want, "{path}");
    }
}
