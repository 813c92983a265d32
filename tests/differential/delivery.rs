//! How a body travels: what its headers say, how it is encoded, and framed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The Content-Type of delimited protobuf, as `client_golang` sends it.
pub(crate) const PROTOBUF: &str = "application/vnd.google.protobuf; \
                                   proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// How the bytes of a body are encoded, whatever the headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// As they are.
    Plain,
    /// One gzip member.
    Gzip,
    /// Two gzip members, each with a part.
    GzipMembers,
    /// A gzip member without its last bytes.
    GzipCut,
    /// Gzip with another magic number.
    GzipMagic,
    /// Gzip with a changed checksum.
    GzipChecksum,
    /// Gzip whose compressed bytes are damaged.
    GzipDamaged,
    /// A gzip member, and then something else.
    GzipTrailing,
    /// The framing format of Snappy.
    Snappy,
    /// Two Snappy streams, one after the other.
    SnappyStreams,
    /// A Snappy stream without its last bytes.
    SnappyCut,
    /// A Snappy stream with a changed last byte.
    SnappyDamaged,
    /// A bare block of Snappy, without frames.
    SnappyBlock,
}

/// How the body of a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The Content-Type header.
    pub(crate) content_type: Option<&'static str>,
    /// The Content-Encoding header.
    pub(crate) content_encoding: Option<&'static str>,
    /// How the body really is encoded.
    pub(crate) coding: Coding,
    /// Whether it comes in chunks, without a Content-Length.
    pub(crate) chunked: bool,
}

impl Delivery {
    /// Without any header, as text is mostly pushed.
    pub(crate) const PLAIN: Self = Self {
        content_type: None,
        content_encoding: None,
        coding: Coding::Plain,
        chunked: false,
    };

    /// The headers that say so.
    pub(crate) fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let content_type = self.content_type.map(|value| ("Content-Type", value));
        let encoding = self
            .content_encoding
            .map(|value| ("Content-Encoding", value));
        content_type.into_iter().chain(encoding).collect()
    }
}

impl Coding {
    /// Whether the bytes begin as they should and then are not as they should.
    pub(crate) fn is_damaged(self) -> bool {
        matches!(
            self,
            Self::GzipCut
                | Self::GzipChecksum
                | Self::GzipDamaged
                | Self::GzipTrailing
                | Self::SnappyCut
                | Self::SnappyDamaged
        )
    }

    /// The bytes on the wire.
    pub(crate) fn encode(self, content: &[u8]) -> Vec<u8> {
        let (first, second) = content.split_at(content.len() / 2);
        match self {
            Self::Plain => content.to_vec(),
            Self::Gzip => gzip(content),
            Self::GzipMembers => [gzip(first), gzip(second)].concat(),
            Self::GzipCut => without_end(gzip(content), 5),
            Self::GzipMagic => changed(gzip(content), 1),
            Self::GzipChecksum => {
                let bytes = gzip(content);
                let checksum = bytes.len().saturating_sub(8);
                changed(bytes, checksum)
            }
            Self::GzipDamaged => {
                let bytes = gzip(content);
                let middle = 10 + bytes.len().saturating_sub(18) / 2;
                changed(bytes, middle)
            }
            Self::GzipTrailing => [gzip(content), b"trailing garbage".to_vec()].concat(),
            Self::Snappy => snappy(content),
            Self::SnappyStreams => [snappy(first), snappy(second)].concat(),
            Self::SnappyCut => without_end(snappy(content), 3),
            Self::SnappyDamaged => {
                let bytes = snappy(content);
                let last = bytes.len().saturating_sub(1);
                changed(bytes, last)
            }
            Self::SnappyBlock => snap::raw::Encoder::new()
                .compress_vec(content)
                .expect("the content is small"),
        }
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("a Vec takes every write");
    encoder.finish().expect("a Vec takes every write")
}

fn snappy(content: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(content).expect("a Vec takes every write");
    encoder.into_inner().expect("a Vec takes every write")
}

fn without_end(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(length));
    bytes
}

fn changed(mut bytes: Vec<u8>, place: usize) -> Vec<u8> {
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 0x55;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const CONTENT: &[u8] = b"# TYPE m gauge\nm 1\nm{a=\"x\"} 1\n";

    fn gunzipped(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
        decoder.read_to_end(&mut content).ok().map(|_| content)
    }

    fn unsnapped(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        let mut decoder = snap::read::FrameDecoder::new(bytes);
        decoder.read_to_end(&mut content).ok().map(|_| content)
    }

    #[test]
    fn what_is_right_can_be_decoded_and_what_is_wrong_cannot() {
        for (coding, right) in [
            (Coding::Gzip, true),
            (Coding::GzipMembers, true),
            (Coding::GzipCut, false),
            (Coding::GzipMagic, false),
            (Coding::GzipChecksum, false),
            (Coding::GzipDamaged, false),
            (Coding::GzipTrailing, false),
        ] {
            let decoded = gunzipped(&coding.encode(CONTENT));
            assert_eq!(
                decoded.as_deref() == Some(CONTENT),
                right,
                "{coding:?}: {decoded:?}"
            );
        }
        for (coding, right) in [
            (Coding::Snappy, true),
            (Coding::SnappyStreams, true),
            (Coding::SnappyCut, false),
            (Coding::SnappyDamaged, false),
            (Coding::SnappyBlock, false),
        ] {
            let decoded = unsnapped(&coding.encode(CONTENT));
            assert_eq!(
                decoded.as_deref() == Some(CONTENT),
                right,
                "{coding:?}: {decoded:?}"
            );
        }
    }
}
