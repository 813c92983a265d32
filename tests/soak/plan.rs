//! What is done in an epoch, drawn at random.

use std::time::Duration;

use crate::promises::Families;
use crate::promises::Kind::{self, Delete, Post, Put, Reject};
use crate::support::receiver::Behaviour;

/// How many groups there are.
pub(crate) const GROUPS: usize = 8;

/// How many requests of clients a group gets in an epoch, at most: a history must be short to be judged.
const REQUESTS: usize = 9;

/// How many scrapes are made while clients are at work, at most.
const SCRAPES: usize = 16;

/// How long is shown what is pushed without a word about it, and anything at most.
pub(crate) const LIFETIME: Duration = Duration::from_secs(3600);

/// How far all clocks leap at a time: everything from before has then expired for longer than it was shown.
pub(crate) const LEAP: Duration = Duration::from_secs(3 * 3600);

/// For how long pushes ask to be shown, in milliseconds: less than an epoch takes, a few epochs, and longer than any
/// store lasts.
const LIFETIMES: [u64; 4] = [50, 500, 4_000, 1_800_000];

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
    /// For how long it asks to be shown, in milliseconds.
    pub(crate) ttl: Option<u64>,
}

impl Request {
    /// A request that says nothing of a lifetime.
    pub(crate) fn new(kind: Kind, families: Families) -> Self {
        Self {
            kind,
            families,
            ttl: None,
        }
    }

    /// For how long what it brings is shown.
    pub(crate) fn lifetime(self) -> Duration {
        self.ttl.map_or(LIFETIME, Duration::from_millis)
    }
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
    /// The receiver of what is forwarded does this from now on.
    Receiver(Behaviour),
}

/// What is done in an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Whether all hosts start again before, with clocks that have leapt by [`LEAP`].
    pub(crate) leaps: bool,
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

impl Plan {
    /// Whether the store fails for a while.
    pub(crate) fn restarts_store(&self) -> bool {
        let mut troubles = self.troubles.iter().map(|(_, trouble)| trouble);
        troubles.any(|trouble| matches!(trouble, Trouble::KillStore | Trouble::StopStore))
    }

    /// Whether the receiver of what is forwarded fails for a while, or says nothing.
    pub(crate) fn receiver_fails(&self) -> bool {
        let mut troubles = self.troubles.iter().map(|(_, trouble)| trouble);
        troubles.any(|trouble| {
            matches!(trouble, Trouble::Receiver(behaviour) if *behaviour != Behaviour::Answers(204))
        })
    }
}

/// Draws what is done in an epoch by so many hosts.
pub(crate) fn epoch(
    random: &mut fastrand::Rng,
    hosts: usize,
    can_restart_store: bool,
    forwards: bool,
) -> Plan {
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
    if forwards {
        troubles.push((0, Trouble::Receiver(behaviour(random))));
        let after = random.usize(..requests.max(1));
        troubles.push((after, Trouble::Receiver(behaviour(random))));
    }
    troubles.sort_by_key(|(after, _)| *after);
    Plan {
        leaps: random.u8(..8) == 0,
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
    let says_lifetimes = random.bool();
    let clients = if in_step { 2 } else { random.usize(2..=4) };
    let rounds = random.usize(1..=REQUESTS / clients);
    let clients = (0..clients).map(|client| {
        let request = |random: &mut fastrand::Rng| {
            let set = if class.own_sets {
                client % class.sets.len()
            } else {
                random.usize(..class.sets.len())
            };
            let kind = class.kinds[random.usize(..class.kinds.len())];
            let is_push = matches!(kind, Put | Post);
            let ttl = LIFETIMES.get(random.usize(..2 * LIFETIMES.len()));
            Request {
                kind,
                families: Families::of(class.sets[set]),
                ttl: ttl.copied().filter(|_| says_lifetimes && is_push),
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

/// What a receiver does. It never refuses: that would be final.
fn behaviour(random: &mut fastrand::Rng) -> Behaviour {
    match random.u8(..6) {
        0 => Behaviour::SaysNothing,
        1 => Behaviour::Answers(500),
        2 => Behaviour::Answers(429),
        _ => Behaviour::Answers(204),
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
