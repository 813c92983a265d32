//! The gateway on a hosted edge platform: the limits of Akamai Functions, and reads that lag behind.
//!
//! Nothing here talks to that platform. [`platform`] stands in for it: a store in memory with its published limits, a
//! replica for each region, and a clock that only tests move. [`gateway`] is the real service on it, with the variables
//! that `deploy/akamai.md` sets. So what these tests show is what that page claims, and no more: how the gateway behaves
//! within such limits, not that the platform has no others.

mod gateway;
mod limits;
mod platform;
mod staleness;
mod throttling;
