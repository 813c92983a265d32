//! What a group holds when a run begins, made by the real operations.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use spin_pushgateway::consistency::Kind;
use spin_pushgateway::delete;
use spin_pushgateway::store::Value;

use super::history::BEFORE;
use super::promises::{Families, Group};
use super::run::{self, ModelWorld, alone, block_on, body, key};
use super::scenario::{Before, Clock, GROUPS, SECOND};
use super::store::ModelStore;

/// A store, prepared.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) randoms: u64,
    pub(crate) groups: [Group; GROUPS],
}

/// Everything before a run is two minutes old, the oldest first.
fn clock() -> Clock {
    Clock {
        offset: -(120 * SECOND as i64),
        ..Clock::EXACT
    }
}

/// The store as it is before a run.
pub(crate) fn prepare(before: Before) -> Prepared {
    static MADE: Mutex<Vec<(Before, Prepared)>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, prepared)) = made.iter().find(|(of, _)| *of == before) {
        return prepared.clone();
    }
    let prepared = make(before);
    made.push((before, prepared.clone()));
    prepared
}

fn make(before: Before) -> Prepared {
    let (store, world) = alone(BTreeMap::new(), clock());
    match before {
        Before::Nothing => {}
        Before::FullIndex => fill(&store, &world, 60),
        Before::FullIndexOnPut => {
            push(
                &store,
                &world,
                Kind::Put,
                &body(Families::of("abcdef"), BEFORE),
            );
            fill(&store, &world, 60);
        }
        Before::ManyRetired | Before::SomeRetired => {
            let is_some = before == Before::SomeRetired;
            for other in 0..if is_some { 14 } else { 20 } {
                push(&store, &world, Kind::Post, &other_family(other));
            }
            for families in if is_some { &["a", "b"][..] } else { &[] } {
                let body = body(Families::of(families), BEFORE);
                push(&store, &world, Kind::Post, &body);
            }
            push(&store, &world, Kind::Put, &body(Families::of("a"), BEFORE));
        }
        Before::Mark | Before::MarkOverEntries => {
            for families in ["a", "b"] {
                push(
                    &store,
                    &world,
                    Kind::Post,
                    &body(Families::of(families), BEFORE),
                );
            }
            let key = key(0);
            let root = spin_pushgateway::store::layout::root(&key.id());
            let mut delete = pin!(delete::delete(&store, &world, &key));
            let mut context = Context::from_waker(Waker::noop());
            let is_reached = || {
                let shared = store.shared.borrow();
                let is_marked = shared.values.contains_key(&root);
                is_marked && (before == Before::MarkOverEntries || shared.values.len() <= 4)
            };
            while !is_reached() {
                assert!(delete.as_mut().poll(&mut context).is_pending(), "goes on");
            }
        }
    }
    let (groups, _) = block_on(run::scrape(&store, &world)).expect("does not fail");
    let shared = store.shared.borrow();
    Prepared {
        values: shared.values.clone(),
        randoms: shared.randoms,
        groups,
    }
}

/// Uses up all slots that pushes can share.
fn fill(store: &ModelStore, world: &ModelWorld, others: usize) {
    for other in 0..others {
        push(store, world, Kind::Post, &other_family(other));
    }
    for families in ["a", "ab", "bc", "c"] {
        push(
            store,
            world,
            Kind::Post,
            &body(Families::of(families), BEFORE),
        );
    }
}

fn other_family(number: usize) -> String {
    format!("other{number} {BEFORE}\n")
}

fn push(store: &ModelStore, world: &ModelWorld, kind: Kind, body: &str) {
    store.shared.borrow_mut().step += 1;
    block_on(run::push(store, world, kind, 0, body)).expect("is accepted");
}
