//! Entries: what one push left behind, as bytes.
//!
//! An entry holds the time of the push, the grouping labels and the pushed families, sorted and rendered. It is
//! written once and only ever replaced as a whole or deleted. `docs/storage.md` describes the format.
//!
//! Reading borrows from the value and checks every length, so that a damaged entry is an error and never a panic, and
//! so that a scrape can copy text without looking at it.

use std::borrow::Cow;
use std::fmt;

pub use self::decode::DecodeError;
use self::decode::Reader;
pub use self::encode::Writer;
pub use self::keys::CodedKey;
use crate::exposition::model::{MetricFamily, MetricType};
use crate::exposition::names::NameScheme;
use crate::exposition::{protobuf, text};

mod decode;
mod encode;
mod keys;

/// The first bytes of every entry.
const MAGIC: &[u8; 3] = b"PGW";

/// The version of the format that this program writes, and the only one that it reads.
const VERSION: u8 = 2;

/// Flag of an entry: the group was deleted when this was written.
const TOMBSTONE: u8 = 0x01;

/// Flag of an entry: it is shown for a limited time.
const EXPIRES: u8 = 0x02;

/// Flag of a family: it has a HELP text.
const HAS_HELP: u8 = 0x10;

/// Flag of a family: it was pushed at another time than its entry, and expires at another.
const HAS_TIMES: u8 = 0x20;

/// Flag of a family: it has names that some readers need escaped.
const HAS_UTF8_NAMES: u8 = 0x40;

/// Flag of a family: it is there as a protobuf message too.
const HAS_MESSAGE: u8 = 0x80;

/// The low bits of a family's flags: its type, by its place in [`MetricType::ALL`].
const TYPE_BITS: u8 = 0x0F;

/// A point in time: nanoseconds since the Unix epoch.
pub type UnixNanos = u64;

/// Names one state of a group from one PUT (or DELETE) to the next. POSTs build on one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of POSTs to a group that was never PUT.
    pub const NONE: Self = Self(0);

    /// Reads the form that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if text == "0" {
            Some(Self::NONE)
        } else if text.len() == 16 && text.bytes().all(digits) {
            u64::from_str_radix(text, 16).ok().map(Self)
        } else {
            None
        }
    }
}

/// `0`, or 16 hexadecimal digits.
impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            f.write_str("0")
        } else {
            write!(f, "{:016x}", self.0)
        }
    }
}

/// What an entry says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// When the push was accepted.
    pub time: UnixNanos,
    /// From when on it is no longer shown, if ever.
    pub expires: Option<UnixNanos>,
    /// Of a PUT entry: the generation that it began. Of a POST entry: the one that it builds on.
    pub generation: Generation,
    /// Whether this is the mark of a deletion rather than of a push.
    pub tombstone: bool,
    /// The grouping labels, sorted by name.
    pub labels: Vec<(&'a str, &'a str)>,
}

/// An entry as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it says about itself.
    pub header: Header<'a>,
    /// The families, sorted by name.
    pub families: Vec<StoredFamily<'a>>,
}

/// A family in an entry. Nothing of it is copied until it is exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFamily<'a> {
    /// The metric name.
    pub name: &'a str,
    /// The HELP text, unescaped.
    pub help: Option<&'a str>,
    /// The type.
    pub metric_type: MetricType,
    /// When it was pushed.
    pub time: UnixNanos,
    /// From when on it is no longer shown, if ever.
    pub expires: Option<UnixNanos>,
    /// How many series it has.
    pub series_count: usize,
    /// The sort key that those of the series refer to.
    reference: &'a [u8],
    /// For each series its key, as far as it differs from the reference, and the length of its text.
    index: &'a [u8],
    /// The texts of all series, in order.
    pub text: &'a [u8],
    /// Whether some readers need its names escaped.
    pub has_utf8_names: bool,
    /// The family as a protobuf message, if the text does not say all.
    message: Option<&'a [u8]>,
}

/// One series of a stored family.
#[derive(Clone, Copy, Debug)]
pub struct StoredSeries<'a> {
    /// Orders and identifies the series within its family (see [`super::series::sort_key`]).
    pub key: CodedKey<'a>,
    /// Its lines in the text format.
    pub text: &'a [u8],
}

impl Header<'_> {
    /// Whether what the push brought is no longer shown at this time.
    #[must_use]
    pub fn is_expired(&self, now: UnixNanos) -> bool {
        is_past(self.expires, now)
    }
}

impl<'a> StoredFamily<'a> {
    /// The keys of the series, each with the length of the text.
    fn index(&self) -> impl Iterator<Item = (CodedKey<'a>, usize)> + use<'a> {
        let reference = self.reference;
        let mut index = Reader::new(self.index);
        std::iter::from_fn(move || {
            let key = CodedKey::read(&mut index, reference).ok()?;
            Some((key, index.length().ok()?))
        })
    }

    /// The keys of the series, without a look at their texts.
    pub(super) fn keys(&self) -> impl Iterator<Item = CodedKey<'a>> + use<'a> {
        self.index().map(|(key, _)| key)
    }

    /// The series. They are in order of their keys if the entry is as this program writes it, which nobody has
    /// checked.
    pub fn series(&self) -> impl Iterator<Item = StoredSeries<'a>> + use<'a> {
        let mut text = Reader::new(self.text);
        // The lengths were checked when the entry was read.
        self.index().map_while(move |(key, length)| {
            let text = text.take(length).ok()?;
            Some(StoredSeries { key, text })
        })
    }

    /// Whether it is no longer shown at this time.
    #[must_use]
    pub fn is_expired(&self, now: UnixNanos) -> bool {
        is_past(self.expires, now)
    }

    /// The family in full, its metrics in the order of the series. `None` if the entry is damaged in a place where a
    /// scrape as text does not look.
    #[must_use]
    pub fn family(&self) -> Option<MetricFamily<'a>> {
        let family = match self.message {
            Some(message) => protobuf::parse(message, NameScheme::Utf8).ok()?.pop()?,
            None => MetricFamily {
                name: self.name.into(),
                help: self.help.map(Cow::Borrowed),
                metric_type: self.metric_type,
                unit: None,
                metrics: text::parse_samples(self.name, self.metric_type, self.text).ok()?,
            },
        };
        (family.metrics.len() == self.series_count).then_some(family)
    }
}

/// Whether something with this end is no longer shown at this time.
pub(super) fn is_past(expires: Option<UnixNanos>, now: UnixNanos) -> bool {
    expires.is_some_and(|expires| expires <= now)
}

#[cfg(test)]
mod tests;
