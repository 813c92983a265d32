//! Forwarding: what was pushed is also sent to a receiver of Prometheus' remote write, so that a gateway that nobody
//! scrapes still delivers.
//!
//! A push that is to be forwarded writes a mark together with its entry ([`Unsent`]). When its answer is on its way,
//! what it brought is sent, and the mark deleted. Where that fails, or where the instance ends before, the mark stays,
//! and the group's next push sends what else the group holds besides its own. So it is where too much is on its way
//! already ([`InFlight`]). `docs/forwarding.md` says what that promises.
//!
//! Everything but [`Network`] is the same for every host: [`requests`] makes the bodies, [`Forward`] is the operation.
//!
//! [`Unsent`]: crate::store::records::Unsent

mod in_flight;
mod job;
mod message;
pub mod requests;
mod samples;
mod target;

use std::fmt;
use std::future::Future;

pub use in_flight::InFlight;
pub use job::Forward;
pub use target::Target;

use crate::duration::Nanos;

/// What forwarding needs of the host besides the store.
pub trait Network {
    /// Sends a request and returns the answer. Of its body the beginning is enough. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// There is no answer. The request may have arrived all the same.
    fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> impl Future<Output = Result<http::Response<Vec<u8>>, NetworkError>>;

    /// What `work` comes to, if it does so within this time.
    ///
    /// A host that cannot stop work that is under way may bound each request instead.
    fn within<F: Future>(&self, limit: Nanos, work: F) -> impl Future<Output = Option<F::Output>>;
}

/// A request got no answer: what the host says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError(pub String);

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests;
