//! Stores with one thing wrong each.

use spin_pushgateway::exposition::model::MetricType;
use spin_pushgateway::groups::entry::{Generation, Header, Writer};
use spin_pushgateway::groups::series::{RenderedFamily, RenderedSeries, group_labels, sort_key};
use spin_pushgateway::store::layout::{self, SHAPES, Slot};
use spin_pushgateway::store::records::{self, Shapes};

use super::*;

/// A store as the gateway keeps it.
struct Made {
    pairs: BTreeMap<String, Vec<u8>>,
}

fn key_of(job: &str) -> GroupingKey {
    GroupingKey::new([("job", job)]).expect("has a job")
}

fn entry(job: &str, time: u64, generation: Generation, families: &[&str]) -> Vec<u8> {
    let header = Header {
        time,
        // The times in these tests are small, and the time of the check is zero.
        expires: (time == EXPIRED).then_some(0),
        generation,
        tombstone: false,
        labels: vec![("job", job)],
    };
    let mut writer = Writer::new(&header, families.len());
    for name in families {
        let series = RenderedSeries {
            key: sort_key(&group_labels(&header.labels)),
            text: format!("{name}{{instance=\"\",job=\"{job}\"}} 1\n"),
        };
        writer.add(&RenderedFamily::of_series(
            name,
            None,
            MetricType::Untyped,
            vec![series],
        ));
    }
    writer.finish()
}

fn index(job: &str, generation: Generation, shared: Vec<Slot>) -> Vec<u8> {
    records::write(&Index {
        labels: records::labels(&key_of(job)),
        generation,
        shared,
        ..Index::default()
    })
}

fn family_type(name: &str) -> (String, Vec<u8>) {
    let record = FamilyType {
        name: name.to_owned(),
        metric_type: MetricType::Untyped,
        group: key_of("a").id().as_str().to_owned(),
        alone: 0,
    };
    (layout::family_type(name), records::write(&record))
}

/// The time of entries that have expired.
const EXPIRED: u64 = 99;

const GENERATION: Generation = Generation(7);

fn post_key(job: &str, generation: Generation, families: &[&str]) -> String {
    let slot = Slot::of_families(families.iter().copied());
    layout::post(&key_of(job).id(), generation, &slot)
}

impl Made {
    /// Group `a` with a PUT and a POST on it, group `b` with a POST alone, group `c` with a rejected
    /// push alone.
    fn new() -> Self {
        let [a, b, c] = ["a", "b", "c"].map(|job| key_of(job).id());
        let failure = Failure {
            labels: records::labels(&key_of("c")),
            time: 1,
            reason: "bad".to_owned(),
            expires: None,
        };
        let unsent = Unsent {
            labels: records::labels(&key_of("a")),
            push: 1,
            time: 2,
            reason: None,
            refused: false,
        };
        let shapes = Shapes {
            since: 1,
            shapes: vec![vec!["job".to_owned()]],
        };
        let none = Generation::NONE;
        Self {
            pairs: BTreeMap::from([
                (layout::root(&a), entry("a", 1, GENERATION, &["m"])),
                (
                    post_key("a", GENERATION, &["n"]),
                    entry("a", 2, GENERATION, &["n"]),
                ),
                (
                    layout::index(&a),
                    index("a", GENERATION, vec![Slot::of_families(["n"])]),
                ),
                (post_key("b", none, &["m"]), entry("b", 3, none, &["m"])),
                (
                    layout::index(&b),
                    index("b", none, vec![Slot::of_families(["m"])]),
                ),
                (layout::failure(&c), records::write(&failure)),
                (layout::unsent(&a), records::write(&unsent)),
                family_type("m"),
                family_type("n"),
                (SHAPES.to_owned(), records::write(&shapes)),
            ]),
        }
    }

    fn report(&self) -> Report {
        let mut inspection = Inspection::default();
        for (key, value) in &self.pairs {
            inspection.add(key, value);
        }
        inspection.finish()
    }
}

#[test]
fn a_store_as_the_gateway_keeps_it_has_no_findings() {
    let report = Made::new().report();
    assert_eq!(report.findings(), [&[], &[]]);
    assert!(!report.has_damage());
    let text = report.text("x");
    assert!(
        text.contains("3 groups, 3 entries, 2 families, 3 series, 10 keys"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&report.json("x")).expect("JSON");
    assert_eq!(json["sizes"]["groups"], 3);
    assert_eq!(json["sizes"]["largest_groups"][0]["labels"]["job"], "a");
}

type Change = fn(&mut Made);

#[test]
fn damage_is_found() {
    let cases: [(&str, &str, Change); 11] = [
        (
            "a series is under another's key",
            "the series of m are not where they belong",
            |made| {
                let value = entry("a", 1, GENERATION, &["m"]);
                let moved = replaced(&value, b"job=\"a\"} 1", b"job=\"c\"} 1");
                made.pairs.insert(layout::root(&key_of("a").id()), moved);
            },
        ),
        ("an entry is cut", "truncated", |made| {
            made.pairs
                .entry(post_key("b", Generation::NONE, &["m"]))
                .and_modify(|value| {
                    value.pop();
                });
        }),
        ("an entry is somebody else's", "not an entry", |made| {
            made.pairs
                .insert(layout::root(&key_of("a").id()), b"hello".to_vec());
        }),
        (
            "an entry's text is no series",
            "the series of m cannot be read",
            |made| {
                let value = entry("a", 1, GENERATION, &["m"]);
                let broken = replaced(&value, b"} 1\n", b"} x\n");
                made.pairs.insert(layout::root(&key_of("a").id()), broken);
            },
        ),
        (
            "an entry is of another group",
            "labels of another group",
            |made| {
                made.pairs.insert(
                    layout::root(&key_of("a").id()),
                    entry("b", 1, GENERATION, &["m"]),
                );
            },
        ),
        (
            "an entry is of another generation",
            "another generation",
            |made| {
                made.pairs.insert(
                    post_key("b", Generation::NONE, &["m"]),
                    entry("b", 3, GENERATION, &["m"]),
                );
            },
        ),
        ("an entry has other families", "other families", |made| {
            made.pairs.insert(
                post_key("b", Generation::NONE, &["m"]),
                entry("b", 3, Generation::NONE, &["n"]),
            );
        }),
        ("an index is no JSON", "record cannot be read", |made| {
            made.pairs
                .insert(layout::index(&key_of("a").id()), b"{".to_vec());
        }),
        (
            "an index is of another group",
            "labels of another group",
            |made| {
                let other = index("b", GENERATION, vec![Slot::of_families(["n"])]);
                made.pairs.insert(layout::index(&key_of("a").id()), other);
            },
        ),
        ("a type is of another family", "another family", |made| {
            made.pairs
                .insert(layout::family_type("m"), family_type("n").1);
        }),
        (
            "the label name sets are no JSON",
            "record cannot be read",
            |made| {
                made.pairs.insert(SHAPES.to_owned(), b"[]x".to_vec());
            },
        ),
    ];
    for (name, want, change) in cases {
        let mut made = Made::new();
        change(&mut made);
        let report = made.report();
        let [damage, _] = report.findings();
        assert_eq!(damage.len(), 1, "{name}: {damage:?}");
        assert!(damage[0].what.contains(want), "{name}: {damage:?}");
        assert!(report.has_damage());
    }
}

#[test]
fn what_is_left_over_is_no_damage() {
    let cases: [(&str, &str, Change); 8] = [
        ("a past generation", "past generation", |made| {
            made.pairs.insert(
                post_key("a", Generation(6), &["n"]),
                entry("a", 9, Generation(6), &["n"]),
            );
        }),
        (
            "an expired group",
            "the group {job=\"x\"} has expired",
            |made| {
                let none = Generation::NONE;
                made.pairs.insert(
                    post_key("x", none, &["m"]),
                    entry("x", EXPIRED, none, &["m"]),
                );
            },
        ),
        ("a type without family", "which no group holds", |made| {
            made.pairs.extend([family_type("gone")]);
        }),
        (
            "a family without type",
            "no record of the type of m",
            |made| {
                made.pairs.remove(&layout::family_type("m"));
            },
        ),
        ("an index without entries", "without entries", |made| {
            made.pairs.insert(
                layout::index(&key_of("x").id()),
                index("x", Generation::NONE, Vec::new()),
            );
        }),
        ("an index of a missing entry", "not there", |made| {
            let slots = vec![Slot::of_families(["n"]), Slot::of_families(["z"])];
            made.pairs.insert(
                layout::index(&key_of("a").id()),
                index("a", GENERATION, slots),
            );
        }),
        ("no label name sets", "not on record", |made| {
            made.pairs.remove(SHAPES);
        }),
        ("a key of a later version", "does not know", |made| {
            made.pairs.insert("pgw1:q:1".to_owned(), Vec::new());
        }),
    ];
    for (name, want, change) in cases {
        let mut made = Made::new();
        change(&mut made);
        let report = made.report();
        let [damage, notices] = report.findings();
        assert_eq!(damage, [], "{name}");
        assert_eq!(notices.len(), 1, "{name}: {notices:?}");
        assert!(notices[0].what.contains(want), "{name}: {notices:?}");
    }
}

#[test]
fn nothing_in_a_store_reaches_the_terminal_as_a_command() {
    let mut made = Made::new();
    made.pairs.insert("pgw1:\u{1b}[2J".to_owned(), Vec::new());
    assert!(!made.report().text("x").contains('\u{1b}'));
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from);
    let at = at.expect("is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
