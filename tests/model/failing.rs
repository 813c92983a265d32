//! Whatever call of the store fails, the operation says so.

use std::cell::Cell;

use spin_pushgateway::consistency::Kind::{self, Post, Put};
use spin_pushgateway::delete;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::negotiate::Format;
use spin_pushgateway::exposition::openmetrics::Support;
use spin_pushgateway::exposition::text;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::limits::GroupLimits;
use spin_pushgateway::push::{self, Push, PushError, Rules};
use spin_pushgateway::scrape;
use spin_pushgateway::store::memory::MemoryStore;
use spin_pushgateway::store::{Store, StoreError, Value, World};

use super::plain::Labels;
use super::run::{BEGIN, RULES, block_on};

/// A store of which one call fails.
struct Failing {
    store: MemoryStore,
    /// How many calls come before that.
    until: Cell<Option<usize>>,
}

impl Failing {
    fn call(&self, operation: &'static str) -> Result<(), StoreError> {
        match self.until.get() {
            Some(0) => {
                self.until.set(None);
                Err(StoreError {
                    operation,
                    message: "told to fail".to_owned(),
                })
            }
            until => {
                self.until.set(until.map(|until| until - 1));
                Ok(())
            }
        }
    }
}

impl Store for Failing {
    async fn list(&self) -> Result<Vec<String>, StoreError> {
        self.call("list")?;
        self.store.list().await
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Value>>, StoreError> {
        self.call("read")?;
        self.store.read(keys).await
    }

    async fn write(&self, pairs: Vec<(String, Value)>) -> Result<(), StoreError> {
        self.call("write")?;
        self.store.write(pairs).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        self.call("delete")?;
        self.store.delete(keys).await
    }
}

struct At(u64);

impl World for At {
    fn now(&self) -> u64 {
        self.0
    }

    fn random(&self) -> u64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug)]
enum Action<'a> {
    Push(Kind, Labels<'a>, &'a str),
    Delete(Labels<'a>),
    Scrape,
}

/// What became of an action: whether the store failed it. A push that is refused is none that failed.
fn run(store: &Failing, now: u64, action: Action<'_>) -> Result<(), StoreError> {
    let key = |labels: Labels<'_>| GroupingKey::new(labels.iter().copied()).expect("has a job");
    match action {
        Action::Push(kind, labels, body) => {
            let push = Push {
                kind,
                key: &key(labels),
                families: text::parse(body.as_bytes(), NameScheme::Legacy).expect("parses"),
                ttl: None,
            };
            let rules = Rules {
                group_limits: GroupLimits {
                    max_groups: Some(100),
                    max_groups_per_job: None,
                },
                ..RULES
            };
            match block_on(push::push(store, &At(now), push, rules)) {
                Ok(_) | Err(PushError::Rejected(_)) => Ok(()),
                Err(PushError::Store(error)) => Err(error),
                Err(other) => panic!("{other:?}"),
            }
        }
        Action::Delete(labels) => block_on(delete::delete(store, &At(now), &key(labels))),
        Action::Scrape => {
            let format = Format::negotiate(None, Support::Off);
            let limits = GroupLimits::default();
            let scraped = block_on(scrape::scrape(store, &At(now), format, &limits))?;
            block_on(scraped.cleanup.run(store))
        }
    }
}

const J: Labels<'_> = &[("job", "j")];
const J_I: Labels<'_> = &[("job", "j"), ("instance", "i")];
const K: Labels<'_> = &[("job", "k")];

/// An action after others.
type Case<'a> = (&'a str, &'a [Action<'a>], Action<'a>);

const GAUGE: &str = "# TYPE m gauge\nm 1\n";
const COUNTER: &str = "# TYPE m counter\nm 1\n";

#[test]
fn an_operation_fails_with_the_store() {
    use Action::{Delete, Push, Scrape};
    let cases: [Case<'_>; 9] = [
        ("a first PUT", &[], Push(Put, J, GAUGE)),
        ("a first POST", &[], Push(Post, J, GAUGE)),
        (
            "a POST of other families",
            &[Push(Post, J, GAUGE)],
            Push(Post, J, "n 1\n"),
        ),
        (
            "a push that another group contradicts",
            &[Push(Put, J, GAUGE)],
            Push(Put, K, COUNTER),
        ),
        (
            "a push that a group contradicted which is gone",
            &[Push(Put, J, GAUGE), Delete(J)],
            Push(Put, K, COUNTER),
        ),
        (
            "a push whose series another group could hold",
            &[Push(Put, J_I, GAUGE)],
            Push(Put, J, "# TYPE m gauge\nm{instance=\"i\"} 1\n"),
        ),
        ("a DELETE of a PUT", &[Push(Put, J, GAUGE)], Delete(J)),
        (
            "a DELETE of a POST",
            &[Push(Put, J, GAUGE), Push(Post, J, "n 1\n")],
            Delete(J),
        ),
        (
            "a scrape, and what it tidies up",
            &[Push(Post, J, GAUGE), Push(Put, J, "n 1\n")],
            Scrape,
        ),
    ];
    for (name, before, action) in cases {
        let mut calls = 0;
        loop {
            let store = Failing {
                store: MemoryStore::default(),
                until: Cell::new(None),
            };
            let mut now = BEGIN;
            for action in before {
                run(&store, now, *action).expect("does not fail");
                now += 1;
            }
            store.until.set(Some(calls));
            let result = run(&store, now, action);
            if store.until.get().is_some() {
                // The action has fewer calls.
                result.expect("nothing failed");
                break;
            }
            let error = result.map(|()| calls).expect_err(name);
            assert_eq!(error.message, "told to fail", "{name}, call {calls}");
            calls += 1;
            assert!(calls < 50, "{name} does not end");
        }
        assert!(calls >= 2, "{name}: {calls} calls");
    }
}
