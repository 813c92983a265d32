//! Random sequences of requests, made from a seed.
//!
//! All alphabets are small, so that names, labels and groups meet: that is
//! where the rules of the Pushgateway are. Most requests are valid, and about
//! a third are spoiled in one way or another.

mod body;
mod mutate;
mod odd;
mod path;
mod sample;

use fastrand::Rng;

use super::request::{Method, Request};

/// The most requests in a sequence. The Pushgateway checks each push against
/// all groups, so long sequences are slow; and they shrink slowly.
const MOST_STEPS: usize = 24;
/// The most groups in a sequence.
const MOST_GROUPS: usize = 8;

/// The sequence of requests that belongs to the seed.
pub(crate) fn sequence(seed: u64) -> Vec<Request> {
    let mut rng = Rng::with_seed(seed);
    let groups: Vec<_> = (0..rng.usize(2..=MOST_GROUPS))
        .map(|_| path::usual(&mut rng))
        .collect();
    (0..rng.usize(4..=MOST_STEPS))
        .map(|_| {
            let path = if rng.u8(..) < 30 {
                path::odd(&mut rng)
            } else {
                {
                    let group = pick_ref(&mut rng, &groups);
                    path::respelled(&mut rng, group)
                }
            };
            let method = match rng.u8(0..20) {
                0..=8 => Method::Put,
                9..=17 => Method::Post,
                _ => Method::Delete,
            };
            let lines = if method == Method::Delete {
                Vec::new()
            } else {
                body::lines(&mut rng)
            };
            Request {
                method,
                path,
                lines,
            }
        })
        .collect()
}

/// One of the items.
fn pick_ref<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

/// One of the items.
fn pick<T: Copy>(rng: &mut Rng, items: &[T]) -> T {
    *pick_ref(rng, items)
}

/// True once in `n` times.
fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(..n) == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_sequence_and_another_seed_another() {
        assert_eq!(sequence(7), sequence(7));
        assert_ne!(sequence(7), sequence(8));
    }

    #[test]
    fn sequences_meet_the_limits_and_reach_every_method() {
        let mut methods = HashSet::new();
        for seed in 0..200 {
            let requests = sequence(seed);
            assert!((4..=MOST_STEPS).contains(&requests.len()));
            methods.extend(requests.iter().map(|request| request.method.name()));
        }
        assert_eq!(methods.len(), 3);
    }
}
