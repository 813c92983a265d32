//! What is done in an epoch, drawn at random.

use crate::promises::Families;
use crate::promises::Kind::{self, Delete, Post, Put, Reject};

/// How many groups there are.
pub(crate) const GROUPS: usize = 8;

/// How many requests of clients a group gets in an epoch, at most: a history must be short to be judged.
const REQUESTS: usize = 9;

/// How many scrapes are made while clients are at work, at most.
const SCRAPES: usize = 16;

/// Whether the clocks of hosts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// All hosts have the same.
    Exact,
    /// Each is wrong by up to ten seconds, and after a restart by another time.
    Wrong,
}

impl Clocks {
    /// By how many seconds the next host's clock is ahead.
    pub(crate) fn offset(self, random: &mut fastrand::Rng) -> i64 {
        match self {
            Self::Exact => 0,
            Self::Wrong => random.i64(-10..=10),
        }
    }
}

/// One request of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) families: Families,
}

/// A class of requests, as the model test has them.
#[derive(Debug)]
struct Class {
    /// One that is named more often comes more often.
    kinds: &'static [Kind],
    sets: &'static [&'static str],
    /// Whether each client pushes a set of its own.
    own_sets: bool,
    /// Whether nothing excuses an anomaly.
    is_strict: bool,
}

const OVERLAPPING: &[&str] = &["a", "b", "ab", "c", "bc", "def", ""];
const DISJOINT: &[&str] = &["a", "b", "cd", "e"];

const CLASSES: &[Class] = &[
    Class {
        kinds: &[Post, Post, Post, Put, Reject],
        sets: DISJOINT,
        own_sets: true,
        is_strict: true,
    },
    Class {
        kinds: &[Post, Post, Put, Reject],
        sets: &["abc"],
        own_sets: false,
        is_strict: true,
    },
    Class {
        kinds: &[Post, Post, Put, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        is_strict: false,
    },
    Class {
        kinds: &[Put, Put, Delete, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        is_strict: false,
    },
    Class {
        kinds: &[Post, Post, Put, Delete, Reject],
        sets: DISJOINT,
        own_sets: true,
        is_strict: false,
    },
    Class {
        kinds: &[Post, Post, Post, Put, Delete, Delete, Reject],
        sets: OVERLAPPING,
        own_sets: false,
        is_strict: false,
    },
];

/// What is done to a group before clients come to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// Nothing.
    CarryOn,
    /// It is deleted.
    Delete,
    /// It is replaced.
    Put,
    /// It is deleted, and so many sets of families are POSTed that no other set gets a slot of its own.
    Full,
    /// The same on a PUT.
    FullOnPut,
}

/// What is done to a group in an epoch.
#[derive(Clone, Debug)]
pub(crate) struct GroupPlan {
    pub(crate) setup: Setup,
    /// What kind of requests these are.
    pub(crate) class: usize,
    /// Whether nothing excuses an anomaly of a group that never had others.
    pub(crate) is_strict: bool,
    /// The requests of each client, which it sends one after the other.
    pub(crate) clients: Vec<Vec<Request>>,
    /// Whether the clients wait for each other after each request.
    pub(crate) in_step: bool,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// SIGKILL for this host, and another in its place.
    KillHost(usize),
    /// SIGKILL for Redis, and another start.
    KillStore,
    /// SIGTERM for Redis, and another start.
    StopStore,
}

/// What is done in an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) groups: Vec<GroupPlan>,
    /// How many scrapes each of those makes who scrape.
    pub(crate) scrapes: Vec<usize>,
    /// What goes wrong, each when so many requests have begun.
    pub(crate) troubles: Vec<(usize, Trouble)>,
    /// The content of each host's file of faults.
    pub(crate) faults: Vec<String>,
    /// Seeds what is decided under way: which host gets a request.
    pub(crate) seed: u64,
}

/// Draws what is done in an epoch by so many hosts.
pub(crate) fn epoch(random: &mut fastrand::Rng, hosts: usize, can_restart_store: bool) -> Plan {
    let groups: Vec<_> = (0..GROUPS).map(|_| group(random)).collect();
    let requests: usize = groups
        .iter()
        .flat_map(|group| &group.clients)
        .map(Vec::len)
        .sum();
    let mut troubles = Vec::new();
    for _ in 0..random.usize(0..3) {
        let store = if random.bool() {
            Trouble::KillStore
        } else {
            Trouble::StopStore
        };
        let trouble = if can_restart_store && random.u8(..6) == 0 {
            store
        } else {
            Trouble::KillHost(random.usize(..hosts))
        };
        troubles.push((random.usize(..requests.max(1)), trouble));
    }
    troubles.sort_by_key(|(after, _)| *after);
    Plan {
        groups,
        scrapes: vec![random.usize(..=SCRAPES / 2), random.usize(..=SCRAPES / 2)],
        troubles,
        faults: (0..hosts).map(|_| faults(random)).collect(),
        seed: random.u64(..),
    }
}

fn group(random: &mut fastrand::Rng) -> GroupPlan {
    let number = random.usize(..CLASSES.len());
    let class = &CLASSES[number];
    let setup = match random.u8(..60) {
        0 => Setup::Full,
        1 => Setup::FullOnPut,
        2..10 => Setup::Put,
        10..20 => Setup::Delete,
        _ => Setup::CarryOn,
    };
    let in_step = random.u8(..3) == 0;
    let clients = if in_step { 2 } else { random.usize(2..=4) };
    let rounds = random.usize(1..=REQUESTS / clients);
    let clients = (0..clients).map(|client| {
        let request = |random: &mut fastrand::Rng| {
            let set = if class.own_sets {
                client % class.sets.len()
            } else {
                random.usize(..class.sets.len())
            };
            Request {
                kind: class.kinds[random.usize(..class.kinds.len())],
                families: Families::of(class.sets[set]),
            }
        };
        (0..rounds).map(|_| request(random)).collect()
    });
    GroupPlan {
        setup,
        class: number,
        is_strict: class.is_strict,
        clients: clients.collect(),
        in_step,
    }
}

/// The faults of a host: none, a few, many, or calls that only wait.
fn faults(random: &mut fastrand::Rng) -> String {
    let (one_in, delay_ms) = match random.u8(..5) {
        0 => return String::new(),
        1 => (200, 20),
        2 => (50, 60),
        3 => (15, 20),
        _ => (0, 100),
    };
    let (delay, seed) = (random.u8(3..20), random.u32(..));
    format!(
        "random = {{ fail = {one_in}, lose = {one_in}, delay = {delay}, delay_ms = {delay_ms}, \
         seed = {seed} }}\n"
    )
}
