//! How many keys a group takes, whatever is done to it.

use spin_pushgateway::consistency::Kind::{Post, Put};

use super::plain::{AfterScrape, Labels, Plain};

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
