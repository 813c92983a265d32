//! Gzip, RFC 1952.
//!
//! The frame around the compressed data is read here, since that makes the difference between the Pushgateway's error
//! texts. It accepts what Go's reader does.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::{Compression, Crc, Decompress, FlushDecompress, Status};

use super::DecodeError;

/// Fields that a member's header may have, by the bit of the header's flags that announces them.
mod flag {
    pub(super) const HEADER_CRC: u8 = 1 << 1;
    pub(super) const EXTRA: u8 = 1 << 2;
    pub(super) const NAME: u8 = 1 << 3;
    pub(super) const COMMENT: u8 = 1 << 4;
}

/// The least room that is made for output at once.
const MIN_ROOM: usize = 4096;

/// The longest name or comment that Go's reader accepts in a header, with the zero after it.
const MAX_HEADER_TEXT: usize = 512;

/// Compresses a response.
///
/// At the fastest level: scrapes are large, frequent and similar to themselves, and compression takes more time than
/// all else that is done for them.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Decompresses one member or more. Anything after a member must be another one.
pub(super) fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Eof);
    }
    let mut input = Input { rest: bytes };
    // Expositions shrink to a fourth at least.
    let mut out = Output::new(bytes.len().saturating_mul(4), limit);
    // One for all members: its window is large, and a member can be small.
    let mut decompress = Decompress::new(false);
    while !input.rest.is_empty() {
        input.header()?;
        let start = out.filled;
        input.inflate(&mut decompress, &mut out)?;
        input.trailer(out.since(start))?;
        decompress.reset(false);
    }
    Ok(out.finish())
}

/// What is left of the compressed bytes.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DecodeError::UnexpectedEof)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::UnexpectedEof)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// ```text
    /// header = %x1F %x8B %x08 flags mtime(4) xfl os [length(2) extra] [name 0] [comment 0] [crc16]
    /// ```
    fn header(&mut self) -> Result<(), DecodeError> {
        let start = self.rest;
        let [0x1f, 0x8b, 8, flags, _mtime @ .., _xfl, _os] = self.array::<10>()? else {
            return Err(DecodeError::GzipHeader);
        };
        if flags & flag::EXTRA != 0 {
            let length = u16::from_le_bytes(self.array()?);
            self.take(usize::from(length))?;
        }
        for text in [flag::NAME, flag::COMMENT] {
            if flags & text != 0 {
                self.header_text()?;
            }
        }
        if flags & flag::HEADER_CRC != 0 {
            let mut crc = Crc::new();
            let length = start.len() - self.rest.len();
            crc.update(start.get(..length).unwrap_or_default());
            if u16::from_le_bytes(self.array()?) != crc.sum() as u16 {
                return Err(DecodeError::GzipHeader);
            }
        }
        Ok(())
    }

    fn header_text(&mut self) -> Result<(), DecodeError> {
        match self.rest.iter().position(|&byte| byte == 0) {
            Some(end) if end < MAX_HEADER_TEXT => self.take(end + 1).map(|_| ()),
            None if self.rest.len() < MAX_HEADER_TEXT => Err(DecodeError::UnexpectedEof),
            Some(_) | None => Err(DecodeError::GzipHeader),
        }
    }

    fn inflate(
        &mut self,
        decompress: &mut Decompress,
        out: &mut Output,
    ) -> Result<(), DecodeError> {
        loop {
            let before = (decompress.total_in(), decompress.total_out());
            let status = decompress
                .decompress(self.rest, out.room(), FlushDecompress::None)
                .map_err(|_| DecodeError::Deflate {
                    offset: decompress.total_in(),
                })?;
            let consumed = decompress.total_in() - before.0;
            self.take(usize::try_from(consumed).unwrap_or(usize::MAX))?;
            let written = decompress.total_out() - before.1;
            out.filled += usize::try_from(written).unwrap_or_default();
            if out.is_too_large() {
                return Err(DecodeError::TooLarge { limit: out.limit });
            }
            match status {
                Status::StreamEnd => return Ok(()),
                // There was room for output, so that nothing but more input could help.
                _ if before == (decompress.total_in(), decompress.total_out()) => {
                    return Err(DecodeError::UnexpectedEof);
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }

    /// `trailer = crc32(4) length(4)`, both of the content.
    fn trailer(&mut self, content: &[u8]) -> Result<(), DecodeError> {
        let mut crc = Crc::new();
        crc.update(content);
        let want = (
            u32::from_le_bytes(self.array()?),
            u32::from_le_bytes(self.array()?),
        );
        // The length is that modulo 2^32, as the format has it.
        if want == (crc.sum(), content.len() as u32) {
            Ok(())
        } else {
            Err(DecodeError::GzipChecksum)
        }
    }
}

/// Decompressed bytes, and room for at most one more than the limit allows: so much is needed to notice that there are
/// too many.
///
/// Room is filled with zeros once, when it is made: were it done for each member, many small members would cost as much
/// as their number squared.
struct Output {
    bytes: Vec<u8>,
    filled: usize,
    limit: usize,
}

impl Output {
    fn new(expected: usize, limit: usize) -> Self {
        Self {
            bytes: vec![0; expected.min(limit.saturating_add(1))],
            filled: 0,
            limit,
        }
    }

    /// Room for more. Where there is none, as much again as there was is made, within the limit.
    fn room(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let room = self.filled.max(MIN_ROOM);
            let most = self.limit.saturating_add(1).saturating_sub(self.filled);
            let room = room.min(most);
            self.bytes.reserve_exact(room);
            self.bytes.resize(self.filled.saturating_add(room), 0);
        }
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// What has come since there was so much.
    fn since(&self, start: usize) -> &[u8] {
        self.bytes.get(start..self.filled).unwrap_or_default()
    }

    fn is_too_large(&self) -> bool {
        self.filled > self.limit
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NO_LIMIT: usize = 1 << 20;

    /// `hello` as gzip(1) compresses it: no fields in the header.
    const HELLO: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
        0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
    ];

    /// The member with other flags and these fields in its header.
    fn with_header(flags: u8, fields: &[u8]) -> Vec<u8> {
        let (header, content) = HELLO.split_at(10);
        let mut bytes = [header, fields, content].concat();
        bytes[3] = flags;
        bytes
    }

    fn with_byte(at: usize, byte: u8) -> Vec<u8> {
        let mut bytes = HELLO.to_vec();
        bytes[at] = byte;
        bytes
    }

    #[test]
    fn members_are_read_as_by_the_pushgateway() {
        use DecodeError::{Eof, GzipChecksum, GzipHeader, UnexpectedEof};
        let hello = || Ok(b"hello".to_vec());
        let header_crc = {
            let mut crc = Crc::new();
            crc.update(&[0x1f, 0x8b, 8, flag::HEADER_CRC, 0, 0, 0, 0, 0, 3]);
            (crc.sum() as u16).to_le_bytes()
        };
        type Case<'a> = (&'a str, Vec<u8>, Result<Vec<u8>, DecodeError>);
        let cases: Vec<Case<'_>> = vec![
            ("one member", HELLO.to_vec(), hello()),
            (
                "two members",
                [HELLO, HELLO].concat(),
                Ok(b"hellohello".to_vec()),
            ),
            ("a name", with_header(flag::NAME, b"f.txt\0"), hello()),
            (
                "all other fields",
                with_header(flag::EXTRA | flag::NAME | flag::COMMENT, b"\x02\0xyn\0c\0"),
                hello(),
            ),
            (
                "a checksum of the header",
                with_header(flag::HEADER_CRC, &header_crc),
                hello(),
            ),
            (
                "a wrong checksum of the header",
                with_header(flag::HEADER_CRC, &[1, 2]),
                Err(GzipHeader),
            ),
            (
                "a name of 600 bytes",
                with_header(flag::NAME, &[b'n'; 600]),
                Err(GzipHeader),
            ),
            (
                "a name as long as can be",
                with_header(flag::NAME, &[&[b'n'; 511][..], b"\0"].concat()),
                hello(),
            ),
            (
                "a name without end",
                with_header(flag::NAME, &[])[..12].to_vec(),
                Err(UnexpectedEof),
            ),
            ("nothing", vec![], Err(Eof)),
            ("short text", b"m 1\n".to_vec(), Err(UnexpectedEof)),
            ("longer text", b"some_metric 1\n".to_vec(), Err(GzipHeader)),
            ("half a header", HELLO[..5].to_vec(), Err(UnexpectedEof)),
            ("a header alone", HELLO[..10].to_vec(), Err(UnexpectedEof)),
            ("half a content", HELLO[..14].to_vec(), Err(UnexpectedEof)),
            ("half a trailer", HELLO[..20].to_vec(), Err(UnexpectedEof)),
            ("a wrong checksum", with_byte(17, 0), Err(GzipChecksum)),
            ("a wrong length", with_byte(21, 6), Err(GzipChecksum)),
            (
                "a short rest after a member",
                [HELLO, b"\0"].concat(),
                Err(UnexpectedEof),
            ),
            (
                "a longer rest after a member",
                [HELLO, &[0; 10]].concat(),
                Err(GzipHeader),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(gunzip(&bytes, NO_LIMIT), want, "{name}");
        }
        assert_eq!(
            gunzip(&with_byte(10, 0xff), NO_LIMIT),
            Err(DecodeError::Deflate { offset: 1 })
        );
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = gzip(&vec![b'a'; 10_000_000]);
        assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
        for (limit, want) in [
            (0, Err(DecodeError::TooLarge { limit: 0 })),
            (9_999_999, Err(DecodeError::TooLarge { limit: 9_999_999 })),
            (10_000_000, Ok(10_000_000)),
            (usize::MAX, Ok(10_000_000)),
        ] {
            assert_eq!(gunzip(&bomb, limit).map(|out| out.len()), want, "{limit}");
        }
    }

    #[test]
    fn room_stays_within_the_limit() {
        for limit in [0, 1, 4095, 4096, 4097, 100_000] {
            let mut out = Output::new(16, limit);
            while !out.is_too_large() {
                let room = out.room().len();
                assert!(room > 0, "{limit}");
                assert!(out.bytes.capacity() <= (limit + 1).max(16), "{limit}");
                out.filled += room;
            }
        }
    }

    #[test]
    fn members_share_one_limit() {
        let members = [HELLO, HELLO, HELLO].concat();
        assert_eq!(
            gunzip(&members, 14),
            Err(DecodeError::TooLarge { limit: 14 })
        );
        assert_eq!(gunzip(&members, 15).map(|out| out.len()), Ok(15));
    }

    proptest! {
        #[test]
        fn anything_compressed_comes_back(bytes: Vec<u8>, times in 1..50usize) {
            let bytes = bytes.repeat(times);
            prop_assert_eq!(gunzip(&gzip(&bytes), bytes.len()), Ok(bytes));
        }

        #[test]
        fn damaged_members_are_read_or_refused(
            content: Vec<u8>,
            at: prop::sample::Index,
            byte: u8,
        ) {
            let mut bytes = gzip(&content);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = gunzip(&bytes, NO_LIMIT);
        }
    }
}
