//! What is stored, whatever is done: how many keys a group takes, and what the record of label names has.

use spin_pushgateway::consistency::Kind::{Post, Put};
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::store::records::Shapes;

use super::plain::{AfterScrape, Labels, Plain};
use super::run::block_on;

const GROUP: Labels<'_> = &[("job", "j")];

/// The most keys that a group takes, pushed one after the other: 64 shared entries, one that has the families of all
/// others, 16 entries of past generations and as many as the last of these had, the PUT entry, the index.
const MOST: usize = 64 + 1 + 16 + 65 + 2;

/// The most that a group takes whose generation has not changed.
const MOST_OF_ONE_GENERATION: usize = 64 + 1 + 2;

fn keys(plain: &Plain) -> usize {
    let values = plain.store.values.borrow();
    values
        .keys()
        .filter(|key| key.starts_with("pgw1:g:") || key.starts_with("pgw1:m:"))
        .count()
}

fn subset(random: &mut fastrand::Rng, families: usize) -> String {
    (0..families)
        .filter(|_| random.bool())
        .map(|family| format!("f{family} 1\n"))
        .collect()
}

#[test]
fn changing_sets_of_families() {
    for after in [AfterScrape::Nothing, AfterScrape::TidyUp] {
        let plain = Plain::new();
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..3000 {
            plain
                .push(Post, GROUP, &subset(&mut random, 10))
                .expect("is accepted");
            if round % 100 == 0 {
                plain.scrape(after);
            }
            assert!(
                keys(&plain) <= MOST_OF_ONE_GENERATION,
                "{} keys",
                keys(&plain)
            );
        }
    }
}

#[test]
fn many_families_each_on_its_own() {
    let plain = Plain::new();
    for _ in 0..10 {
        for family in 0..100 {
            plain
                .push(Post, GROUP, &format!("f{family} 1\n"))
                .expect("is accepted");
            assert!(
                keys(&plain) <= MOST_OF_ONE_GENERATION,
                "{} keys",
                keys(&plain)
            );
        }
    }
}

#[test]
fn puts_and_posts_in_turn() {
    for posts in [1, 2, 5, 70] {
        let plain = Plain::new();
        let mut random = fastrand::Rng::with_seed(posts);
        for _ in 0..1000 / posts {
            plain.push(Put, GROUP, "f0 1\n").expect("is accepted");
            for _ in 0..posts {
                plain
                    .push(Post, GROUP, &subset(&mut random, 10))
                    .expect("is accepted");
                assert!(keys(&plain) <= MOST, "{} keys", keys(&plain));
            }
        }
    }
}

#[test]
fn deletions_leave_nothing() {
    let plain = Plain::new();
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..300 {
        for _ in 0..random.usize(..4) {
            let kind = if random.bool() { Put } else { Post };
            plain
                .push(kind, GROUP, &subset(&mut random, 4))
                .expect("is accepted");
        }
        if round % 3 == 0 {
            plain.delete(GROUP);
            assert_eq!(keys(&plain), 0);
        }
    }
}

#[test]
fn the_record_of_label_names_has_those_in_use_and_the_time_of_the_first_push() {
    let recorded = |plain: &Plain| {
        let shapes = block_on(Shapes::read(&plain.store)).expect("does not fail");
        (shapes.since, shapes.shapes)
    };
    let plain = Plain::new();
    plain.push(Put, GROUP, "a 1\n").expect("is accepted");
    let (since, shapes) = recorded(&plain);
    assert_eq!(shapes, [["job"]]);
    plain.delete(GROUP);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(recorded(&plain), (since, Vec::new()));
    let group = [("job", "j"), ("zone", "z")];
    plain.push(Put, &group, "a 1\n").expect("is accepted");
    let names = ["job", "zone"].map(str::to_owned);
    assert_eq!(recorded(&plain), (since, vec![names.to_vec()]));
}

#[test]
fn records_of_families_stay_as_long_as_a_group_holds_them() {
    let plain = Plain::new();
    let records = |plain: &Plain| -> Vec<String> {
        let values = plain.store.values.borrow();
        let keys = values.keys().filter(|key| key.starts_with("pgw1:t:"));
        keys.cloned().collect()
    };
    plain.push(Put, GROUP, "a 1\nb 1\n").expect("is accepted");
    let held = records(&plain);
    assert_eq!(held.len(), 2);
    let other = [("job", "k")];
    plain.push(Put, &other, "b 1\nc 1\n").expect("is accepted");
    assert_eq!(records(&plain).len(), 3);
    plain.delete(&other);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(records(&plain), held);
}

#[test]
fn entries_that_no_longer_count_go_once_every_reader_sees_why() {
    const MINUTE: u64 = 60_000_000_000;
    let plain = Plain::new();
    plain.push(Put, GROUP, "a 1\n").expect("is accepted");
    plain.push(Post, GROUP, "b 1\n").expect("is accepted");
    let is_post = |key: &&String| key.split(':').count() > 3;
    let posts = || plain.store.values.borrow().keys().filter(is_post).count();
    // A reader that lags behind the others sees the entry and not yet the PUT entry that it builds on.
    let root = format!(
        "pgw1:g:{}",
        GroupingKey::new(GROUP.iter().copied())
            .expect("has a job")
            .id()
    );
    let value = plain.store.values.borrow_mut().remove(&root);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(posts(), 1);
    plain
        .store
        .values
        .borrow_mut()
        .extend(value.map(|value| (root, value)));
    // Another PUT, and the entry does not count for anybody.
    plain.push(Put, GROUP, "a 1\n").expect("is accepted");
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(posts(), 1);
    plain.wait(MINUTE);
    plain.scrape(AfterScrape::TidyUp);
    assert_eq!(posts(), 0);
}
