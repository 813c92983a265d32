//! Helpers of the unit tests.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::limits::{GroupLimits, PushLimits};
use crate::push::Rules;
use crate::receive::{Body, BodyError};
use crate::store::World;

/// A world in which it is always this time, in nanoseconds, and every random number is the same.
#[derive(Debug)]
pub(crate) struct At(pub(crate) u64);

impl World for At {
    fn now(&self) -> u64 {
        self.0
    }

    fn random(&self) -> u64 {
        7
    }
}

/// What an ordinary push is held to, without limits.
pub(crate) fn rules() -> Rules {
    Rules {
        consistency_check: true,
        max_entry_bytes: 1 << 20,
        push_limits: PushLimits::default(),
        group_limits: GroupLimits::default(),
        forward: None,
    }
}

/// Runs a future that never waits for anything outside.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// A body that comes in these pieces.
#[derive(Debug)]
pub(crate) struct Pieces {
    pieces: VecDeque<Result<Vec<u8>, BodyError>>,
    taken: usize,
}

impl Pieces {
    pub(crate) fn new(pieces: &[&[u8]]) -> Self {
        Self {
            pieces: pieces.iter().map(|piece| Ok(piece.to_vec())).collect(),
            taken: 0,
        }
    }

    /// The same, broken off after the last piece.
    pub(crate) fn broken(mut self) -> Self {
        self.pieces
            .push_back(Err(BodyError("connection reset".to_owned())));
        self
    }

    /// How many pieces were taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}

impl Body for Pieces {
    async fn next(&mut self) -> Option<Result<Vec<u8>, BodyError>> {
        let piece = self.pieces.pop_front()?;
        self.taken += 1;
        Some(piece)
    }
}
