//! Looks for histories that break a promise, and makes what it finds small.

use std::fmt::Write;

use super::checker::check;
use super::exceptions::Excuses;
use super::history::History;
use super::promises::Families;
use super::run::run;
use super::scenario::{Before, Client, Clock, Kind, Request, SECOND, Scenario};
use super::schedule::{Scheduler, write};
use super::store::Provider;

/// How many schedules of a smaller scenario are tried.
const TRIES: u64 = 300;

/// A class of histories.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// Kinds of operations; one that is named more often comes more often.
    pub(crate) kinds: &'static [Kind],
    /// The sets of families that are pushed. A client keeps to one of them if there are as many as clients.
    pub(crate) sets: &'static [&'static str],
    /// Whether each client pushes a set of its own.
    pub(crate) own_sets: bool,
    pub(crate) before: &'static [Before],
    pub(crate) clocks: Clocks,
    /// Whether calls fail and processes die.
    pub(crate) trouble: bool,
    /// Whether listings lag.
    pub(crate) lag: bool,
    /// Whether one operation is over before the next begins.
    pub(crate) one_by_one: bool,
    pub(crate) operations: usize,
    pub(crate) excuses: Excuses,
}

/// How wrong clocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    Exact,
    /// Ahead or behind by up to ten seconds, stepping back, or counting in coarse units.
    Wrong,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) runs: u64,
    /// Runs that broke a promise, but to which a stated exception applies.
    pub(crate) excused: u64,
    /// The first that nothing excuses, made small.
    pub(crate) violation: Option<String>,
}

/// Runs this many random scenarios of the class.
pub(crate) fn search(class: &Class, runs: u64, seed: u64) -> Found {
    let mut found = Found::default();
    // Classes that differ in a detail only are not to try the same histories.
    let seed = class.name.bytes().fold(seed, |seed, byte| {
        seed.wrapping_mul(1_000_003).wrapping_add(u64::from(byte))
    });
    let seed = seed << 32;
    for number in 0..runs {
        let mut random = fastrand::Rng::with_seed(seed ^ number);
        let scenario = scenario(class, &mut random);
        let history = run(
            &scenario,
            scheduler(class, &scenario, random.u64(..)),
            false,
        );
        found.runs += 1;
        if check(&history).is_err() {
            if class.excuses.apply(&history) {
                found.excused += 1;
            } else {
                found.violation = Some(describe(&shrink(class, history)));
                return found;
            }
        }
    }
    found
}

fn scheduler(class: &Class, scenario: &Scenario, seed: u64) -> Scheduler {
    if class.one_by_one {
        return Scheduler::of(&[]);
    }
    Scheduler::random(seed, scenario.clients.len(), class.trouble)
}

fn scenario(class: &Class, random: &mut fastrand::Rng) -> Scenario {
    let clients = random.usize(2..=4);
    let operations = random.usize(2..=class.operations);
    let mut clients: Vec<Client> = (0..clients)
        .map(|_| Client {
            clock: clock(class.clocks, random),
            requests: Vec::new(),
        })
        .collect();
    let two_groups = random.u8(..8) == 0;
    for _ in 0..operations {
        let client = random.usize(..clients.len());
        let set = if class.own_sets {
            client % class.sets.len()
        } else {
            random.usize(..class.sets.len())
        };
        clients[client].requests.push(Request {
            kind: class.kinds[random.usize(..class.kinds.len())],
            group: usize::from(two_groups && random.bool()),
            families: Families::of(class.sets[set]),
        });
    }
    if class.one_by_one {
        // A fixed schedule without turns lets the clients finish one after the other.
        clients = clients
            .into_iter()
            .flat_map(|client| {
                client.requests.into_iter().map(move |request| Client {
                    clock: client.clock,
                    requests: vec![request],
                })
            })
            .collect();
        random.shuffle(&mut clients);
    }
    Scenario {
        before: class.before[random.usize(..class.before.len())],
        provider: Provider {
            writes_at_once: random.u8(..3) > 0,
            reads_at_once: random.u8(..3) > 0,
            listings_lag: if class.lag { random.u64(0..40) } else { 0 },
        },
        tick: SECOND / [1000, 10][random.usize(..2)],
        clients,
        seed: random.u64(1..),
    }
}

fn clock(clocks: Clocks, random: &mut fastrand::Rng) -> Clock {
    let ten = 10 * SECOND;
    match clocks {
        Clocks::Exact => Clock::EXACT,
        Clocks::Wrong => Clock {
            offset: [
                0,
                random.i64(-(ten as i64)..ten as i64),
                random.i64(-(SECOND as i64)..SECOND as i64),
            ][random.usize(..3)],
            back: if random.bool() {
                (random.u64(1..40), random.u64(..ten))
            } else {
                Clock::EXACT.back
            },
            unit: [1, SECOND][random.usize(..2)],
        },
    }
}

/// Makes a history that breaks a promise as small as can be.
fn shrink(class: &Class, history: History) -> History {
    let mut best = history;
    'again: loop {
        for smaller in smaller(&best.scenario) {
            if let Some(found) = breaks(class, &smaller, &best) {
                best = found;
                continue 'again;
            }
        }
        return straighten(class, best);
    }
}

/// A history of the scenario that breaks a promise, by the same schedule or by others.
fn breaks(class: &Class, scenario: &Scenario, like: &History) -> Option<History> {
    let schedules = (0..TRIES).map(|seed| scheduler(class, scenario, seed));
    std::iter::once(Scheduler::of(&like.schedule))
        .chain(schedules)
        .map(|scheduler| run(scenario, scheduler, false))
        .find(|history| is_violation(class, history))
}

fn is_violation(class: &Class, history: &History) -> bool {
    check(history).is_err() && !class.excuses.apply(history)
}

/// Scenarios with one thing less.
fn smaller(scenario: &Scenario) -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = scenario.clone();
        change(&mut smaller);
        if smaller != *scenario {
            all.push(smaller);
        }
    };
    for client in 0..scenario.clients.len() {
        for request in 0..scenario.clients[client].requests.len() {
            add(&|scenario| {
                scenario.clients[client].requests.remove(request);
            });
        }
        add(&|scenario| scenario.clients[client].clock = Clock::EXACT);
    }
    add(&|scenario| scenario.before = Before::Nothing);
    add(&|scenario| scenario.provider.writes_at_once = true);
    add(&|scenario| scenario.provider.reads_at_once = true);
    add(&|scenario| scenario.provider.listings_lag = 0);
    for client in 0..scenario.clients.len() {
        for (at, request) in scenario.clients[client].requests.iter().enumerate() {
            for family in request.families.iter() {
                add(&|scenario| scenario.clients[client].requests[at].families.0 &= !(1 << family));
            }
            if request.kind == Kind::ScrapeAndTidy {
                add(&|scenario| scenario.clients[client].requests[at].kind = Kind::Scrape);
            }
        }
    }
    all
}

/// Takes turns and troubles out of the schedule, and lets clients stay on longer.
fn straighten(class: &Class, mut best: History) -> History {
    let mut at = 0;
    while at < best.schedule.len() {
        let mut without = best.schedule.clone();
        without.remove(at);
        let mut swapped = best.schedule.clone();
        if at > 0 && at + 1 < swapped.len() && swapped[at - 1].client == swapped[at + 1].client {
            swapped.swap(at, at + 1);
        }
        let tried = [without, swapped].into_iter().find_map(|schedule| {
            let history = run(&best.scenario, Scheduler::of(&schedule), false);
            let is_smaller = switches(&history) < switches(&best);
            (is_smaller && is_violation(class, &history)).then_some(history)
        });
        match tried {
            Some(history) => {
                best = history;
                at = 0;
            }
            None => at += 1,
        }
    }
    best
}

/// How often another client is next, and how much goes wrong.
fn switches(history: &History) -> usize {
    use super::schedule::Event;
    let troubles = history
        .schedule
        .iter()
        .filter(|turn| turn.event != Event::Go)
        .count();
    let switches = history
        .schedule
        .windows(2)
        .filter(|pair| pair[0].client != pair[1].client)
        .count();
    2 * troubles + switches
}

/// A history, call by call.
pub(crate) fn describe(history: &History) -> String {
    let scheduler = Scheduler::of(&history.schedule);
    let history = run(&history.scenario, scheduler, true);
    let mut text = String::new();
    let problem = check(&history)
        .err()
        .unwrap_or_else(|| "nothing is wrong".to_owned());
    let _ = writeln!(
        text,
        "{problem}\n{:#?}\nschedule: {}",
        history.scenario,
        write(&history.schedule)
    );
    let _ = writeln!(text, "before: {:?}", history.before);
    for line in &history.trace {
        let _ = writeln!(text, "{line}");
    }
    text
}
