//! The routes. A path is `/ROUTE/ARGUMENT`; each line of [`answer`] is one.

use std::fmt::Debug;
use std::io::{Read, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use wasip2::clocks::monotonic_clock;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::random::random::get_random_u64;

use crate::bindings::fermyon::spin::variables;
use crate::bindings::wasi::keyvalue::store;

pub(crate) struct Probe;

/// What is done after the response: set a key, some milliseconds later.
struct Later {
    delay: u64,
    key: String,
}

impl Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let (route, argument) = split(&path);
        if let Some(answer) = answer(route, argument, &request) {
            send(out, answer);
        }
        if let Some(Later { delay, key }) = (route == "later").then(|| later(argument)) {
            monotonic_clock::subscribe_duration(delay.saturating_mul(1_000_000)).block();
            drop(store::open("default").and_then(|bucket| bucket.set(&key, b"later")));
        }
    }
}

/// What each route shows. Unknown ones answer 404, and `silent` nothing at all.
fn answer(route: &str, argument: &str, request: &IncomingRequest) -> Option<(u16, String)> {
    let answer = match route {
        "silent" => return None,
        "uri" => ok(format!(
            "{:?} {} {}",
            request.scheme(),
            request.authority().unwrap_or_default(),
            request.path_with_query().unwrap_or_default()
        )),
        "headers" => {
            let entries = request.headers().entries().into_iter();
            ok(entries
                .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(&value)))
                .collect())
        }
        "echo" => of(body(request)),
        "large" => ok("x".repeat(argument.parse().unwrap_or(0))),
        "kv" => {
            let (operation, key) = split(argument);
            match (operation, store::open("default")) {
                (_, Err(error)) => of(Err::<String, _>(error)),
                ("set", Ok(bucket)) => of(bucket.set(key, b"set").map(|()| String::new())),
                (_, Ok(bucket)) => of(bucket.get(key).map(|value| {
                    value.map_or_else(
                        || "(none)".to_owned(),
                        |value| String::from_utf8_lossy(&value).into_owned(),
                    )
                })),
            }
        }
        "var" => of(variables::get(argument)),
        "later" => ok("accepted".to_owned()),
        "panic" => panic!("asked for"),
        _ => (404, "no such route".to_owned()),
    };
    Some(answer)
}

fn ok(body: String) -> (u16, String) {
    (200, body)
}

/// 200 and a text, or 500 and an error's description.
fn of<E: Debug>(result: Result<String, E>) -> (u16, String) {
    result.map_or_else(|error| (500, format!("{error:?}")), ok)
}

fn body(request: &IncomingRequest) -> Result<String, String> {
    let body = request.consume().map_err(|()| "no body")?;
    let mut stream = body.stream().map_err(|()| "no stream")?;
    let mut text = String::new();
    stream
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    Ok(text)
}

fn later(argument: &str) -> Later {
    let (delay, key) = split(argument);
    Later {
        delay: delay.parse().unwrap_or(0),
        key: key.to_owned(),
    }
}

/// The first part of a path, and what follows its slash, undecoded.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

/// Sends a response with a `content-length`, the instance that it is from, and how many requests that has had.
fn send(out: ResponseOutparam, (status, body): (u16, String)) {
    static INSTANCE: OnceLock<u64> = OnceLock::new();
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let instance = INSTANCE.get_or_init(get_random_u64);
    let requests = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    let headers = [
        ("content-length", body.len().to_string()),
        ("probe-instance", instance.to_string()),
        ("probe-requests", requests.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.into_bytes()));
    let Ok(headers) = Fields::from_list(&headers) else {
        return;
    };
    let response = OutgoingResponse::new(headers);
    let contents = response.body();
    if response.set_status_code(status).is_err() {
        return;
    }
    ResponseOutparam::set(out, Ok(response));
    if let Ok(contents) = contents
        && let Ok(mut stream) = contents.write()
        && stream.write_all(body.as_bytes()).is_ok()
        && stream.flush().is_ok()
    {
        drop(stream);
        drop(OutgoingBody::finish(contents, None));
    }
}
