//! Instructions of the hot paths, counted by valgrind: the same on every run, whatever else the machine does.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::wanted;
use crate::programs;
use crate::stats::number;
use crate::table::Table;

/// Prints how many instructions paths take.
pub(crate) fn count(names: &[String]) -> Result<()> {
    programs::require("valgrind")?;
    let mut table = Table::new(
        "Hot paths, natively, in instructions",
        &["path", "what", "instructions", "a series"],
    );
    for path in wanted(names)? {
        let instructions = collected(path.name)? as f64;
        table.row(&[
            path.name,
            path.what,
            &number(instructions),
            &number(instructions / path.series as f64),
        ]);
    }
    table.print();
    Ok(())
}

/// The instructions that a path takes when everything is warm.
fn collected(name: &str) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*micro::measured*")
        .arg(std::env::current_exe()?)
        .args(["once", name, "1"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {text}");
    text.lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, number)| number.trim().parse().ok())
        .with_context(|| format!("valgrind does not say how many instructions: {text}"))
}
