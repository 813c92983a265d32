//! Entries: what one push left behind, as bytes.
//!
//! An entry holds the time of the push, the grouping labels and the pushed families, sorted and rendered. It is
//! written once and only ever replaced as a whole or deleted. `docs/storage.md` describes the format.
//!
//! Reading borrows from the value and checks every length, so that a damaged entry is an error and never a panic, and
//! so that a scrape can copy text without looking at it.

use std::borrow::Cow;
use std::fmt;

use super::bytes;
use super::series::RenderedFamily;
use crate::exposition::model::{MetricFamily, MetricType};
use crate::exposition::names::NameScheme;
use crate::exposition::{protobuf, text};

/// The first bytes of every entry.
const MAGIC: &[u8; 3] = b"PGW";

/// The version of the format that this program writes, and the only one that it reads.
const VERSION: u8 = 1;

/// Flag of an entry: the group was deleted when this was written.
const TOMBSTONE: u8 = 1;

/// Flag of a family: it has a HELP text.
const HAS_HELP: u8 = 0x10;

/// Flag of a family: it was pushed at another time than its entry.
const HAS_TIME: u8 = 0x20;

/// Flag of a family: it has names that some readers need escaped.
const HAS_UTF8_NAMES: u8 = 0x40;

/// Flag of a family: it is there as a protobuf message too.
const HAS_MESSAGE: u8 = 0x80;

/// The low bits of a family's flags: its type, by its place in [`MetricType::ALL`].
const TYPE_BITS: u8 = 0x0F;

/// A point in time: nanoseconds since the Unix epoch.
pub type Nanos = u64;

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
    pub time: Nanos,
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
    pub time: Nanos,
    /// How many series it has.
    pub series_count: usize,
    /// For each series its key and the length of its text.
    index: &'a [u8],
    /// The texts of all series, in order.
    pub text: &'a [u8],
    /// Whether some readers need its names escaped.
    pub has_utf8_names: bool,
    /// The family as a protobuf message, if the text does not say all.
    message: Option<&'a [u8]>,
}

/// One series of a stored family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSeries<'a> {
    /// Orders and identifies the series within its family (see [`super::series::sort_key`]).
    pub key: &'a [u8],
    /// Its lines in the text format.
    pub text: &'a [u8],
}

/// Why a value is not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The value does not begin as an entry does.
    NotAnEntry,
    /// A newer (or never written) version of the format.
    Version(u8),
    /// The value ends too early, or goes on after its end.
    Length,
    /// Something that must be text is not UTF-8.
    Text,
    /// A type that does not exist.
    Type(u8),
    /// Series or families that are out of order, or there twice.
    Order,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEntry => f.write_str("not an entry of the gateway"),
            Self::Version(version) => write!(f, "entry format version {version} is not known"),
            Self::Length => f.write_str("entry is truncated or too long"),
            Self::Text => f.write_str("entry holds text that is not UTF-8"),
            Self::Order => f.write_str("entry holds series or families out of order"),
            Self::Type(bits) => write!(f, "entry holds a metric type that does not exist: {bits}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Writes an entry.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Begins an entry that will hold this many families.
    #[must_use]
    pub fn new(header: &Header<'_>, families: usize) -> Self {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        out.push(if header.tombstone { TOMBSTONE } else { 0 });
        out.extend_from_slice(&header.time.to_le_bytes());
        out.extend_from_slice(&header.generation.0.to_le_bytes());
        write_length(&mut out, header.labels.len());
        for (name, value) in &header.labels {
            write_bytes(&mut out, name.as_bytes());
            write_bytes(&mut out, value.as_bytes());
        }
        write_length(&mut out, families);
        Self { out }
    }

    /// Adds a family of this push. Families come sorted by name.
    pub fn add(&mut self, family: &RenderedFamily<'_>) {
        let mut index = Vec::with_capacity(
            family
                .series
                .iter()
                .map(|series| series.key.len() + 6)
                .sum(),
        );
        let mut text =
            String::with_capacity(family.series.iter().map(|series| series.text.len()).sum());
        for series in &family.series {
            write_bytes(&mut index, &series.key);
            write_length(&mut index, series.text.len());
            text.push_str(&series.text);
        }
        let family = StoredFamily {
            name: family.name,
            help: family.help,
            metric_type: family.metric_type,
            time: 0,
            series_count: family.series.len(),
            index: &index,
            text: text.as_bytes(),
            has_utf8_names: family.has_utf8_names,
            message: family.message.as_deref(),
        };
        self.write(&family, None);
    }

    /// Adds a family of an earlier push, with its own time.
    pub fn carry(&mut self, family: &StoredFamily<'_>) {
        self.write(family, Some(family.time));
    }

    /// The inverse of [`Reader::family`].
    fn write(&mut self, family: &StoredFamily<'_>, time: Option<Nanos>) {
        let out = &mut self.out;
        write_bytes(out, family.name.as_bytes());
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        out.push(
            family.metric_type as u8
                | flag(family.help.is_some(), HAS_HELP)
                | flag(time.is_some(), HAS_TIME)
                | flag(family.has_utf8_names, HAS_UTF8_NAMES)
                | flag(family.message.is_some(), HAS_MESSAGE),
        );
        if let Some(help) = family.help {
            write_bytes(out, help.as_bytes());
        }
        if let Some(time) = time {
            out.extend_from_slice(&time.to_le_bytes());
        }
        write_length(out, family.series_count);
        write_bytes(out, family.index);
        write_bytes(out, family.text);
        if let Some(message) = family.message {
            write_bytes(out, message);
        }
    }

    /// The finished entry.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

impl<'a> Entry<'a> {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// The value is not an entry, or not one of this version, or damaged.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Reader(value.strip_prefix(MAGIC).ok_or(DecodeError::NotAnEntry)?);
        let version = input.byte()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let tombstone = input.byte()? & TOMBSTONE != 0;
        let time = input.fixed()?;
        let generation = Generation(input.fixed()?);
        let labels = input.many(2, |input| Ok((input.text()?, input.text()?)))?;
        let families = input.many(5, |input| input.family(time))?;
        if !input.0.is_empty() {
            return Err(DecodeError::Length);
        }
        if !families.is_sorted_by(|a, b| a.name < b.name) {
            return Err(DecodeError::Order);
        }
        Ok(Self {
            header: Header {
                time,
                generation,
                tombstone,
                labels,
            },
            families,
        })
    }
}

impl<'a> StoredFamily<'a> {
    /// The series, in order.
    pub fn series(&self) -> impl Iterator<Item = StoredSeries<'a>> + use<'a> {
        let mut index = Reader(self.index);
        let mut text = Reader(self.text);
        // The lengths were checked when the entry was read.
        std::iter::from_fn(move || {
            let key = index.bytes().ok()?;
            let length = index.length().ok()?;
            Some(StoredSeries {
                key,
                text: text.take(length).ok()?,
            })
        })
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

    /// Checks that the index has as many series as it should, in order, whose texts make up all the text.
    fn check(&self) -> Result<(), DecodeError> {
        let mut index = Reader(self.index);
        let mut length = 0_usize;
        let mut last: Option<&[u8]> = None;
        for _ in 0..self.series_count {
            let key = index.bytes()?;
            if last.is_some_and(|last| bytes::compare(last, key).is_ge()) {
                return Err(DecodeError::Order);
            }
            last = Some(key);
            length = length.saturating_add(index.length()?);
        }
        if index.0.is_empty() && length == self.text.len() {
            Ok(())
        } else {
            Err(DecodeError::Length)
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.0.split_first().ok_or(DecodeError::Length)?;
        self.0 = rest;
        Ok(byte)
    }

    fn fixed(&mut self) -> Result<u64, DecodeError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(DecodeError::Length)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A length: seven bits a byte, the lowest first, the high bit set on all but the last.
    fn length(&mut self) -> Result<usize, DecodeError> {
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7F)
                .checked_shl(shift)
                .ok_or(DecodeError::Length)?;
            if byte & 0x80 == 0 {
                return Ok(length);
            }
        }
        Err(DecodeError::Length)
    }

    fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::Text)
    }

    /// A count, then that many items, each of at least `least` bytes: what the value cannot hold is not allocated.
    fn many<T>(
        &mut self,
        least: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.length()?;
        if count.saturating_mul(least) > self.0.len() {
            return Err(DecodeError::Length);
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn family(&mut self, entry_time: Nanos) -> Result<StoredFamily<'a>, DecodeError> {
        let name = self.text()?;
        let flags = self.byte()?;
        let bits = flags & TYPE_BITS;
        let metric_type = *MetricType::ALL
            .get(usize::from(bits))
            .ok_or(DecodeError::Type(bits))?;
        let help = if flags & HAS_HELP == 0 {
            None
        } else {
            Some(self.text()?)
        };
        let time = if flags & HAS_TIME == 0 {
            entry_time
        } else {
            self.fixed()?
        };
        let family = StoredFamily {
            name,
            help,
            metric_type,
            time,
            series_count: self.length()?,
            index: self.bytes()?,
            text: self.bytes()?,
            has_utf8_names: flags & HAS_UTF8_NAMES != 0,
            message: if flags & HAS_MESSAGE == 0 {
                None
            } else {
                Some(self.bytes()?)
            },
        };
        family.check()?;
        Ok(family)
    }
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    let mut rest = length;
    while rest >= 0x80 {
        // The lowest seven bits fit a byte.
        out.push((rest & 0x7F) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::groups::key::GroupingKey;
    use crate::groups::series::{self, RenderedSeries, apply_grouping_labels};

    fn family(
        name: &'static str,
        help: Option<&'static str>,
        series: usize,
    ) -> RenderedFamily<'static> {
        let series = (0..series)
            .map(|n| RenderedSeries {
                key: vec![b'k'; n * 100 + 1],
                text: format!("{name} {n}\n"),
            })
            .collect();
        RenderedFamily::of_series(name, help, MetricType::Gauge, series)
    }

    fn header() -> Header<'static> {
        Header {
            time: 1_700_000_000_000_000_001,
            generation: Generation(7),
            tombstone: false,
            labels: vec![("instance", "i"), ("job", "j")],
        }
    }

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new(&header(), 2);
        writer.add(&family("a", Some("help"), 3));
        writer.add(&family("b", None, 1));
        writer.finish()
    }

    #[test]
    fn an_entry_reads_as_it_was_written() {
        let value = sample();
        let entry = Entry::decode(&value).expect("decodes");
        assert_eq!(entry.header, header());
        let [a, b] = entry.families.as_slice() else {
            panic!("two families")
        };
        assert_eq!(
            (a.name, a.help, a.metric_type, a.time),
            ("a", Some("help"), MetricType::Gauge, header().time)
        );
        assert_eq!((b.name, b.help, b.series_count), ("b", None, 1));
        assert_eq!(a.text, b"a 0\na 1\na 2\n");
        let texts: Vec<_> = a.series().map(|series| series.text).collect();
        assert_eq!(texts, [b"a 0\n", b"a 1\n", b"a 2\n"]);
        let lengths: Vec<_> = a.series().map(|series| series.key.len()).collect();
        assert_eq!(lengths, [1, 101, 201]);
    }

    #[test]
    fn a_carried_family_keeps_its_time() {
        let value = sample();
        let entry = Entry::decode(&value).expect("decodes");
        let later = Header {
            time: header().time + 5,
            ..header()
        };
        let mut writer = Writer::new(&later, 2);
        writer.carry(&entry.families[0]);
        writer.add(&family("c", None, 0));
        let value = writer.finish();
        let carried = Entry::decode(&value).expect("decodes");
        assert_eq!(carried.families[0], entry.families[0]);
        assert_eq!(carried.families[1].time, later.time);
    }

    #[test]
    fn a_truncated_entry_is_an_error_wherever_it_ends() {
        let value = sample();
        for end in 0..value.len() {
            assert!(Entry::decode(&value[..end]).is_err(), "cut at {end}");
        }
        let longer = [value.as_slice(), b"x"].concat();
        assert_eq!(Entry::decode(&longer), Err(DecodeError::Length));
    }

    #[test]
    fn what_is_not_ours_says_so() {
        assert_eq!(Entry::decode(b"{\"json\":1}"), Err(DecodeError::NotAnEntry));
        let mut newer = sample();
        newer[3] = 2;
        assert_eq!(Entry::decode(&newer), Err(DecodeError::Version(2)));
    }

    #[test]
    fn generations_read_as_they_are_written() {
        for generation in [Generation::NONE, Generation(1), Generation(u64::MAX)] {
            assert_eq!(Generation::parse(&generation.to_string()), Some(generation));
        }
        for text in [
            "",
            "00",
            "1",
            "000000000000000G",
            "ABCDEF0123456789",
            "+00000000000001f",
        ] {
            assert_eq!(Generation::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_family_comes_back_in_full_whether_text_says_it_all_or_not() {
        let key = GroupingKey::new([("job", "j")]).expect("has a job");
        let body = b"# HELP h help\n# TYPE h histogram\nh_bucket{le=\"1\",x=\"b\"} 1\nh_bucket{le=\"+Inf\",x=\"b\"} 2\n\
                     h_sum{x=\"b\"} 3\nh_count{x=\"b\"} 2\nh_bucket{le=\"+Inf\",x=\"a\"} 1\nh_count{x=\"a\"} 1\n";
        let mut family = text::parse(body, NameScheme::Legacy)
            .expect("parses")
            .remove(0);
        apply_grouping_labels(&mut family, &key);
        for has_unit in [false, true] {
            family.unit = has_unit.then_some("seconds".into());
            let mut writer = Writer::new(&header(), 1);
            writer.add(&series::render(&family));
            let value = writer.finish();
            let stored = Entry::decode(&value).expect("decodes").families[0];
            assert_eq!(stored.message.is_some(), has_unit);
            let mut want = family.clone();
            want.metrics.reverse();
            assert_eq!(stored.family(), Some(want));
        }
    }

    proptest! {
        #[test]
        fn damage_never_panics_and_never_reads_past_the_texts(
            at in 0_usize..120, byte: u8, cut in 0_usize..600
        ) {
            let mut value = sample();
            if let Some(target) = value.get_mut(at) {
                *target = byte;
            }
            value.truncate(cut);
            if let Ok(entry) = Entry::decode(&value) {
                for family in &entry.families {
                    let length: usize = family.series().map(|series| series.text.len()).sum();
                    prop_assert_eq!(length, family.text.len());
                    prop_assert_eq!(family.series().count(), family.series_count);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(tail: Vec<u8>) {
            let value = [b"PGW\x01".as_slice(), &tail].concat();
            let _ = Entry::decode(&value);
        }

        #[test]
        fn lengths_read_as_they_are_written(length in 0_usize..=u32::MAX as usize) {
            let mut out = Vec::new();
            write_length(&mut out, length);
            prop_assert_eq!(Reader(&out).length(), Ok(length));
        }
    }
}
