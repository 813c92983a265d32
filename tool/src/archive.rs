//! The file between export and import: JSON, a line for each key.
//!
//! ```text
//! {"format":"pushgateway-store","version":1,"store":"default"}
//! {"key":"pgw1:shapes","value":"eyJzaW5jZSI6…"}
//! {"count":1,"sha256":"…"}
//! ```
//!
//! Values are base64, keys in ascending order of their bytes, each once. The last line counts the lines
//! between, and has the SHA-256 of all bytes before it: a file that was cut off or changed is none.
//! The same store gives the same bytes at each export.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::Pair;

/// What the first line calls the format.
const FORMAT: &str = "pushgateway-store";

/// The version that this program writes, and the only one that it reads.
const VERSION: u32 = 1;

/// How long a line may be: more than the largest value that any store takes.
const MAX_LINE_BYTES: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    store: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Pair { key: String, value: String },
    End { count: u64, sha256: String },
}

/// Writes an archive.
pub(crate) struct Writer<W> {
    out: W,
    hash: Sha256,
    count: u64,
}

impl<W: Write> Writer<W> {
    /// Begins an archive of the store of this name.
    pub(crate) fn new(out: W, store: &str) -> Result<Self> {
        let mut writer = Self {
            out,
            hash: Sha256::new(),
            count: 0,
        };
        writer.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            store: store.to_owned(),
        })?;
        Ok(writer)
    }

    /// Adds a key. Keys come in ascending order.
    pub(crate) fn add(&mut self, key: &str, value: &[u8]) -> Result<()> {
        #[derive(Serialize)]
        struct PairLine<'a> {
            key: &'a str,
            value: String,
        }
        self.line(&PairLine {
            key,
            value: STANDARD.encode(value),
        })?;
        self.count += 1;
        Ok(())
    }

    /// Ends the archive; how many keys it holds.
    pub(crate) fn finish(mut self) -> Result<u64> {
        #[derive(Serialize)]
        struct EndLine {
            count: u64,
            sha256: String,
        }
        let end = EndLine {
            count: self.count,
            sha256: hex(self.hash.clone()),
        };
        self.line(&end)?;
        self.out.flush()?;
        Ok(self.count)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.hash.update(&line);
        Ok(self.out.write_all(&line)?)
    }
}

/// Reads an archive: an iterator over its pairs, whose last item is an error unless the archive is whole.
pub(crate) struct Reader<R> {
    input: R,
    hash: Sha256,
    store: String,
    number: u64,
    count: u64,
    last: Option<String>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    pub(crate) fn new(input: R) -> Result<Self> {
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            store: String::new(),
            number: 0,
            count: 0,
            last: None,
            ended: false,
        };
        let line = reader.line()?;
        let header: Header = serde_json::from_slice(&line)
            .ok()
            .filter(|header: &Header| header.format == FORMAT)
            .context("line 1: expected the first line of an archive of a store")?;
        ensure!(
            header.version == VERSION,
            "archives of version {} are not known: this program reads version {VERSION}",
            header.version
        );
        reader.hash.update(&line);
        reader.store = header.store;
        Ok(reader)
    }

    /// The name of the store that the archive was made of.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// A line with its line feed.
    fn line(&mut self) -> Result<Vec<u8>> {
        self.number += 1;
        let mut line = Vec::new();
        self.input
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?;
        ensure!(
            line.ends_with(b"\n"),
            "line {}: the archive is truncated",
            self.number
        );
        Ok(line)
    }

    fn pair(&mut self) -> Result<Option<Pair>> {
        let line = self.line()?;
        let number = self.number;
        let parsed = serde_json::from_slice(&line)
            .map_err(|_| anyhow::anyhow!("line {number}: expected a key and its value"))?;
        match parsed {
            Line::Pair { key, value } => {
                ensure!(
                    self.last.as_ref().is_none_or(|last| *last < key),
                    "line {number}: keys are out of order"
                );
                let value = STANDARD
                    .decode(value)
                    .with_context(|| format!("line {number}: expected a value in base64"))?;
                self.hash.update(&line);
                self.count += 1;
                self.last = Some(key.clone());
                Ok(Some((key, value)))
            }
            Line::End { count, sha256 } => {
                if (count, &sha256) != (self.count, &hex(self.hash.clone())) {
                    bail!("line {number}: the archive is damaged: count or checksum differ");
                }
                let more = self.input.fill_buf()?;
                ensure!(more.is_empty(), "the archive goes on after its end");
                Ok(None)
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.pair().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const PAIRS: [(&str, &[u8]); 3] = [("a", b""), ("b\"\n", b"\x00\xff"), ("ä", b"text")];

    fn archive() -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, "default").expect("writes");
        for (key, value) in PAIRS {
            writer.add(key, value).expect("writes");
        }
        assert_eq!(writer.finish().expect("writes"), 3);
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Pair>> {
        Reader::new(bytes)?.collect()
    }

    #[test]
    fn an_archive_reads_as_it_was_written() {
        let want = PAIRS.map(|(key, value)| (key.to_owned(), value.to_vec()));
        assert_eq!(read(&archive()).expect("reads"), want);
        assert_eq!(
            Reader::new(&archive()[..]).expect("reads").store(),
            "default"
        );
    }

    #[test]
    fn the_format_is_stable_across_versions() {
        let text = String::from_utf8(archive()).expect("text");
        let want = "{\"format\":\"pushgateway-store\",\"version\":1,\"store\":\"default\"}\n\
            {\"key\":\"a\",\"value\":\"\"}\n\
            {\"key\":\"b\\\"\\n\",\"value\":\"AP8=\"}\n\
            {\"key\":\"ä\",\"value\":\"dGV4dA==\"}\n\
            {\"count\":3,\"sha256\":\"";
        assert!(text.starts_with(want), "{text}");
    }

    proptest! {
        #[test]
        fn any_store_reads_as_it_was_written(pairs: BTreeMap<String, Vec<u8>>) {
            let mut out = Vec::new();
            let mut writer = Writer::new(&mut out, "x").expect("writes");
            for (key, value) in &pairs {
                writer.add(key, value).expect("writes");
            }
            writer.finish().expect("writes");
            prop_assert_eq!(read(&out).expect("reads"), Vec::from_iter(pairs));
        }
    }

    #[test]
    fn an_archive_that_was_cut_anywhere_is_refused() {
        let whole = archive();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn an_archive_that_was_changed_is_refused() {
        let whole = String::from_utf8(archive()).expect("text");
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let cases = [
            ("a value", whole.replace("AP8=", "AP4=")),
            ("a key", whole.replace("\"ä\"", "\"ö\"")),
            ("the name", whole.replace("default", "other")),
            (
                "a newer version",
                whole.replace("\"version\":1", "\"version\":2"),
            ),
            ("another format", whole.replace("pushgateway-store", "x")),
            (
                "a line is gone",
                [lines[0], lines[2], lines[3], lines[4]].concat(),
            ),
            (
                "out of order",
                [lines[0], lines[2], lines[1], lines[3], lines[4]].concat(),
            ),
            ("something follows", format!("{whole}\n")),
            ("twice", whole.repeat(2)),
        ];
        for (name, text) in cases {
            assert!(read(text.as_bytes()).is_err(), "{name}");
        }
    }
}
