//! Markdown tables.

use std::fmt::Write;

/// A table that is written when it is full.
#[derive(Debug)]
pub(crate) struct Table {
    columns: usize,
    text: String,
}

impl Table {
    /// An empty table under this title.
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let mut table = Self {
            columns: columns.len(),
            text: format!("\n### {title}\n\n"),
        };
        table.row(columns);
        let rule = vec!["---"; columns.len()];
        table.row(&rule);
        table
    }

    /// Adds a row. Cells that are missing stay empty.
    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) {
        self.text.push('|');
        for at in 0..self.columns {
            let cell = cells.get(at).map(AsRef::as_ref).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(self.text, " {cell} |");
        }
        self.text.push('\n');
    }

    /// The finished table.
    pub(crate) fn print(self) {
        print!("{}", self.text);
    }
}
