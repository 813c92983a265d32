//! Clients that are gone before they have their answer.

use std::fs;

use super::held::Watch;
use super::peer::{End, Peer, SCRAPE, put};
use super::{assert_no_failures, fill, options, push, scrape};
use crate::exposition::samples;

/// Clients that vanish at each moment in each way, in one round.
const EACH: usize = 10;

/// Rounds: so many that what one of them left behind would not do.
const ROUNDS: usize = 3;

/// A push of which each beginning up to a line is a push as well.
const BODY: &str = "vanished_a 1\nvanished_b 2\n";

/// When a client vanishes.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The head has not come to its end.
    MidHead,
    /// Half of the body has been sent.
    MidBody,
    /// Some chunks of the body have been sent.
    BetweenChunks,
    /// The push has been sent and not answered.
    Pushed,
    /// The scrape has been asked for and not answered.
    Asked,
    /// A part of the scrape has come.
    MidAnswer,
}

impl Moment {
    const ALL: [Self; 6] = [
        Self::MidHead,
        Self::MidBody,
        Self::BetweenChunks,
        Self::Pushed,
        Self::Asked,
        Self::MidAnswer,
    ];

    /// What the client with this name sends.
    fn sent(self, name: &str) -> String {
        let path = format!("/metrics/job/{self:?}/name/{name}");
        let whole = put(&path, BODY);
        let half = BODY.len() / 2;
        match self {
            Self::MidHead => whole.split_once("Content").expect("a header").0.to_owned(),
            Self::MidBody => whole[..whole.len() - half].to_owned(),
            Self::BetweenChunks => format!(
                "PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{half:x}\r\n{}\r\n",
                &BODY[..half]
            ),
            Self::Pushed => whole,
            Self::Asked | Self::MidAnswer => SCRAPE.to_owned(),
        }
    }
}

#[test]
fn clients_that_vanish_leave_nothing_behind_but_what_they_sent_whole() {
    // Each write takes a while, so that clients are gone before they are answered.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let faults = folder.path().join("faults.toml");
    fs::write(&faults, "delay_ms = { set = 5 }").expect("a file");
    let gateway = options()
        .argument("--fault-file")
        .argument(faults.to_str().expect("UTF-8"))
        .start();
    let mut client = gateway.client();
    push(&mut client);
    scrape(&mut client);
    let watch = Watch::start(&gateway);
    fill(&mut client);
    for round in 0..ROUNDS {
        for moment in Moment::ALL {
            let peers: Vec<_> = (0..EACH)
                .flat_map(|n| End::ALL.map(|end| (n, end)))
                .map(|(n, end)| {
                    let request = moment.sent(&format!("{end:?}{round}-{n}"));
                    (Peer::sending(&gateway, request), end)
                })
                .collect();
            for (peer, end) in peers {
                if let Moment::MidAnswer = moment {
                    peer.wait_for_answer();
                }
                peer.vanish(end);
            }
            push(&mut client);
        }
        scrape(&mut client);
    }
    watch.wait_until_released();
    assert_no_failures(&gateway);

    let found = samples(&mut client);
    let of = |begin: &str, end: &str| -> Vec<&str> {
        let series = found.iter();
        series
            .filter_map(|sample| sample.strip_prefix(begin)?.strip_suffix(end))
            .collect()
    };
    let (a, b) = (of("vanished_a{", "} 1"), of("vanished_b{", "} 2"));
    // Whole or not at all, and only what was sent whole.
    assert_eq!(a, b);
    assert!(
        a.iter().all(|labels| labels.contains("job=\"Pushed\"")),
        "{a:?}"
    );
}
