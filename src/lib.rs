//! The Prometheus Pushgateway as a Spin component.
pub mod exposition;
