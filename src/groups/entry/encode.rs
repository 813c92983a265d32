//! Writing an entry.

use super::{
    EXPIRES, HAS_HELP, HAS_MESSAGE, HAS_TIMES, HAS_UTF8_NAMES, Header, MAGIC, StoredFamily,
    TOMBSTONE, VERSION, keys,
};
use crate::groups::series::RenderedFamily;

/// Writes an entry.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    /// The first sort key, to which all others refer.
    reference: Option<Vec<u8>>,
    /// The texts and messages of all families, which come last.
    texts: Vec<u8>,
}

impl Writer {
    /// Begins an entry that will hold this many families.
    #[must_use]
    pub fn new(header: &Header<'_>, families: usize) -> Self {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        out.push(flag(header.tombstone, TOMBSTONE) | flag(header.expires.is_some(), EXPIRES));
        out.extend_from_slice(&header.time.to_le_bytes());
        if let Some(expires) = header.expires {
            out.extend_from_slice(&expires.to_le_bytes());
        }
        out.extend_from_slice(&header.generation.0.to_le_bytes());
        write_length(&mut out, header.labels.len());
        for (name, value) in &header.labels {
            write_bytes(&mut out, name.as_bytes());
            write_bytes(&mut out, value.as_bytes());
        }
        write_length(&mut out, families);
        Self {
            out,
            reference: None,
            texts: Vec::with_capacity(4096),
        }
    }

    /// Adds a family of this push. Families come sorted by name.
    pub fn add(&mut self, family: &RenderedFamily<'_>) {
        let mut index = Vec::with_capacity(family.series.len() * 8);
        for (key, text) in family.series.iter() {
            self.write_series(&mut index, key, text.len());
        }
        let family = StoredFamily {
            name: family.name,
            help: family.help,
            metric_type: family.metric_type,
            time: 0,
            expires: None,
            series_count: family.series.len(),
            reference: &[],
            index: &index,
            text: family.series.text().as_bytes(),
            has_utf8_names: family.has_utf8_names,
            message: family.message.as_deref(),
        };
        self.write(&family, false);
    }

    /// Adds a family of an earlier push, with its own times.
    pub fn carry(&mut self, family: &StoredFamily<'_>) {
        let mut index = Vec::with_capacity(family.index.len());
        let mut key = Vec::new();
        for series in family.series() {
            key.clear();
            series.key.append_to(&mut key);
            self.write_series(&mut index, &key, series.text.len());
        }
        let family = StoredFamily {
            index: &index,
            ..*family
        };
        self.write(&family, true);
    }

    /// Adds a series to the index of its family.
    fn write_series(&mut self, index: &mut Vec<u8>, key: &[u8], text_length: usize) {
        keys::write(index, key, self.reference.as_deref().unwrap_or_default());
        self.reference.get_or_insert_with(|| key.to_vec());
        write_length(index, text_length);
    }

    /// The inverse of [`super::decode::Reader::family`].
    fn write(&mut self, family: &StoredFamily<'_>, has_times: bool) {
        let out = &mut self.out;
        write_bytes(out, family.name.as_bytes());
        out.push(
            family.metric_type as u8
                | flag(family.help.is_some(), HAS_HELP)
                | flag(has_times, HAS_TIMES)
                | flag(family.has_utf8_names, HAS_UTF8_NAMES)
                | flag(family.message.is_some(), HAS_MESSAGE),
        );
        if let Some(help) = family.help {
            write_bytes(out, help.as_bytes());
        }
        if has_times {
            out.extend_from_slice(&family.time.to_le_bytes());
            out.extend_from_slice(&family.expires.unwrap_or(0).to_le_bytes());
        }
        write_length(out, family.series_count);
        write_bytes(out, family.index);
        write_length(out, family.text.len());
        self.texts.extend_from_slice(family.text);
        if let Some(message) = family.message {
            write_length(out, message.len());
            self.texts.extend_from_slice(message);
        }
    }

    /// The finished entry.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.append(&mut self.texts);
        self.out
    }
}

fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

pub(super) fn write_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    while rest >= 0x80 {
        // The lowest seven bits fit a byte.
        out.push((rest & 0x7F) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}
