//! A gateway with a store in memory that forwards to a receiver which does as it is told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

use http::{Request, Response, StatusCode};

use super::super::{Forward, InFlight, Network, NetworkError, Target};
use crate::consistency::Kind;
use crate::duration::Nanos;
use crate::exposition::names::NameScheme;
use crate::exposition::negotiate::Format;
use crate::exposition::openmetrics::Support;
use crate::exposition::protobuf::wire::{Field, Reader, WireValue};
use crate::exposition::text;
use crate::groups::key::GroupingKey;
use crate::limits::{GroupLimits, PushLimits};
use crate::push::{Push, Rules, push};
use crate::scrape::scrape;
use crate::store::memory::MemoryStore;
use crate::store::records::{self, Unsent};
use crate::store::{World, layout};
use crate::testing::block_on;

pub(super) const SECOND: u64 = 1_000_000_000;

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub(super) enum Receiver {
    Answers(u16),
    CannotBeReached,
    TakesTooLong,
}

/// A gateway that forwards to a receiver which does as it is told.
pub(super) struct Stage {
    pub(super) store: MemoryStore,
    pub(super) now: Cell<u64>,
    randoms: Cell<u64>,
    /// What the receiver does with the next requests. It takes all later ones.
    pub(super) script: RefCell<VecDeque<Receiver>>,
    /// The series in each request.
    pub(super) received: RefCell<Vec<Vec<Sent>>>,
    /// What else the instance forwards.
    pub(super) in_flight: InFlight,
    is_late: Cell<bool>,
}

impl World for Stage {
    fn now(&self) -> u64 {
        self.now.replace(self.now.get() + 1)
    }

    fn random(&self) -> u64 {
        self.randoms.replace(self.randoms.get() + 1)
    }
}

impl Network for Stage {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NetworkError> {
        self.received.borrow_mut().push(series(request.body()));
        let next = self.script.borrow_mut().pop_front();
        match next.unwrap_or(Receiver::Answers(204)) {
            Receiver::Answers(status) => {
                let mut answer = Response::new(b"told so\n".to_vec());
                *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
                Ok(answer)
            }
            Receiver::CannotBeReached => Err(NetworkError("away".to_owned())),
            Receiver::TakesTooLong => {
                self.is_late.set(true);
                Err(NetworkError("never told".to_owned()))
            }
        }
    }

    async fn within<F: Future>(&self, _limit: Nanos, work: F) -> Option<F::Output> {
        let output = work.await;
        (!self.is_late.take()).then_some(output)
    }
}

/// A series that was sent: its name, its label `v`, and the time of its sample in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) time_ms: u64,
}

/// The series in a body, but for the time of the push.
fn series(body: &[u8]) -> Vec<Sent> {
    let message = snap::raw::Decoder::new().decompress_vec(body);
    let message = message.expect("Snappy's block format");
    let series = parts(&message, 1).into_iter().map(|series| {
        let labels: BTreeMap<_, _> = parts(series, 1)
            .into_iter()
            .map(|label| (text(label, 1), text(label, 2)))
            .collect();
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let sample = parts(series, 2);
        let time = fields(sample.first().expect("a sample"))
            .into_iter()
            .find(|field| field.number == 2);
        match time.map(|field| field.value) {
            Some(WireValue::Varint(time_ms)) => Sent {
                name: label("__name__"),
                version: label("v"),
                time_ms,
            },
            other => panic!("a time, not {other:?}"),
        }
    });
    series
        .filter(|series| series.name != "push_time_seconds")
        .collect()
}

fn fields(message: &[u8]) -> Vec<Field<'_>> {
    let mut reader = Reader::new(message);
    std::iter::from_fn(|| reader.field().expect("protobuf")).collect()
}

/// The messages and strings in the fields of this number.
fn parts(message: &[u8], number: u32) -> Vec<&[u8]> {
    let fields = fields(message).into_iter();
    fields
        .filter_map(|field| match field.value {
            WireValue::Bytes(bytes) if field.number == number => Some(bytes),
            _ => None,
        })
        .collect()
}

fn text(message: &[u8], number: u32) -> String {
    let text = parts(message, number).concat();
    String::from_utf8(text).expect("UTF-8")
}

impl Stage {
    pub(super) fn new(script: &[Receiver]) -> Self {
        Self {
            store: MemoryStore::default(),
            now: Cell::new(1_700_000_000 * SECOND),
            randoms: Cell::new(1),
            script: RefCell::new(script.iter().cloned().collect()),
            received: RefCell::default(),
            in_flight: InFlight::default(),
            is_late: Cell::default(),
        }
    }

    pub(super) fn key() -> GroupingKey {
        GroupingKey::new([("job", "j")]).expect("has a job")
    }

    /// Stores a push. Returns what is to be forwarded.
    pub(super) fn store(&self, kind: Kind, body: &str) -> Forward {
        let families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("is valid");
        let key = Self::key();
        let rules = Rules {
            consistency_check: true,
            max_entry_bytes: 1 << 20,
            push_limits: PushLimits::default(),
            group_limits: GroupLimits::default(),
            forward: Some(10 * SECOND),
        };
        let push_of = Push {
            kind,
            key: &key,
            families,
            ttl: None,
        };
        let forward = block_on(push(&self.store, self, push_of, rules)).expect("is accepted");
        forward.expect("is to be forwarded")
    }

    pub(super) fn forward(&self, forward: Forward) {
        let url = Target::parse_url("http://h/write").expect("is valid");
        let target = Target::new(url, 10 * SECOND);
        block_on(forward.run(&self.store, self, self, &target, &self.in_flight))
            .expect("the store works");
    }

    pub(super) fn push(&self, kind: Kind, body: &str) {
        self.forward(self.store(kind, body));
    }

    /// The names of the series in each request that came since the last call. In these tests they are single letters.
    pub(super) fn received(&self) -> Vec<String> {
        let names = |request: Vec<Sent>| request.into_iter().map(|sent| sent.name).collect();
        self.received.take().into_iter().map(names).collect()
    }

    /// The mark, if there is one.
    pub(super) fn mark(&self) -> Option<Unsent> {
        let values = self.store.values.borrow();
        records::read(
            values
                .get(&layout::unsent(&Self::key().id()))
                .map(Vec::as_slice),
        )
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.mark()?.reason
    }

    pub(super) fn scrape(&self) -> String {
        let format = Format::negotiate(None, Support::Off);
        let scraped = block_on(scrape(&self.store, self, format, &GroupLimits::default()))
            .expect("the store works");
        block_on(scraped.cleanup.run(&self.store)).expect("the store works");
        String::from_utf8(scraped.body).expect("is UTF-8")
    }
}
