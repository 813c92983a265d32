//! The groups API: lists, bulk deletion, wiping.

use serde_json::Value;

use crate::exposition::samples;
use crate::support::client::{Body, Client};
use crate::support::gateway::{Gateway, Options};

/// Status and JSON of an answer.
fn ask(client: &mut Client, method: &str, target: &str) -> (u16, Value) {
    let response = client
        .send(method, target, &[], Body::None)
        .expect("an answer");
    let json = serde_json::from_slice(&response.body).unwrap_or_default();
    (response.status, json)
}

fn push_examples(client: &mut Client) {
    for (path, body) in [
        ("/metrics/job/a/instance/1", "m 1\n"),
        ("/metrics/job/a/instance/2", "m 1\nn 2\n"),
        ("/metrics/job/b", "m 1\n"),
    ] {
        assert_eq!(client.put(path, body).expect("an answer").status, 200);
        assert_eq!(client.post(path, "o 3\n").expect("an answer").status, 200);
    }
    let rejected = client.put("/metrics/job/c", "# TYPE m counter\nm 1\n");
    assert_eq!(rejected.expect("an answer").status, 400);
}

#[test]
fn groups_are_listed_page_by_page() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    push_examples(&mut client);
    let (status, first) = ask(
        &mut client,
        "GET",
        "/api/v1/groups?sort=series&order=desc&limit=2",
    );
    assert_eq!(status, 200);
    let data = &first["data"];
    assert_eq!(data["total"], 4);
    assert_eq!(
        data["groups"][0]["labels"],
        serde_json::json!({"instance": "2", "job": "a"})
    );
    assert_eq!(data["groups"][0]["series"], 3);
    assert_eq!(data["groups"][0]["last_push_successful"], true);
    let next = data["next"].as_str().expect("another page");
    let rest = format!("/api/v1/groups?sort=series&order=desc&limit=2&cursor={next}");
    let (_, second) = ask(&mut client, "GET", &rest);
    let failed = &second["data"]["groups"][1];
    assert_eq!(failed["labels"], serde_json::json!({"job": "c"}));
    assert_eq!(failed["push_time"], Value::Null);
    assert!(
        failed["failure_reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("is not a UNTYPED")),
        "{failed}"
    );
    assert_eq!(second["data"]["next"], Value::Null);
    let (status, error) = ask(&mut client, "GET", "/api/v1/groups?match[]=%7B%7D");
    assert_eq!(
        (status, error["errorType"].as_str()),
        (400, Some("bad_data"))
    );
}

#[test]
fn groups_are_deleted_by_matchers_where_that_is_enabled() {
    let gateway = Options::new()
        .variable("web_enable_admin_api", "true")
        .start();
    let mut client = gateway.client();
    push_examples(&mut client);
    for target in ["/api/v1/groups", "/api/v1/groups?match[]="] {
        assert_eq!(ask(&mut client, "DELETE", target).0, 400, "{target}");
    }
    let target = "/api/v1/groups?match[]=%7Bjob%3D%22a%22%7D";
    let (status, told) = ask(&mut client, "DELETE", &format!("{target}&dry_run=true"));
    assert_eq!((status, &told["data"]["deleted"]), (200, &Value::from(2)));
    assert_eq!(samples(&mut client).len(), 7);
    let (status, done) = ask(&mut client, "DELETE", target);
    assert_eq!((status, &done["data"]["series"]), (200, &Value::from(5)));
    assert_eq!(
        samples(&mut client),
        [
            "m{instance=\"\",job=\"b\"} 1",
            "o{instance=\"\",job=\"b\"} 3"
        ]
    );
    let wiped = client
        .send("PUT", "/api/v1/admin/wipe", &[], Body::None)
        .expect("an answer");
    assert_eq!((wiped.status, wiped.text().as_str()), (202, ""));
    assert_eq!(wiped.header("access-control-allow-origin"), None);
    assert_eq!(
        ask(&mut client, "GET", "/api/v1/groups").1["data"]["total"],
        0
    );
}

#[test]
fn nothing_is_deleted_in_bulk_unless_that_is_enabled() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    push_examples(&mut client);
    assert_eq!(ask(&mut client, "PUT", "/api/v1/admin/wipe").0, 404);
    let target = "/api/v1/groups?match[]=job=~%22.%2B%22";
    assert_eq!(ask(&mut client, "DELETE", target).0, 404);
    assert_eq!(samples(&mut client).len(), 7);
}
