//! The command line of the mixed run.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};

/// How to run everything at once.
#[derive(Debug, PartialEq)]
pub(crate) struct Mixed {
    /// How long the steady run lasts.
    pub(crate) duration: Duration,
    pub(crate) groups: usize,
    pub(crate) connections: usize,
    pub(crate) load: Load,
    pub(crate) host: String,
    pub(crate) component: Option<PathBuf>,
    pub(crate) dir: Option<PathBuf>,
}

/// How much is asked for in the steady run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Load {
    /// This part of the greatest rate, which is measured first.
    PartOfGreatest(f64),
    /// So many requests a second.
    Rate(f64),
}

impl Default for Mixed {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(60),
            groups: 1_000,
            connections: 16,
            load: Load::PartOfGreatest(0.8),
            host: "auto".to_owned(),
            component: None,
            dir: None,
        }
    }
}

/// Parses what follows `mixed`. `None` asks for help.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Mixed>> {
    let mut parser = Parser::from_args(arguments);
    let mut mixed = Mixed::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long(name) => {
                let name = name.to_owned();
                set(&mut mixed, &name, &mut parser).with_context(|| format!("--{name}"))?;
            }
            Arg::Short(_) | Arg::Value(_) => return Err(argument.unexpected().into()),
        }
    }
    Ok(Some(mixed))
}

fn set(mixed: &mut Mixed, name: &str, parser: &mut Parser) -> Result<()> {
    let value = parser.value()?.string()?;
    match name {
        "seconds" => mixed.duration = Duration::try_from_secs_f64(value.parse()?)?,
        "groups" => mixed.groups = from_one(&value)?,
        "connections" => mixed.connections = from_one(&value)?,
        "load" => mixed.load = Load::PartOfGreatest(positive(&value)? / 100.0),
        "rate" => mixed.load = Load::Rate(positive(&value)?),
        "host" => mixed.host = value,
        "component" => mixed.component = Some(value.into()),
        "dir" => mixed.dir = Some(value.into()),
        _ => bail!("no such option; see --help"),
    }
    Ok(())
}

fn from_one(value: &str) -> Result<usize> {
    let number = value.parse()?;
    ensure!(number > 0, "expected a number from 1, found 0");
    Ok(number)
}

fn positive(value: &str) -> Result<f64> {
    let number: f64 = value.parse()?;
    ensure!(
        number > 0.0 && number.is_finite(),
        "expected a number above 0, found {number}"
    );
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(arguments: &str) -> Result<Option<Mixed>> {
        parse(arguments.split_whitespace().map(OsString::from))
    }

    #[test]
    fn each_option_is_set() {
        assert_eq!(mixed("").expect("options"), Some(Mixed::default()));
        let some = mixed(
            "--seconds 0.5 --groups 7 --connections 2 --load 50 --host local --component c --dir d",
        );
        let want = Mixed {
            duration: Duration::from_millis(500),
            groups: 7,
            connections: 2,
            load: Load::PartOfGreatest(0.5),
            host: "local".to_owned(),
            component: Some("c".into()),
            dir: Some("d".into()),
        };
        assert_eq!(some.expect("options"), Some(want));
        let rate = mixed("--rate 300").expect("options").expect("options");
        assert_eq!(rate.load, Load::Rate(300.0));
        assert_eq!(mixed("--seconds 1 -h").expect("help"), None);
    }

    #[test]
    fn other_command_lines_are_refused() {
        for arguments in [
            "more",
            "-x",
            "--unknown 1",
            "--groups 0",
            "--connections none",
            "--rate -1",
            "--load 0",
            "--rate inf",
            "--seconds -1",
        ] {
            assert!(mixed(arguments).is_err(), "{arguments} is taken");
        }
    }
}
