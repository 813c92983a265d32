//! The operation, against receivers that fail.

mod always;
mod stage;

use self::stage::{Receiver, SECOND, Stage};
use crate::consistency::Kind;
use crate::delete::delete;
use crate::groups::key::GroupingKey;
use crate::limits::GroupLimits;
use crate::room;
use crate::store::{World, layout};
use crate::testing::block_on;

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
fn nothing_is_sent_while_too_much_is_on_its_way() {
    let stage = Stage::new(&[]);
    let other = stage.in_flight.admit(usize::MAX);
    stage.push(Kind::Put, "a 1\n");
    assert_eq!(stage.received(), [""; 0]);
    let reason = "too much is on its way to the receiver already";
    assert_eq!(stage.reason().as_deref(), Some(reason));
    drop(other);
    stage.push(Kind::Post, "b 1\n");
    assert_eq!(stage.received(), ["b", "a"]);
    assert_eq!(stage.mark(), None);
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
fn samples_have_the_time_of_the_push_that_sends_them() {
    let stage = Stage::new(&[Receiver::CannotBeReached]);
    stage.push(Kind::Put, "a 1\n");
    stage.now.set(1_700_000_600 * SECOND + 5_999_999);
    stage.push(Kind::Post, "b 1\n");
    let times = stage.received.take().into_iter().flatten();
    let times: Vec<_> = times.map(|sent| (sent.name, sent.time_ms)).collect();
    let [before, now] = [1_700_000_000_000, 1_700_000_600_006];
    let want = [("a", before), ("b", now), ("a", now)].map(|(name, at)| (name.to_owned(), at));
    assert_eq!(times, want);
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
    let one = GroupLimits {
        max_groups: Some(1),
        max_groups_per_job: None,
    };
    let other = GroupingKey::new([("job", "k")]).expect("has a job").id();
    let room = block_on(room::check(&stage.store, &other, &one, stage.now()));
    assert_eq!(room, Ok(Ok(())));
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
