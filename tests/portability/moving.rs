//! A store goes from SQLite to a file, to Redis, and back.

use std::fs;
use std::path::Path;

use crate::support::client::Body;
use crate::support::gateway::{Gateway, Options};
use crate::support::redis::Redis;
use crate::tool::{printed, run, text};

/// A gateway on SQLite with groups of all kinds: by PUT, by POST, both, rejected, deleted.
pub(crate) fn filled() -> Gateway {
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .start();
    let mut client = gateway.client();
    let pushes = [
        (
            "PUT",
            "/metrics/job/put",
            "# HELP m one \\n two\n# TYPE m gauge\nm NaN\n",
        ),
        ("POST", "/metrics/job/put", "n{a=\"\\\"\\n\"} +Inf\n"),
        (
            "POST",
            "/metrics/job/posted/instance/i",
            "# TYPE m gauge\nm 1\n",
        ),
        (
            "POST",
            "/metrics/job/posted/instance/i",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
        ),
        (
            "PUT",
            "/metrics/job/posted/instance/j",
            "{\"u.ñ\",\"l.ö\"=\"ü\"} 1\n",
        ),
        ("PUT", "/metrics/job/rejected", "m 1 1700000000\n"),
        ("PUT", "/metrics/job/deleted", "gone 1\n"),
        ("POST", "/metrics/job/deleted", "gone_too 1\n"),
        ("DELETE", "/metrics/job/deleted", ""),
    ];
    for (method, path, body) in pushes {
        let response = client
            .send(method, path, &[], body.into())
            .expect("an answer");
        let want = match (method, path) {
            ("DELETE", _) => 202,
            (_, "/metrics/job/rejected") => 400,
            _ => 200,
        };
        assert_eq!(
            response.status,
            want,
            "{method} {path}: {}",
            response.text()
        );
    }
    gateway
}

/// What a gateway shows, its own metrics aside, which are about the process.
fn shown(gateway: &Gateway) -> String {
    let accept = [("Accept", "text/plain; escaping=allow-utf-8")];
    let scrape = gateway
        .client()
        .send("GET", "/metrics", &accept, Body::None);
    let text = scrape.expect("a scrape").text();
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.contains("pushgateway_"))
        .collect()
}

fn gateway_on(state: &Path) -> Gateway {
    Options::new()
        .variable("push_enable_utf8_names", "true")
        .state_dir(state)
        .start()
}

#[test]
fn a_store_moves_from_sqlite_to_redis_and_back_unchanged() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let mut first = filled();
    let before = shown(&first);
    assert!(before.contains("u.ñ"), "{before}");
    first.stop();

    let folder = crate::support::folder::temporary();
    let path = |name: &str| folder.path().join(name);
    let [one, two, three] = [path("one"), path("two"), path("three")];
    let last = path("last");
    printed(0, &["export", text(first.state_dir()), text(&one)]);
    printed(0, &["import", text(&one), &redis.url()]);
    printed(0, &["export", &redis.url(), text(&two)]);
    printed(
        0,
        &[
            "import",
            text(&two),
            text(&last.join("sqlite_key_value.db")),
        ],
    );
    printed(0, &["export", text(&last), text(&three)]);

    // The first line names the store, and the last is a checksum of it too.
    let archives = [&one, &two, &three].map(|path| fs::read_to_string(path).expect("an archive"));
    let [one, two, three] = archives
        .each_ref()
        .map(|archive| archive.lines().collect::<Vec<_>>());
    assert_eq!(one, three);
    assert!(one.len() > 12, "{} lines", one.len());
    assert_eq!(one[1..one.len() - 1], two[1..two.len() - 1]);

    let on_redis = folder.path().join("runtime-config.toml");
    let config = format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\n",
        redis.url()
    );
    fs::write(&on_redis, config).expect("the runtime configuration");
    let redis_gateway = Options::new()
        .argument("--runtime-config-file")
        .argument(text(&on_redis))
        .start();
    assert_eq!(shown(&redis_gateway), before);
    assert_eq!(shown(&gateway_on(&last)), before);
}

#[test]
fn keys_of_other_programs_go_along_only_if_asked_for() {
    let Some(redis) = Redis::start_or_skip() else {
        return;
    };
    let mut gateway = filled();
    gateway.stop();
    let folder = crate::support::folder::temporary();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let url = redis.url();
    redis.command("SET other value");
    redis.command("LPUSH list 1");
    printed(0, &["export", text(gateway.state_dir()), text(&one)]);
    // Another program's key is in nobody's way, and survives a replacement.
    printed(0, &["import", text(&one), &url]);
    printed(0, &["import", "--replace", text(&one), &url]);
    assert_eq!(redis.command("GET other"), "$5\r\nvalue\r\n");
    printed(0, &["export", &url, text(&two)]);
    assert!(
        !fs::read_to_string(&two)
            .expect("an archive")
            .contains("\"other\"")
    );
    printed(0, &["export", "--all", &url, text(&two)]);
    assert!(
        fs::read_to_string(&two)
            .expect("an archive")
            .contains("{\"key\":\"other\",\"value\":\"dmFsdWU=\"}")
    );

    redis.clear();
    printed(0, &["import", text(&two), &url]);
    assert_eq!(redis.command("EXISTS other"), ":0\r\n");
    printed(0, &["import", "--all", "--replace", text(&two), &url]);
    assert_eq!(redis.command("EXISTS other"), ":1\r\n");
    // More than the archive holds goes, if told so.
    redis.command("SET pgw1:more value");
    printed(0, &["import", "--replace", text(&one), &url]);
    assert_eq!(redis.command("EXISTS pgw1:more other"), ":1\r\n");
}

#[test]
fn a_store_that_holds_groups_is_changed_only_if_told_how() {
    let mut gateway = filled();
    let mut other = Options::new().start();
    for (path, body) in [
        ("/metrics/job/put", "# TYPE m gauge\nm 5\n"),
        ("/metrics/job/own/zone/z", "z 1\n"),
    ] {
        assert_eq!(
            other.client().post(path, body).expect("an answer").status,
            200
        );
    }
    gateway.stop();
    other.stop();
    let folder = crate::support::folder::temporary();
    let archive = folder.path().join("archive");
    let [from, to] = [&gateway, &other].map(|gateway| gateway.state_dir().to_owned());
    printed(0, &["export", text(&from), text(&archive)]);

    let refused = run(&["import", text(&archive), text(&to)]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not empty"));

    printed(0, &["import", "--merge", text(&archive), text(&to)]);
    gateway.restart();
    other.restart();
    let merged = shown(&other);
    // What both have is as in the archive, what only the store has stays.
    let own = merged
        .lines()
        .filter(|line| line.contains("job=\"own\""))
        .count();
    assert_eq!(own, 3, "{merged}");
    for line in shown(&gateway)
        .lines()
        .filter(|line| line.contains("job=\"put\""))
    {
        assert!(merged.contains(line), "{line} is not in:\n{merged}");
    }
    assert!(!merged.contains("m{instance=\"\",job=\"put\"} 5"));
    // The check between groups still knows the groups of both.
    let clash = "z{zone=\"z\"} 2\n";
    assert_eq!(
        other
            .client()
            .put("/metrics/job/own", clash)
            .expect("an answer")
            .status,
        400
    );
    other.stop();
    assert!(printed(0, &["check", text(&to)]).contains("damaged: 0"));

    printed(0, &["import", "--replace", text(&archive), text(&to)]);
    other.restart();
    assert_eq!(shown(&other), shown(&gateway));
}

#[test]
fn an_archive_that_was_cut_changes_nothing() {
    let mut gateway = filled();
    let before = shown(&gateway);
    gateway.stop();
    let folder = crate::support::folder::temporary();
    let archive = folder.path().join("archive");
    printed(0, &["export", text(gateway.state_dir()), text(&archive)]);
    let whole = fs::read(&archive).expect("an archive");
    let last_line = whole[..whole.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n');
    for length in [
        0,
        10,
        whole.len() / 2,
        last_line.expect("lines") + 1,
        whole.len() - 1,
    ] {
        fs::write(&archive, &whole[..length]).expect("a file");
        let output = run(&[
            "import",
            "--replace",
            text(&archive),
            text(gateway.state_dir()),
        ]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{length} bytes: {stderr}");
    }
    gateway.restart();
    assert_eq!(shown(&gateway), before);
}
