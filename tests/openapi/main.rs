//! `docs/openapi.yaml` and `docs/errors.md`, held against the code and the running gateway.

#[path = "../support/mod.rs"]
mod support;

mod contents;
mod errors;

mod file;
mod fuzz;
mod paths;
mod schema;
mod statuses;
