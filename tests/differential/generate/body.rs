//! Bodies in the text format: families with headers and samples.

use fastrand::Rng;
use spin_pushgateway::exposition::names::NameScheme;

use super::mutate::mutate;
use super::odd::ODD_LINES;
use super::sample::{samples, written};
use super::{families, one_in, pick};

/// The lines of a body.
pub(crate) fn lines(rng: &mut Rng, names: NameScheme) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for _ in 0..rng.usize(0..=3) {
        lines.extend(family(rng, names));
    }
    if one_in(rng, 8) {
        let place = rng.usize(0..=lines.len());
        lines.insert(place, format!("{}\n", pick(rng, &ODD_LINES)).into_bytes());
    }
    if one_in(rng, 4) {
        mutate(rng, &mut lines);
    }
    lines
}

fn family(rng: &mut Rng, names: NameScheme) -> Vec<Vec<u8>> {
    let (name, kind) = families::named(rng, names);
    let written = written(name);
    let mut lines = Vec::new();
    if let Some(help) = families::help(rng) {
        lines.push(format!("# HELP {written} {help}\n"));
    }
    if !one_in(rng, 10) {
        let line = format!("# TYPE {written} {}\n", kind.name(rng));
        let place = rng.usize(0..=lines.len());
        lines.insert(place, line);
    }
    lines.extend(samples(rng, name, kind, names));
    lines.into_iter().map(String::into_bytes).collect()
}
