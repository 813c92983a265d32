use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use http::{Request, Response, StatusCode};

use super::*;
use crate::consistency::Kind;
use crate::delete::delete;
use crate::exposition::names::NameScheme;
use crate::exposition::negotiate::Format;
use crate::exposition::openmetrics::Support;
use crate::exposition::text;
use crate::groups::key::GroupingKey;
use crate::limits::{GroupLimits, PushLimits};
use crate::push::{Push, Rules, push};
use crate::scrape::scrape;
use crate::store::memory::MemoryStore;
use crate::store::records::{self, Unsent};
use crate::store::{World, layout};
use crate::testing::block_on;

const SECOND: u64 = 1_000_000_000;

/// What the receiver does with a request.
#[derive(Clone, Debug)]
enum Receiver {
    Answers(u16),
    CannotBeReached,
    TakesTooLong,
}

/// A gateway that forwards to a receiver which does as it is told.
struct Stage {
    store: MemoryStore,
    now: Cell<u64>,
    randoms: Cell<u64>,
    /// What the receiver does with the next requests. It takes all later ones.
    script: RefCell<VecDeque<Receiver>>,
    /// For each request the metric names in it.
    received: RefCell<Vec<String>>,
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
        self.received.borrow_mut().push(names(request.body()));
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

/// The names of the series in a body, as often as they are in it. In tests they are single letters.
fn names(body: &[u8]) -> String {
    let message = snap::raw::Decoder::new().decompress_vec(body);
    let message = message.expect("Snappy's block format");
    let start = b"\x0a\x08__name__\x12\x01";
    let found = message.windows(start.len() + 1);
    found
        .filter_map(|window| window.strip_prefix(start)?.first().copied())
        .map(char::from)
        .collect()
}

impl Stage {
    fn new(script: &[Receiver]) -> Self {
        Self {
            store: MemoryStore::default(),
            now: Cell::new(1_700_000_000 * SECOND),
            randoms: Cell::new(1),
            script: RefCell::new(script.iter().cloned().collect()),
            received: RefCell::default(),
            is_late: Cell::default(),
        }
    }

    fn key() -> GroupingKey {
        GroupingKey::new([("job", "j")]).expect("has a job")
    }

    /// Stores a push. Returns what is to be forwarded.
    fn store(&self, kind: Kind, body: &str) -> Forward {
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

    fn forward(&self, forward: Forward) {
        let url = Target::parse_url("http://h/write").expect("is valid");
        let target = Target::new(url, 10 * SECOND);
        block_on(forward.run(&self.store, self, self, &target)).expect("the store works");
    }

    fn push(&self, kind: Kind, body: &str) {
        self.forward(self.store(kind, body));
    }

    fn received(&self) -> Vec<String> {
        self.received.take()
    }

    /// The mark, if there is one.
    fn mark(&self) -> Option<Unsent> {
        let values = self.store.values.borrow();
        records::read(
            values
                .get(&layout::unsent(&Self::key().id()))
                .map(Vec::as_slice),
        )
    }

    fn reason(&self) -> Option<String> {
        self.mark()?.reason
    }

    fn scrape(&self) -> String {
        let format = Format::negotiate(None, Support::Off);
        let scraped = block_on(scrape(&self.store, self, format)).expect("the store works");
        block_on(scraped.cleanup.run(&self.store)).expect("the store works");
        String::from_utf8(scraped.body).expect("is UTF-8")
    }
}

#[test]
fn a_push_is_sent_whole_and_leaves_no_mark() {
    for kind in [Kind::Put, Kind::Post] {
        let stage = Stage::new(&[]);
        let forward = stage.store(kind, "a 1\nb 2\n");
        assert!(stage.mark().is_some_and(|mark| mark.reason.is_none()));
        assert!(!stage.scrape().contains("pushgateway_group_forward"));
        stage.forward(forward);
        assert_eq!(stage.received(), ["ab"]);
        assert_eq!(stage.mark(), None);
    }
}

#[test]
fn a_mark_costs_no_call_of_the_store_before_the_answer() {
    let stage = Stage::new(&[]);
    stage.store(Kind::Put, "a 1\n");
    stage.store.take_calls();
    for kind in [Kind::Put, Kind::Post] {
        // The second time everything about the families is known.
        stage.store(kind, "a 1\n");
        stage.store.take_calls();
        stage.store(kind, "a 1\n");
        let calls = stage.store.take_calls();
        let calls: Vec<_> = calls.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(calls, ["read", "write"], "{kind:?}");
    }
}

#[test]
fn what_failed_is_sent_with_the_next_push() {
    let failures = [
        (
            Receiver::CannotBeReached,
            "the receiver cannot be reached: away",
        ),
        (
            Receiver::TakesTooLong,
            "the receiver did not answer within forward_timeout",
        ),
        (
            Receiver::Answers(503),
            "the receiver answered 503 Service Unavailable: told so",
        ),
        (
            Receiver::Answers(429),
            "the receiver answered 429 Too Many Requests: told so",
        ),
        (
            Receiver::Answers(401),
            "the receiver answered 401 Unauthorized: told so",
        ),
        (
            Receiver::Answers(302),
            "the receiver answered 302 Found: told so",
        ),
    ];
    for (failure, reason) in failures {
        let stage = Stage::new(&[failure.clone(), failure]);
        stage.push(Kind::Put, "a 1\nb 1\n");
        assert_eq!(stage.reason().as_deref(), Some(reason));
        let line =
            "pushgateway_group_forward_failure_time_seconds{instance=\"\",job=\"j\"} 1.7e+09\n";
        assert!(stage.scrape().contains(line), "{reason}");
        stage.push(Kind::Post, "b 2\nc 2\n");
        assert_eq!(stage.reason().as_deref(), Some(reason), "still");
        stage.push(Kind::Post, "b 3\nd 3\n");
        assert_eq!(stage.received(), ["ab", "bc", "bd", "ac"]);
        assert_eq!(stage.mark(), None);
        stage.push(Kind::Post, "b 4\nd 4\n");
        assert_eq!(stage.received(), ["bd"]);
    }
}

#[test]
fn what_was_refused_is_not_sent_again() {
    let stage = Stage::new(&[Receiver::Answers(400)]);
    stage.push(Kind::Put, "a 1\n");
    let mark = stage.mark().expect("failed");
    let reason = "the receiver answered 400 Bad Request: told so";
    assert_eq!((mark.reason.as_deref(), mark.refused), (Some(reason), true));
    stage.push(Kind::Post, "b 1\n");
    assert_eq!(stage.received(), ["a", "b"]);
    assert_eq!(stage.mark(), None);
}

#[test]
fn what_is_caught_up_with_does_not_hold_up_what_is_new() {
    let stage = Stage::new(&[
        Receiver::CannotBeReached,
        Receiver::Answers(204),
        Receiver::Answers(400),
    ]);
    stage.push(Kind::Put, "a 1\n");
    stage.push(Kind::Post, "b 1\n");
    assert!(stage.mark().is_some_and(|mark| mark.refused));
    stage.push(Kind::Post, "b 2\n");
    assert_eq!(stage.received(), ["a", "b", "a", "b"]);
    assert_eq!(stage.mark(), None);
}

#[test]
fn a_refusal_does_not_keep_the_rest_of_a_push() {
    let many: String = (0..2001).map(|x| format!("a{{x=\"{x}\"}} 1\n")).collect();
    let stage = Stage::new(&[Receiver::Answers(400)]);
    stage.push(Kind::Put, &many);
    assert_eq!(stage.received().len(), 2);
    assert!(stage.mark().is_some_and(|mark| mark.refused));
    let stage = Stage::new(&[Receiver::Answers(500)]);
    stage.push(Kind::Put, &many);
    assert_eq!(stage.received().len(), 1);
}

#[test]
fn an_instance_that_ends_leaves_its_mark() {
    let stage = Stage::new(&[]);
    drop(stage.store(Kind::Put, "a 1\n"));
    assert_eq!(stage.received(), [""; 0]);
    stage.now.set(stage.now.get() + 60 * SECOND);
    assert!(
        stage
            .scrape()
            .contains("pushgateway_group_forward_failure_time_seconds{")
    );
    stage.push(Kind::Post, "b 1\n");
    assert_eq!(stage.received(), ["b", "a"]);
    assert_eq!(stage.mark(), None);
}

#[test]
fn a_push_does_not_settle_the_mark_of_another() {
    let stage = Stage::new(&[Receiver::Answers(204), Receiver::Answers(400)]);
    let first = stage.store(Kind::Post, "a 1\n");
    let second = stage.store(Kind::Post, "b 1\n");
    stage.forward(first.clone());
    let mark = stage.mark();
    assert!(mark.as_ref().is_some_and(|mark| mark.reason.is_none()));
    // Refused late: the mark of the second must stay as good as it is.
    stage.forward(first);
    assert_eq!(stage.mark(), mark);
    stage.forward(second);
    assert_eq!(stage.received(), ["a", "a", "b", "a"]);
    assert_eq!(stage.mark(), None);
}

#[test]
fn a_mark_alone_is_no_group() {
    let stage = Stage::new(&[Receiver::CannotBeReached]);
    let forward = stage.store(Kind::Put, "a 1\n");
    block_on(delete(&stage.store, &stage, &Stage::key())).expect("the store works");
    assert_eq!(stage.mark(), None, "goes with the group");
    stage.forward(forward);
    assert!(stage.mark().is_some());
    let scraped = stage.scrape();
    assert!(scraped.contains("pushgateway_groups 0\n"), "{scraped}");
    assert!(!scraped.contains("job=\"j\""), "{scraped}");
    assert!(stage.mark().is_some(), "a push may be about to use it");
    stage.now.set(stage.now.get() + 120 * SECOND);
    stage.scrape();
    assert_eq!(stage.mark(), None);
}

#[test]
fn a_mark_that_cannot_be_read_is_one() {
    let stage = Stage::new(&[]);
    stage.push(Kind::Put, "a 1\n");
    let key = layout::unsent(&Stage::key().id());
    let newer = b"{\"version\":2}".to_vec();
    stage.store.values.borrow_mut().insert(key, newer);
    stage.push(Kind::Post, "b 1\n");
    assert_eq!(stage.received(), ["a", "b", "a"]);
    assert_eq!(stage.mark(), None);
}
