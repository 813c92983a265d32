//! What strangers send or leave in the store is read or refused, and what comes out of it is sound.
//!
//! Each module is the body of one fuzz target: a function that panics where something is wrong. `tests/corpus` runs them
//! too, on every input that is kept in `corpus`.

pub mod encoding;
pub mod entry;
pub mod forward;
pub mod openmetrics;
pub mod protobuf;
pub mod request;
pub mod text;
