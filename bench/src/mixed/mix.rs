//! What is mixed: pushes of all kinds to some groups, and on a timetable of its own what reads them.

use std::time::Duration;

use crate::http_client::{Reply, request, request_with};
use crate::servers::push;
use crate::workload::{self, Families};

/// A kind of request, whose latencies are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A push that replaces families which all groups share.
    Post,
    /// A push that adds families which no other group has.
    PostOwn,
    /// A push that replaces all of a group.
    Put,
    /// A group goes; its next push brings it back.
    Delete,
    /// A push that contradicts other groups.
    Refused,
    /// A scrape.
    Scrape,
    /// A scrape that comes compressed.
    GzipScrape,
    /// A list of groups.
    List,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Post,
        Self::PostOwn,
        Self::Put,
        Self::Delete,
        Self::Refused,
        Self::Scrape,
        Self::GzipScrape,
        Self::List,
    ];

    /// Those that come at their own times, however much is pushed: every so often, from then on.
    pub(super) const TIMETABLE: [(Self, Duration, Duration); 3] = [
        (Self::Scrape, Duration::from_secs(1), Duration::ZERO),
        (
            Self::GzipScrape,
            Duration::from_secs(5),
            Duration::from_millis(500),
        ),
        (
            Self::List,
            Duration::from_secs(5),
            Duration::from_millis(2_500),
        ),
    ];

    /// As it stands in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Post => "POST, shared families",
            Self::PostOwn => "POST, own families",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Refused => "refused POST",
            Self::Scrape => "scrape, one each second",
            Self::GzipScrape => "gzip scrape, one each 5 s",
            Self::List => "list of groups, one each 5 s",
        }
    }

    /// Whether an answer is as it should be.
    pub(super) fn is_answered_by(self, reply: &Reply) -> bool {
        let status = match self {
            Self::Post | Self::PostOwn | Self::Put => 200,
            Self::Delete => 202,
            Self::Refused => 400,
            Self::Scrape | Self::GzipScrape | Self::List => {
                return reply.status == 200
                    && reply.size > 0
                    && reply.is_gzip == (self == Self::GzipScrape);
            }
        };
        reply.status == status
    }
}

/// Requests to so many groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix {
    pub(super) groups: usize,
}

impl Mix {
    /// The kind of the push with this number, and its group: always the same, in no order that repeats.
    pub(super) fn push(&self, number: u64) -> (Kind, usize) {
        let random = scattered(number);
        let kind = match random % 100 {
            0..40 => Kind::Post,
            40..55 => Kind::PostOwn,
            55..90 => Kind::Put,
            90..95 => Kind::Delete,
            _ => Kind::Refused,
        };
        let group = (random >> 32) as usize % self.groups.max(1);
        (kind, group)
    }

    /// The bytes of a request; what reads has no group.
    pub(super) fn request(kind: Kind, group: usize) -> Vec<u8> {
        match kind {
            Kind::Post => push("POST", Families::Shared, group),
            Kind::PostOwn => push("POST", Families::Own, group),
            Kind::Put => push("PUT", Families::Shared, group),
            Kind::Delete => request("DELETE", &workload::path(group), ""),
            Kind::Refused => {
                let body =
                    "# TYPE batch_step0_duration_seconds counter\nbatch_step0_duration_seconds 1\n";
                let path = format!("/metrics/job/wrong/instance/{}", group % 10);
                request("POST", &path, body)
            }
            Kind::Scrape => request("GET", "/metrics", ""),
            Kind::GzipScrape => request_with("GET", "/metrics", "accept-encoding: gzip\r\n", ""),
            Kind::List => request("GET", "/api/v1/groups?sort=bytes&order=desc", ""),
        }
    }
}

/// A number that has nothing to do with its neighbours' (the finalizer of SplitMix64).
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn pushes_are_of_all_kinds_and_go_to_all_groups() {
        let mix = Mix { groups: 50 };
        let pushes: Vec<_> = (0..10_000).map(|number| mix.push(number)).collect();
        let share = |kind| {
            let of_kind = pushes.iter().filter(|(found, _)| *found == kind).count();
            of_kind / 100
        };
        for (kind, percent) in [
            (Kind::Post, 40),
            (Kind::PostOwn, 15),
            (Kind::Put, 35),
            (Kind::Delete, 5),
            (Kind::Refused, 5),
        ] {
            assert!(share(kind).abs_diff(percent) <= 2, "{kind:?}");
        }
        let groups: HashSet<_> = pushes.iter().map(|(_, group)| *group).collect();
        assert_eq!(groups.len(), 50);
    }

    #[test]
    fn an_answer_that_is_not_expected_is_a_failure() {
        let reply = |status, size, is_gzip| Reply {
            status,
            size,
            is_gzip,
            ..Reply::default()
        };
        let cases = [
            (Kind::Put, reply(200, 0, false), true),
            (Kind::Put, reply(503, 9, false), false),
            (Kind::Delete, reply(202, 0, false), true),
            (Kind::Refused, reply(400, 9, false), true),
            (Kind::Refused, reply(200, 0, false), false),
            (Kind::Scrape, reply(200, 9, false), true),
            (Kind::Scrape, reply(200, 0, false), false),
            (Kind::GzipScrape, reply(200, 9, true), true),
            (Kind::GzipScrape, reply(200, 9, false), false),
        ];
        for (kind, reply, want) in cases {
            assert_eq!(kind.is_answered_by(&reply), want, "{kind:?} {reply:?}");
        }
    }
}
