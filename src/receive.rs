//! What was pushed: the body, read and decoded within the limit.

use std::collections::TryReserveError;
use std::fmt;
use std::future::Future;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};

use crate::exposition::encoding::{self, ContentEncoding};
use crate::memory;

/// How much room is made for a body before any of it has come, in bytes. Beyond, room grows with what comes: to announce
/// a large body and send nothing must not take memory from the requests beside it.
const ROOM_AT_FIRST: usize = 64 * 1024;

/// The body of a request, as it comes in.
pub trait Body {
    /// The next piece; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<Vec<u8>, BodyError>>>;
}

/// The body broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError(pub String);

/// Why there is no body to work with.
#[derive(Debug, PartialEq, Eq)]
pub enum ReceiveError {
    /// It is larger than the limit, in bytes, allows.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// There is no memory left for it.
    NoMemory,
    /// It broke off.
    Broken(BodyError),
    /// It is not encoded as its header says.
    Encoding(encoding::DecodeError),
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(
                f,
                "body is larger than max_push_bytes allows ({limit} bytes, before and after decompression)"
            ),
            Self::NoMemory => {
                f.write_str("no memory is left for this body beside others that are coming in")
            }
            Self::Broken(BodyError(message)) => write!(f, "body broke off: {message}"),
            Self::Encoding(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReceiveError {}

/// Reads a body and undoes its content encoding.
///
/// No more than the limit is ever in memory, encoded or decoded: a body that announces more is refused before it is
/// read, one that turns out larger as soon as it does.
///
/// # Errors
///
/// The body is too large, finds no memory, broke off, or is not encoded as its header says.
pub async fn receive<B: Body>(
    headers: &HeaderMap,
    body: &mut B,
    limit: usize,
) -> Result<Vec<u8>, ReceiveError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(ReceiveError::TooLarge { limit });
    }
    let mut received = Vec::with_capacity(announced.unwrap_or_default().min(ROOM_AT_FIRST));
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(ReceiveError::Broken)?;
        if piece.len() > limit - received.len() {
            return Err(ReceiveError::TooLarge { limit });
        }
        make_room(&mut received, piece.len()).map_err(|_| ReceiveError::NoMemory)?;
        received.extend_from_slice(&piece);
    }
    let encoding =
        ContentEncoding::of_header(headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes));
    if encoding == ContentEncoding::Identity {
        return Ok(received);
    }
    match encoding::decode(encoding, &received, limit) {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(encoding::DecodeError::TooLarge { limit }) => Err(ReceiveError::TooLarge { limit }),
        Err(error) => Err(ReceiveError::Encoding(error)),
    }
}

/// Makes room for more, doubling what there is.
///
/// Bodies are what fills the memory of an instance: many large ones at once, whose senders take their time. One that
/// finds none must fail alone, so as much again as the body takes must be free.
fn make_room(received: &mut Vec<u8>, more: usize) -> Result<(), TryReserveError> {
    let spare = received.capacity() - received.len();
    if spare < more {
        received.try_reserve(more)?;
        memory::require(received.capacity())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Pieces, block_on};

    fn received(
        headers: &[(http::HeaderName, &'static str)],
        pieces: &[&[u8]],
    ) -> (Result<Vec<u8>, ReceiveError>, usize) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        let mut body = Pieces::new(pieces);
        let result = block_on(receive(&headers, &mut body, 8));
        (result, body.taken())
    }

    #[test]
    fn a_body_may_be_as_large_as_the_limit() {
        assert_eq!(
            received(&[], &[b"1234", b"5678"]),
            (Ok(b"12345678".to_vec()), 2)
        );
        assert_eq!(
            received(&[(CONTENT_LENGTH, "8")], &[b"12345678"]),
            (Ok(b"12345678".to_vec()), 1)
        );
    }

    #[test]
    fn a_body_that_is_too_large_is_not_read_on() {
        let too_large = || Err(ReceiveError::TooLarge { limit: 8 });
        assert_eq!(received(&[], &[b"1234", b"56789", b"0"]), (too_large(), 2));
        assert_eq!(
            received(&[(CONTENT_LENGTH, "9")], &[b"123456789"]),
            (too_large(), 0)
        );
    }

    #[test]
    fn a_body_that_decodes_to_too_much_is_refused() {
        let bomb = encoding::gzip(&[b'x'; 9]);
        let headers =
            std::iter::once((CONTENT_ENCODING, HeaderValue::from_static("gzip"))).collect();
        let result = block_on(receive(&headers, &mut Pieces::new(&[&bomb]), 64));
        assert_eq!(result, Ok(vec![b'x'; 9]));
        let bomb = encoding::gzip(&[b'x'; 1_000]);
        assert!(bomb.len() < 64);
        let result = block_on(receive(&headers, &mut Pieces::new(&[&bomb]), 64));
        assert_eq!(result, Err(ReceiveError::TooLarge { limit: 64 }));
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        let mut body = Pieces::new(&[b"1"]).broken();
        let error = block_on(receive(&HeaderMap::new(), &mut body, 8)).expect_err("is refused");
        assert_eq!(error.to_string(), "body broke off: connection reset");
    }

    #[test]
    fn a_body_that_is_not_what_its_header_says_is_an_error() {
        let (result, _) = received(&[(CONTENT_ENCODING, "gzip")], &[b"m 1\n"]);
        assert_eq!(
            result.map_err(|error| error.to_string()),
            Err("unexpected EOF".to_owned())
        );
    }

    #[test]
    fn who_sends_too_much_is_told_the_limit() {
        let (result, _) = received(&[], &[b"123456789"]);
        assert_eq!(
            result.map_err(|error| error.to_string()),
            Err(
                "body is larger than max_push_bytes allows (8 bytes, before and after decompression)"
                    .to_owned()
            )
        );
    }
}
