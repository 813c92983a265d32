//! How much memory a scrape takes in the component.

use anyhow::Result;

use super::{Bench, progress};
use crate::programs::Host;
use crate::stats::number;
use crate::table::Table;
use crate::workload::Families;

/// How exactly the memory is found, in bytes: the page of a component's memory.
const PAGE: u64 = 64 * 1024;

/// The memory with which every scrape must succeed.
const ENOUGH: u64 = 2 << 30;

/// Finds the least memory with which the component still serves a scrape, by trying.
///
/// Only the local host has a limit that can be set.
pub(super) fn measure(bench: &Bench<'_>) -> Result<()> {
    let mut table = Table::new(
        "Memory of the component, by the least limit under which a scrape succeeds",
        &[
            "groups",
            "exposition, bytes",
            "memory, bytes",
            "ratio",
            "target",
        ],
    );
    if !matches!(bench.host, Host::Local(_)) {
        table.row(&["only the local host can limit it"]);
        table.print();
        return Ok(());
    }
    for &groups in &bench.options.sizes {
        progress(&format!(
            "looking for the memory of a scrape of {groups} groups"
        ));
        let state = bench.filled(Families::Shared, groups)?;
        let gateway = bench.gateway(state.path(), &[])?;
        let (_, size) = gateway.scrape()?;
        gateway.stop()?;

        let (mut too_little, mut enough) = (0, ENOUGH / PAGE);
        while enough - too_little > 1 {
            let middle = too_little + (enough - too_little) / 2;
            let limit = format!("--max-instance-memory={}", middle * PAGE);
            let gateway = bench.gateway(state.path(), &[&limit])?;
            if gateway.scrape().is_ok() {
                enough = middle;
            } else {
                too_little = middle;
            }
        }
        let bytes = enough * PAGE;
        table.row(&[
            number(groups as f64),
            number(size as f64),
            number(bytes as f64),
            format!("{}x", number(bytes as f64 / size as f64)),
            if groups == 10_000 { "≤ 4x" } else { "" }.to_owned(),
        ]);
    }
    table.print();
    Ok(())
}
