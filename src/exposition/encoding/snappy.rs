//! The framing format of Snappy, which clients mean by `Content-Encoding: snappy`.

use std::io::{self, Read};

use snap::read::FrameDecoder;

use super::DecodeError;

/// Decompresses a stream of frames. No frames are an empty body.
pub(super) fn decode(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    // One byte more than allowed is enough to notice that there are too many. A frame has at most 64 KiB, so that the
    // decoder needs little memory for itself.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut out = Vec::new();
    FrameDecoder::new(bytes)
        .take(most)
        .read_to_end(&mut out)
        .map_err(|error| decode_error(&error))?;
    if out.len() > limit {
        return Err(DecodeError::TooLarge { limit });
    }
    Ok(out)
}

/// What the Pushgateway calls it. To Go's reader a truncated frame is a corrupt one, and so is one without room for its
/// checksum of four bytes, whereas too long ones are not supported.
fn decode_error(error: &io::Error) -> DecodeError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<snap::Error>());
    match inner {
        Some(
            snap::Error::UnsupportedChunkType { .. }
            | snap::Error::UnsupportedChunkLength {
                len: 4..,
                header: false,
            },
        ) => DecodeError::SnappyUnsupported,
        _ => DecodeError::SnappyCorrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    const HEADER: &[u8] = b"\xff\x06\0\0sNaPpY";

    fn encode(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).expect("a vector");
        encoder.into_inner().expect("a vector")
    }

    #[test]
    fn frames_are_read_as_by_the_pushgateway() {
        let hello = encode(b"hello");
        let raw = snap::raw::Encoder::new()
            .compress_vec(b"hello hello hello")
            .expect("a short text");
        let mut damaged = hello.clone();
        *damaged.last_mut().expect("not empty") ^= 1;
        type Case<'a> = (&'a str, Vec<u8>, Result<&'a [u8], DecodeError>);
        let cases: Vec<Case<'_>> = vec![
            ("nothing", vec![], Ok(b"")),
            ("a header alone", HEADER.to_vec(), Ok(b"")),
            ("a stream", hello.clone(), Ok(b"hello")),
            (
                "two streams",
                [hello.as_slice(), &hello].concat(),
                Ok(b"hellohello"),
            ),
            (
                "padding",
                [HEADER, b"\xfe\x02\0\0..", &hello[HEADER.len()..]].concat(),
                Ok(b"hello"),
            ),
            ("no frames", raw, Err(DecodeError::SnappyCorrupt)),
            ("text", b"m 1\n".to_vec(), Err(DecodeError::SnappyCorrupt)),
            (
                "no header",
                hello[HEADER.len()..].to_vec(),
                Err(DecodeError::SnappyCorrupt),
            ),
            (
                "half a frame",
                hello[..hello.len() - 1].to_vec(),
                Err(DecodeError::SnappyCorrupt),
            ),
            ("a wrong checksum", damaged, Err(DecodeError::SnappyCorrupt)),
            (
                "another header",
                b"\xff\x05\0\0sNaPp".to_vec(),
                Err(DecodeError::SnappyCorrupt),
            ),
            (
                "a chunk without its checksum",
                [HEADER, b"\0\x03\0\0abc"].concat(),
                Err(DecodeError::SnappyCorrupt),
            ),
            (
                "a chunk of 16 MiB",
                [HEADER, b"\0\xff\xff\xff...."].concat(),
                Err(DecodeError::SnappyUnsupported),
            ),
            (
                "padding of 16 MiB",
                [HEADER, b"\xfe\xff\xff\xff...."].concat(),
                Err(DecodeError::SnappyUnsupported),
            ),
            (
                "a reserved kind of chunk",
                [HEADER, b"\x02\0\0\0"].concat(),
                Err(DecodeError::SnappyUnsupported),
            ),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(
                decode(&bytes, 1000),
                want.map(<[u8]>::to_vec),
                "{name}: {bytes:?}"
            );
        }
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bomb = encode(&vec![b'a'; 1_000_000]);
        for (limit, want) in [
            (999_999, Err(DecodeError::TooLarge { limit: 999_999 })),
            (1_000_000, Ok(1_000_000)),
            (usize::MAX, Ok(1_000_000)),
        ] {
            assert_eq!(decode(&bomb, limit).map(|out| out.len()), want, "{limit}");
        }
    }

    proptest! {
        #[test]
        fn anything_compressed_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes), bytes.len()), Ok(bytes));
        }

        #[test]
        fn damaged_frames_are_read_or_refused(content: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let mut bytes = [HEADER, &encode(&content)].concat();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode(&bytes, 10_000);
        }
    }
}
