//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use lexopt::{Arg, Parser, ValueExt};

use crate::check::CheckOptions;
use crate::migrate::{MigrateOptions, Source, Token};
use crate::spool::Stream;
use crate::store::{Existing, Place, Scope};
use crate::transfer::{ExportOptions, ImportOptions};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Moves and checks whole stores of the gateway, and brings over what a Go Pushgateway holds.

Usage: pushgateway-store COMMAND [OPTIONS]

  export STORE FILE       writes all keys of the gateway to FILE; - is standard output
  import FILE STORE       writes them back, to a store of any kind; - is standard input
  check STORE             looks for damage and leftovers, and tells sizes; changes nothing
  migrate SOURCE TARGET   pushes all groups of the Go Pushgateway SOURCE to the gateway TARGET, and
                          compares

STORE is the path of a SQLite file, or of the folder (.spin) that holds Spin's
sqlite_key_value.db, or redis://[:PASSWORD@]HOST:PORT/DB. SOURCE is the URL of a running Go
Pushgateway or the path of its persistence file, TARGET the URL of a running gateway; each with
its route prefix, if it has one, and by plain HTTP.

      --label NAME        export, import, check: the store's label in spin.toml, by which SQLite
                          files keep stores apart [default: default]
      --all               export, import: the keys of other programs in the same store, too
      --replace           import: delete what the store holds; migrate: replace groups that TARGET has
      --merge             import: keep groups of the store that FILE lacks
      --json              check: print the report as JSON
      --token TOKEN       migrate: a token that may push to TARGET, and scrape it
      --token-file FILE   migrate: read it from a file, which nobody can see in a list of processes
      --source-token TOKEN
                          migrate: the same for a SOURCE that wants one
      --dry-run           migrate: read SOURCE and say what would be pushed
  -h, --help              print this
  -V, --version           print the version

An import reads FILE to its end before it writes, refuses one that is cut off or changed, and
refuses a store that holds groups unless it is told what to do with them. Stop the gateway for an
import; for an exact export, too, where it runs on Redis.

Exit status: 0; 1 if check found damage, or migrate left out groups or found differences; 2 if the
command could not do its work.
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// `export`.
    Export(ExportOptions),
    /// `import`.
    Import(ImportOptions),
    /// `check`.
    Check(CheckOptions),
    /// `migrate`.
    Migrate(MigrateOptions),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// What stands on the command line, before it is known whether it fits the command.
#[derive(Default)]
struct Words {
    positional: Vec<OsString>,
    label: Option<String>,
    token: Option<String>,
    token_file: Option<PathBuf>,
    source_token: Option<String>,
    all: bool,
    replace: bool,
    merge: bool,
    json: bool,
    dry_run: bool,
}

/// Reads the arguments, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut words = Words::default();
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("label") => words.label = Some(parser.value()?.string()?),
            Arg::Long("token") => words.token = Some(parser.value()?.string()?),
            Arg::Long("token-file") => words.token_file = Some(parser.value()?.into()),
            Arg::Long("source-token") => words.source_token = Some(parser.value()?.string()?),
            Arg::Long("all") => words.all = true,
            Arg::Long("replace") => words.replace = true,
            Arg::Long("merge") => words.merge = true,
            Arg::Long("json") => words.json = true,
            Arg::Long("dry-run") => words.dry_run = true,
            Arg::Value(value) => words.positional.push(value),
            Arg::Short(_) | Arg::Long(_) => return Err(argument.unexpected().into()),
        }
    }
    words.command()
}

impl Words {
    fn command(mut self) -> Result<Command> {
        let mut positional = std::mem::take(&mut self.positional).into_iter();
        let command = positional
            .next()
            .context("a command is missing: see --help")?;
        let command = command.to_string_lossy();
        let arguments: Vec<_> = positional.collect();
        match (&*command, arguments.as_slice()) {
            ("export", [store, archive]) => {
                self.allow(&command, &["--label", "--all"])?;
                Ok(Command::Export(ExportOptions {
                    store: self.place(store)?,
                    archive: archive.clone().into(),
                    scope: self.scope(),
                }))
            }
            ("import", [archive, store]) => {
                self.allow(&command, &["--label", "--all", "--replace", "--merge"])?;
                Ok(Command::Import(ImportOptions {
                    archive: Stream::from(archive.clone()),
                    store: self.place(store)?,
                    scope: self.scope(),
                    existing: self.existing()?,
                }))
            }
            ("check", [store]) => {
                self.allow(&command, &["--label", "--json"])?;
                Ok(Command::Check(CheckOptions {
                    store: self.place(store)?,
                    json: self.json,
                }))
            }
            ("migrate", [source, target]) => {
                let allowed = [
                    "--token",
                    "--token-file",
                    "--source-token",
                    "--replace",
                    "--dry-run",
                ];
                self.allow(&command, &allowed)?;
                let target = target.to_str().context("TARGET is no URL")?;
                Ok(Command::Migrate(MigrateOptions {
                    source: Source::parse(source),
                    target: target.to_owned(),
                    token: self.token()?,
                    source_token: self.source_token.map(Token::new),
                    replace: self.replace,
                    dry_run: self.dry_run,
                }))
            }
            ("export" | "import" | "check" | "migrate", _) => {
                bail!("{command}: wrong number of arguments: see --help")
            }
            _ => bail!("unknown command {command:?}: see --help"),
        }
    }

    /// Refuses options that the command does not have.
    fn allow(&self, command: &str, allowed: &[&str]) -> Result<()> {
        let given = [
            ("--label", self.label.is_some()),
            ("--token", self.token.is_some()),
            ("--token-file", self.token_file.is_some()),
            ("--source-token", self.source_token.is_some()),
            ("--all", self.all),
            ("--replace", self.replace),
            ("--merge", self.merge),
            ("--json", self.json),
            ("--dry-run", self.dry_run),
        ];
        for (name, is_given) in given {
            ensure!(
                !is_given || allowed.contains(&name),
                "{command} has no option {name}"
            );
        }
        Ok(())
    }

    fn place(&self, text: &OsString) -> Result<Place> {
        Place::parse(text, self.label.as_deref().unwrap_or("default"))
    }

    fn scope(&self) -> Scope {
        if self.all { Scope::All } else { Scope::Gateway }
    }

    fn existing(&self) -> Result<Existing> {
        match (self.replace, self.merge) {
            (false, false) => Ok(Existing::Refuse),
            (true, false) => Ok(Existing::Replace),
            (false, true) => Ok(Existing::Merge),
            (true, true) => bail!("--replace and --merge exclude each other"),
        }
    }

    fn token(&self) -> Result<Option<Token>> {
        match (&self.token, &self.token_file) {
            (None, None) => Ok(None),
            (Some(token), None) => Ok(Some(Token::new(token.clone()))),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("--token-file {}", file.display()))?;
                Ok(Some(Token::new(text.trim().to_owned())))
            }
            (Some(_), Some(_)) => bail!("--token and --token-file exclude each other"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn commands_take_their_options() {
        assert!(matches!(
            parsed("export a.db - --all"),
            Ok(Command::Export(ExportOptions {
                store: Place::Sqlite { .. },
                archive: Stream::Standard,
                scope: Scope::All,
            }))
        ));
        assert!(matches!(
            parsed("import --merge x redis://localhost/0"),
            Ok(Command::Import(ImportOptions {
                store: Place::Redis(_),
                archive: Stream::File(_),
                scope: Scope::Gateway,
                existing: Existing::Merge,
            }))
        ));
        assert!(matches!(
            parsed("check --label two --json a.db"),
            Ok(Command::Check(CheckOptions {
                store: Place::Sqlite { label, .. },
                json: true,
            })) if label == "two"
        ));
        assert!(matches!(
            parsed("migrate http://old http://new --token t --dry-run"),
            Ok(Command::Migrate(MigrateOptions {
                source: Source::Running(_),
                token: Some(_),
                dry_run: true,
                replace: false,
                ..
            }))
        ));
        assert!(matches!(parsed("check --help"), Ok(Command::Help)));
        assert!(matches!(parsed("-V"), Ok(Command::Version)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cases = [
            ("", "a command is missing"),
            ("dump a b", "unknown command \"dump\""),
            ("export a", "wrong number"),
            ("check a b", "wrong number"),
            ("check a --replace", "check has no option --replace"),
            ("export a b --token t", "export has no option --token"),
            ("import a b --merge --replace", "exclude each other"),
            ("migrate a b --token x --token-file y", "exclude each other"),
            ("migrate a b --token-file /does/not/exist", "--token-file"),
            ("check a --fast", "--fast"),
        ];
        for (line, want) in cases {
            let error = parsed(line).expect_err(line).to_string();
            assert!(error.contains(want), "{line}: {error}");
        }
    }
}
