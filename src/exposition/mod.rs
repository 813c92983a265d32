//! Exposition formats: bytes to metric families and back.
//!
//! Pure: nothing here knows of Spin, HTTP or the store. All formats meet in one [`model`], so that what comes in by
//! one format can go out by every other that can express it.

pub mod content_type;
pub mod encoding;
pub mod escape;
pub mod model;
pub mod names;
pub mod negotiate;
pub mod number;
pub mod openmetrics;
pub mod protobuf;
pub mod text;

#[cfg(test)]
pub(crate) mod generated;
