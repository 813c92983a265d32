//! One of the two servers that are compared.

use std::fmt;
use std::io;

use super::request::Request;
use super::scrape::Scrape;
use super::support::client::{Body, Client, Response};

/// Changes a response to a request of that method and target: a planted defect.
pub(crate) type Alter = fn(method: &str, target: &str, response: &mut Response);

/// A planted defect, for the tests of the comparison itself.
#[derive(Clone, Copy)]
pub(crate) struct Altered(Alter);

impl Altered {
    /// Passes every response through that function.
    pub(crate) fn new(alter: Alter) -> Self {
        Self(alter)
    }
}

impl fmt::Debug for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Altered")
    }
}

/// A server with its name and a connection to it.
#[derive(Debug)]
pub(crate) struct Side {
    name: &'static str,
    client: Client,
    altered: Option<Altered>,
}

impl Side {
    /// A server as it is.
    pub(crate) fn new(name: &'static str, client: Client) -> Self {
        Self {
            name,
            client,
            altered: None,
        }
    }

    /// A server with a planted defect.
    pub(crate) fn altered(name: &'static str, client: Client, altered: Altered) -> Self {
        Self {
            name,
            client,
            altered: Some(altered),
        }
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Sends the request.
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        let body = request.body();
        // A DELETE without a body is the usual one.
        let (first, second) = body.split_at(body.len() / 3);
        let chunks = [first, second];
        let framing = if body.is_empty() && request.method.name() == "DELETE" {
            Body::None
        } else if request.delivery.chunked {
            Body::Chunked(&chunks)
        } else {
            Body::Fixed(&body)
        };
        let headers = request.delivery.headers();
        let (method, target) = (request.method.name(), request.path.target());
        self.exchange(method, &target, &headers, framing)
    }

    /// The exposition.
    pub(crate) fn scrape(&mut self, scrape: Scrape) -> Response {
        self.exchange("GET", "/metrics", &scrape.headers(), Body::None)
    }

    /// The groups as JSON.
    pub(crate) fn api_metrics(&mut self) -> Response {
        self.exchange("GET", "/api/v1/metrics", &[], Body::None)
    }

    fn exchange(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> Response {
        // A server that fails in its own code hangs up: status 0 stands for it.
        let no_answer = |error: io::Error| Response {
            status: 0,
            headers: Vec::new(),
            body: format!("no answer: {error}").into_bytes(),
        };
        let mut response = self
            .client
            .send(method, target, headers, body)
            .unwrap_or_else(no_answer);
        if let Some(Altered(alter)) = self.altered {
            alter(method, target, &mut response);
        }
        response
    }
}
