//! Forwarding, to a receiver that fails in every way: pushes succeed all the same, and nothing is forgotten.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::client::Client;
use crate::support::gateway::{Gateway, Options};
use crate::support::receiver::{Behaviour, Received, Receiver, forwarding_to};
use crate::support::wait;

fn push(client: &mut Client, body: &str) {
    let response = client.post("/metrics/job/j/zone/z", body);
    assert_eq!(response.expect("an answer").status, 200, "{body}");
}

/// A gateway that forwards to a receiver which says nothing, and waits for it.
fn with_silent_receiver() -> (Receiver, Gateway) {
    let receiver = Receiver::start(Behaviour::SaysNothing);
    let options = receiver.forwarding().variable("forward_timeout", "1h");
    let gateway = options.start();
    (receiver, gateway)
}

/// What is told of the only group.
fn group(client: &mut Client) -> Value {
    let body = client.get("/api/v1/groups").expect("an answer").body;
    let mut answer: Value = serde_json::from_slice(&body).expect("JSON");
    answer["data"]["groups"][0].take()
}

/// Why the only group was not forwarded; `None` if it was, or may still be.
fn reason(client: &mut Client) -> Option<String> {
    let group = group(client);
    let reason = group["forward_failure_reason"].as_str()?;
    assert!(group["forward_failure_time"].is_f64(), "{group}");
    Some(reason.to_owned())
}

/// Which of these metrics each request has.
fn metrics(received: &[Received], names: [&'static str; 2]) -> Vec<Vec<&'static str>> {
    received
        .iter()
        .map(|request| {
            let names = names.into_iter();
            names.filter(|name| request.contains(name)).collect()
        })
        .collect()
}

#[test]
fn requests_are_those_of_remote_write() {
    let receiver = Receiver::start(Behaviour::Answers(204));
    let gateway = receiver
        .forwarding()
        .variable("forward_token", "hunter2")
        .start();
    let mut client = gateway.client();
    push(&mut client, "some_metric{Z=\"1\"} 3.14\n");
    let received = receiver.wait_for(1);
    let [request] = received.as_slice() else {
        panic!("one request, not {}", received.len());
    };
    for line in [
        "post /api/v1/write http/1.1\r\n",
        &format!("\r\nhost: {}\r\n", receiver.address()),
        "\r\nauthorization: bearer hunter2\r\n",
        "\r\ncontent-encoding: snappy\r\n",
        "\r\ncontent-type: application/x-protobuf\r\n",
        "\r\nx-prometheus-remote-write-version: 0.1.0\r\n",
    ] {
        assert!(request.head.contains(line), "{line} in {}", request.head);
    }
    let labels = "\n\u{6}\n\u{1}Z\u{12}\u{1}1\n\u{17}\n\u{8}__name__\u{12}\u{b}some_metric\
        \n\u{8}\n\u{3}job\u{12}\u{1}j\n\u{9}\n\u{4}zone\u{12}\u{1}z\u{12}";
    assert!(request.contains(labels), "{:?}", request.message);
    let status = client.get("/status").expect("an answer").text();
    assert!(status.contains("/api/v1/write") && !status.contains("hunter2"));
    assert!(!gateway.stderr().contains("hunter2"));
}

#[test]
fn a_push_is_answered_while_the_receiver_says_nothing() {
    let (receiver, gateway) = with_silent_receiver();
    let mut client = gateway.client();
    for number in 0..5 {
        push(&mut client, &format!("some_metric {number}\n"));
        receiver.wait_for(1);
    }
    // Nobody has been answered, and nobody has given up.
    assert_eq!(reason(&mut client), None);
}

#[test]
fn a_slow_receiver_is_sent_no_more_than_an_instance_can_hold() {
    let (receiver, gateway) = with_silent_receiver();
    let mut client = gateway.client();
    // More than half of what may be on its way.
    let large = |name: &str| -> String {
        let label = "x".repeat(90_000);
        (0..100)
            .map(|number| format!("{name}{{x=\"{number}{label}\"}} 1\n"))
            .collect()
    };
    push(&mut client, &large("first_metric"));
    let names = ["first_metric", "second_metric"];
    assert_eq!(metrics(&receiver.wait_for(1), names), [["first_metric"]]);
    push(&mut client, &large("second_metric"));
    wait::until("it is told", || reason(&mut client).is_some());
    let told = reason(&mut client);
    let want = "too much is on its way to the receiver already";
    assert_eq!(told.as_deref(), Some(want));
    // Small ones go on, and nothing of the second has gone before.
    push(&mut client, "third_metric 1\n");
    let names = ["second_metric", "third_metric"];
    assert_eq!(metrics(&receiver.wait_for(1), names), [["third_metric"]]);
}

/// A receiver that fails, and what is told of it.
struct Failing {
    behaviour: Behaviour,
    told: &'static str,
    /// Whether the next push brings what failed.
    is_sent_again: bool,
}

#[test]
fn what_fails_is_told_and_sent_with_the_next_push() {
    let failing = |behaviour, told, is_sent_again| Failing {
        behaviour,
        told,
        is_sent_again,
    };
    let cases = [
        failing(
            Behaviour::SaysNothing,
            "the receiver did not answer within forward_timeout",
            true,
        ),
        failing(
            Behaviour::Answers(500),
            "the receiver answered 500 Internal Server Error: told so",
            true,
        ),
        failing(
            Behaviour::Answers(429),
            "the receiver answered 429 Too Many Requests: told so",
            true,
        ),
        failing(
            Behaviour::Answers(400),
            "the receiver answered 400 Bad Request: told so",
            false,
        ),
    ];
    let names = ["first_metric", "second_metric"];
    for case in cases {
        let receiver = Receiver::start(case.behaviour);
        let gateway = receiver
            .forwarding()
            .variable("forward_timeout", "500ms")
            .start();
        let mut client = gateway.client();
        push(&mut client, "first_metric 1\n");
        assert_eq!(metrics(&receiver.wait_for(1), names), [["first_metric"]]);
        wait::until(case.told, || reason(&mut client).is_some());
        assert_eq!(reason(&mut client).as_deref(), Some(case.told));
        is_shown(&mut client, case.told);

        receiver.behave(Behaviour::Answers(204));
        push(&mut client, "second_metric 1\n");
        wait::until("the mark goes", || reason(&mut client).is_none());
        let mut want = vec![["second_metric"]];
        if case.is_sent_again {
            want.push(["first_metric"]);
        }
        assert_eq!(metrics(&receiver.wait_for(want.len()), names), want);
        gateway.wait_for_log("msg=\"forwarding failed\"");
    }
}

fn is_shown(client: &mut Client, reason: &str) {
    let scraped = client.get("/metrics").expect("a scrape").text();
    let gauge =
        "pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"j\",zone=\"z\"} 1";
    assert!(scraped.contains(gauge), "{scraped}");
    let group = group(client);
    let id = group["id"].as_str().expect("an id");
    let page = client.get(&format!("/group/{id}"));
    let page = page.expect("an answer").text();
    assert!(
        page.contains("Not forwarded:") && page.contains(reason),
        "{page}"
    );
}

#[test]
fn what_nobody_was_there_for_comes_later() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.expect("a free port");
    let gateway = forwarding_to(address).start();
    let mut client = gateway.client();
    push(&mut client, "first_metric 1\n");
    wait::until("nobody is there", || reason(&mut client).is_some());
    let told = reason(&mut client).unwrap_or_default();
    assert!(
        told.starts_with("the receiver cannot be reached: "),
        "{told}"
    );
    let receiver = Receiver::start_at(address, Behaviour::Answers(200));
    push(&mut client, "second_metric 1\n");
    let names = ["first_metric", "second_metric"];
    let want = [["second_metric"], ["first_metric"]];
    assert_eq!(metrics(&receiver.wait_for(2), names), want);
    wait::until("the mark goes", || reason(&mut client).is_none());
}

#[test]
fn a_gateway_that_is_killed_forgets_nothing() {
    let receiver = Receiver::start(Behaviour::SaysNothing);
    let mut gateway = receiver.forwarding().start();
    push(&mut gateway.client(), "first_metric 1\n");
    receiver.wait_for(1);
    gateway.kill();
    receiver.behave(Behaviour::Answers(204));
    gateway.restart();
    push(&mut gateway.client(), "second_metric 1\n");
    let names = ["first_metric", "second_metric"];
    let want = [["second_metric"], ["first_metric"]];
    assert_eq!(metrics(&receiver.wait_for(2), names), want);
}

#[test]
fn a_receiver_that_the_manifest_does_not_allow_is_told() {
    let receiver = Receiver::start(Behaviour::Answers(204));
    let url = format!("http://{}/api/v1/write", receiver.address());
    let gateway: Gateway = Options::new()
        .variable("forward_remote_write_url", &url)
        .start();
    let mut client = gateway.client();
    push(&mut client, "some_metric 1\n");
    wait::until("it is told", || reason(&mut client).is_some());
    let told = reason(&mut client).unwrap_or_default();
    assert!(told.contains("allowed_outbound_hosts"), "{told}");
}
