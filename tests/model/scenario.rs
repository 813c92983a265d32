//! What is run: clients, their operations, their clocks, and what the store promises.

use super::promises::{self, Families};
use super::store::Provider;

/// How many groups operations are about.
pub(crate) const GROUPS: usize = 2;

/// A nanosecond clock's second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Put,
    Post,
    /// A push that contradicts itself.
    Reject,
    Delete,
    Scrape,
    /// A scrape that tidies up after its answer.
    ScrapeAndTidy,
}

impl Kind {
    pub(crate) fn is_scrape(self) -> bool {
        matches!(self, Self::Scrape | Self::ScrapeAndTidy)
    }

    pub(crate) fn is_push(self) -> bool {
        matches!(self, Self::Put | Self::Post)
    }

    /// What it does to its group; `None` if it only looks.
    pub(crate) fn change(self) -> Option<promises::Kind> {
        match self {
            Self::Put => Some(promises::Kind::Put),
            Self::Post => Some(promises::Kind::Post),
            Self::Reject => Some(promises::Kind::Reject),
            Self::Delete => Some(promises::Kind::Delete),
            Self::Scrape | Self::ScrapeAndTidy => None,
        }
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) group: usize,
    pub(crate) families: Families,
}

/// The wall clock of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// How far it is ahead, in nanoseconds.
    pub(crate) offset: i64,
    /// The step at which it is set back, and by how much.
    pub(crate) back: (u64, u64),
    /// What it counts in, in nanoseconds.
    pub(crate) unit: u64,
}

impl Clock {
    pub(crate) const EXACT: Self = Self {
        offset: 0,
        back: (u64::MAX, 0),
        unit: 1,
    };

    /// What it shows at a step, the true time being `time`.
    pub(crate) fn at(self, step: u64, time: u64) -> u64 {
        let back = if step >= self.back.0 { self.back.1 } else { 0 };
        let shown = time.saturating_add_signed(self.offset).saturating_sub(back);
        shown / self.unit * self.unit
    }
}

/// A process that works through its requests one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) clock: Clock,
    pub(crate) requests: Vec<Request>,
}

/// What the group holds when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// There is no group.
    Nothing,
    /// 60 sets of other families were POSTed, then these: `a`, `ab`, `bc`, `c`. No set that comes now gets a slot.
    FullIndex,
    /// The same on a PUT.
    FullIndexOnPut,
    /// 20 sets of other families were POSTed, then `a` was PUT.
    ManyRetired,
    /// 14 sets of other families were POSTed, `a` and `b`, then `a` was PUT: as many as are not deleted yet.
    SomeRetired,
    /// A DELETE of a group of POSTs of `a` and `b` broke off at its last step, two minutes ago.
    Mark,
    /// The same, when it had only just marked the group.
    MarkOverEntries,
}

impl Client {
    /// A client whose clock is exact, of requests such as `POST ab` to the first group.
    pub(crate) fn of(requests: &str) -> Self {
        let request = |text: &str| {
            let (kind, families) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
            Request {
                kind: match kind {
                    "PUT" => Kind::Put,
                    "POST" => Kind::Post,
                    "DELETE" => Kind::Delete,
                    "scrape" => Kind::Scrape,
                    "tidy" => Kind::ScrapeAndTidy,
                    _ => panic!("no request: {text}"),
                },
                group: 0,
                families: Families::of(families),
            }
        };
        Self {
            clock: Clock::EXACT,
            requests: requests.split(',').map(request).collect(),
        }
    }
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) before: Before,
    pub(crate) provider: Provider,
    /// How long a step takes, in nanoseconds.
    pub(crate) tick: u64,
    pub(crate) clients: Vec<Client>,
    /// See [`super::store::Shared::seed`].
    pub(crate) seed: u64,
}
