//! Answers: status, headers and body.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName,
    HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};

use crate::auth::Refusal;
use crate::quote::shorten;
use crate::store::StoreError;

/// An answer, its whole body in memory.
pub type Answer = Response<Vec<u8>>;

/// The type of a plain text.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// When to try again after a failure of the store, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The type of what the API answers.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What lets scripts of any site read the API, as the Pushgateway has it.
const CROSS_ORIGIN: [(HeaderName, HeaderValue); 5] = [
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Accept, Authorization, Content-Type, Origin"),
    ),
    (
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE, OPTIONS"),
    ),
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Date"),
    ),
    (
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, must-revalidate"),
    ),
];

/// A status and nothing else: what clients expect of a push that worked.
#[must_use]
pub fn empty(status: StatusCode) -> Answer {
    with(status, &[], Vec::new())
}

/// A body of this type.
#[must_use]
pub fn body(content_type: &str, body: Vec<u8>) -> Answer {
    let content_type = HeaderValue::from_str(content_type).unwrap_or(PLAIN_TEXT);
    with(StatusCode::OK, &[(CONTENT_TYPE, content_type)], body)
}

/// A short text that is no error, without a line feed, as the Pushgateway's are.
#[must_use]
pub fn text(status: StatusCode, text: &str) -> Answer {
    with(
        status,
        &[(CONTENT_TYPE, PLAIN_TEXT)],
        text.as_bytes().to_vec(),
    )
}

/// How long an error text may be, in bytes. It may quote what was pushed, which can be millions.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// An error, in the form of Go's `http.Error`.
#[must_use]
pub fn error(status: StatusCode, text: &str) -> Answer {
    let headers = [
        (CONTENT_TYPE, PLAIN_TEXT),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    with(
        status,
        &headers,
        format!("{}\n", shorten(text, MAX_ERROR_BYTES)).into_bytes(),
    )
}

/// A method that the path does not have.
#[must_use]
pub fn method_not_allowed(allow: &'static str) -> Answer {
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    answer
}

/// A request without a token that is good for it.
#[must_use]
pub fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Unknown(challenge) => {
            let mut answer = error(StatusCode::UNAUTHORIZED, &refusal.to_string());
            let challenge = HeaderValue::from_static(challenge.as_str());
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            answer
        }
        Refusal::NotAllowed => error(StatusCode::FORBIDDEN, &refusal.to_string()),
    }
}

/// The methods that the path has.
#[must_use]
pub fn options(allow: &'static str) -> Answer {
    with(
        StatusCode::OK,
        &[(ALLOW, HeaderValue::from_static(allow))],
        Vec::new(),
    )
}

/// JSON, for those who are on this site.
#[must_use]
pub fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let headers = [
        (CONTENT_TYPE, JSON),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    with(status, &headers, body)
}

/// The answer of a path of the API that scripts of any site may read.
#[must_use]
pub fn api(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut answer = with(status, &CROSS_ORIGIN, body);
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// The methods that such a path has.
#[must_use]
pub fn api_options(allow: &'static str) -> Answer {
    let mut answer = options(allow);
    answer.headers_mut().extend(CROSS_ORIGIN);
    answer
}

fn with(status: StatusCode, headers: &[(HeaderName, HeaderValue)], body: Vec<u8>) -> Answer {
    let length = HeaderValue::from(body.len());
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().extend(headers.iter().cloned());
    // Always, also without a body: else the host sends the end of the body in a segment of its own.
    answer.headers_mut().insert(CONTENT_LENGTH, length);
    answer
}

/// The answer to `method`: to HEAD the headers of what GET would get, without the body.
#[must_use]
pub fn for_method(method: &Method, mut answer: Answer) -> Answer {
    if method == Method::HEAD {
        answer.body_mut().clear();
    }
    answer
}

/// The store failed: nothing was promised, trying again is right.
#[must_use]
pub fn store_failed(failure: &StoreError) -> Answer {
    try_again(error(StatusCode::SERVICE_UNAVAILABLE, &failure.to_string()))
}

/// The same of the API, which says it in this body.
#[must_use]
pub fn api_store_failed(body: Vec<u8>) -> Answer {
    try_again(api(StatusCode::SERVICE_UNAVAILABLE, body))
}

/// The store failed, said in JSON.
#[must_use]
pub fn json_store_failed(body: Vec<u8>) -> Answer {
    try_again(json(StatusCode::SERVICE_UNAVAILABLE, body))
}

/// There is too much to do at once.
#[must_use]
pub fn busy(text: &str) -> Answer {
    let mut answer = try_again(error(StatusCode::SERVICE_UNAVAILABLE, text));
    answer.extensions_mut().insert(Busy);
    answer
}

/// Whether an answer is [`busy`]'s, so that the store is not to blame.
#[must_use]
pub fn is_busy(answer: &Answer) -> bool {
    answer.extensions().get::<Busy>().is_some()
}

/// Marks answers of [`busy`].
#[derive(Clone, Debug)]
struct Busy;

fn try_again(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Challenge;

    #[test]
    fn every_answer_says_how_long_it_is() {
        let answers = [
            empty(StatusCode::OK),
            text(StatusCode::OK, "OK"),
            error(StatusCode::NOT_FOUND, "404 page not found"),
            method_not_allowed("GET"),
            options("GET"),
            api(StatusCode::OK, b"{}".to_vec()),
            api_options("GET"),
            api_store_failed(b"{}".to_vec()),
            store_failed(&StoreError {
                operation: "read",
                message: "gone".to_owned(),
            }),
            busy("later"),
        ];
        for answer in answers {
            assert_eq!(
                answer.headers()[CONTENT_LENGTH],
                answer.body().len().to_string()
            );
        }
    }

    #[test]
    fn head_gets_the_headers_of_get() {
        let answer = for_method(&Method::HEAD, text(StatusCode::OK, "OK"));
        assert_eq!(
            (answer.body().as_slice(), &answer.headers()[CONTENT_LENGTH]),
            (&b""[..], &HeaderValue::from(2))
        );
        assert_eq!(
            for_method(&Method::GET, text(StatusCode::OK, "OK")).body(),
            b"OK"
        );
    }

    #[test]
    fn who_is_unknown_is_asked_for_a_token() {
        let cases = [
            (
                Refusal::Unknown(Challenge::Bearer),
                StatusCode::UNAUTHORIZED,
                Some("Bearer realm=\"pushgateway\""),
            ),
            (
                Refusal::Unknown(Challenge::Basic),
                StatusCode::UNAUTHORIZED,
                Some("Basic realm=\"pushgateway\", charset=\"UTF-8\""),
            ),
            (Refusal::NotAllowed, StatusCode::FORBIDDEN, None),
        ];
        for (refusal, status, challenge) in cases {
            let answer = refused(refusal);
            assert_eq!(answer.status(), status);
            let got = answer.headers().get(WWW_AUTHENTICATE);
            assert_eq!(got.map(HeaderValue::as_bytes), challenge.map(str::as_bytes));
        }
    }
}
