//! What the API tells of all kinds of metrics has the shape that the file says.

use spin_pushgateway::exposition::model::MetricType;

use crate::file::Description;
use crate::support::client::Body;
use crate::support::gateway::{Gateway, Options};
use crate::support::receiver::{Behaviour, Receiver};
use crate::support::wait;

/// Classic, native, float and gauge histograms, among others.
const HISTOGRAMS: &[u8] = include_bytes!("../fixtures/protobuf/pushed.pb");

/// Groups that hold metrics of all types, expire, were refused, and could not be forwarded.
fn with_everything() -> Gateway {
    let receiver = Receiver::start(Behaviour::Answers(500));
    let gateway = receiver
        .forwarding()
        .variable("web_enable_admin_api", "true")
        .variable("group_ttl", "1h")
        .start();
    let mut client = gateway.client();
    let text = "# HELP c Helps.\n# TYPE c counter\nc{a=\"<b>\"} 1\n\
                # TYPE g gauge\ng NaN\nu -Inf\n\
                # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n\
                # TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n";
    let headers = [(
        "Content-Type",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    )];
    let native = client
        .send(
            "PUT",
            "/metrics/job/native",
            &headers,
            Body::Fixed(HISTOGRAMS),
        )
        .expect("an answer");
    assert_eq!(native.status, 200, "{native:?}");
    for (path, body, status) in [
        ("/metrics/job/a", text, 200),
        ("/metrics/job/a/instance/i", "m 1\n", 200),
        ("/metrics/job/a/instance/j", "m{__x=\"1\"} 1\n", 400),
        ("/metrics/job/a/instance/i", "m 1 1\n", 400),
    ] {
        let answer = client.put(path, body).expect("an answer");
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let told = "\"forward_failure_reason\":";
    wait::until("no push was forwarded", || {
        let groups = client.get("/api/v1/groups").expect("an answer").text();
        groups.matches(told).count() == 3
    });
    gateway
}

#[test]
fn what_the_api_tells_has_the_shape_that_the_file_says() {
    let description = Description::read();
    let gateway = with_everything();
    let mut client = gateway.client();
    let all = "match[]=%7Bjob!=%22%22%7D";
    let requests = [
        ("get", "/api/v1/status", String::new(), "start_time"),
        ("get", "/api/v1/metrics", String::new(), "quantiles"),
        ("get", "/api/v1/groups", String::new(), "\"failure_reason\""),
        ("get", "/api/v1/groups", String::new(), "\"expiry_time\":1"),
        (
            "get",
            "/api/v1/groups",
            String::new(),
            "\"forward_failure_time\"",
        ),
        ("get", "/api/v1/groups", "?limit=1".to_owned(), "next"),
        (
            "delete",
            "/api/v1/groups",
            format!("?{all}&dry_run="),
            "\"dry_run\":true",
        ),
        (
            "delete",
            "/api/v1/groups",
            format!("?{all}"),
            "\"deleted\":4",
        ),
        ("get", "/api/v1/groups", String::new(), "\"total\":0"),
        ("get", "/api/v1/metrics", String::new(), "[]"),
    ];
    for (method, path, query, contains) in requests {
        let operation = description.operation(method, path);
        let answer = client
            .send(
                &operation.method(),
                &format!("{path}{query}"),
                &[],
                Body::None,
            )
            .expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(operation.check(&answer), Ok(()), "{answer:?}");
        assert!(answer.text().contains(contains), "{contains}: {answer:?}");
    }
}

#[test]
fn metrics_of_every_type_are_told_as_the_file_says() {
    let description = Description::read();
    let gateway = with_everything();
    let answer = gateway.client().get("/api/v1/metrics").expect("an answer");
    let operation = description.operation("get", "/api/v1/metrics");
    assert_eq!(operation.check(&answer), Ok(()), "{answer:?}");
    let body = answer.text();
    for metric_type in MetricType::ALL {
        let told = format!("\"type\":\"{}\"", metric_type.enum_name());
        assert!(body.contains(&told), "{told} in {body}");
    }
    let native = r#""buckets":[["#;
    assert!(body.contains(native), "{body}");
}

#[test]
fn every_form_of_the_exposition_is_in_the_file() {
    let description = Description::read();
    let gateway = Options::new()
        .variable("web_enable_openmetrics", "true")
        .start();
    let operation = description.operation("get", "/metrics");
    let mut client = gateway.client();
    for accept in [
        "*/*",
        "application/openmetrics-text",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
    ] {
        let answer = client
            .send("GET", "/metrics", &[("Accept", accept)], Body::None)
            .expect("an answer");
        assert_eq!(operation.check(&answer), Ok(()), "{accept}: {answer:?}");
    }
}
