//! `migrate`: pushes everything that a Go Pushgateway holds to a running gateway, and compares.
//!
//! The groups come from the Pushgateway's persistence file ([`mod@file`], in the encoding of [`gob`]) or from
//! a running one ([`running`]). They are pushed as the protobuf that they are kept in ([`push`]), so
//! that types, HELP texts, exemplars, native histograms and names of any characters go along. Then the
//! target is scraped and held against the source ([`compare`]).
//!
//! What does not go along: the times of the last pushes, which become the time of the migration, and
//! the record of rejected pushes.

mod compare;
mod file;
mod gob;
mod http;
mod push;
mod running;
mod series;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use spin_pushgateway::groups::key::GroupingKey;

use compare::Comparison;
use http::Site;

/// How many differences and refusals are printed.
const LISTED: usize = 50;

/// What to bring where.
#[derive(Debug)]
pub(crate) struct MigrateOptions {
    /// The Go Pushgateway.
    pub(crate) source: Source,
    /// The gateway's URL.
    pub(crate) target: String,
    /// Sent to the gateway.
    pub(crate) token: Option<Token>,
    /// Sent to the Pushgateway.
    pub(crate) source_token: Option<Token>,
    /// Replace groups that the gateway has.
    pub(crate) replace: bool,
    /// Push nothing.
    pub(crate) dry_run: bool,
}

/// Where the groups are.
#[derive(Debug)]
pub(crate) enum Source {
    /// In a running Pushgateway, at this URL.
    Running(String),
    /// In a persistence file.
    File(PathBuf),
}

impl Source {
    /// A URL or a path.
    pub(crate) fn parse(text: &OsStr) -> Self {
        match text.to_str() {
            Some(url) if url.contains("://") => Self::Running(url.to_owned()),
            _ => Self::File(text.into()),
        }
    }
}

/// A bearer token. Its `Debug` does not say it.
pub(crate) struct Token(String);

impl Token {
    /// Takes a token as it was given.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// A group of the Pushgateway.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SourceGroup {
    /// The grouping labels.
    key: GroupingKey,
    /// What was pushed, as a body of delimited protobuf, without the automatic gauges.
    body: Vec<u8>,
    /// Whether a push was ever accepted.
    was_pushed: bool,
}

/// What could be read of a Pushgateway.
#[derive(Debug, Default)]
struct Holdings {
    groups: Vec<SourceGroup>,
    /// What could not be read, and why.
    unreadable: Vec<String>,
}

/// Migrates, prints what happened, and returns whether all groups went over and look the same.
pub(crate) fn run(options: &MigrateOptions) -> Result<bool> {
    let target = Site::new(&options.target, options.token.as_ref()).context("TARGET")?;
    let holdings = read(options).context("cannot read SOURCE")?;
    let held = target.scrape().context("cannot scrape TARGET")?;
    let before = series::index(&held).context("cannot read the scrape of TARGET")?;

    let mut left_out = holdings.unreadable;
    let (groups, merged) = push::plan(holdings.groups, &before, options.replace, &mut left_out);
    println!("groups to push: {}", groups.len());
    if options.dry_run {
        print_list("left out", &left_out);
        return Ok(left_out.is_empty());
    }

    let mut done = BTreeSet::new();
    for group in &groups {
        let is_first = done.insert(group.key.id());
        if let Err(error) = target.push(group, is_first) {
            left_out.push(format!("{}: {error:#}", group.key));
        }
    }
    print_list("left out", &left_out);
    if merged > 0 {
        println!("groups that differed only in an empty label, and are one group now: {merged}");
    }

    let held = target.scrape().context("cannot scrape TARGET")?;
    let after = series::index(&held).context("cannot read the scrape of TARGET")?;
    let comparison = Comparison::new(&groups, &before, &after)?;
    println!(
        "compared: {} groups, {} series",
        comparison.groups, comparison.series
    );
    print_list("differences", &comparison.differences);
    println!("not carried over: the times of the last pushes, which are now, and rejected pushes");
    Ok(left_out.is_empty() && comparison.differences.is_empty())
}

fn read(options: &MigrateOptions) -> Result<Holdings> {
    match &options.source {
        Source::Running(url) => running::read(&Site::new(url, options.source_token.as_ref())?),
        Source::File(path) => {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            file::read(&bytes)
        }
    }
}

fn print_list(title: &str, items: &[String]) {
    println!("{title}: {}", items.len());
    for item in items.iter().take(LISTED) {
        println!("  {item}");
    }
    if items.len() > LISTED {
        println!("  and {} more", items.len() - LISTED);
    }
}
