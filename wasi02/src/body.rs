//! The body of a request, as the host streams it.

use spin_pushgateway::receive::{Body, BodyError};
use wasip2::http::types::{IncomingBody, IncomingRequest};
use wasip2::io::streams::{InputStream, StreamError};

/// How many bytes are asked for at a time.
const PIECE: u64 = 64 * 1024;

/// A body that is not touched until it is read.
pub(crate) enum RequestBody {
    Unread(IncomingRequest),
    Reading {
        stream: InputStream,
        /// The stream is part of it, and so goes first.
        _body: IncomingBody,
    },
    Done,
}

impl Body for RequestBody {
    async fn next(&mut self) -> Option<Result<Vec<u8>, BodyError>> {
        if let Self::Unread(request) = self {
            let Ok(body) = request.consume() else {
                return Some(Err(BodyError("it is gone".to_owned())));
            };
            let Ok(stream) = body.stream() else {
                return Some(Err(BodyError("it has no stream".to_owned())));
            };
            *self = Self::Reading {
                stream,
                _body: body,
            };
        }
        let Self::Reading { stream, .. } = self else {
            return None;
        };
        let end = match stream.blocking_read(PIECE) {
            Ok(piece) => return Some(Ok(piece)),
            Err(StreamError::Closed) => None,
            Err(StreamError::LastOperationFailed(error)) => {
                Some(Err(BodyError(error.to_debug_string())))
            }
        };
        *self = Self::Done;
        end
    }
}
