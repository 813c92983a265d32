//! Who is next: at random from a seed, or as written down.

use super::store::Fault;

/// What happens in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The client's operation makes one store call. If none is under way, its next one begins.
    Go,
    /// The same, but a read finds what was there when the run began: the store is eventually consistent.
    Late,
    /// The call fails.
    Fail(Fault),
    /// The process dies.
    Crash,
}

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) client: usize,
    pub(crate) event: Event,
}

/// Chooses who is next.
#[derive(Debug)]
pub(crate) enum Scheduler {
    Random(Random),
    /// These turns; those of clients that are done are left out. Then the clients finish one after the other.
    Fixed(std::vec::IntoIter<Turn>),
}

/// Random schedules of different characters: clients that stay on for long or short, or that stall for very long.
#[derive(Debug)]
pub(crate) struct Random {
    random: fastrand::Rng,
    /// The chance that the same client goes on.
    stay: f64,
    last: usize,
    /// A client that does not move until all others are done, and when it stops.
    stalls: Option<(usize, u64)>,
    /// The chance of an event other than going on.
    trouble: f64,
}

impl Scheduler {
    pub(crate) fn random(seed: u64, clients: usize, has_trouble: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let stay = [0.0, 0.5, 0.8, 0.95][random.usize(..4)];
        let stalls = (clients > 0 && random.u8(..3) == 0)
            .then(|| (random.usize(..clients), random.u64(1..8)));
        let trouble = if has_trouble {
            [0.0, 0.02, 0.1][random.usize(..3)]
        } else {
            0.0
        };
        Self::Random(Random {
            random,
            stay,
            last: 0,
            stalls,
            trouble,
        })
    }

    /// A schedule written down: a digit for each turn says whose it is; `-` after it makes the call fail without
    /// effect, `+` with its effect, `!` lets the process die instead, `~` shows it what was there when the run began.
    pub(crate) fn written(text: &str) -> Self {
        let mut turns: Vec<Turn> = Vec::new();
        for sign in text.chars().filter(|sign| !sign.is_whitespace()) {
            let event = match sign {
                '-' => Event::Fail(Fault::Before),
                '+' => Event::Fail(Fault::After),
                '!' => Event::Crash,
                '~' => Event::Late,
                digit => {
                    let client = digit.to_digit(10).expect("a digit") as usize;
                    turns.push(Turn {
                        client,
                        event: Event::Go,
                    });
                    continue;
                }
            };
            turns.last_mut().expect("follows a digit").event = event;
        }
        Self::Fixed(turns.into_iter())
    }

    pub(crate) fn of(turns: &[Turn]) -> Self {
        Self::Fixed(Vec::from(turns).into_iter())
    }

    /// The next turn, of one of the clients that can move. `moves` says how many turns each client has had.
    pub(crate) fn next(&mut self, able: &[usize], moves: &[u64]) -> Option<Turn> {
        let &first = able.first()?;
        match self {
            Self::Fixed(turns) => {
                let written = turns.find(|turn| able.contains(&turn.client));
                Some(written.unwrap_or(Turn {
                    client: first,
                    event: Event::Go,
                }))
            }
            Self::Random(random) => Some(random.next(able, moves)),
        }
    }
}

impl Random {
    fn next(&mut self, able: &[usize], moves: &[u64]) -> Turn {
        let stalled = |client: usize| {
            self.stalls
                .is_some_and(|(stalls, at)| stalls == client && moves[client] >= at)
        };
        let awake: Vec<usize> = able
            .iter()
            .copied()
            .filter(|client| !stalled(*client))
            .collect();
        let awake = if awake.is_empty() { able } else { &awake };
        if !(awake.contains(&self.last) && self.random.f64() < self.stay) {
            self.last = awake[self.random.usize(..awake.len())];
        }
        let event = if self.random.f64() < self.trouble {
            [
                Event::Fail(Fault::Before),
                Event::Fail(Fault::After),
                Event::Crash,
            ][self.random.usize(..3)]
        } else {
            Event::Go
        };
        Turn {
            client: self.last,
            event,
        }
    }
}

/// The form that [`Scheduler::written`] reads.
pub(crate) fn write(turns: &[Turn]) -> String {
    let mut text = String::new();
    for turn in turns {
        text.push_str(&turn.client.to_string());
        text.push_str(match turn.event {
            Event::Go => "",
            Event::Fail(Fault::Before) => "-",
            Event::Fail(Fault::After) => "+",
            Event::Crash => "!",
            Event::Late => "~",
        });
    }
    text
}
