//! The requests.

use spin_sdk::key_value::Store;
use spin_sdk::wasip3;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Request, Response};
use spin_sdk::wasip3::random::random::get_random_u64;
use spin_sdk::wasip3::{wit_future, wit_stream};
use spin_sdk::wit_bindgen::StreamResult;

use crate::bindings::wasi::keyvalue::{batch, store};

/// How many keys a batch reads, as in the gateway.
const BATCH: usize = 100;

/// How much of a body is asked for at a time, as in the gateway.
const PIECE: usize = 64 * 1024;

struct Floor;

wasip3::http::service::export!(Floor with_types_in spin_sdk::wasip3);

impl wasip3::exports::http::handler::Guest for Floor {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let path = request.get_path_with_query().unwrap_or_default();
        let mut parts = path.trim_start_matches('/').split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("write"), Some(key), Some(size)) => {
                write(key, fresh(size.parse().unwrap_or(0))).await?;
                answer(Vec::new()).await
            }
            (Some("store"), Some(key), None) => {
                let size = body(request).await.len();
                write(key, fresh(size)).await?;
                answer(Vec::new()).await
            }
            (Some("read"), None, None) => {
                let size = read_all().map_err(failed)?;
                answer(size.to_string().into_bytes()).await
            }
            _ => Err(ErrorCode::HttpRequestUriInvalid),
        }
    }
}

/// A value that was never written before: SQLite leaves pages alone that would not change, and does not synchronise.
fn fresh(size: usize) -> Vec<u8> {
    let mut value = get_random_u64().to_le_bytes().repeat(size.div_ceil(8));
    value.truncate(size);
    value
}

async fn write(key: &str, value: Vec<u8>) -> Result<(), ErrorCode> {
    let store = Store::open_default().await.map_err(failed)?;
    store.set(key, value).await.map_err(failed)
}

/// The size of all values.
fn read_all() -> Result<usize, store::Error> {
    let bucket = store::open("default")?;
    let keys = bucket.list_keys(None)?.keys;
    let mut size = 0;
    for keys in keys.chunks(BATCH) {
        for (_, value) in batch::get_many(&bucket, keys)? {
            size += value.map_or(0, |value| value.len());
        }
    }
    Ok(size)
}

async fn body(request: Request) -> Vec<u8> {
    let (_, result) = wit_future::new(|| Ok(()));
    let (mut stream, _end) = Request::consume_body(request, result);
    let mut body = Vec::new();
    loop {
        let (status, piece) = stream.read(Vec::with_capacity(PIECE)).await;
        body.extend_from_slice(&piece);
        if !matches!(status, StreamResult::Complete(_)) {
            return body;
        }
    }
}

async fn answer(body: Vec<u8>) -> Result<Response, ErrorCode> {
    let headers = vec![(
        "content-length".to_owned(),
        body.len().to_string().into_bytes(),
    )];
    let headers = Fields::from_list(&headers).map_err(failed)?;
    let (trailers, no_trailers) = wit_future::new(|| Ok(None));
    if body.is_empty() {
        return Ok(Response::new(headers, None, no_trailers).0);
    }
    let (mut writer, contents) = wit_stream::new();
    let (response, _) = Response::new(headers, Some(contents), no_trailers);
    wasip3::spawn(async move {
        writer.write_all(body).await;
        drop(writer);
        drop(trailers.write(Ok(None)).await);
    });
    Ok(response)
}

fn failed(error: impl std::fmt::Debug) -> ErrorCode {
    ErrorCode::InternalError(Some(format!("{error:?}")))
}
