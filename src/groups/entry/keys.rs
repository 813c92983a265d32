//! Sort keys as entries hold them: without what they share with the entry's first one.
//!
//! A sort key repeats the label names and values of its series, most of which all series of a group have in common.
//! Written in full they would double the size of an entry, and so what a scrape has to read.

use super::decode::{DecodeError, Reader};
use super::encode::{write_bytes, write_length};

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

    /// Adds the whole key to these bytes.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.start);
        bytes.extend_from_slice(self.rest);
        bytes.extend_from_slice(self.end);
    }
}

/// Writes a key that refers to another one: the lengths of the start and of the end that they share, and what is
/// between them.
pub(super) fn write(out: &mut Vec<u8>, key: &[u8], reference: &[u8]) {
    let start = shared(key.iter(), reference.iter());
    let key = key.get(start..).unwrap_or_default();
    let reference = reference.get(start..).unwrap_or_default();
    let end = shared(key.iter().rev(), reference.iter().rev());
    write_length(out, start);
    write_length(out, end);
    write_bytes(
        out,
        key.get(..key.len().saturating_sub(end)).unwrap_or_default(),
    );
}

/// How many bytes two strings have in common.
fn shared<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
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
    }
}
