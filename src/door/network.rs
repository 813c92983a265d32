//! Outgoing requests, through the host's HTTP client.

use std::pin::pin;

use futures::future::{self, Either};
use http::HeaderMap;
use http::uri::Scheme as UriScheme;
use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use spin_sdk::wasip3::{wit_future, wit_stream};

use crate::duration::Nanos;
use crate::forward::{Network, NetworkError};

/// How much of the body of an answer is read, in bytes.
const MAX_BODY: usize = 1024;

/// The host's HTTP client and clock.
pub(super) struct Outgoing;

impl Network for Outgoing {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, NetworkError> {
        let (head, body) = request.into_parts();
        let (mut contents, contents_reader) = wit_stream::new();
        let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
        let headers = fields(&head.headers)?;
        let (request, _) = Request::new(headers, Some(contents_reader), trailers_reader, None);
        let scheme = match head.uri.scheme() {
            Some(scheme) if *scheme == UriScheme::HTTP => Scheme::Http,
            _ => Scheme::Https,
        };
        let authority = head.uri.authority().map(ToString::to_string);
        let path = head.uri.path_and_query().map(ToString::to_string);
        request
            .set_method(&Method::Post)
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(authority.as_deref()))
            .and_then(|()| request.set_path_with_query(path.as_deref()))
            .map_err(|()| NetworkError("the host does not take the URL".to_owned()))?;
        let write = async move {
            // A receiver that has seen enough need not take the rest.
            contents.write_all(body).await;
            drop(contents);
            let _ = trailers.write(Ok(None)).await;
        };
        let (response, ()) = future::join(client::send(request), write).await;
        let response = response.map_err(|error| failed(&error))?;
        let status = response.get_status_code();
        let status = http::StatusCode::from_u16(status)
            .map_err(|_| NetworkError(format!("the status is {status}")))?;
        // Success needs no words.
        let body = if status.is_success() {
            Vec::new()
        } else {
            beginning(response).await
        };
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        Ok(answer)
    }

    async fn within<F: Future>(&self, limit: Nanos, work: F) -> Option<F::Output> {
        let (work, end) = (pin!(work), pin!(monotonic_clock::wait_for(limit)));
        match future::select(work, end).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }
}

fn fields(headers: &HeaderMap) -> Result<Fields, NetworkError> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&headers)
        .map_err(|error| NetworkError(format!("the host does not take the headers: {error}")))
}

/// The beginning of the body. What breaks off is as good as what is too long.
async fn beginning(response: Response) -> Vec<u8> {
    let (_, processed) = wit_future::new(|| Ok(()));
    let (mut stream, _) = Response::consume_body(response, processed);
    let mut body = Vec::new();
    while body.len() < MAX_BODY {
        let (_, piece) = stream.read(Vec::with_capacity(MAX_BODY)).await;
        if piece.is_empty() {
            break;
        }
        body.extend(piece);
    }
    body
}

fn failed(error: &ErrorCode) -> NetworkError {
    NetworkError(match error {
        ErrorCode::HttpRequestDenied => {
            "the host does not allow requests to it: see allowed_outbound_hosts in spin.toml, and \
             the variable forward_host"
                .to_owned()
        }
        error => error.to_string().replace("ErrorCode::", ""),
    })
}
