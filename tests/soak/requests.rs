//! Sends requests, and says of each answer whether it is good, excusable, or wrong.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::exposition;
use crate::hosts::{Hosts, Target};
use crate::plan::Request;
use crate::promises::{Change, Families, Kind, Pushed, name};
use crate::record::{Record, Scraped, Stopwatch};
use crate::support::client::{Body, Client, Response};

/// The header that says how long what a push brings is shown.
const HEADER: &str = "X-Pushgateway-TTL";

/// How long an answer may take. SQLite alone may wait for five seconds at each step of a request.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends requests to the hosts of one store.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) hosts: &'a Hosts,
    pub(crate) stopwatch: Stopwatch,
    /// The number of the last request.
    pub(crate) numbers: &'a AtomicU32,
}

/// What a request got: a response, or the reason why there is none, which is that its host was killed.
type Answer = Result<Response, String>;

impl Sender<'_> {
    /// Sends what changes a group, or tries to.
    ///
    /// # Errors
    ///
    /// The answer is neither what it should be nor 503, or there is none though the host lives.
    pub(crate) fn change(
        &self,
        random: &mut fastrand::Rng,
        group: usize,
        request: Request,
    ) -> Result<Record, String> {
        let number = self.number();
        self.push(random, group, request, number, &body(request, number))
    }

    /// POSTs a family that no other request names.
    pub(crate) fn post_other(
        &self,
        random: &mut fastrand::Rng,
        group: usize,
        other: usize,
    ) -> Result<Record, String> {
        let request = Request::new(Kind::Post, Families(0));
        let number = self.number();
        self.push(random, group, request, number, &format!("other{other} 1\n"))
    }

    fn push(
        &self,
        random: &mut fastrand::Rng,
        group: usize,
        request: Request,
        number: Pushed,
        body: &str,
    ) -> Result<Record, String> {
        let (method, good) = match request.kind {
            Kind::Put => ("PUT", 200),
            Kind::Post => ("POST", 200),
            Kind::Reject => ("POST", 400),
            Kind::Delete => ("DELETE", 202),
        };
        let path = exposition::path(group);
        let target = self.hosts.any(random);
        let began = self.stopwatch.now();
        let ttl = request.ttl.map(|ttl| format!("{ttl}ms"));
        let ttl = ttl.as_deref().map(|ttl| (HEADER, ttl));
        let answer = self.send(target, method, &path, ttl, Body::Fixed(body.as_bytes()))?;
        let is_done = is_good(method, &answer, good)?;
        Ok(Record {
            change: Change {
                number,
                kind: request.kind,
                families: request.families,
                began,
                answered: self.stopwatch.now(),
                is_done,
            },
            group,
            target,
            lifetime: request.lifetime(),
            answer: match answer {
                Ok(response) if is_done => response.status.to_string(),
                Ok(response) => format!("{}, {}", response.status, response.text().trim()),
                Err(reason) => reason,
            },
        })
    }

    /// Scrapes; `None` if that failed as it may.
    ///
    /// # Errors
    ///
    /// As [`Self::change`], and what is shown makes no sense.
    pub(crate) fn scrape(&self, target: Target) -> Result<Option<Scraped>, String> {
        let began = self.stopwatch.now();
        let answer = self.send(target, "GET", "/metrics", None, Body::None)?;
        let answered = self.stopwatch.now();
        if !is_good("GET", &answer, 200)? {
            return Ok(None);
        }
        let text = answer.map(|response| response.text()).unwrap_or_default();
        Ok(Some(Scraped {
            target,
            began,
            answered,
            seen: exposition::groups(&text)?,
        }))
    }

    fn send(
        &self,
        target: Target,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: Body<'_>,
    ) -> Result<Answer, String> {
        // A connection of its own: on one that was kept, the client would send the request twice.
        let mut client = Client::new(target.address).with_timeout(TIMEOUT);
        let headers: Vec<_> = header
            .into_iter()
            .chain([("Connection", "close")])
            .collect();
        match client.send(method, path, &headers, body) {
            Ok(response) => Ok(Ok(response)),
            Err(error) if self.hosts.is_alive(target) => Err(format!(
                "host {}, which nobody has killed, gives no answer to {method} {path}: {error}\n{}",
                target.host,
                self.hosts.logs().collect::<Vec<_>>().join("\n")
            )),
            Err(error) => Ok(Err(format!("killed ({error})"))),
        }
    }

    fn number(&self) -> Pushed {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn is_good(method: &str, answer: &Answer, good: u16) -> Result<bool, String> {
    match answer {
        Ok(response) if response.status == good => Ok(true),
        Ok(response) if response.status != 503 => {
            Err(format!("{method} was answered {response:?}"))
        }
        Ok(_) | Err(_) => Ok(false),
    }
}

fn body(request: Request, number: Pushed) -> String {
    match request.kind {
        // This label name is reserved.
        Kind::Reject => "a{__b=\"\"} 1\n".to_owned(),
        Kind::Delete => String::new(),
        Kind::Put | Kind::Post => request
            .families
            .iter()
            .map(|family| format!("{} {number}\n", name(family)))
            .collect(),
    }
}
