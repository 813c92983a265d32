//! The routes. A path is `/ROUTE/ARGUMENT`; each line of [`answer`] is one.

use std::time::{SystemTime, UNIX_EPOCH};

use spin_sdk::variables;
use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use spin_sdk::wasip3::{spawn, wit_future, wit_stream};
use spin_sdk::wit_bindgen::{StreamReader, StreamResult};

use crate::answer::{self, Answer};
use crate::stores;

/// The most bytes of a body that are read at once.
const PIECE: usize = 64 * 1024;

struct Probe;

spin_sdk::wasip3::http::service::export!(Probe with_types_in spin_sdk::wasip3);

impl spin_sdk::wasip3::exports::http::handler::Guest for Probe {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let uri = uri(&request);
        let headers = request.get_headers().copy_all();
        let head_only = matches!(request.get_method(), Method::Head);
        let path = request.get_path_with_query().unwrap_or_default();
        let (route, argument) = split(&path);
        match route {
            "echo" => return answer::stream(copy(body(request))),
            "error" => return Err(ErrorCode::InternalError(Some("asked for".to_owned()))),
            _ => {}
        }
        let answer = match route {
            "uri" => Answer::ok(uri),
            "headers" => Answer::ok(render(headers)),
            _ => self::answer(route, argument, request).await,
        };
        answer.send(head_only).await
    }
}

/// What each route shows. `/` and unknown ones answer 404.
async fn answer(route: &str, argument: &str, request: Request) -> Answer {
    let answer = match route {
        "length" => Some(length(body(request)).await),
        "hold" => {
            // The write tells that the request has arrived, which then lasts as long as its body.
            stores::spin("set", argument, Vec::new()).await;
            Some(length(body(request)).await)
        }
        "kv" => {
            let (operation, key) = split(argument);
            stores::spin(operation, key, body(request).collect().await).await
        }
        "wasi" => {
            let (operation, keys) = split(argument);
            stores::wasi(operation, keys, body(request).collect().await)
        }
        "var" => Some(Answer::of(
            variables::get(argument).await,
            String::into_bytes,
        )),
        "env" => Some(Answer::of(std::env::var(argument), String::into_bytes)),
        "now" => Some(now()),
        "print" => {
            println!("out {argument}");
            eprintln!("err {argument}");
            Some(Answer::ok(""))
        }
        "panic" => panic!("asked for"),
        "sleep" => {
            sleep(argument).await;
            Some(Answer::ok("slept"))
        }
        "later" => {
            let (delay, key) = split(argument);
            let (delay, key) = (delay.to_owned(), key.to_owned());
            spawn(async move {
                sleep(&delay).await;
                stores::spin("set", &key, b"later".to_vec()).await;
            });
            Some(Answer::ok("accepted"))
        }
        "memory" => {
            let bytes = vec![1_u8; argument.parse().unwrap_or(0)];
            Some(Answer::ok(
                bytes
                    .iter()
                    .map(|&b| usize::from(b))
                    .sum::<usize>()
                    .to_string(),
            ))
        }
        "file" => Some(Answer::of(std::fs::read(argument), |bytes| bytes)),
        "connect" => Some(Answer::of(std::net::TcpStream::connect(argument), |_| {
            Vec::new()
        })),
        "fetch" => Some(fetch(argument).await),
        _ => None,
    };
    answer.unwrap_or(Answer {
        status: 404,
        body: b"no such route".to_vec(),
    })
}

/// The first part of a path, and what follows its slash, undecoded.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

fn uri(request: &Request) -> String {
    format!(
        "{:?} {} {}",
        request.get_scheme(),
        request.get_authority().unwrap_or_default(),
        request.get_path_with_query().unwrap_or_default()
    )
}

/// One header a line, in the host's order.
fn render(headers: Vec<(String, Vec<u8>)>) -> String {
    headers
        .into_iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(&value)))
        .collect()
}

fn body(request: Request) -> StreamReader<u8> {
    let (_, result) = wit_future::new(|| Ok(()));
    Request::consume_body(request, result).0
}

/// Passes a body on piece by piece. Handed over as it is, it would bypass the component.
fn copy(mut body: StreamReader<u8>) -> StreamReader<u8> {
    let (mut copy, contents) = wit_stream::new();
    spawn(async move {
        loop {
            let (status, piece) = body.read(Vec::with_capacity(PIECE)).await;
            let unread = copy.write_all(piece).await;
            if !unread.is_empty() || matches!(status, StreamResult::Dropped) {
                return;
            }
        }
    });
    contents
}

async fn length(mut body: StreamReader<u8>) -> Answer {
    let mut length = 0;
    loop {
        let (status, piece) = body.read(Vec::with_capacity(PIECE)).await;
        length += piece.len();
        if matches!(status, StreamResult::Dropped) {
            return Answer::ok(length.to_string());
        }
    }
}

/// The wall clock in seconds, by WASI 0.2 and by WASI 0.3.
fn now() -> Answer {
    let old = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|now| now.as_secs());
    let new = system_clock::now().seconds;
    Answer::of(old, |old| format!("{old} {new}").into_bytes())
}

async fn sleep(milliseconds: &str) {
    let milliseconds: u64 = milliseconds.parse().unwrap_or(0);
    monotonic_clock::wait_for(milliseconds.saturating_mul(1_000_000)).await;
}

/// Tries an outbound request, over HTTP.
async fn fetch(authority: &str) -> Answer {
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(Fields::new(), None, no_trailers, None);
    if request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some("/")))
        .is_err()
    {
        return Answer::failed("no authority");
    }
    Answer::of(client::send(request).await, |response| {
        response.get_status_code().to_string().into_bytes()
    })
}
