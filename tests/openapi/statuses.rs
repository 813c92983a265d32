//! Each operation is made to give each answer that the file says it can give.

use std::fs;

use tempfile::TempDir;

use crate::file::{Description, Operation};
use crate::support::client::{Body, Client, Response};
use crate::support::gateway::{Gateway, Options};

/// All calls of the store.
const CALLS: &str =
    "\"get\", \"set\", \"delete\", \"list-keys\", \"get-many\", \"set-many\", \"delete-many\"";

/// Gateways that differ in what they answer.
struct Gateways {
    /// Of default options.
    plain: Gateway,
    /// Everybody may administer.
    open: Gateway,
    /// Needs tokens.
    guarded: Gateway,
    /// Has low limits, and is full.
    limited: Gateway,
    /// Does not check pushes against other groups.
    unchecked: Gateway,
    /// Has a variable that is malformed.
    misconfigured: Gateway,
    /// Its store fails as the file of faults says.
    failing: Gateway,
    folder: TempDir,
}

impl Gateways {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let faults = folder.path().join("faults.toml");
        fs::write(&faults, "").expect("the fault file");
        let with = |variables: &[(&str, &str)]| Options::new().variables(variables).start();
        let limited = with(&[
            ("max_push_bytes", "100"),
            ("max_series_per_push", "1"),
            ("max_groups", "1"),
        ]);
        let answer = limited.client().put("/metrics/job/first", "m 1\n");
        assert_eq!(answer.expect("an answer").status, 200);
        Self {
            plain: Gateway::start(),
            open: with(&[("web_enable_admin_api", "true")]),
            guarded: with(&[
                ("push_tokens", "pusher"),
                ("scrape_tokens", "scraper"),
                ("admin_tokens", "admin"),
            ]),
            limited,
            unchecked: with(&[("push_disable_consistency_check", "true")]),
            misconfigured: with(&[("max_groups", "many")]),
            failing: Options::new()
                .variable("web_enable_admin_api", "true")
                .argument("--fault-file")
                .argument(faults.to_str().expect("UTF-8"))
                .start(),
            folder,
        }
    }

    fn fail(&self, calls: &str) {
        let faults = format!("fail = [{calls}]\nmessage = \"disk on fire\"\n");
        fs::write(self.folder.path().join("faults.toml"), faults).expect("the fault file");
    }

    /// Sends a request that this operation answers with this status.
    fn provoke(&self, operation: Operation<'_>, status: u16) -> Response {
        let method = &*operation.method();
        let mut target = operation.target();
        let is_push =
            operation.path.starts_with("/metrics/job") && ["PUT", "POST"].contains(&method);
        let mut body = if is_push {
            "m 1\n".to_owned()
        } else {
            String::new()
        };
        let mut headers = Vec::new();
        if operation.path == "/api/v1/groups" && method == "DELETE" {
            target.push_str("?match[]=%7Bjob=%22nobody%22%7D");
        }
        let gateway = match (status, operation.path) {
            (400, "/api/v1/groups") => {
                target = format!("{}?older_than=now", operation.path);
                &self.open
            }
            (400, _) if is_push => {
                body = "m one\n".to_owned();
                &self.open
            }
            (400, path) => {
                let (start, _) = path.split_once('{').expect("a name in braces");
                target = start.to_owned();
                &self.open
            }
            (401, _) => &self.guarded,
            (403, "/-/quit") => &self.open,
            (403, _) => {
                let other = match operation.right().expect("needs a right") {
                    "push" => "Bearer scraper",
                    _ => "Bearer pusher",
                };
                headers.push(("Authorization", other));
                &self.guarded
            }
            (404, "/-/ui/{file}") => {
                target = "/-/ui/none".to_owned();
                &self.plain
            }
            (404, _) => &self.plain,
            (413, _) => {
                body = "# too much\n".repeat(10);
                &self.limited
            }
            (422, _) => {
                body = "m{a=\"1\"} 1\nm 2\n".to_owned();
                target = "/metrics/job/first".to_owned();
                &self.limited
            }
            (429, _) => &self.limited,
            (500, _) => &self.misconfigured,
            (503, _) => &self.failing,
            (202, _) if is_push => &self.unchecked,
            (200, "/group/{id}") => {
                target = format!("/group/{}", a_group(&self.open));
                &self.open
            }
            (200 | 202 | 405, _) => &self.open,
            _ => panic!("{operation}: how is {status} provoked?"),
        };
        let body = if body.is_empty() {
            Body::None
        } else {
            Body::Fixed(body.as_bytes())
        };
        send(&mut gateway.client(), method, &target, &headers, body)
    }
}

fn send(
    client: &mut Client,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Body<'_>,
) -> Response {
    client
        .send(method, target, headers, body)
        .unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

/// The id of a group that there is.
fn a_group(gateway: &Gateway) -> String {
    let mut client = gateway.client();
    client.put("/metrics/job/a", "m 1\n").expect("an answer");
    let list = client.get("/api/v1/groups").expect("an answer");
    let list: serde_json::Value = serde_json::from_slice(&list.body).expect("JSON");
    let id = &list["data"]["groups"][0]["id"];
    id.as_str().expect("an id").to_owned()
}

#[test]
fn every_answer_that_the_file_says_is_given() {
    let description = Description::read();
    let gateways = Gateways::start();
    gateways.fail(&format!("\"open\", {CALLS}"));
    for operation in description.operations() {
        for status in operation.statuses() {
            let answer = gateways.provoke(operation, status);
            assert_eq!(answer.status, status, "{operation}: {answer:?}");
            assert_eq!(operation.check(&answer), Ok(()), "{operation}: {answer:?}");
        }
    }
}

#[test]
fn no_answer_is_given_that_the_file_does_not_say() {
    let description = Description::read();
    let gateways = Gateways::start();
    gateways.fail(CALLS);
    let all = [
        &gateways.plain,
        &gateways.open,
        &gateways.guarded,
        &gateways.limited,
        &gateways.unchecked,
        &gateways.misconfigured,
        &gateways.failing,
    ];
    let large = "# too much\n".repeat(10);
    let bodies = ["", "m 1\n", "m 1", "m 1 1\n", "m{a=\"1\"} 1\nm 2\n", &large];
    let headers: [&[(&str, &str)]; 3] = [
        &[],
        &[
            ("Content-Encoding", "gzip"),
            ("Authorization", "Bearer pusher"),
        ],
        &[("Origin", "null"), ("Authorization", "Bearer admin")],
    ];
    for gateway in all {
        let mut client = gateway.client();
        for operation in description.operations() {
            let method = operation.method();
            let is_push = ["PUT", "POST"].contains(&&*method);
            for body in if is_push { &bodies[..] } else { &bodies[..1] } {
                for headers in headers {
                    let target = operation.target();
                    let answer = send(
                        &mut client,
                        &method,
                        &target,
                        headers,
                        Body::Fixed(body.as_bytes()),
                    );
                    assert_eq!(
                        operation.check(&answer),
                        Ok(()),
                        "{operation} {headers:?} {body:?}: {answer:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_store_that_fails_later_is_told_in_the_form_of_the_path() {
    let description = Description::read();
    let gateways = Gateways::start();
    gateways.fail(CALLS);
    for path in ["/api/v1/groups", "/api/v1/metrics", "/api/v1/status"] {
        let operation = description.operation("get", path);
        let answer = gateways.provoke(operation, 503);
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(operation.check(&answer), Ok(()), "{answer:?}");
    }
}

#[test]
fn changes_for_other_sites_are_answered_as_the_file_says() {
    let description = Description::read();
    let gateways = Gateways::start();
    let mut client = gateways.open.client();
    let headers = [("Sec-Fetch-Site", "cross-site")];
    for operation in description.operations() {
        let method = operation.method();
        if ["DELETE", "POST", "PUT"].contains(&&*method) {
            let answer = send(
                &mut client,
                &method,
                &operation.target(),
                &headers,
                Body::None,
            );
            assert_eq!(answer.status, 403, "{operation}");
            assert_eq!(operation.check(&answer), Ok(()), "{operation}: {answer:?}");
        }
    }
}
