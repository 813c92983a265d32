//! The gateway on the platform, configured as `deploy/akamai.md` says.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use spin_pushgateway::config::Config;
use spin_pushgateway::receive::{Body, BodyError};
use spin_pushgateway::respond::Answer;
use spin_pushgateway::service::Service;

use super::platform::Platform;

/// Where pushes and scrapes of a test arrive.
pub(crate) const HERE: usize = 0;
/// Somewhere else.
pub(crate) const THERE: usize = 1;

/// What stands for each secret that the page takes from the environment.
const TOKEN: &str = "a-token-for-tests";

/// A gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) platform: Platform,
    pub(crate) config: Config,
}

impl Gateway {
    /// As the page says.
    pub(crate) fn new() -> Self {
        Self::with(&variables())
    }

    /// With these variables.
    pub(crate) fn with(variables: &BTreeMap<String, String>) -> Self {
        Self {
            platform: Platform::new(),
            config: Config::read(|name| variables.get(name).cloned()).expect("valid"),
        }
    }

    /// The answer to a request that arrives in this region, and the tidying after it. No time passes.
    pub(crate) fn send(&self, region: usize, method: &str, path: &str, body: &str) -> Answer {
        let token = HeaderValue::from_str(&format!("Bearer {TOKEN}")).expect("a header");
        self.answer(region, method, path, body, Some(token))
    }

    /// The same without a token.
    pub(crate) fn send_unknown(&self, region: usize, method: &str, path: &str) -> Answer {
        self.answer(region, method, path, "", None)
    }

    fn answer(
        &self,
        region: usize,
        method: &str,
        path: &str,
        body: &str,
        token: Option<HeaderValue>,
    ) -> Answer {
        let store = self.platform.request(region);
        let service = Service {
            store: &store,
            world: &self.platform,
            config: &self.config,
        };
        let request = Request::builder().method(method).uri(path).body(());
        let (mut head, ()) = request.expect("a request").into_parts();
        head.headers
            .extend(token.map(|token| (AUTHORIZATION, token)));
        let mut body = Whole(Some(body.as_bytes().to_vec()));
        block_on(async {
            let reply = service.serve(&head, &mut body).await;
            // As at the door: what is not tidied up now is left to the next scrape.
            let _ = reply.cleanup.run(&store).await;
            reply.answer
        })
    }

    /// The status of a PUT to the group of this job.
    pub(crate) fn put(&self, region: usize, job: &str, body: &str) -> u16 {
        self.send(region, "PUT", &format!("/metrics/job/{job}"), body)
            .status()
            .as_u16()
    }

    /// The status of a POST to it.
    pub(crate) fn post(&self, region: usize, job: &str, body: &str) -> u16 {
        self.send(region, "POST", &format!("/metrics/job/{job}"), body)
            .status()
            .as_u16()
    }

    /// The pushed samples that a scrape in this region sees, as `name{job} value`.
    pub(crate) fn samples(&self, region: usize) -> Vec<String> {
        let answer = self.send(region, "GET", "/metrics", "");
        assert_eq!(answer.status(), 200);
        let text = String::from_utf8(answer.into_body()).expect("text");
        let pushed = text.lines().filter(|line| {
            !line.starts_with('#') && !line.starts_with("push") && !line.starts_with("promhttp")
        });
        pushed
            .map(|line| line.replace("instance=\"\",job=\"", "").replace("\"}", "}"))
            .collect()
    }
}

/// The variables that the command of the page sets.
///
/// A value that the command takes from the environment (`"$NAME"`) is secret: it becomes the tests' token.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let page = include_str!("../../deploy/akamai.md");
    let command = page
        .split("```")
        .find(|block| block.contains("spin aka deploy"))
        .expect("the page deploys");
    let mut variables = BTreeMap::new();
    for setting in command.split("--variable ").skip(1) {
        let setting = setting.split_whitespace().next().expect("a setting");
        let (name, value) = setting.split_once('=').expect("name=value");
        assert!(Config::VARIABLES.contains(&name), "{name} is no variable");
        let is_secret = value.starts_with("\"$");
        let value = if is_secret { TOKEN } else { value };
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

struct Whole(Option<Vec<u8>>);

impl Body for Whole {
    async fn next(&mut self) -> Option<Result<Vec<u8>, BodyError>> {
        self.0.take().map(Ok)
    }
}

/// Runs a future that waits for nothing outside.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
