//! Content encodings: pushes may come compressed, scrapes may go compressed.
//!
//! What a push says in `Content-Encoding` is taken as the Pushgateway takes it, and errors have its texts. Unlike
//! there, what comes out has a limit, and memory is bounded by that limit while it is made.

mod accept;
mod gzip;
mod snappy;

use std::borrow::Cow;
use std::fmt;

pub use accept::accepts_gzip;
pub use gzip::gzip;

/// How the body of a request is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// Not at all, or in a way that is not known here. Then the body is taken as it is.
    Identity,
    /// Gzip, with any number of members.
    Gzip,
    /// The framing format of Snappy.
    Snappy,
}

impl ContentEncoding {
    /// The encoding that the first `Content-Encoding` header says.
    ///
    /// The whole value counts, in any case: `x-gzip` and `gzip, identity` are not known, and so not decoded.
    #[must_use]
    pub fn of_header(value: Option<&[u8]>) -> Self {
        match value {
            Some(value) if value.eq_ignore_ascii_case(b"gzip") => Self::Gzip,
            Some(value) if value.eq_ignore_ascii_case(b"snappy") => Self::Snappy,
            _ => Self::Identity,
        }
    }
}

/// Why a body could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// There is no body, where gzip needs a header at least.
    Eof,
    /// The body ends too early.
    UnexpectedEof,
    /// A gzip member does not start as one.
    GzipHeader,
    /// A gzip member's checksum or length does not fit to its content.
    GzipChecksum,
    /// A gzip member's content is not compressed as it should be.
    Deflate {
        /// About how far into the member's content.
        offset: u64,
    },
    /// The body is no Snappy stream, or a broken one.
    SnappyCorrupt,
    /// The body has a Snappy chunk of a reserved kind or length.
    SnappyUnsupported,
    /// The decoded body exceeds the limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// The texts are those of the Pushgateway, which are Go's, but for the limit that it does not have.
impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("EOF"),
            Self::UnexpectedEof => f.write_str("unexpected EOF"),
            Self::GzipHeader => f.write_str("gzip: invalid header"),
            Self::GzipChecksum => f.write_str("gzip: invalid checksum"),
            Self::Deflate { offset } => write!(f, "flate: corrupt input before offset {offset}"),
            Self::SnappyCorrupt => f.write_str("snappy: corrupt input"),
            Self::SnappyUnsupported => f.write_str("snappy: unsupported input"),
            Self::TooLarge { limit } => {
                write!(f, "expected a body of at most {limit} bytes, found more")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// Decodes a body of at most `limit` bytes.
///
/// # Errors
///
/// If the body is not encoded so, or becomes larger than `limit`. Decoding stops there.
pub fn decode(
    encoding: ContentEncoding,
    body: &[u8],
    limit: usize,
) -> Result<Cow<'_, [u8]>, DecodeError> {
    match encoding {
        ContentEncoding::Identity if body.len() > limit => Err(DecodeError::TooLarge { limit }),
        ContentEncoding::Identity => Ok(Cow::Borrowed(body)),
        ContentEncoding::Gzip => gzip::gunzip(body, limit).map(Cow::Owned),
        ContentEncoding::Snappy => snappy::decode(body, limit).map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodings_are_named_by_the_whole_header() {
        let cases: &[(Option<&str>, ContentEncoding)] = &[
            (None, ContentEncoding::Identity),
            (Some(""), ContentEncoding::Identity),
            (Some("gzip"), ContentEncoding::Gzip),
            (Some("GZip"), ContentEncoding::Gzip),
            (Some("snappy"), ContentEncoding::Snappy),
            (Some("SNAPPY"), ContentEncoding::Snappy),
            (Some("x-gzip"), ContentEncoding::Identity),
            (Some("gzip, identity"), ContentEncoding::Identity),
            (Some(" gzip"), ContentEncoding::Identity),
            (Some("deflate"), ContentEncoding::Identity),
            (Some("br"), ContentEncoding::Identity),
            (Some("zstd"), ContentEncoding::Identity),
        ];
        for (header, want) in cases {
            let got = ContentEncoding::of_header(header.map(str::as_bytes));
            assert_eq!(got, *want, "{header:?}");
        }
    }

    #[test]
    fn errors_read_as_those_of_the_pushgateway() {
        use ContentEncoding::{Gzip, Identity, Snappy};
        let cases: [(ContentEncoding, &[u8], &str); 8] = [
            (Gzip, b"", "EOF"),
            (Gzip, b"m 1\n", "unexpected EOF"),
            (Gzip, b"some_metric 1\n", "gzip: invalid header"),
            (
                Gzip,
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\x01\0\0\0\0\0\0\0",
                "gzip: invalid checksum",
            ),
            (
                Gzip,
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xff",
                "flate: corrupt input before offset 1",
            ),
            (Snappy, b"some_metric 1\n", "snappy: corrupt input"),
            (
                Snappy,
                b"\xff\x06\0\0sNaPpY\x02\0\0\0",
                "snappy: unsupported input",
            ),
            (
                Identity,
                &[b'x'; 31],
                "expected a body of at most 30 bytes, found more",
            ),
        ];
        for (encoding, body, want) in cases {
            let error = decode(encoding, body, 30).expect_err(want);
            assert_eq!(error.to_string(), want);
        }
    }

    #[test]
    fn bodies_as_they_are_have_a_limit_too() {
        let identity = |limit| decode(ContentEncoding::Identity, b"1234", limit);
        assert_eq!(identity(4), Ok(Cow::Borrowed(&b"1234"[..])));
        assert_eq!(identity(3), Err(DecodeError::TooLarge { limit: 3 }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, limit in 0..100_000usize) {
            for encoding in [ContentEncoding::Gzip, ContentEncoding::Snappy] {
                if let Ok(decoded) = decode(encoding, &bytes, limit) {
                    prop_assert!(decoded.len() <= limit);
                }
            }
        }
    }
}
