//! The pages: what is in them, and what they allow a browser to do.

use crate::support::client::{Body, Client, Response};
use crate::support::gateway::{Gateway, Options};

const MARKUP: &str = "\"'><img src=x onerror=alert(1)><script>alert(1)</script></td>&amp;";

fn get(client: &mut Client, path: &str) -> Response {
    let response = client.get(path).expect("an answer");
    assert_eq!(response.status, 200, "{path}: {response:?}");
    response
}

/// The values of attributes that begin like this.
fn attributes<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let found = text.split(start).skip(1);
    found.filter_map(|rest| rest.split('"').next()).collect()
}

/// The page of the first group in the table.
fn group_link(text: &str) -> String {
    let rows = attributes(text, "open=");
    let id = rows.first().and_then(|link| link.split('#').next());
    format!("/group/{}", id.expect("a group"))
}

#[test]
fn pages_are_locked_down() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    client.put("/metrics/job/j", "m 1\n").expect("an answer");
    let group = group_link(&get(&mut client, "/").text());
    for path in ["/", "/?search=j&sort=bytes&order=desc", "/status", &group] {
        let page = get(&mut client, path);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let policy = page.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(
                policy.split("; ").any(|directive| directive == part),
                "{part} in {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
        assert_eq!(page.header("access-control-allow-origin"), None);
        let text = page.text();
        for inline in [" style=\"", " onclick", "<style", "javascript:"] {
            assert!(!text.contains(inline), "{inline} in {text}");
        }
        let head = client.send("HEAD", path, &[], Body::None).expect("a head");
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn what_was_pushed_is_escaped_wherever_it_stands() {
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .start();
    let mut client = gateway.client();
    // The same as the job, as a label value, as names of a label and of a metric, and in HELP.
    let encoded: String = MARKUP.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let quoted = MARKUP.replace('"', "\\\"");
    let path = format!("/metrics/job/{encoded}/zone/{encoded}");
    let body = format!(
        "# HELP \"{quoted}\" {MARKUP}\n# TYPE \"{quoted}\" gauge\n{{\"{quoted}\",\"{quoted}\"=\"{quoted}\"}} 1\n"
    );
    let pushed = client.put(&path, &body).expect("an answer");
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let twice = format!("{{\"{quoted}\"}} 1\n{{\"{quoted}\"}} 2\n");
    let rejected = client.put(&path, &twice).expect("an answer");
    assert_eq!(rejected.status, 400);

    let list = get(&mut client, "/").text();
    let group = group_link(&list);
    let open = format!("/?open={}", group.rsplit('/').next().expect("an id"));
    let search = format!("/?search={encoded}&job={encoded}");
    for (path, at_least) in [("/", 5), (&*open, 12), (&group, 8), (&search, 8)] {
        let text = get(&mut client, path).text();
        for raw in ["<img src=x", "<script>", "</td>&amp;\"", "\"'>"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
        let escaped = text
            .matches("&quot;'&gt;&lt;img src=x onerror=alert(1)&gt;")
            .count();
        assert!(escaped >= at_least, "{path}: {escaped} in {text}");
    }
}

#[test]
fn everything_can_be_read_without_scripts() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    assert!(
        get(&mut client, "/")
            .text()
            .contains("Nothing has been pushed yet")
    );
    for (path, body) in [
        (
            "/metrics/job/backup/instance/db-1",
            "# HELP size_bytes Size.\n# TYPE size_bytes gauge\nsize_bytes{of=\"t\"} 5\n",
        ),
        ("/metrics/job/mail", "sent_total 1\nqueued 2\n"),
    ] {
        assert_eq!(client.put(path, body).expect("an answer").status, 200);
    }
    let rejected = client.post("/metrics/job/mail", "up 1\nup 2\n");
    assert_eq!(rejected.expect("an answer").status, 400);

    let list = get(&mut client, "/").text();
    for want in ["2 groups", "<b>job=</b>backup", "db-1", "just now"] {
        assert!(list.contains(want), "{want} in {list}");
    }
    let failed = get(&mut client, "/?failed=true").text();
    assert!(failed.contains("1 group found") && failed.contains("&quot;up&quot;"));
    let found = get(&mut client, "/?search=size_").text();
    assert!(found.contains("1 group found"));
    let none = get(&mut client, "/?older_than=1h").text();
    assert!(none.contains("No group matches."));

    let group = get(&mut client, &group_link(&found)).text();
    let address = gateway.address();
    for want in [
        "<code>size_bytes</code>",
        "gauge",
        "Size.",
        "<td class=\"number\">5</td>",
        &format!("http://{address}/</span>metrics/job/"),
        "size_bytes{instance=",
    ] {
        assert!(group.contains(want), "{want} in {group}");
    }
    let status = get(&mut client, "/status").text();
    assert!(status.contains("web_telemetry_path") && status.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_group_that_is_not_there_is_not_found() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    let id = "0".repeat(40);
    for path in [format!("/group/{id}"), "/group/%3Ci%3E".to_owned()] {
        let page = client.get(&path).expect("an answer");
        assert_eq!(page.status, 404);
        assert!(page.header("content-security-policy").is_some());
        assert!(page.text().contains("No such group"));
    }
    for path in ["/-/ui/other.js", "/-/ui/", "/status/x", "/index.html"] {
        assert_eq!(client.get(path).expect("an answer").status, 404, "{path}");
    }
    let put = client.put("/", "m 1\n").expect("an answer");
    assert_eq!(
        (put.status, put.header("allow")),
        (405, Some("GET, HEAD, OPTIONS"))
    );
}

#[test]
fn a_page_with_everything_around_it_is_small() {
    let gateway = Gateway::start();
    let mut client = gateway.client();
    for at in 0..60 {
        let path = format!("/metrics/job/nightly-backup/instance/db-{at}.example.org");
        assert_eq!(client.put(&path, "m 1\n").expect("an answer").status, 200);
    }
    let page = get(&mut client, "/").text();
    assert_eq!(page.matches("class=\"toggle\"").count(), 25);
    assert!(page.contains("1–25 of 60"));
    let second = get(&mut client, "/?page=3").text();
    assert_eq!(second.matches("class=\"toggle\"").count(), 10);
    let mut total = page.len();
    for asset in attributes(&page, "\"./-/ui/") {
        let path = format!("/-/ui/{asset}");
        let file = get(&mut client, &path);
        assert_eq!(
            file.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        let name = asset.split('?').next().unwrap_or_default();
        let unversioned = get(&mut client, &format!("/-/ui/{name}"));
        assert_eq!(unversioned.header("cache-control"), Some("no-cache"));
        assert_eq!(unversioned.body, file.body);
        let zipped = client
            .send("GET", &path, &[("Accept-Encoding", "gzip")], Body::None)
            .expect("an answer");
        assert_eq!(zipped.header("content-encoding"), Some("gzip"));
        // The icon is referred to twice.
        total += file.body.len();
    }
    println!("{total} bytes");
    assert!(total < 60_000, "{total} bytes");
}

#[test]
fn everything_is_below_the_prefix() {
    let gateway = Options::new()
        .variable("web_route_prefix", "/a/pgw")
        .start();
    let mut client = gateway.client();
    let pushed = client.put("/a/pgw/metrics/job/j", "m 1\n");
    assert_eq!(pushed.expect("an answer").status, 200);
    let redirect = client.get("/a/pgw").expect("an answer");
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (307, Some("pgw/"))
    );
    let page = get(&mut client, "/a/pgw/").text();
    for link in [attributes(&page, "href=\""), attributes(&page, "src=\"")].concat() {
        assert!(!link.starts_with('/'), "{link}");
        let path = link
            .trim_start_matches("./")
            .split('#')
            .next()
            .unwrap_or_default();
        get(
            &mut client,
            &format!("/a/pgw/{}", path.replace("&amp;", "&")),
        );
    }
    assert_eq!(client.get("/").expect("an answer").status, 404);
}

#[test]
fn a_browser_asks_its_user_for_the_token_of_pages() {
    let gateway = Options::new()
        .variable("scrape_tokens", "reader")
        .variable("push_tokens", "pusher")
        .start();
    let mut client = gateway.client();
    let group = format!("/group/{}", "0".repeat(40));
    for path in ["/", "/status", &group] {
        let refused = client.get(path).expect("an answer");
        assert_eq!(refused.status, 401, "{path}");
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Basic "), "{challenge}");
        // user:reader, user:pusher
        for (credentials, want) in [("dXNlcjpyZWFkZXI=", 200), ("dXNlcjpwdXNoZXI=", 403)] {
            let header = format!("Basic {credentials}");
            let page = client
                .send("GET", path, &[("Authorization", &header)], Body::None)
                .expect("an answer");
            let want = if path == group && want == 200 {
                404
            } else {
                want
            };
            assert_eq!(page.status, want, "{path} {credentials}");
        }
    }
    // Nothing that is secret.
    get(&mut client, "/-/ui/ui.css");
    let status = client
        .send(
            "GET",
            "/status",
            &[("Authorization", "Bearer reader")],
            Body::None,
        )
        .expect("an answer")
        .text();
    assert!(!status.contains("reader") && !status.contains("pusher"));
    assert_eq!(status.matches("<td>set</td>").count(), 2);
}
