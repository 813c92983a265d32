//! The command line: the part of `spin up`'s that the local host knows, and knobs for tests.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Runs the HTTP application that spin.toml describes, as `spin up` of Spin 4.1 would, where Spin is
not installed: for development, tests and CI.

Usage: local-host [up] [OPTIONS]

  -f, --from FILE                       the manifest [default: spin.toml]
      --listen ADDRESS:PORT             where to serve; port 0 takes a free one [default: 127.0.0.1:3000]
      --state-dir DIR                   where the default store is [default: .spin beside the manifest]
      --runtime-config-file FILE        Spin's runtime configuration: providers of key-value stores
      --variable NAME=VALUE             sets a variable of the manifest; VALUE may be @FILE; repeatable
      --max-instance-reuse-count N      requests that an instance serves in its life [default: 128]
      --max-instance-concurrent-reuse-count N
                                        requests that an instance serves at once [default: 16]
      --idle-instance-timeout TIME      how long an instance waits for a request [default: 1s]
      --request-timeout TIME            how long a request may take [default: none]
      --max-instance-memory BYTES       how large an instance may grow [default: none]
      --no-tcp-nodelay                  leave TCP_NODELAY off, as Spin does
      --cache-dir DIR                   where compiled components are kept
                                        [default: spin-pushgateway-host in the user's cache folder]
  -h, --help                            print this
  -V, --version                         print the version

For tests of an application, to change the world around it:

      --fault-file FILE                 TOML, read again at each call of a store: fail = [\"set\", ...],
                                        message = \"...\", fail_nth = { get = 3 }, delay_ms = { set = 100 }
                                        with the operations open, get, set, delete, exists, list-keys,
                                        get-keys, get-many, set-many, delete-many; and of all calls one
                                        in so many at random, random = { fail = 50, lose = 50, delay = 9,
                                        delay_ms = 100, seed = 1 }: lost are answers, not what was done
      --trace-store FILE                appends a line for each call of a store: the operation, and for
                                        those on several keys how many, and whether it waits or fails
      --trace-fuel FILE                 appends a line for each instance that ends: the instructions that it
                                        ran, as Wasmtime counts them; runs slower
      --clock-offset SECONDS            shifts the component's wall clock; may be negative

TIME is a number with the unit ms, s or m. Spin's ranges (`a..b`), TLS (of outbound requests too), other
triggers than HTTP, and other interfaces than WASI, key-value stores and variables are not supported.
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Run the application.
    Up(Box<Options>),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// How to run the application: the flags, with the defaults of `spin up`.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) manifest: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) runtime_config: Option<PathBuf>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) limits: Limits,
    pub(crate) tcp_nodelay: bool,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) fault_file: Option<PathBuf>,
    pub(crate) trace_store: Option<PathBuf>,
    pub(crate) trace_fuel: Option<PathBuf>,
    pub(crate) clock_offset: i64,
}

/// What an instance of the component may do before a new one takes over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Requests in its life.
    pub(crate) reuse: usize,
    /// Requests at once.
    pub(crate) concurrent: usize,
    /// Time without requests.
    pub(crate) idle: Duration,
    /// Time for one request.
    pub(crate) request: Option<Duration>,
    /// Bytes of linear memory.
    pub(crate) memory: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            manifest: PathBuf::from("spin.toml"),
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            state_dir: None,
            runtime_config: None,
            variables: Vec::new(),
            limits: Limits {
                reuse: 128,
                concurrent: 16,
                idle: Duration::from_secs(1),
                request: None,
                memory: None,
            },
            tcp_nodelay: true,
            cache_dir: None,
            fault_file: None,
            trace_store: None,
            trace_fuel: None,
            clock_offset: 0,
        }
    }
}

/// Parses the arguments after the program's name.
pub(crate) fn parse<I>(arguments: I) -> Result<Command>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let mut parser = Parser::from_args(arguments);
    let mut options = Options::default();
    let mut first = true;
    while let Some(argument) = parser.next()? {
        let option = match argument {
            Arg::Value(value) if first && value == "up" => {
                first = false;
                continue;
            }
            Arg::Short('f') => "from".to_owned(),
            Arg::Short('h') => "help".to_owned(),
            Arg::Short('V') => "version".to_owned(),
            Arg::Long(name) => name.to_owned(),
            Arg::Short(_) | Arg::Value(_) => return Err(argument.unexpected().into()),
        };
        first = false;
        match option.as_str() {
            "help" => return Ok(Command::Help),
            "version" => return Ok(Command::Version),
            "no-tcp-nodelay" => options.tcp_nodelay = false,
            name => set(&mut options, name, &mut parser).with_context(|| format!("--{name}"))?,
        }
    }
    Ok(Command::Up(Box::new(options)))
}

/// Sets an option that has a value.
fn set(options: &mut Options, name: &str, parser: &mut Parser) -> Result<()> {
    let limits = &mut options.limits;
    match name {
        "from" => options.manifest = parser.value()?.into(),
        "listen" => options.listen = parser.value()?.parse()?,
        "state-dir" => options.state_dir = Some(parser.value()?.into()),
        "runtime-config-file" => options.runtime_config = Some(parser.value()?.into()),
        "variable" => options
            .variables
            .push(variable(&parser.value()?.string()?)?),
        "max-instance-reuse-count" => limits.reuse = positive(parser)?,
        "max-instance-concurrent-reuse-count" => limits.concurrent = positive(parser)?,
        "idle-instance-timeout" => limits.idle = parser.value()?.parse_with(duration)?,
        "request-timeout" => limits.request = Some(parser.value()?.parse_with(duration)?),
        "max-instance-memory" => limits.memory = Some(positive(parser)?),
        "cache-dir" => options.cache_dir = Some(parser.value()?.into()),
        "fault-file" => options.fault_file = Some(parser.value()?.into()),
        "trace-store" => options.trace_store = Some(parser.value()?.into()),
        "trace-fuel" => options.trace_fuel = Some(parser.value()?.into()),
        "clock-offset" => options.clock_offset = parser.value()?.parse()?,
        _ => bail!("no such option; see --help"),
    }
    Ok(())
}

fn positive(parser: &mut Parser) -> Result<usize> {
    let number = parser.value()?.parse()?;
    ensure!(number > 0, "expected a number from 1, found 0");
    Ok(number)
}

/// Parses `NAME=VALUE` or `NAME=@FILE`.
fn variable(text: &str) -> Result<(String, String)> {
    let (name, value) = text
        .split_once('=')
        .with_context(|| format!("expected NAME=VALUE, found {text:?}"))?;
    let value = match value.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
        }
        None => value.to_owned(),
    };
    Ok((name.to_owned(), value))
}

/// Parses `150ms`, `1s` or `2m`.
fn duration(text: &str) -> Result<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number = number.parse::<u32>();
    match (number, unit) {
        (Ok(number), "ms") => Ok(Duration::from_millis(number.into())),
        (Ok(number), "s") => Ok(Duration::from_secs(number.into())),
        (Ok(number), "m") => Ok(Duration::from_secs(u64::from(number) * 60)),
        _ => bail!("expected a time such as 150ms, 1s or 2m, found {text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Options, parse};
    use std::time::Duration;

    fn options(arguments: &str) -> anyhow::Result<Options> {
        match parse(arguments.split_whitespace())? {
            Command::Up(options) => Ok(*options),
            other => anyhow::bail!("{other:?}"),
        }
    }

    #[test]
    fn without_arguments_it_is_spin_up() {
        for arguments in ["", "up"] {
            assert_eq!(options(arguments).expect("options"), Options::default());
        }
    }

    #[test]
    fn each_option_is_set() {
        let all = options(
            "up -f a/spin.toml --listen 127.0.0.1:0 --state-dir s --runtime-config-file r.toml \
             --variable a=b=c --variable d= --max-instance-reuse-count 2 \
             --max-instance-concurrent-reuse-count=3 --idle-instance-timeout 150ms \
             --request-timeout 2m --max-instance-memory 1048576 --no-tcp-nodelay --cache-dir c \
             --fault-file f.toml --trace-store t.log --trace-fuel u.log --clock-offset=-60",
        )
        .expect("options");
        assert_eq!(all.manifest.to_str(), Some("a/spin.toml"));
        assert_eq!(all.listen.to_string(), "127.0.0.1:0");
        assert_eq!(all.state_dir, Some("s".into()));
        assert_eq!(all.runtime_config, Some("r.toml".into()));
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(all.variables, [pair("a", "b=c"), pair("d", "")]);
        assert_eq!((all.limits.reuse, all.limits.concurrent), (2, 3));
        assert_eq!(all.limits.idle, Duration::from_millis(150));
        assert_eq!(all.limits.request, Some(Duration::from_secs(120)));
        assert_eq!(all.limits.memory, Some(1_048_576));
        assert!(!all.tcp_nodelay);
        assert_eq!(all.cache_dir, Some("c".into()));
        assert_eq!(all.fault_file, Some("f.toml".into()));
        assert_eq!(all.trace_store, Some("t.log".into()));
        assert_eq!(all.trace_fuel, Some("u.log".into()));
        assert_eq!(all.clock_offset, -60);
    }

    #[test]
    fn other_command_lines_are_refused() {
        let cases = [
            ("down", "down"),
            ("up up", "up"),
            ("-x", "-x"),
            ("--tls-cert a", "--tls-cert: no such option"),
            ("--listen", "--listen"),
            ("--listen 9091", "--listen"),
            ("--variable a", "--variable: expected NAME=VALUE"),
            ("--variable a=@/does/not/exist", "cannot read"),
            ("--max-instance-reuse-count 0", "expected a number from 1"),
            (
                "--max-instance-reuse-count 1..5",
                "--max-instance-reuse-count",
            ),
            ("--idle-instance-timeout 1", "expected a time"),
            ("--idle-instance-timeout s", "expected a time"),
            ("--no-tcp-nodelay=1", "no-tcp-nodelay"),
        ];
        for (arguments, want) in cases {
            let error = options(arguments).expect_err(arguments);
            let error = format!("{error:#}");
            assert!(error.contains(want), "{arguments}: {error}");
        }
    }

    #[test]
    fn help_and_version_end_the_parsing() {
        assert!(matches!(parse(["up", "-h"]), Ok(Command::Help)));
        assert!(matches!(parse(["--version", "--x"]), Ok(Command::Version)));
    }

    #[test]
    fn the_help_names_every_option() {
        for line in super::HELP.lines() {
            assert!(line.len() <= 110, "{line}");
        }
        for name in [
            "from",
            "listen",
            "state-dir",
            "runtime-config-file",
            "variable",
            "max-instance-reuse-count",
            "max-instance-concurrent-reuse-count",
            "idle-instance-timeout",
            "request-timeout",
            "max-instance-memory",
            "no-tcp-nodelay",
            "cache-dir",
            "fault-file",
            "trace-store",
            "trace-fuel",
            "clock-offset",
        ] {
            assert!(super::HELP.contains(&format!("--{name}")), "{name}");
        }
    }
}
