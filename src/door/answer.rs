//! Answers on their way out.
//!
//! Spin leaves Nagle's algorithm on. A head and a body that leave in two segments then cost 40 ms on a connection that
//! is kept alive, while the client delays its acknowledgement. So an answer without body has no body stream, and one
//! with a body offers it to the host before the head.

use std::future::poll_fn;
use std::task::Poll;

use super::intake::Waiting;
use crate::respond::Answer;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Response};
use spin_sdk::wasip3::{spawn, wit_future, wit_stream};

/// Gives an answer to the host.
pub(super) async fn send(answer: Answer) -> Result<Response, ErrorCode> {
    let (head, body) = answer.into_parts();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|error| internal(&error.to_string()))?;
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let (contents, contents_reader) = if body.is_empty() {
        (None, None)
    } else {
        let (writer, reader) = wit_stream::new();
        (Some(writer), Some(reader))
    };
    let (response, _) = Response::new(headers, contents_reader, trailers_reader);
    response
        .set_status_code(head.status.as_u16())
        .map_err(|()| internal("invalid status"))?;
    if let Some(mut contents) = contents {
        let waiting = Waiting::new(body.len());
        let mut write = Box::pin(async move {
            // What the client does not take any more is no loss.
            contents.write_all(body).await;
            drop(contents);
            drop(waiting);
            let _ = trailers.write(Ok(None)).await;
        });
        // Polled once, so that the host finds the body when it gets the head.
        if poll_fn(|context| Poll::Ready(write.as_mut().poll(context)))
            .await
            .is_pending()
        {
            spawn(write);
        }
    }
    Ok(response)
}

fn internal(message: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(message.to_owned()))
}
