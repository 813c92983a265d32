//! As much of Go's gob encoding as the Pushgateway's persistence file needs.
//!
//! A gob stream is a sequence of messages, each with its length before it. A message begins with a type
//! id: negative ones define types, which are skipped here since the layout is known; the one positive
//! id introduces the value. That is the Pushgateway's `GroupingKeyToMetricGroup` (storage/interface.go):
//!
//! ```text
//! map[string]struct {
//!     Labels  map[string]string
//!     Metrics map[string]struct {
//!         Timestamp            time.Time             // bytes
//!         GobbableMetricFamily *GobbableMetricFamily // bytes: a MetricFamily in protobuf
//!     }
//! }
//! ```
//!
//! Numbers are one byte below 128, else the count of the bytes that follow, as a negated byte, and those
//! bytes, the highest first. A struct is, for each field that is not empty, the distance from the
//! field before and its value, and then a zero.

use std::fmt;

/// A group as it stands in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Group<'a> {
    /// The grouping labels.
    pub(super) labels: Vec<(String, String)>,
    /// Each family's name, and the family as a protobuf message.
    pub(super) families: Vec<(String, &'a [u8])>,
}

/// The bytes are not what a Pushgateway writes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GobError {
    /// They end too early, or a length reaches beyond their end.
    Truncated,
    /// A number takes more than 64 bits.
    Number,
    /// There is no value, or more than one.
    Values,
    /// A struct has a field that is not known.
    Field,
    /// A name or label is not UTF-8.
    Text,
    /// Something follows the value.
    TooLong,
}

impl fmt::Display for GobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the persistence file is truncated, or is none",
            Self::Number => "expected a number of at most 64 bits",
            Self::Values => "expected one map of groups",
            Self::Field => "expected the fields of a group or family",
            Self::Text => "expected text in UTF-8",
            Self::TooLong => "expected nothing after the groups",
        })
    }
}

impl std::error::Error for GobError {}

/// Reads a persistence file.
pub(super) fn groups(file: &[u8]) -> Result<Vec<Group<'_>>, GobError> {
    let mut stream = Reader(file);
    let mut value = None;
    while !stream.0.is_empty() {
        let mut message = Reader(stream.bytes()?);
        if message.int()? < 0 {
            continue;
        }
        // A value that is no struct has a zero before it.
        if message.uint()? != 0 || value.is_some() {
            return Err(GobError::Values);
        }
        let groups = message.map(|input| {
            // The key joins the labels with bytes that are no text.
            input.bytes()?;
            input.group()
        })?;
        if !message.0.is_empty() {
            return Err(GobError::TooLong);
        }
        value = Some(groups);
    }
    value.ok_or(GobError::Values)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], GobError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(GobError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn uint(&mut self) -> Result<u64, GobError> {
        let (&first, rest) = self.0.split_first().ok_or(GobError::Truncated)?;
        self.0 = rest;
        if first < 0x80 {
            return Ok(first.into());
        }
        let length = first.wrapping_neg();
        if length > 8 {
            return Err(GobError::Number);
        }
        let bytes = self.take(length.into())?;
        Ok(bytes
            .iter()
            .fold(0, |number, &byte| (number << 8) | u64::from(byte)))
    }

    /// The sign is in the lowest bit.
    fn int(&mut self) -> Result<i64, GobError> {
        let number = self.uint()?;
        let magnitude = i64::try_from(number >> 1).map_err(|_| GobError::Number)?;
        Ok(if number & 1 == 0 {
            magnitude
        } else {
            !magnitude
        })
    }

    fn bytes(&mut self) -> Result<&'a [u8], GobError> {
        let length = usize::try_from(self.uint()?).map_err(|_| GobError::Truncated)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, GobError> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| GobError::Text)?;
        Ok(text.to_owned())
    }

    fn map<T>(
        &mut self,
        mut pair: impl FnMut(&mut Self) -> Result<T, GobError>,
    ) -> Result<Vec<T>, GobError> {
        let count = self.uint()?;
        let mut pairs = Vec::new();
        // Each pair takes a byte at least, so that a false count ends with the bytes.
        for _ in 0..count {
            pairs.push(pair(self)?);
        }
        Ok(pairs)
    }

    /// Calls `field` with the number of each field, from 1.
    fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, u64) -> Result<(), GobError>,
    ) -> Result<(), GobError> {
        let mut number = 0_u64;
        loop {
            match self.uint()? {
                0 => return Ok(()),
                distance => number = number.checked_add(distance).ok_or(GobError::Number)?,
            }
            field(self, number)?;
        }
    }

    fn group(&mut self) -> Result<Group<'a>, GobError> {
        let mut group = Group::default();
        self.fields(|input, number| {
            match number {
                1 => group.labels = input.map(|input| Ok((input.text()?, input.text()?)))?,
                2 => group.families = input.map(|input| Ok((input.text()?, input.family()?)))?,
                _ => return Err(GobError::Field),
            }
            Ok(())
        })?;
        Ok(group)
    }

    fn family(&mut self) -> Result<&'a [u8], GobError> {
        let mut family: &[u8] = &[];
        self.fields(|input, number| {
            match number {
                1 => {
                    input.bytes()?;
                }
                2 => family = input.bytes()?,
                _ => return Err(GobError::Field),
            }
            Ok(())
        })?;
        Ok(family)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    /// A file with a type definition, and one group of one family.
    fn file() -> Vec<u8> {
        let value = [
            &[0x02, 0x00, 0x01][..],     // type 1, no struct, one pair
            b"\x03k\xFFy",               // its key
            b"\x01\x01\x03job\x01j",     // field 1: one label
            b"\x01\x01\x01m",            // field 2: one family
            b"\x01\x02tt\x01\x02pb\x00", // its time and message
            b"\x00",
        ]
        .concat();
        let definition = [0x01, 0x01, 0xFF];
        let mut file = vec![definition.len() as u8];
        file.extend(definition);
        // A length in the form for large numbers.
        file.extend([0xFE, 0, value.len() as u8]);
        file.extend(value);
        file
    }

    #[test]
    fn groups_are_read() {
        let want = Group {
            labels: vec![("job".to_owned(), "j".to_owned())],
            families: vec![("m".to_owned(), &b"pb"[..])],
        };
        assert_eq!(groups(&file()), Ok(vec![want]));
        assert_eq!(groups(b"\x03\x02\x00\x00"), Ok(vec![]), "no groups");
    }

    #[test]
    fn what_is_not_a_persistence_file_is_refused() {
        let whole = file();
        for length in 0..whole.len() {
            // Right after the type definition nothing is cut, but there is no value.
            assert!(groups(&whole[..length]).is_err(), "{length} bytes");
        }
        let cases: [(&[u8], GobError); 6] = [
            (b"", GobError::Values),
            (b"\x03\x02\x00\x00\x03\x02\x00\x00", GobError::Values),
            (b"\x04\x02\x00\x00\x00", GobError::TooLong),
            (b"\x06\x02\x00\x01\x00\x09\x00", GobError::Field),
            (b"\x80", GobError::Number),
            (b"# TYPE m gauge\nm 1\n", GobError::Truncated),
        ];
        for (bytes, want) in cases {
            assert_eq!(groups(bytes), Err(want), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>, at: Index, byte: u8) {
            let _ = groups(&bytes);
            let mut changed = file();
            *at.get_mut(&mut changed) = byte;
            let _ = groups(&changed);
        }
    }

    #[test]
    fn false_counts_cost_nothing() {
        let mut file = vec![12, 0x02, 0x00, 0xF8];
        file.extend([0x7F; 8]);
        file.push(0);
        assert_eq!(groups(&file), Err(GobError::Truncated));
    }
}
