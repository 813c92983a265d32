//! Responses whose head and body leave a host in as few writes as it can manage.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Response};
use spin_sdk::wasip3::random::random::get_random_u64;
use spin_sdk::wasip3::{spawn, wit_future, wit_stream};
use spin_sdk::wit_bindgen::StreamReader;

/// A status and a text.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// 200 and a text.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
        }
    }

    /// 500 and what went wrong.
    pub(crate) fn failed(error: impl std::fmt::Debug) -> Self {
        Self {
            status: 500,
            body: format!("{error:?}").into_bytes(),
        }
    }

    /// 200 and a value's description, or 500 and an error's.
    pub(crate) fn of<T, E: std::fmt::Debug>(
        result: Result<T, E>,
        describe: impl FnOnce(T) -> Vec<u8>,
    ) -> Self {
        match result {
            Ok(value) => Self::ok(describe(value)),
            Err(error) => Self::failed(error),
        }
    }

    /// The response, with a `content-length`, and for `HEAD` without the body.
    pub(crate) async fn send(self, head_only: bool) -> Result<Response, ErrorCode> {
        let headers = headers(Some(self.body.len()))?;
        let (trailers, no_trailers) = wit_future::new(|| Ok(None));
        if head_only || self.body.is_empty() {
            let (response, _) = Response::new(headers, None, no_trailers);
            return finish(response, self.status);
        }
        let (mut body, contents) = wit_stream::new();
        let (response, _) = Response::new(headers, Some(contents), no_trailers);
        let mut write = Box::pin(async move {
            body.write_all(self.body).await;
            drop(body);
            drop(trailers.write(Ok(None)).await);
        });
        // The body is offered before the head, so that the host finds both.
        poll_fn(|context| {
            let _ = write.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        spawn(write);
        finish(response, self.status)
    }
}

/// A response that passes a stream on, without a `content-length`.
pub(crate) fn stream(contents: StreamReader<u8>) -> Result<Response, ErrorCode> {
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (response, _) = Response::new(headers(None)?, Some(contents), no_trailers);
    finish(response, 200)
}

fn finish(response: Response, status: u16) -> Result<Response, ErrorCode> {
    match response.set_status_code(status) {
        Ok(()) => Ok(response),
        Err(()) => Err(ErrorCode::InternalError(None)),
    }
}

/// The headers of every response: its length, if known, and which instance it is from.
fn headers(length: Option<usize>) -> Result<Fields, ErrorCode> {
    static INSTANCE: OnceLock<u64> = OnceLock::new();
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let instance = INSTANCE.get_or_init(get_random_u64);
    let requests = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    let mut headers = vec![
        (
            "probe-instance".to_owned(),
            instance.to_string().into_bytes(),
        ),
        (
            "probe-requests".to_owned(),
            requests.to_string().into_bytes(),
        ),
    ];
    if let Some(length) = length {
        headers.push(("content-length".to_owned(), length.to_string().into_bytes()));
    }
    Fields::from_list(&headers)
        .map_err(|error| ErrorCode::InternalError(Some(format!("{error:?}"))))
}
