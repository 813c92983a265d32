//! A request from beginning to end: route, operation, answer. The same for every door that leads here.

use std::fmt::Display;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::api;
use crate::api::groups::GroupsError;
use crate::cleanup::Cleanup;
use crate::config::Config;
use crate::consistency::Kind;
use crate::delete;
use crate::exposition::content_type::PushFormat;
use crate::exposition::model::MetricFamily;
use crate::exposition::negotiate::Format;
use crate::exposition::{encoding, openmetrics, protobuf, text};
use crate::forward::Forward;
use crate::groups::key::GroupingKey;
use crate::groups::path;
use crate::hints;
use crate::log;
use crate::push::{self, Push, PushError, Rules};
use crate::quote::shorten;
use crate::receive::{self, Body, ReceiveError};
use crate::respond::{self, Answer};
use crate::routes::{self, Change, Route};
use crate::scrape::{self, Scrape};
use crate::site;
use crate::store::records::Shapes;
use crate::store::{Store, StoreError, World};
use crate::ui;

/// How much of a path is logged, in bytes: anybody may ask for any path.
const MAX_LOGGED_PATH: usize = 256;

/// The gateway: what it needs to answer a request.
#[derive(Debug)]
pub struct Service<'a, S, W> {
    /// Where groups live.
    pub store: &'a S,
    /// Clock and random numbers.
    pub world: &'a W,
    /// How it is configured.
    pub config: &'a Config,
}

/// An answer, and what is to be done when it is on its way.
#[derive(Debug)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// What can be tidied up in the store.
    pub cleanup: Cleanup,
    /// What is to be forwarded.
    pub forward: Option<Forward>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            cleanup: Cleanup::default(),
            forward: None,
        }
    }
}

impl<S: Store, W: World> Service<'_, S, W> {
    /// Answers a request.
    pub async fn serve<B: Body>(&self, request: &Parts, body: &mut B) -> Reply {
        let mut reply = self.answer(request, body).await;
        if reply.answer.status() == StatusCode::SERVICE_UNAVAILABLE
            && !respond::is_busy(&reply.answer)
        {
            let text = String::from_utf8_lossy(reply.answer.body());
            log::warn("store failed", &about(request, &text.trim_end()));
        }
        reply.answer = respond::for_method(&request.method, reply.answer);
        reply
    }

    async fn answer<B: Body>(&self, request: &Parts, body: &mut B) -> Reply {
        let route = routes::route(&request.method, request.uri.path(), &self.config.paths);
        if let Some(answer) = self.refuse(&route, request) {
            return answer.into();
        }
        match route {
            Route::Scrape => self.scrape(&request.headers).await,
            Route::Group {
                change,
                job,
                segments,
            } => match path::parse(job, &segments, self.config.names) {
                Ok(key) => self.change(change, &key, request, body).await,
                Err(error) => respond::error(StatusCode::BAD_REQUEST, &error.to_string()).into(),
            },
            Route::Healthy => respond::text(StatusCode::OK, "OK").into(),
            Route::Ready => self.ready().await.into(),
            Route::ApiStatus => api_answer(api::status(self.store, self.config).await).into(),
            Route::ApiMetrics => api_answer(api::metrics(self.store, self.world).await).into(),
            Route::ApiOptions(allow) => respond::api_options(allow).into(),
            Route::ListGroups => {
                let query = query(request);
                groups_answer(api::groups::list(self.store, self.world, query).await).into()
            }
            Route::DeleteGroups | Route::Wipe if !self.config.admin_api => not_found().into(),
            Route::DeleteGroups => {
                let query = query(request);
                groups_answer(api::groups::delete(self.store, self.world, query).await).into()
            }
            Route::Wipe => self.wipe().await.into(),
            Route::Quit => quit(&request.method).into(),
            Route::Ui(page) => {
                let answer = ui::page(page, self.store, self.world, self.config, request).await;
                match answer {
                    Ok(answer) => compressed(&request.headers, answer).into(),
                    Err(error) => respond::store_failed(&error).into(),
                }
            }
            Route::UiAsset(name) => ui::asset(name, request)
                .map_or_else(not_found, |file| compressed(&request.headers, file))
                .into(),
            Route::UiRedirect => ui::redirect(self.config).into(),
            Route::Options(allow) => respond::options(allow).into(),
            Route::MethodNotAllowed(allow) => respond::method_not_allowed(allow).into(),
            Route::NotFound => not_found().into(),
        }
    }

    /// The answer to what another site is behind, and to who lacks a token, before anything of the body is read.
    fn refuse(&self, route: &Route<'_>, request: &Parts) -> Option<Answer> {
        if let Err(other_site) = site::check(request) {
            log::warn("request refused", &about(request, &other_site));
            return Some(respond::error(
                StatusCode::FORBIDDEN,
                &other_site.to_string(),
            ));
        }
        let Config { tokens, names, .. } = self.config;
        let refusal = tokens.check(route, *names, &request.headers).err()?;
        log::warn("request refused", &about(request, &refusal));
        Some(respond::refused(refusal))
    }

    async fn scrape(&self, headers: &HeaderMap) -> Reply {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let format = Format::negotiate(accept, self.config.web_openmetrics);
        match scrape::scrape(self.store, self.world, format, &self.config.group_limits).await {
            Ok(Scrape {
                body,
                cleanup,
                warnings,
            }) => {
                for warning in &warnings {
                    log::warn("scrape", warning);
                }
                let mut answer = respond::body(&format.content_type(), body);
                answer.headers_mut().insert(VARY, HeaderValue::from(ACCEPT));
                Reply {
                    answer: compressed(headers, answer),
                    cleanup,
                    forward: None,
                }
            }
            Err(error) => respond::store_failed(&error).into(),
        }
    }

    async fn change<B: Body>(
        &self,
        change: Change,
        key: &GroupingKey,
        request: &Parts,
        body: &mut B,
    ) -> Reply {
        let kind = match change {
            Change::Put => Kind::Put,
            Change::Post => Kind::Post,
            Change::Delete => {
                return match delete::delete(self.store, self.world, key).await {
                    Ok(()) => respond::empty(StatusCode::ACCEPTED).into(),
                    Err(error) => respond::store_failed(&error).into(),
                };
            }
        };
        let ttl = match self.config.lifetimes.of_push(request) {
            Ok(ttl) => ttl,
            Err(error) => {
                return respond::error(StatusCode::BAD_REQUEST, &error.to_string()).into();
            }
        };
        let body = match receive::receive(&request.headers, body, self.config.max_push_bytes).await
        {
            Ok(body) => body,
            Err(error @ ReceiveError::TooLarge { .. }) => {
                return respond::error(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()).into();
            }
            Err(error @ ReceiveError::NoMemory) => {
                log::warn("push refused", &format!("group {key}: {error}"));
                return respond::busy(&error.to_string()).into();
            }
            Err(error) => {
                return respond::error(StatusCode::BAD_REQUEST, &error.to_string()).into();
            }
        };
        match self.parse(&request.headers, &body) {
            Ok(families) => {
                let push = Push {
                    kind,
                    key,
                    families,
                    ttl,
                };
                self.push(push).await
            }
            Err(text) => respond::error(StatusCode::BAD_REQUEST, &text).into(),
        }
    }

    /// The families in a body of the type that the headers say, or what is wrong with it.
    fn parse<'b>(
        &self,
        headers: &HeaderMap,
        body: &'b [u8],
    ) -> Result<Vec<MetricFamily<'b>>, String> {
        let names = self.config.names;
        let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        match PushFormat::of_header(content_type, self.config.push_openmetrics) {
            PushFormat::Text => text::parse(body, names)
                .map_err(|error| hints::add(&error.to_string(), hints::for_text(&error, body))),
            PushFormat::Protobuf => protobuf::parse(body, names).map_err(|error| error.to_string()),
            PushFormat::OpenMetrics => {
                openmetrics::parse(body, names).map_err(|error| error.to_string())
            }
        }
    }

    async fn push(&self, push: Push<'_>) -> Reply {
        let key = push.key;
        let rules = Rules {
            consistency_check: self.config.consistency_check,
            max_entry_bytes: self.config.max_entry_bytes,
            push_limits: self.config.push_limits,
            group_limits: self.config.group_limits,
            forward: self.config.forward.as_ref().map(|target| target.timeout),
        };
        match push::push(self.store, self.world, push, rules).await {
            Ok(forward) => {
                let accepted = if rules.consistency_check {
                    StatusCode::OK
                } else {
                    StatusCode::ACCEPTED
                };
                Reply {
                    forward,
                    ..respond::empty(accepted).into()
                }
            }
            Err(error) => push_failed(key, error, rules).into(),
        }
    }

    /// Everything goes, also groups that cannot be read.
    async fn wipe(&self) -> Answer {
        match delete::delete_all_groups(self.store, self.world).await {
            Ok(()) => respond::empty(StatusCode::ACCEPTED),
            Err(error) => respond::store_failed(&error),
        }
    }

    /// Whether the store can be read.
    async fn ready(&self) -> Answer {
        match Shapes::read(self.store).await {
            Ok(_) => respond::text(StatusCode::OK, "OK"),
            Err(error) => respond::store_failed(&error),
        }
    }
}

/// The answer to a push that was not stored.
fn push_failed(key: &GroupingKey, error: PushError, rules: Rules) -> Answer {
    match error {
        // Without the check a push is answered before it is looked at, as in the Pushgateway.
        PushError::Rejected(_) if !rules.consistency_check => respond::empty(StatusCode::ACCEPTED),
        PushError::Rejected(violations) => {
            log::warn("push rejected", &format!("group {key}: {violations}"));
            let text = format!(
                "pushed metrics are invalid or inconsistent with existing metrics: {violations}"
            );
            respond::error(
                StatusCode::BAD_REQUEST,
                &hints::add(&text, violations.hint()),
            )
        }
        PushError::Exceeds(exceeded) => {
            log::warn("push refused", &format!("group {key}: {exceeded}"));
            respond::error(StatusCode::UNPROCESSABLE_ENTITY, &exceeded.to_string())
        }
        PushError::Full(full) => {
            log::warn("push refused", &format!("group {key}: {full}"));
            respond::error(StatusCode::TOO_MANY_REQUESTS, &full.to_string())
        }
        PushError::TooLarge { size, limit } => {
            let text =
                format!("push takes {size} bytes in the store, max_entry_bytes allows {limit}");
            respond::error(StatusCode::PAYLOAD_TOO_LARGE, &text)
        }
        PushError::Store(error) => respond::store_failed(&error),
    }
}

/// The answer to a request while the store cannot even be opened.
#[must_use]
pub fn without_store(request: &Parts, config: &Config, error: &StoreError) -> Reply {
    let route = routes::route(&request.method, request.uri.path(), &config.paths);
    let answer = if route == Route::Healthy {
        respond::text(StatusCode::OK, "OK")
    } else {
        log::warn("store failed", &about(request, error));
        respond::store_failed(error)
    };
    respond::for_method(&request.method, answer).into()
}

/// Method, path and reason: neither headers nor the query, where tokens may be.
fn about(request: &Parts, reason: &dyn Display) -> String {
    let (method, path) = (
        &request.method,
        shorten(request.uri.path(), MAX_LOGGED_PATH),
    );
    format!("{method} {path}: {reason}")
}

/// The answer, compressed if the request allows it. Either way it tells caches that another request may not.
fn compressed(headers: &HeaderMap, mut answer: Answer) -> Answer {
    // Beside what else it may depend on.
    answer
        .headers_mut()
        .append(VARY, HeaderValue::from(ACCEPT_ENCODING));
    let accepted = headers
        .get_all(ACCEPT_ENCODING)
        .into_iter()
        .map(HeaderValue::as_bytes);
    if encoding::accepts_gzip(accepted) {
        let body = encoding::gzip(answer.body());
        answer
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        answer
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *answer.body_mut() = body;
    }
    answer
}

fn not_found() -> Answer {
    respond::error(StatusCode::NOT_FOUND, "404 page not found")
}

fn query(request: &Parts) -> &str {
    request.uri.query().unwrap_or_default()
}

fn groups_answer(result: Result<Vec<u8>, GroupsError>) -> Answer {
    match result {
        Ok(body) => respond::json(StatusCode::OK, body),
        Err(GroupsError::Query(error)) => {
            respond::json(StatusCode::BAD_REQUEST, api::groups::bad_query(&error))
        }
        Err(GroupsError::Store(error)) => respond::json_store_failed(api::unavailable(&error)),
    }
}

fn api_answer(body: Result<Vec<u8>, StoreError>) -> Answer {
    match body {
        Ok(body) => respond::api(StatusCode::OK, body),
        Err(error) => respond::api_store_failed(api::unavailable(&error)),
    }
}

/// Nothing that runs here can be stopped by a request: answered as the Pushgateway does without its lifecycle API.
fn quit(method: &Method) -> Answer {
    if matches!(*method, Method::PUT | Method::POST) {
        respond::text(StatusCode::FORBIDDEN, "Lifecycle API is not enabled.")
    } else {
        respond::text(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only POST or PUT requests allowed.",
        )
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::testing::{At, Pieces, block_on};

    /// The answer to a GET with this `Accept-Encoding`.
    fn get(path: &str, accepted: Option<&str>) -> Answer {
        let config = Config::read(|_| None).expect("the defaults are valid");
        let service = Service {
            store: &MemoryStore::default(),
            world: &At(1),
            config: &config,
        };
        let mut request = Request::get(path);
        if let Some(accepted) = accepted {
            request = request.header(ACCEPT_ENCODING, accepted);
        }
        let (parts, ()) = request.body(()).expect("is valid").into_parts();
        block_on(service.serve(&parts, &mut Pieces::new(&[]))).answer
    }

    #[test]
    fn what_may_be_compressed_tells_caches_so() {
        let cases = [
            ("/metrics", vec!["accept", "accept-encoding"]),
            ("/", vec!["Cookie", "accept-encoding"]),
            ("/status", vec!["Cookie", "accept-encoding"]),
            ("/group/x", vec!["Cookie", "accept-encoding"]),
            ("/-/ui/ui.css", vec!["accept-encoding"]),
        ];
        for (path, want) in cases {
            for (accepted, encoding) in [(None, None), (Some("gzip"), Some("gzip"))] {
                let answer = get(path, accepted);
                let headers = answer.headers();
                let got: Vec<_> = headers.get_all(VARY).into_iter().collect();
                assert_eq!(got, want, "{path} {accepted:?}");
                let got = headers.get(CONTENT_ENCODING);
                assert_eq!(got.map(HeaderValue::as_bytes), encoding.map(str::as_bytes));
            }
        }
    }
}
