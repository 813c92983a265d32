//! The hot paths: what a push and a scrape do with a processor.

use std::hint::black_box;

use http::request::Parts;
use http::{Method, Request};
use spin_pushgateway::config::Config;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::text;
use spin_pushgateway::groups::check;
use spin_pushgateway::groups::entry::{Entry, Generation, Header, Writer};
use spin_pushgateway::groups::fold::Group;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::groups::merge::Merged;
use spin_pushgateway::groups::runs::Runs;
use spin_pushgateway::groups::series;
use spin_pushgateway::service::Service;
use spin_pushgateway::store::snapshot::Snapshot;

use super::store::{Clockwork, Map, Whole, block_on};
use crate::workload::{self, Families};

/// Series of one ordinary push.
const SERIES: usize = 20;

/// Groups of a scrape.
const GROUPS: usize = 1_000;

/// A hot path.
pub(super) struct Path {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// How many series it works on.
    pub(super) series: usize,
    /// Prepares everything, and gives what is measured: it returns something that depends on all its work.
    pub(super) prepare: fn() -> Box<dyn FnMut() -> usize>,
}

/// All of them.
pub(super) const ALL: &[Path] = &[
    Path {
        name: "parse",
        what: "a push of 20 series from text",
        series: SERIES,
        prepare: parse,
    },
    Path {
        name: "prepare",
        what: "the same: parsed, labelled, checked",
        series: SERIES,
        prepare: labelled,
    },
    Path {
        name: "render",
        what: "the same: parsed, labelled, checked, rendered",
        series: SERIES,
        prepare: rendered,
    },
    Path {
        name: "encode",
        what: "the same: parsed, labelled, checked, rendered, encoded",
        series: SERIES,
        prepare: encoded,
    },
    Path {
        name: "decode",
        what: "an entry of 20 series",
        series: SERIES,
        prepare: decode,
    },
    Path {
        name: "fold",
        what: "a group of one PUT entry and one POST entry",
        series: SERIES,
        prepare: fold,
    },
    Path {
        name: "snapshot",
        what: "1,000 groups listed and read from memory",
        series: SERIES * GROUPS,
        prepare: snapshot,
    },
    Path {
        name: "merge-shared",
        what: "1,000 groups that share families, decoded and merged",
        series: SERIES * GROUPS,
        prepare: || merge(Families::Shared),
    },
    Path {
        name: "merge-own",
        what: "1,000 groups with families of their own, decoded and merged",
        series: SERIES * GROUPS,
        prepare: || merge(Families::Own),
    },
    Path {
        name: "post",
        what: "a whole POST to a store in memory",
        series: SERIES,
        prepare: || push(Method::POST),
    },
    Path {
        name: "put",
        what: "a whole PUT to a store in memory",
        series: SERIES,
        prepare: || push(Method::PUT),
    },
    Path {
        name: "scrape-shared",
        what: "a whole scrape of 1,000 groups that share families",
        series: SERIES * GROUPS,
        prepare: || scrape(Families::Shared),
    },
    Path {
        name: "scrape-own",
        what: "a whole scrape of 1,000 groups with families of their own",
        series: SERIES * GROUPS,
        prepare: || scrape(Families::Own),
    },
];

fn key() -> GroupingKey {
    GroupingKey::new([("job", "bench"), ("instance", "host000001.example.com")])
        .expect("it has a job")
}

fn parse() -> Box<dyn FnMut() -> usize> {
    let body = workload::body(Families::Shared, 1);
    Box::new(move || parsed(&body).len())
}

fn parsed(body: &str) -> Vec<spin_pushgateway::exposition::model::MetricFamily<'_>> {
    text::parse(body.as_bytes(), NameScheme::Legacy).unwrap_or_default()
}

fn labelled() -> Box<dyn FnMut() -> usize> {
    let (body, key) = (workload::body(Families::Shared, 1), key());
    Box::new(move || {
        let mut families = parsed(&body);
        for family in &mut families {
            series::apply_grouping_labels(family, &key);
        }
        usize::from(check::check_push(&families).is_ok()) + families.len()
    })
}

fn rendered() -> Box<dyn FnMut() -> usize> {
    let (body, key) = (workload::body(Families::Shared, 1), key());
    Box::new(move || {
        let mut families = parsed(&body);
        for family in &mut families {
            series::apply_grouping_labels(family, &key);
        }
        let right = usize::from(check::check_push(&families).is_ok());
        families
            .iter()
            .map(|family| series::render(family).series.len())
            .sum::<usize>()
            + right
    })
}

fn encoded() -> Box<dyn FnMut() -> usize> {
    let (body, key) = (workload::body(Families::Shared, 1), key());
    Box::new(move || entry(&body, &key).len())
}

/// What a push with this body leaves behind.
fn entry(body: &str, key: &GroupingKey) -> Vec<u8> {
    let mut families = parsed(body);
    for family in &mut families {
        series::apply_grouping_labels(family, key);
    }
    black_box(check::check_push(&families).is_ok());
    let header = Header {
        time: 1,
        expires: None,
        generation: Generation::NONE,
        tombstone: false,
        labels: key.labels().collect(),
    };
    let mut writer = Writer::new(&header, families.len());
    for family in &families {
        writer.add(&series::render(family));
    }
    writer.finish()
}

fn decode() -> Box<dyn FnMut() -> usize> {
    let entry = entry(&workload::body(Families::Shared, 1), &key());
    Box::new(move || Entry::decode(&entry).map_or(0, |entry| entry.families.len()))
}

fn fold() -> Box<dyn FnMut() -> usize> {
    let map = Map::default();
    let world = Clockwork::default();
    for method in [Method::PUT, Method::POST] {
        request(&map, &world, &method, Families::Shared, 1);
    }
    let snapshot = read(&map);
    Box::new(move || groups(&snapshot).map(|group| group.families.len()).sum())
}

fn snapshot() -> Box<dyn FnMut() -> usize> {
    let map = filled(Families::Shared);
    Box::new(move || read(&map).groups.len())
}

fn merge(families: Families) -> Box<dyn FnMut() -> usize> {
    let snapshot = read(&filled(families));
    Box::new(move || {
        let mut runs = Runs::default();
        for group in groups(&snapshot) {
            runs.add(group.families);
        }
        Merged::of(runs).families.len()
    })
}

fn groups(snapshot: &Snapshot) -> impl Iterator<Item = Group<'_>> {
    let groups = snapshot.in_order().into_iter();
    groups.filter_map(|(_, values)| values.group(0))
}

fn push(method: Method) -> Box<dyn FnMut() -> usize> {
    let map = Map::default();
    let world = Clockwork::default();
    Box::new(move || request(&map, &world, &method, Families::Shared, 1))
}

fn scrape(families: Families) -> Box<dyn FnMut() -> usize> {
    let map = filled(families);
    let world = Clockwork::default();
    let parts = parts(&Method::GET, "/metrics");
    Box::new(move || serve(&map, &world, &parts, Vec::new()))
}

/// A store of some groups, half of them POSTed, half PUT.
fn filled(families: Families) -> Map {
    let map = Map::default();
    let world = Clockwork::default();
    for group in 0..GROUPS {
        let method = if group % 2 == 0 {
            Method::POST
        } else {
            Method::PUT
        };
        request(&map, &world, &method, families, group);
    }
    map
}

fn read(map: &Map) -> Snapshot {
    block_on(Snapshot::read(map)).unwrap_or_default()
}

fn request(
    map: &Map,
    world: &Clockwork,
    method: &Method,
    families: Families,
    group: usize,
) -> usize {
    let parts = parts(method, &workload::path(group));
    serve(
        map,
        world,
        &parts,
        workload::body(families, group).into_bytes(),
    )
}

fn parts(method: &Method, path: &str) -> Parts {
    Request::builder()
        .method(method)
        .uri(path)
        .body(())
        .expect("a valid request")
        .into_parts()
        .0
}

/// Serves a request as the component does. Returns the size of the answer.
fn serve(map: &Map, world: &Clockwork, parts: &Parts, body: Vec<u8>) -> usize {
    let config = Config::read(|_| None).expect("the defaults are right");
    let service = Service {
        store: map,
        world,
        config: &config,
    };
    let reply = block_on(service.serve(parts, &mut Whole(Some(body))));
    assert!(reply.answer.status().is_success(), "{:?}", reply.answer);
    reply.answer.body().len()
}
