//! Scrapes that are asked for and not read.

use super::held::Watch;
use super::peer::{End, Peer, SCRAPE};
use super::{assert_no_failures, fill, options, push, scrape, series};
use crate::support::gateway::Gateway;

/// Scrapes that are not read: more than an instance takes at once.
const UNREAD: usize = 24;

/// The memory of an instance with a scrape that is not read, in bytes: with WASI 0.2 each has one of its own, with what
/// the scrape was made of.
const MOST: u64 = 24 << 20;

/// Asks for so many scrapes and reads none. Each has begun to come.
fn ask(gateway: &Gateway, count: usize) -> Vec<Peer> {
    let ask = |_| {
        let peer = Peer::sending(gateway, SCRAPE);
        peer.wait_for_answer();
        peer
    };
    (0..count).map(ask).collect()
}

#[test]
fn scrapes_that_are_not_read_leave_others_alone_and_give_their_memory_back() {
    let gateway = options().start();
    let mut client = gateway.client();
    push(&mut client);
    scrape(&mut client);
    let watch = Watch::start(&gateway);
    fill(&mut client);
    let unread = ask(&gateway, UNREAD);
    let want = scrape(&mut client);
    for _ in 0..5 {
        push(&mut client);
        assert_eq!(scrape(&mut client), want);
    }
    // Those that are served meanwhile have some instances as well.
    let (growth, most) = (watch.growth(), MOST * (UNREAD + 4) as u64);
    assert!(growth < most, "{growth} bytes, more than {most}");
    for (n, peer) in unread.into_iter().enumerate() {
        match n % 3 {
            // Late, and whole all the same.
            0 => assert_eq!(series(&peer.answer("GET")), want),
            1 => peer.vanish(End::Close),
            _ => peer.vanish(End::Reset),
        }
    }
    watch.wait_until_released();
    assert_no_failures(&gateway);
}

#[test]
fn scrapes_that_are_not_read_do_not_fill_an_instance() {
    // More than the few instances that such requests meet, one after the other, would have room for.
    const UNREAD: usize = 48;
    let gateway = options()
        .argument("--max-instance-memory")
        .argument(&(40 << 20).to_string())
        .start();
    let mut client = gateway.client();
    push(&mut client);
    fill(&mut client);
    let want = scrape(&mut client);
    let unread = ask(&gateway, UNREAD);
    push(&mut client);
    assert_eq!(scrape(&mut client), want);
    // Reading all would take long over connections that are this narrow.
    for peer in unread.into_iter().step_by(16) {
        assert_eq!(series(&peer.answer("GET")), want);
    }
    assert_no_failures(&gateway);
}
