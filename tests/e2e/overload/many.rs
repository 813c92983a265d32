//! More requests at once than an instance of the component takes, and more than there are instances.

use super::held::Watch;
use super::peer::{Peer, SCRAPE, open, put};
use super::{assert_no_failures, options, push, scrape, series};
use crate::exposition::samples;

/// Requests at once. One instance takes sixteen; with WASI 0.2 each request has an instance of its own. Each takes a
/// descriptor on either side, of which many systems allow 1,024.
const MANY: usize = 200;

#[test]
fn others_are_served_while_hundreds_of_pushes_have_come_by_half() {
    let gateway = options().start();
    let mut client = gateway.client();
    push(&mut client);
    scrape(&mut client);
    let watch = Watch::start(&gateway);
    let halves = open(&gateway, MANY, |n| {
        let request = put(&format!("/metrics/job/slow{n}"), "slow_a 1\nslow_b 2\n");
        let (first, rest) = request.split_at(request.len() - "slow_b 2\n".len());
        (Peer::sending(&gateway, first), rest.to_owned())
    });

    push(&mut client);
    scrape(&mut client);
    // As many again, whole, over connections that are open.
    let mut whole = open(&gateway, MANY, |_| Peer::connect(&gateway));
    for (n, peer) in whole.iter_mut().enumerate() {
        peer.send(put(&format!("/metrics/job/whole{n}"), "whole 1\n"));
    }
    for peer in whole {
        assert_eq!(peer.answer("PUT").status, 200);
    }
    let count = |samples: &[String], family: &str| {
        let of_family = samples
            .iter()
            .filter(|sample| sample.starts_with(&format!("{family}{{")));
        of_family.count()
    };
    let found = samples(&mut client);
    // Of what has come by half nothing is there.
    assert_eq!(count(&found, "slow_a"), 0);
    assert_eq!(count(&found, "whole"), MANY);

    for (mut peer, rest) in halves {
        peer.send(rest);
        assert_eq!(peer.answer("PUT").status, 200);
    }
    let found = samples(&mut client);
    for family in ["slow_a", "slow_b", "whole"] {
        assert_eq!(count(&found, family), MANY, "{family}");
    }
    assert_no_failures(&gateway);
    watch.wait_until_released();
}

#[test]
fn hundreds_of_scrapes_at_once_are_all_answered() {
    let gateway = options().start();
    let mut client = gateway.client();
    push(&mut client);
    let want = scrape(&mut client);
    let watch = Watch::start(&gateway);
    let scrapes: Vec<_> = (0..MANY).map(|_| Peer::sending(&gateway, SCRAPE)).collect();
    // Pushes get through meanwhile.
    push(&mut client);
    for peer in scrapes {
        assert_eq!(series(&peer.answer("GET")), want);
    }
    assert_no_failures(&gateway);
    watch.wait_until_released();
}
