//! The body of a request, as the host streams it.

use crate::receive::{Body, BodyError};
use spin_sdk::wasip3::http::types::{ErrorCode, Trailers};
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;

/// How many bytes are asked for at a time.
const PIECE: usize = 64 * 1024;

/// How the body ended.
type End = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// A body that is not touched until it is read.
pub(super) enum IncomingBody {
    Unread(IncomingRequestBody),
    Reading(StreamReader<u8>, End),
    Done,
}

impl IncomingBody {
    pub(super) fn new(body: IncomingRequestBody) -> Self {
        Self::Unread(body)
    }
}

impl Body for IncomingBody {
    async fn next(&mut self) -> Option<Result<Vec<u8>, BodyError>> {
        let (mut stream, end) = match std::mem::replace(self, Self::Done) {
            Self::Unread(mut body) => {
                let (_, processed) = wit_future::new(|| Ok(()));
                spin_sdk::wasip3::http::types::Request::consume_body(
                    body.take_unstarted()?,
                    processed,
                )
            }
            Self::Reading(stream, end) => (stream, end),
            Self::Done => return None,
        };
        let (result, piece) = stream.read(Vec::with_capacity(PIECE)).await;
        if let StreamResult::Complete(_) = result {
            *self = Self::Reading(stream, end);
            return Some(Ok(piece));
        }
        match end.await {
            Ok(_) if piece.is_empty() => None,
            Ok(_) => Some(Ok(piece)),
            Err(error) => Some(Err(BodyError(error.to_string()))),
        }
    }
}
