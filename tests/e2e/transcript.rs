//! What a newcomer does first, as the README shows it.

use crate::exposition::{samples, value};
use crate::support::gateway::{Gateway, Options};
use crate::support::prometheus::Prometheus;

const EXAMPLE: &str = "\
# TYPE some_metric counter
some_metric{label=\"val1\"} 42
# TYPE another_metric gauge
# HELP another_metric Just an example.
another_metric 2398.283
";

#[test]
fn push_scrape_and_delete() {
    let gateway = Gateway::start();
    let mut client = gateway.client();

    let response = client
        .put("/metrics/job/some_job", "some_metric 3.14\n")
        .expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (200, ""));
    assert_eq!(response.header("content-length"), Some("0"));
    assert_eq!(response.header("transfer-encoding"), None);
    assert_eq!(response.header("content-type"), None);
    assert_eq!(
        samples(&mut client),
        ["some_metric{instance=\"\",job=\"some_job\"} 3.14"]
    );
    let pushed = value(
        &mut client,
        "push_time_seconds{instance=\"\",job=\"some_job\"}",
    );
    assert!(pushed.is_some_and(|time| time > 1.7e9), "{pushed:?}");
    let failed = value(
        &mut client,
        "push_failure_time_seconds{instance=\"\",job=\"some_job\"}",
    );
    assert_eq!(failed, Some(0.0));

    let response = client.delete("/metrics/job/some_job").expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (202, ""));
    assert_eq!(samples(&mut client), [] as [&str; 0]);
    assert_eq!(
        value(
            &mut client,
            "push_time_seconds{instance=\"\",job=\"some_job\"}"
        ),
        None
    );

    let group = "/metrics/job/some_job/instance/some_instance";
    assert_eq!(client.post(group, EXAMPLE).expect("an answer").status, 200);
    let scrape = client.get("/metrics").expect("a scrape");
    assert_eq!(
        scrape.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
    );
    let text = scrape.text();
    assert!(text.contains(
        "# HELP another_metric Just an example.\n\
         # TYPE another_metric gauge\n\
         another_metric{instance=\"some_instance\",job=\"some_job\"} 2398.283\n"
    ));
    assert!(text.contains(
        "# TYPE some_metric counter\n\
         some_metric{instance=\"some_instance\",job=\"some_job\",label=\"val1\"} 42\n"
    ));
}

#[test]
fn post_adds_families_and_put_replaces_all() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let labels = "{instance=\"\",job=\"j\"}";
    let steps: [(&str, &str, &[&str]); 6] = [
        ("POST", "a 1\nb 1\n", &["a 1", "b 1"]),
        ("POST", "b 2\nc 2\n", &["a 1", "b 2", "c 2"]),
        ("POST", "b{x=\"y\"} 3\n", &["a 1", "b{x} 3", "c 2"]),
        ("PUT", "a 4\n", &["a 4"]),
        ("POST", "", &["a 4"]),
        ("PUT", "", &[]),
    ];
    for (method, body, want) in steps {
        let response = client
            .send(method, "/metrics/job/j", &[], body.into())
            .expect("an answer");
        assert_eq!(response.status, 200, "{method} {body:?}");
        let want: Vec<_> = want
            .iter()
            .map(|sample| match sample.split_once("{x} ") {
                Some((name, value)) => format!("{name}{{instance=\"\",job=\"j\",x=\"y\"}} {value}"),
                None => sample.replacen(' ', &format!("{labels} "), 1),
            })
            .collect();
        assert_eq!(samples(&mut client), want, "{method} {body:?}");
    }
    // An empty group is a group.
    assert!(value(&mut client, &format!("push_time_seconds{labels}")).is_some());
}

#[test]
fn labels_of_the_group_win_over_pushed_ones() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let body = "m{job=\"other\",instance=\"other\",zone=\"own\"} 1\n";
    client
        .put("/metrics/job/j/zone/z", body)
        .expect("an answer");
    client
        .put("/metrics/job/j/zone/z/instance/i", body)
        .expect("an answer");
    assert_eq!(
        samples(&mut client),
        [
            "m{instance=\"i\",job=\"j\",zone=\"z\"} 1",
            "m{instance=\"other\",job=\"j\",zone=\"z\"} 1",
        ]
    );
}

#[test]
fn prometheus_scrapes_what_was_pushed() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client
        .post("/metrics/job/batch/instance/i", EXAMPLE)
        .expect("an answer");
    let config = Prometheus::scrape_config(gateway.address());
    let Some(prometheus) = Prometheus::start_or_skip(&config, &[]) else {
        return;
    };
    let result = prometheus.wait_for("another_metric");
    assert_eq!(result.len(), 1, "{result:?}");
    assert_eq!(result[0]["metric"]["job"], "batch");
    assert_eq!(result[0]["metric"]["instance"], "i");
    assert_eq!(result[0]["value"][1], "2398.283");
    assert_eq!(prometheus.query("up")[0]["value"][1], "1");
}

#[test]
fn the_consistency_check_can_be_turned_off() {
    let gateway = Options::new()
        .variable("push_disable_consistency_check", "true")
        .start();
    let mut client = gateway.client();
    let accepted = |response: std::io::Result<crate::support::client::Response>| {
        assert_eq!(response.expect("an answer").status, 202);
    };
    accepted(client.put("/metrics/job/a", "# TYPE m counter\nm 1\n"));
    accepted(client.put("/metrics/job/b", "# TYPE m gauge\nm 2\n"));
    // The scrape is valid all the same: the first group's type holds.
    assert_eq!(samples(&mut client), ["m{instance=\"\",job=\"a\"} 1"]);
    assert_eq!(value(&mut client, "pushgateway_series_left_out"), Some(1.0));
    // Timestamps are refused even so, though nobody is told.
    accepted(client.put("/metrics/job/c", "m 1 1\n"));
    assert_eq!(
        value(&mut client, "push_time_seconds{instance=\"\",job=\"c\"}"),
        Some(0.0)
    );
    let failed = value(
        &mut client,
        "push_failure_time_seconds{instance=\"\",job=\"c\"}",
    );
    assert!(failed.is_some_and(|time| time > 0.0));
}
