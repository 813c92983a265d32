//! Pushes with the `prometheus` crate, as jobs in Rust do.
//!
//! ```text
//! push-client URL push     pushes to several groups
//! ```
//!
//! The crate cannot delete, and has no summaries.

use std::collections::HashMap;
use std::env;

use prometheus::{
    BasicAuthentication, Gauge, Histogram, HistogramOpts, IntCounterVec, Opts, Registry, Result,
    labels,
};

fn gauge(name: &str, value: f64) -> Result<Registry> {
    let gauge = Gauge::new(name, format!("The gauge {name}."))?;
    gauge.set(value);
    let registry = Registry::new();
    registry.register(Box::new(gauge))?;
    Ok(registry)
}

/// A metric of every type, some with labels that need escaping.
fn every_type() -> Result<Registry> {
    let tasks = IntCounterVec::new(Opts::new("tasks_total", "Tasks done."), &["outcome"])?;
    tasks.with_label_values(&["ok"]).inc_by(3);
    tasks.with_label_values(&["failed: \"disk\\full\"\n"]).inc();
    let options = HistogramOpts::new("wait_seconds", "Time waited.").buckets(vec![0.5, 2.5]);
    let wait = Histogram::with_opts(options)?;
    for seconds in [0.25, 1.5, 7.0] {
        wait.observe(seconds);
    }
    let registry = gauge("temperature_celsius", -2.5)?;
    registry.register(Box::new(tasks))?;
    registry.register(Box::new(wait))?;
    Ok(registry)
}

fn push(url: &str) -> Result<()> {
    let put = |job: &str, grouping: HashMap<String, String>, registry: Registry| {
        prometheus::push_metrics(job, grouping, url, registry.gather(), None)
    };
    let add = |job: &str, registry: Registry| {
        prometheus::push_add_metrics(job, HashMap::new(), url, registry.gather(), None)
    };
    let worker = || labels! {"instance".to_owned() => "worker-1".to_owned(),};

    put("rust", worker(), gauge("replaced", 1.0)?)?;
    put("rust", worker(), every_type()?)?;

    add("rust added", gauge("kept", 1.0)?)?;
    add("rust added", gauge("changed", 1.0)?)?;
    add("rust added", gauge("changed", 2.0)?)?;

    let password = BasicAuthentication {
        username: "user".to_owned(),
        password: "secret".to_owned(),
    };
    let metrics = gauge("authorized", 1.0)?.gather();
    prometheus::push_metrics(
        "rust-password",
        HashMap::new(),
        url,
        metrics,
        Some(password),
    )
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [url, "push"] => push(url),
        _ => Err(prometheus::Error::Msg(
            "usage: push-client URL push".to_owned(),
        )),
    }
}
