//! Reading an entry.

use std::fmt;

use super::keys::CodedKey;
use super::{
    EXPIRES, Entry, Generation, HAS_HELP, HAS_MESSAGE, HAS_TIMES, HAS_UTF8_NAMES, Header, MAGIC,
    StoredFamily, TOMBSTONE, TYPE_BITS, VERSION,
};
use crate::exposition::model::MetricType;

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
    /// Families that are out of order, or there twice.
    Order,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnEntry => f.write_str("not an entry of the gateway"),
            Self::Version(version) => write!(f, "entry format version {version} is not known"),
            Self::Length => f.write_str("entry is truncated or too long"),
            Self::Text => f.write_str("entry holds text that is not UTF-8"),
            Self::Order => f.write_str("entry holds families out of order"),
            Self::Type(bits) => write!(f, "entry holds a metric type that does not exist: {bits}"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl<'a> Entry<'a> {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// The value is not an entry, or not one of this version, or damaged.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Reader(value);
        let header = input.header()?;
        let mut reference: &[u8] = &[];
        let described = input.many(5, |input| input.family(&header, &mut reference))?;
        let mut families = Vec::with_capacity(described.len());
        for (mut family, text, message) in described {
            family.text = input.take(text)?;
            family.message = message.map(|length| input.take(length)).transpose()?;
            families.push(family);
        }
        if !input.is_empty() {
            return Err(DecodeError::Length);
        }
        if !families.is_sorted_by(|a, b| a.name < b.name) {
            return Err(DecodeError::Order);
        }
        Ok(Self { header, families })
    }
}

impl<'a> Header<'a> {
    /// Reads what an entry says about itself, without a look at its families.
    ///
    /// # Errors
    ///
    /// As [`Entry::decode`], as far as it reads.
    pub fn decode(value: &'a [u8]) -> Result<Self, DecodeError> {
        Reader(value).header()
    }
}

/// What is left to read.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
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
    pub(super) fn length(&mut self) -> Result<usize, DecodeError> {
        // Nearly all of them.
        if let [byte @ 0..0x80, rest @ ..] = self.0 {
            self.0 = rest;
            return Ok(usize::from(*byte));
        }
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

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
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

    fn header(&mut self) -> Result<Header<'a>, DecodeError> {
        self.0 = self.0.strip_prefix(MAGIC).ok_or(DecodeError::NotAnEntry)?;
        let version = self.byte()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let flags = self.byte()?;
        Ok(Header {
            time: self.fixed()?,
            expires: if flags & EXPIRES == 0 {
                None
            } else {
                Some(self.fixed()?)
            },
            generation: Generation(self.fixed()?),
            tombstone: flags & TOMBSTONE != 0,
            labels: self.many(2, |input| Ok((input.text()?, input.text()?)))?,
        })
    }

    /// A family of an entry with this header, without its text and message, which come later, but with the lengths of
    /// both. `reference` is the entry's first sort key, empty until that was read.
    fn family(
        &mut self,
        header: &Header<'_>,
        reference: &mut &'a [u8],
    ) -> Result<(StoredFamily<'a>, usize, Option<usize>), DecodeError> {
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
        let (time, expires) = if flags & HAS_TIMES == 0 {
            (header.time, header.expires)
        } else {
            (self.fixed()?, Some(self.fixed()?).filter(|time| *time != 0))
        };
        let (series_count, index, text) = (self.length()?, self.bytes()?, self.length()?);
        check_index(index, series_count, text, reference)?;
        let message = if flags & HAS_MESSAGE == 0 {
            None
        } else {
            Some(self.length()?)
        };
        let family = StoredFamily {
            name,
            help,
            metric_type,
            time,
            expires,
            series_count,
            reference,
            index,
            text: &[],
            has_utf8_names: flags & HAS_UTF8_NAMES != 0,
            message: None,
        };
        Ok((family, text, message))
    }
}

/// Checks that the index has as many series as it should, whose texts make up all the text.
fn check_index<'a>(
    index: &'a [u8],
    series_count: usize,
    text_length: usize,
    reference: &mut &'a [u8],
) -> Result<(), DecodeError> {
    let mut index = Reader(index);
    let mut length = 0_usize;
    for _ in 0..series_count {
        let key = CodedKey::read(&mut index, reference)?;
        if reference.is_empty() {
            *reference = key.rest();
        }
        length = length.saturating_add(index.length()?);
    }
    if index.is_empty() && length == text_length {
        Ok(())
    } else {
        Err(DecodeError::Length)
    }
}
