//! Sort keys as entries hold them: without what they share with the entry's first one.
//!
//! A sort key repeats the label names and values of its series, most of which all series of a group have in common.
//! Written in full they would double the size of an entry, and so what a scrape has to read.

use std::cmp::Ordering;

use super::decode::{DecodeError, Reader};
use super::encode::{write_bytes, write_length};
use crate::bytes;

/// A sort key, which refers to another one for its start and its end.
#[derive(Clone, Copy, Debug)]
pub struct CodedKey<'a> {
    start: &'a [u8],
    rest: &'a [u8],
    end: &'a [u8],
}

impl<'a> CodedKey<'a> {
    /// Reads a key that refers to this one: the inverse of [`write`].
    pub(super) fn read(input: &mut Reader<'a>, reference: &'a [u8]) -> Result<Self, DecodeError> {
        let (start, end) = (input.length()?, input.length()?);
        let rest = input.bytes()?;
        let (start, tail) = reference
            .split_at_checked(start)
            .ok_or(DecodeError::Length)?;
        let end = tail
            .len()
            .checked_sub(end)
            .and_then(|at| tail.get(at..))
            .ok_or(DecodeError::Length)?;
        Ok(Self { start, rest, end })
    }

    /// What it holds of its own: the whole key if it refers to an empty one.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The order of the whole keys, as byte strings order.
    ///
    /// A scrape compares most keys with that of the neighbouring group, where the starts decide: none is put together.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let common = self.start.len().min(other.start.len());
        let (start, a) = self.start.split_at(common);
        let (other_start, b) = other.start.split_at(common);
        // Two keys of one entry refer to the same one.
        if !std::ptr::eq(start, other_start) {
            let order = bytes::compare(start, other_start);
            if order.is_ne() {
                return order;
            }
        }
        let mut a = Parts([a, self.rest, self.end]);
        let mut b = Parts([b, other.rest, other.end]);
        loop {
            let (Some(first), Some(second)) = (a.first(), b.first()) else {
                return a.first().is_some().cmp(&b.first().is_some());
            };
            let common = first.len().min(second.len());
            let order = bytes::compare(
                first.get(..common).unwrap_or_default(),
                second.get(..common).unwrap_or_default(),
            );
            if order.is_ne() {
                return order;
            }
            a.skip(common);
            b.skip(common);
        }
    }

    fn parts(&self) -> [&'a [u8]; 3] {
        [self.start, self.rest, self.end]
    }

    /// Adds the whole key to these bytes.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        for part in self.parts() {
            bytes.extend_from_slice(part);
        }
    }
}

/// What is left of a key, in parts, to be read from its start on.
struct Parts<'a>([&'a [u8]; 3]);

impl<'a> Parts<'a> {
    /// The first part that is not empty.
    fn first(&self) -> Option<&'a [u8]> {
        self.0.iter().copied().find(|part| !part.is_empty())
    }

    /// Takes so many bytes off that part.
    fn skip(&mut self, bytes: usize) {
        if let Some(part) = self.0.iter_mut().find(|part| !part.is_empty()) {
            *part = part.get(bytes..).unwrap_or_default();
        }
    }
}

/// Writes a key that refers to another one: the lengths of the start and of the end that they share, and what is
/// between them.
pub(super) fn write(out: &mut Vec<u8>, key: &[u8], reference: &[u8]) {
    let start = bytes::shared_start(key, reference);
    let key = key.get(start..).unwrap_or_default();
    let reference = reference.get(start..).unwrap_or_default();
    let end = bytes::shared_end(key, reference);
    write_length(out, start);
    write_length(out, end);
    write_bytes(
        out,
        key.get(..key.len().saturating_sub(end)).unwrap_or_default(),
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_holds_what_another_lacks() {
        let cases: [(&[u8], &[u8], &[u8]); 6] = [
            (b"same", b"same", b"\x04\x00\x00"),
            (b"", b"abc", b"\x00\x00\x00"),
            (b"abc", b"", b"\x00\x00\x03abc"),
            (b"axc", b"abbc", b"\x01\x01\x01x"),
            // What start and end could both claim is the start's.
            (b"aa", b"aaa", b"\x02\x00\x00"),
            (b"aaa", b"aa", b"\x02\x00\x01a"),
        ];
        for (key, reference, want) in cases {
            let mut out = Vec::new();
            write(&mut out, key, reference);
            assert_eq!(out, want, "{key:?} for {reference:?}");
        }
    }

    #[test]
    fn a_key_cannot_refer_to_more_than_there_is() {
        for coded in [b"\x04\x00\x00", b"\x00\x04\x00", b"\x02\x02\x00"] {
            let read = CodedKey::read(&mut Reader::new(coded), b"abc");
            assert_eq!(read.err(), Some(DecodeError::Length), "{coded:?}");
        }
    }

    proptest! {
        #[test]
        fn keys_read_as_they_were_written(
            start: Vec<u8>, end: Vec<u8>,
            key in prop::collection::vec(0_u8..3, 0..6),
            reference in prop::collection::vec(0_u8..3, 0..6),
        ) {
            let key = [start.as_slice(), &key, &end].concat();
            let reference = [start.as_slice(), &reference, &end].concat();
            let (mut coded, mut read) = (Vec::new(), Vec::new());
            write(&mut coded, &key, &reference);
            let mut input = Reader::new(&coded);
            CodedKey::read(&mut input, &reference).expect("reads").append_to(&mut read);
            prop_assert_eq!(read, key);
            prop_assert!(input.is_empty());
        }

        #[test]
        fn keys_order_as_their_bytes_do(
            a in prop::collection::vec(0_u8..3, 0..8), a_reference in prop::collection::vec(0_u8..3, 0..8),
            b in prop::collection::vec(0_u8..3, 0..8), b_reference in prop::collection::vec(0_u8..3, 0..8),
        ) {
            let coded = |key: &[u8], reference: &[u8]| {
                let mut coded = Vec::new();
                write(&mut coded, key, reference);
                coded
            };
            let (coded_a, coded_b) = (coded(&a, &a_reference), coded(&b, &b_reference));
            let key_a = CodedKey::read(&mut Reader::new(&coded_a), &a_reference).expect("reads");
            let key_b = CodedKey::read(&mut Reader::new(&coded_b), &b_reference).expect("reads");
            prop_assert_eq!(key_a.compare(&key_b), a.cmp(&b));
        }
    }
}
