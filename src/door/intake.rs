//! Whether this instance takes further requests while it has some.
//!
//! For the host a request is over when the answer begins, and the instance gets another one. Answers that clients are
//! slow to read, or do not read at all, would pile up in its memory until there is none left, and it ended with all its
//! requests. So while much is waiting, the host is told to give requests to other instances.

use std::cell::Cell;

use http::Method;
use spin_sdk::wasip3::wit_bindgen::{backpressure_dec, backpressure_inc};

/// How many bytes of answers may wait in an instance that takes further requests. Several ordinary scrapes, which cost
/// less memory here than in instances of their own; little beside what one scrape takes while it is made.
const MOST_WAITING: usize = 8 * 1024 * 1024;

thread_local! {
    /// The bytes of answers that wait.
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

/// The instance takes no further requests while this lives.
#[derive(Debug)]
pub(super) struct Closed(());

impl Closed {
    /// Closes the instance while a request is looked after whose answer may be long.
    ///
    /// This must come before anything is waited for. Whatever the host has given to the instance by then has begun;
    /// what had not would wait for the client of this request.
    pub(super) fn during(method: &Method) -> Option<Self> {
        matches!(*method, Method::GET | Method::HEAD).then(Self::new)
    }

    fn new() -> Self {
        backpressure_inc();
        Self(())
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        backpressure_dec();
    }
}

/// An answer that waits for its client.
#[derive(Debug)]
pub(super) struct Waiting {
    bytes: usize,
    _closed: Option<Closed>,
}

impl Waiting {
    /// Counts so many bytes as long as this lives.
    pub(super) fn new(bytes: usize) -> Self {
        let waiting = WAITING.get().saturating_add(bytes);
        WAITING.set(waiting);
        Self {
            bytes,
            _closed: (waiting > MOST_WAITING).then(Closed::new),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.set(WAITING.get().saturating_sub(self.bytes));
    }
}
