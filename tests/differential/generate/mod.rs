//! Random sequences of requests, made from a seed.
//!
//! All alphabets are small, so that names, labels and groups meet: that is
//! where the rules of the Pushgateway are. Most requests are valid, and about
//! a third are spoiled in one way or another.

mod body;
mod families;
mod mutate;
mod native;
mod odd;
mod path;
mod protobuf;
mod sample;
mod transport;
mod wire;

use fastrand::Rng;
use spin_pushgateway::exposition::names::NameScheme;

use super::delivery::Delivery;
use super::request::{Method, Request};

/// The most requests in a sequence. The Pushgateway checks each push against
/// all groups, so long sequences are slow; and they shrink slowly.
const MOST_STEPS: usize = 24;
/// The most groups in a sequence.
const MOST_GROUPS: usize = 8;

/// The sequence of requests that belongs to the seed, for gateways with that
/// scheme of names.
pub(crate) fn sequence(seed: u64, names: NameScheme) -> Vec<Request> {
    let mut rng = Rng::with_seed(seed);
    let groups: Vec<_> = (0..rng.usize(2..=MOST_GROUPS))
        .map(|_| path::usual(&mut rng, names))
        .collect();
    (0..rng.usize(4..=MOST_STEPS))
        .map(|_| {
            let path = if rng.u8(..) < 30 {
                path::odd(&mut rng, names)
            } else {
                let group = pick_ref(&mut rng, &groups);
                path::respelled(&mut rng, group)
            };
            let method = match rng.u8(0..20) {
                0..=8 => Method::Put,
                9..=17 => Method::Post,
                _ => Method::Delete,
            };
            let (pieces, delivery) = if method == Method::Delete {
                (Vec::new(), Delivery::PLAIN)
            } else if one_in(&mut rng, 3) {
                let pieces = protobuf::pieces(&mut rng, names);
                (pieces, transport::of_protobuf(&mut rng))
            } else {
                let lines = body::lines(&mut rng, names);
                (lines, transport::of_text(&mut rng))
            };
            Request {
                method,
                path,
                pieces,
                delivery,
                scrape: transport::scrape(&mut rng),
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
        let names = NameScheme::Legacy;
        assert_eq!(sequence(7, names), sequence(7, names));
        assert_ne!(sequence(7, names), sequence(8, names));
    }

    #[test]
    fn sequences_meet_the_limits_and_reach_every_method() {
        let mut methods = HashSet::new();
        for seed in 0..200 {
            let requests = sequence(seed, NameScheme::Utf8);
            assert!((4..=MOST_STEPS).contains(&requests.len()));
            methods.extend(requests.iter().map(|request| request.method.name()));
        }
        assert_eq!(methods.len(), 3);
    }
}
