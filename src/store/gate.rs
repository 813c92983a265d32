//! Keeps synchronous and asynchronous calls of the store apart.
//!
//! A synchronous call stops everything else in its instance, asynchronous calls that wait for their turn included. Where
//! the host's client for the store has a queue of bounded length, it may have given such a call the next place in it: that
//! place is then never taken, and as soon as the queue is full, nobody gets on any more, the synchronous call included.
//! The client for Redis that Spin and the local host use is like this: dozens of pushes at once were enough to stop the
//! local host for good. So a synchronous call begins when no asynchronous one is under way in its instance, and no further
//! one begins while it waits.

use std::cell::Cell;
use std::future::Future;

use crate::counted::Counted;

/// The calls of one instance.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// How many asynchronous calls are under way.
    under_way: Cell<usize>,
    /// How many synchronous calls wait or are made.
    alone: Cell<usize>,
}

impl Gate {
    /// Waits, by pauses of this kind, until an asynchronous call may begin. It is under way as long as what is returned
    /// lives.
    ///
    /// (Requests do not wake each other, so whoever waits looks again after a moment.)
    pub(super) async fn enter<F: Future<Output = ()>>(&self, pause: impl Fn() -> F) -> Counted<'_> {
        while self.alone.get() > 0 {
            pause().await;
        }
        Counted::new(&self.under_way, 1)
    }

    /// Waits, by pauses of this kind, until a synchronous call may be made. It is to be made at once, while what is
    /// returned lives.
    pub(super) async fn alone<F: Future<Output = ()>>(&self, pause: impl Fn() -> F) -> Counted<'_> {
        let alone = Counted::new(&self.alone, 1);
        while self.under_way.get() > 0 {
            pause().await;
        }
        alone
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// A pause that ends when it is looked at again.
    async fn pause() {
        let mut is_over = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut is_over, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    #[test]
    fn a_synchronous_call_waits_for_the_others_and_lets_none_begin() {
        let gate = Gate::default();
        let (mut first, mut second) = (pin!(gate.enter(pause)), pin!(gate.enter(pause)));
        let (Poll::Ready(first), Poll::Ready(second)) =
            (poll(first.as_mut()), poll(second.as_mut()))
        else {
            panic!("nobody waits");
        };
        let mut alone = pin!(gate.alone(pause));
        assert!(poll(alone.as_mut()).is_pending());
        let mut late = pin!(gate.enter(pause));
        assert!(poll(late.as_mut()).is_pending());
        drop(first);
        assert!(poll(alone.as_mut()).is_pending());
        drop(second);
        let Poll::Ready(alone) = poll(alone.as_mut()) else {
            panic!("all others are over");
        };
        assert!(poll(late.as_mut()).is_pending());
        drop(alone);
        assert!(poll(late.as_mut()).is_ready());
    }

    #[test]
    fn a_call_that_is_given_up_holds_up_nobody() {
        let gate = Gate::default();
        let mut first = pin!(gate.enter(pause));
        let Poll::Ready(_first) = poll(first.as_mut()) else {
            panic!("nobody waits");
        };
        {
            let mut alone = pin!(gate.alone(pause));
            assert!(poll(alone.as_mut()).is_pending());
        }
        let mut next = pin!(gate.enter(pause));
        assert!(poll(next.as_mut()).is_ready());
    }
}
