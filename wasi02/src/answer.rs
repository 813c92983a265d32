//! Answers on their way out.
//!
//! Spin leaves Nagle's algorithm on, so that a head and a body that leave in two segments cost 40 ms on a connection
//! that is kept alive. So an answer without body has no body stream, and one with a body offers its first piece to the
//! host before the head.

use std::io::Write;

use http::response::Parts;
use spin_pushgateway::respond::Answer;
use wasip2::http::types::{ErrorCode, Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

/// Gives an answer to the host, and waits until the host has all of it.
pub(crate) fn send(out: ResponseOutparam, answer: Answer) {
    let (head, body) = answer.into_parts();
    let opened = response(&head).and_then(|response| {
        let contents = match body.is_empty() {
            true => None,
            false => Some(response.body().map_err(|()| internal("no body"))?),
        };
        Ok((response, contents))
    });
    match opened {
        Ok((response, Some(contents))) => send_body(out, response, contents, &body),
        Ok((response, None)) => ResponseOutparam::set(out, Ok(response)),
        Err(error) => ResponseOutparam::set(out, Err(error)),
    }
}

fn send_body(
    out: ResponseOutparam,
    response: OutgoingResponse,
    contents: OutgoingBody,
    body: &[u8],
) {
    let Ok(mut stream) = contents.write() else {
        return ResponseOutparam::set(out, Err(internal("no stream")));
    };
    let room = stream.check_write().unwrap_or_default();
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let (first, rest) = body.split_at_checked(room).unwrap_or((body, &[]));
    let offered = stream.write(first);
    ResponseOutparam::set(out, Ok(response));
    // What the client does not take any more is no loss.
    if offered.is_ok() && stream.write_all(rest).is_ok() && stream.flush().is_ok() {
        drop(stream);
        let _ = OutgoingBody::finish(contents, None);
    }
}

fn response(head: &Parts) -> Result<OutgoingResponse, ErrorCode> {
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|error| internal(&error.to_string()))?;
    let response = OutgoingResponse::new(headers);
    response
        .set_status_code(head.status.as_u16())
        .map_err(|()| internal("invalid status"))?;
    Ok(response)
}

pub(crate) fn internal(message: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(message.to_owned()))
}
