//! The Prometheus Pushgateway as a Spin component.
pub mod api;
pub mod auth;
mod bytes;
pub mod cleanup;
pub mod config;
pub mod consistency;
mod counted;
pub mod delete;
pub mod duration;
mod expired;
pub mod exposition;
pub mod figures;
pub mod forward;
pub mod groups;
pub mod hints;
pub mod lifetime;
pub mod limits;
mod log;
mod memory;
mod post;
pub mod push;
pub mod quote;
pub mod receive;
pub mod render;
pub mod respond;
pub mod room;
pub mod routes;
pub mod scrape;
pub mod service;
pub mod site;
pub mod store;
#[cfg(test)]
mod testing;
pub mod ui;

#[cfg(all(target_family = "wasm", feature = "wasi03"))]
mod door;

#[cfg(all(target_family = "wasm", feature = "wasi03"))]
#[spin_sdk::http_service]
async fn handle(
    request: spin_sdk::http::Request,
) -> Result<spin_sdk::wasip3::http::types::Response, spin_sdk::wasip3::http::types::ErrorCode> {
    door::handle(request).await
}
