//! Whatever becomes of pushes, the next one that is forwarded brings what they left undone.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::stage::{Receiver, Sent, Stage};
use crate::consistency::Kind;

/// How forwarding a push ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    /// The receiver does not take it.
    Failed,
    /// The instance ends before anything is sent.
    Before,
    /// The instance ends when all has been sent.
    After,
}

proptest! {
    #[test]
    fn the_state_arrives_however_earlier_pushes_ended(
        pushes in vec((any::<bool>(), 1_u8..8, 0_usize..4), 0..12)
    ) {
        let stage = Stage::new(&[]);
        let ends = [End::Well, End::Failed, End::Before, End::After];
        let pushes = pushes.into_iter().chain([(false, 8, 0)]);
        for (number, (is_put, families, end)) in pushes.enumerate() {
            let names = ["a", "b", "c", "d"].into_iter().enumerate();
            let body: String = names
                .filter(|(bit, _)| families & (1 << bit) != 0)
                .map(|(_, name)| format!("{name}{{v=\"{number}\"}} 1\n"))
                .collect();
            let forward = stage.store(if is_put { Kind::Put } else { Kind::Post }, &body);
            match ends[end] {
                End::Well => stage.forward(forward),
                End::Failed => {
                    stage.script.borrow_mut().push_back(Receiver::CannotBeReached);
                    stage.forward(forward);
                    stage.received.borrow_mut().pop();
                }
                End::Before => drop(forward),
                End::After => {
                    let mark = stage.store.values.borrow().clone();
                    stage.forward(forward);
                    *stage.store.values.borrow_mut() = mark;
                }
            }
        }
        prop_assert_eq!(stage.mark(), None);
        let sent: BTreeMap<String, Sent> = stage
            .received
            .take()
            .into_iter()
            .flatten()
            .map(|sent| (sent.name.clone(), sent))
            .collect();
        let scraped = stage.scrape();
        let stored = scraped.lines().filter_map(|line| {
            let (name, rest) = line.split_once("{instance=\"\",job=\"j\",v=\"")?;
            Some((name, rest.split_once('"')?.0))
        });
        for (name, version) in stored {
            let last = sent.get(name).map(|sent| sent.version.as_str());
            prop_assert_eq!(last, Some(version), "{}", name);
        }
    }
}
