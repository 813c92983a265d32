//! The operations one after the other on the store of the unit tests, for tests that count.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use spin_pushgateway::cleanup::Cleanup;
use spin_pushgateway::consistency::Kind;
use spin_pushgateway::delete;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::negotiate::Format;
use spin_pushgateway::exposition::openmetrics::Support;
use spin_pushgateway::exposition::text;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::limits::GroupLimits;
use spin_pushgateway::push::{self, Push, PushError};
use spin_pushgateway::scrape::{self, Scrape};

use spin_pushgateway::store::World;
use spin_pushgateway::store::memory::{Call, MemoryStore};

use super::run::{BEGIN, RULES, block_on};

/// Grouping labels.
pub(crate) type Labels<'a> = &'a [(&'a str, &'a str)];

/// A gateway on a store of its own.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) store: MemoryStore,
    world: Ticking,
}

#[derive(Debug)]
struct Ticking {
    now: Cell<u64>,
    randoms: Cell<u64>,
}

impl World for Ticking {
    fn now(&self) -> u64 {
        self.now.replace(self.now.get() + 1)
    }

    fn random(&self) -> u64 {
        self.randoms.set(self.randoms.get() + 1);
        self.randoms.get()
    }
}

impl Plain {
    pub(crate) fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            world: Ticking {
                now: Cell::new(BEGIN),
                randoms: Cell::new(0),
            },
        }
    }

    pub(crate) fn wait(&self, nanoseconds: u64) {
        self.world.now.set(self.world.now.get() + nanoseconds);
    }

    pub(crate) fn push(&self, kind: Kind, labels: Labels<'_>, body: &str) -> Result<(), PushError> {
        self.push_for(None, kind, labels, body)
    }

    /// A push that is shown for so many nanoseconds.
    pub(crate) fn push_for(
        &self,
        ttl: Option<u64>,
        kind: Kind,
        labels: Labels<'_>,
        body: &str,
    ) -> Result<(), PushError> {
        let key = GroupingKey::new(labels.iter().copied()).expect("has a job");
        let families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("parses");
        let push = Push {
            kind,
            key: &key,
            families,
            ttl,
        };
        block_on(push::push(&self.store, &self.world, push, RULES)).map(drop)
    }

    pub(crate) fn delete(&self, labels: Labels<'_>) {
        let key = GroupingKey::new(labels.iter().copied()).expect("has a job");
        block_on(delete::delete(&self.store, &self.world, &key)).expect("does not fail");
    }

    /// Scrapes, and tidies up if `and` says so.
    pub(crate) fn scrape(&self, and: AfterScrape) {
        let cleanup = self.planned();
        if and == AfterScrape::TidyUp {
            self.tidy_up(cleanup);
        }
    }

    /// What a scrape would tidy up.
    pub(crate) fn planned(&self) -> Cleanup {
        self.scraped().cleanup
    }

    fn scraped(&self) -> Scrape {
        let format = Format::negotiate(None, Support::Off);
        let limits = GroupLimits::default();
        let scrape = scrape::scrape(&self.store, &self.world, format, &limits);
        block_on(scrape).expect("does not fail")
    }

    pub(crate) fn tidy_up(&self, cleanup: Cleanup) {
        block_on(cleanup.run(&self.store)).expect("does not fail");
    }

    /// The samples that a scrape shows, without what follows it.
    pub(crate) fn samples(&self) -> Vec<String> {
        let text = String::from_utf8(self.scraped().body).expect("is text");
        let is_pushed = |line: &&str| !line.starts_with('#') && !line.starts_with("push");
        text.lines().filter(is_pushed).map(str::to_owned).collect()
    }

    /// When each group was last pushed that there is, by its labels as they are exposed, in whole seconds since the
    /// beginning.
    pub(crate) fn push_times(&self) -> BTreeMap<String, u64> {
        let text = String::from_utf8(self.scraped().body).expect("is text");
        let times = text
            .lines()
            .filter_map(|line| line.strip_prefix("push_time_seconds"));
        let begin = Duration::from_nanos(BEGIN).as_secs_f64();
        times
            .map(|line| {
                let (labels, time) = line.split_once(' ').expect("a sample");
                let since = time.parse::<f64>().expect("a number") - begin;
                let since = Duration::from_secs_f64(since.round().max(0.0));
                (labels.to_owned(), since.as_secs())
            })
            .collect()
    }

    /// The calls that this makes.
    pub(crate) fn calls(&self, action: impl FnOnce(&Self)) -> Vec<Call> {
        self.store.take_calls();
        action(self);
        self.store.take_calls()
    }
}

/// What follows a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterScrape {
    Nothing,
    TidyUp,
}
