//! The command line.

mod mixed;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};

pub(crate) use mixed::{Load, Mixed};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures the gateway and prints Markdown.

Usage: bench [compare] [OPTIONS]   the gateway, the Go Pushgateway and the floor of the host, side by side
       bench mixed [OPTIONS]       everything at once at a steady rate: latencies, failures, memory
       bench micro [NAME...]       the core alone, natively: nanoseconds for each hot path
       bench instructions [NAME..] the same in instructions, under valgrind: without a machine's noise
       bench once NAME COUNT       runs one hot path that often, for a profiler

Options of compare:
  --sizes N,N,...       groups in the store [default: 0,1000,10000]
  --connections N       connections that push at once [default: 4]
  --rounds N            rounds, of which the median counts [default: 3]
  --seconds N           how long a round lasts; fractions are fine [default: 1]
  --only NAME,NAME,...  of pushes, own-families, memory, others, redis [default: all]
  --host auto|spin|local
                        what runs the component: Spin where it is installed, else the local host [default: auto]
  --component FILE      the gateway's component [default: as built in target]
  --go FILE             the Go Pushgateway [default: of target/test-programs, else of PATH]
  --no-go               leave the Go Pushgateway out
  --dir DIR             where stores are put while it runs; decides which disk is measured [default: target/bench]

Options of mixed, beside --host, --component and --dir:
  --seconds N           how long the steady run lasts [default: 60]
  --groups N            groups in the store [default: 1000]
  --connections N       connections that push [default: 16]
  --load N              percent of the greatest rate, which is measured first [default: 80]
  --rate N              pushes a second instead
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Compare(Compare),
    Mixed(Mixed),
    Micro(Vec<String>),
    Instructions(Vec<String>),
    Once { name: String, count: u32 },
    Help,
}

/// How to compare.
#[derive(Debug)]
pub(crate) struct Compare {
    pub(crate) sizes: Vec<usize>,
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    pub(crate) duration: Duration,
    pub(crate) only: Vec<String>,
    pub(crate) host: String,
    pub(crate) component: Option<PathBuf>,
    pub(crate) go: Option<PathBuf>,
    pub(crate) with_go: bool,
    pub(crate) dir: Option<PathBuf>,
}

/// The parts of the comparison that can be asked for alone.
const PARTS: [&str; 5] = ["pushes", "own-families", "memory", "others", "redis"];

impl Default for Compare {
    fn default() -> Self {
        Self {
            sizes: vec![0, 1_000, 10_000],
            connections: 4,
            rounds: 3,
            duration: Duration::from_secs(1),
            only: Vec::new(),
            host: "auto".to_owned(),
            component: None,
            go: None,
            with_go: true,
            dir: None,
        }
    }
}

impl Compare {
    /// Whether a part is to be measured.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// Parses the arguments after the program's name.
pub(crate) fn parse<I>(arguments: I) -> Result<Command>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let mut arguments = arguments.into_iter().map(Into::into).peekable();
    if arguments.next_if(|word| word == "mixed").is_some() {
        return Ok(mixed::parse(arguments)?.map_or(Command::Help, Command::Mixed));
    }
    let mut parser = Parser::from_args(arguments);
    let mut words = Vec::new();
    let mut compare = Compare::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(word) => words.push(word.string()?),
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("no-go") => compare.with_go = false,
            Arg::Long(name) => {
                let name = name.to_owned();
                set(&mut compare, &name, &mut parser).with_context(|| format!("--{name}"))?;
            }
            Arg::Short(_) => return Err(argument.unexpected().into()),
        }
    }
    let mut words = words.into_iter();
    match words.next().as_deref() {
        None | Some("compare") => Ok(Command::Compare(compare)),
        Some("micro") => Ok(Command::Micro(words.collect())),
        Some("instructions") => Ok(Command::Instructions(words.collect())),
        Some("once") => Ok(Command::Once {
            name: words.next().context("expected the name of a hot path")?,
            count: words.next().context("expected a count")?.parse()?,
        }),
        Some(other) => bail!("no such command: {other}; see --help"),
    }
}

fn set(options: &mut Compare, name: &str, parser: &mut Parser) -> Result<()> {
    let value = parser.value()?.string()?;
    let list = || value.split(',').filter(|item| !item.is_empty());
    match name {
        "sizes" => options.sizes = list().map(str::parse).collect::<Result<_, _>>()?,
        "connections" => options.connections = value.parse()?,
        "rounds" => options.rounds = value.parse()?,
        "seconds" => options.duration = Duration::try_from_secs_f64(value.parse()?)?,
        "only" => options.only = list().map(str::to_owned).collect(),
        "host" => options.host = value,
        "component" => options.component = Some(value.into()),
        "go" => options.go = Some(value.into()),
        "dir" => options.dir = Some(value.into()),
        _ => bail!("no such option; see --help"),
    }
    ensure!(
        options.connections > 0 && options.rounds > 0,
        "expected a number from 1, found 0"
    );
    for part in &options.only {
        ensure!(
            PARTS.contains(&part.as_str()),
            "expected one of {PARTS:?}, found {part:?}"
        );
    }
    options.sizes.sort_unstable();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(arguments: &str) -> Result<Compare> {
        match parse(arguments.split_whitespace())? {
            Command::Compare(compare) => Ok(compare),
            other => bail!("{other:?}"),
        }
    }

    #[test]
    fn everything_is_measured_unless_asked_otherwise() {
        let all = compare("").expect("options");
        assert_eq!(all.sizes, [0, 1_000, 10_000]);
        assert!(all.wants("memory") && all.with_go);
        let some =
            compare("compare --only redis,memory --sizes 20,0 --seconds 0.5").expect("options");
        assert!(some.wants("memory") && !some.wants("pushes"));
        assert_eq!(some.sizes, [0, 20]);
        assert_eq!(some.duration, Duration::from_millis(500));
    }

    #[test]
    fn other_command_lines_are_refused() {
        for arguments in [
            "everything",
            "--rounds 0",
            "--connections 0",
            "--sizes many",
            "--only nothing",
            "--unknown 1",
            "-x",
            "once parse",
        ] {
            assert!(
                parse(arguments.split_whitespace()).is_err(),
                "{arguments} is taken"
            );
        }
    }
}
