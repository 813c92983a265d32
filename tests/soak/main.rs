//! The soak test: random requests to several hosts on one store, while hosts and Redis are killed, calls of the store
//! fail, seem to fail or wait, and clocks differ. Whatever is answered and scraped must be explained, and what is
//! forwarded must arrive.
//!
//! Some pushes are shown for a limited time only, by the clocks of the hosts; and before some epochs all clocks leap so
//! far that everything has expired long ago, and scrapes remove it. With some stores, what is pushed is forwarded to a
//! receiver that fails now and then ([`delivery`]).
//!
//! It goes in epochs. In each, some clients send PUT, POST and DELETE to each of some groups, and others scrape; then
//! all is let come to rest, and three scrapes show what is left. The history of each group is judged on its own, by the
//! checker of the model test and with its exceptions, as far as they can be seen from outside ([`excuses`]). What nobody
//! can explain or excuse is printed and kept in a file, `soak-<store>-<seed>.txt` in Cargo's `target/tmp`; what is
//! excused is kept in another.
//!
//! Environment:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `SOAK_SECONDS` | how long each store is tried | 10 |
//! | `SOAK_SEED` | which requests and troubles; their timing is never the same twice | 1 |

#[path = "../support/promises/mod.rs"]
mod promises;
#[path = "../support/mod.rs"]
mod support;

mod delivery;
mod epoch;
mod excuses;
mod exposition;
mod group;
mod groups;
mod hosts;
mod plan;
mod record;
mod report;
mod requests;
mod stores;

use std::time::{Duration, Instant};

use groups::Groups;
use hosts::Hosts;
use plan::Clocks;
use report::{Totals, Violation};
use stores::Backing;

/// How many epochs a store lasts.
const EPOCHS: usize = 15;

/// What kinds of stores are tried in turn: with which clocks, and whether what is pushed is forwarded.
const KINDS: [(Clocks, bool); 4] = [
    (Clocks::Exact, true),
    (Clocks::Wrong, true),
    (Clocks::Exact, false),
    (Clocks::Wrong, false),
];

#[test]
fn hosts_on_one_sqlite_file() {
    soak("sqlite", || Some(Backing::sqlite()));
}

#[test]
fn hosts_on_one_redis() {
    soak("redis", Backing::redis_or_skip);
}

/// Tries one store after the other until the time is over.
fn soak(name: &str, backing: impl Fn() -> Option<Backing>) {
    let number = |name: &str, default| {
        let value = std::env::var(name).ok();
        value.map_or(default, |value| value.parse().expect("a number"))
    };
    let seed = number("SOAK_SEED", 1);
    let end = Instant::now() + Duration::from_secs(number("SOAK_SECONDS", 10));
    let mut random = fastrand::Rng::with_seed(seed);
    let mut totals = Totals::default();
    while Instant::now() < end {
        let Some(backing) = backing() else { return };
        let kind = KINDS[totals.stores % KINDS.len()];
        if let Err(violation) = try_store(backing, kind, end, &mut random, &mut totals) {
            panic!("{}", violation.keep(name, seed));
        }
        totals.stores += 1;
        let excused = totals.keep_excused(name, seed).unwrap_or_default();
        println!("{name}: {totals}. {excused}");
    }
    totals.assert_meaningful();
}

fn try_store(
    backing: Backing,
    (clocks, forwards): (Clocks, bool),
    end: Instant,
    random: &mut fastrand::Rng,
    totals: &mut Totals,
) -> Result<(), Violation> {
    // The component for WASI 0.2 does not forward.
    let is_0_2 = std::env::var("WASI").as_deref() == Ok("0.2");
    let forwards = forwards && !is_0_2;
    let hosts = Hosts::start(backing, clocks, forwards, random);
    let mut groups = Groups::default();
    for _ in 0..EPOCHS {
        let plan = plan::epoch(random, hosts.count(), hosts.can_restart_store(), forwards);
        groups.run(&hosts, &plan, totals)?;
        if Instant::now() >= end {
            break;
        }
    }
    Ok(())
}
