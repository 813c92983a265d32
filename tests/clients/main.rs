//! Real clients push to the compiled component, and a real Prometheus scrapes it: see `README.md`.

#[path = "../support/mod.rs"]
mod support;

mod curl;
mod exemplars;
mod forwarding;
mod go;
mod java;
mod native_histograms;
mod node;
mod programs;
mod python;
mod rust;
mod scraping;
mod side_by_side;
mod stage;
mod stored;
mod tap;
mod utf8_names;
