//! A gateway that asks for a token, and a relay before it.

use std::process::{Command, Output};

use crate::busy::Busy;
use crate::support::gateway::{Gateway, Options};

/// Good for the jobs of the examples.
pub(crate) const TOKEN: &str = "a-token-for-examples";

/// Where an example pushes to.
#[derive(Debug)]
pub(crate) struct Stage {
    gateway: Gateway,
    busy: Busy,
}

impl Stage {
    /// A gateway that takes the token for this job alone, and says 503 so many times first.
    pub(crate) fn start(job: &str, refusals: usize) -> Self {
        let tokens = format!("{job}={TOKEN}");
        let gateway = Options::new().variable("push_tokens", &tokens).start();
        let busy = Busy::start(gateway.address(), refusals);
        Self { gateway, busy }
    }

    /// Runs a program that is told where the gateway is, with the token or with another.
    pub(crate) fn run(&self, program: &mut Command, token: Option<&str>) -> Output {
        program
            .env("PUSHGATEWAY_URL", self.url())
            .env("PUSHGATEWAY_TOKEN", token.unwrap_or(TOKEN))
            .output()
            .expect("a program that starts")
    }

    /// Where a program is to push to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.busy.address())
    }

    /// How many requests the program has made.
    pub(crate) fn requests(&self) -> usize {
        self.busy.requests()
    }

    /// The pushed samples, but for how long things took.
    pub(crate) fn samples(&self) -> Vec<String> {
        let scrape = self.gateway.client().get("/metrics").expect("a scrape");
        scrape
            .text()
            .lines()
            .filter(|line| line.contains("_last_run_") && !line.starts_with('#'))
            .filter(|line| !line.contains("duration"))
            .map(str::to_owned)
            .collect()
    }
}
