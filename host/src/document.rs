//! TOML files, read into types, with errors of one line that say where.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;

/// Reads and decodes a file. Errors name the file, and the line and column if they have one.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).map_err(|error| anyhow!("{}:{error}", path.display()))
}

/// Decodes a document.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Malformed> {
    toml::from_str(text).map_err(|error| {
        let (line, column) = error
            .span()
            .map_or((1, 1), |span| position(text, span.start));
        Malformed {
            line,
            column,
            reason: error.message().replace('\n', ", "),
        }
    })
}

/// Why a document is refused, and where: `LINE:COLUMN: REASON`.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed {
    line: usize,
    column: usize,
    reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for Malformed {}

/// The line and column, counted from one, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn an_error_says_line_and_column() {
        let cases = [
            ("a = 1\nb = = 2\n", "2:5: "),
            (
                "a = 1\nb = \"x\"\n",
                "2:5: invalid type: string \"x\", expected i64",
            ),
        ];
        for (text, want) in cases {
            let error = super::parse::<BTreeMap<String, i64>>(text)
                .expect_err(text)
                .to_string();
            assert!(error.starts_with(want), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
