//! An epoch: clients at work, what goes wrong meanwhile, and what is seen when all has come to rest.

use std::sync::{Barrier, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan::{Plan, Request, Trouble};
use crate::record::{Record, Scraped};
use crate::requests::Sender;

/// How long it may take until all hosts answer when nothing goes wrong any more.
const REST: Duration = Duration::from_secs(60);

/// How many scrapes look at what is left, at least. The first tidy up for those that follow.
const LAST_SCRAPES: usize = 3;

/// How long a client waits at most between its requests, in milliseconds: after a good answer, and after none.
const PAUSES: [u64; 2] = [4, 100];

/// What came of an epoch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) scrapes: Vec<Scraped>,
    /// Scrapes that were not answered.
    pub(crate) failed_scrapes: usize,
    /// What no answer may be.
    pub(crate) problems: Vec<String>,
}

struct Epoch<'a> {
    sender: &'a Sender<'a>,
    outcome: Mutex<Outcome>,
    begun: Mutex<usize>,
    has_begun: Condvar,
}

/// Lets clients and troubles loose, and waits for their end.
pub(crate) fn run(sender: &Sender<'_>, plan: &Plan) -> Outcome {
    let epoch = Epoch {
        sender,
        outcome: Mutex::default(),
        begun: Mutex::default(),
        has_begun: Condvar::new(),
    };
    let mut random = fastrand::Rng::with_seed(plan.seed);
    for (host, faults) in plan.faults.iter().enumerate() {
        sender.hosts.disturb(host, faults);
    }
    let barriers: Vec<_> = plan
        .groups
        .iter()
        .map(|group| group.in_step.then(|| Barrier::new(group.clients.len())))
        .collect();
    thread::scope(|scope| {
        let epoch = &epoch;
        for (group, (plan, barrier)) in plan.groups.iter().zip(&barriers).enumerate() {
            for requests in &plan.clients {
                let random = random.fork();
                scope.spawn(move || epoch.work(group, requests, barrier.as_ref(), random));
            }
        }
        for scrapes in &plan.scrapes {
            let random = random.fork();
            scope.spawn(move || epoch.scrape(*scrapes, random));
        }
        scope.spawn(|| epoch.trouble(&plan.troubles));
    });
    for host in 0..plan.faults.len() {
        sender.hosts.disturb(host, "");
    }
    epoch
        .outcome
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

impl Epoch<'_> {
    /// What a client does; where there is a barrier, it waits for the others before each request.
    fn work(
        &self,
        group: usize,
        requests: &[Request],
        barrier: Option<&Barrier>,
        mut random: fastrand::Rng,
    ) {
        for request in requests {
            if let Some(barrier) = barrier {
                barrier.wait();
            }
            self.begin();
            let result = self.sender.change(&mut random, group, *request);
            let is_done = result.as_ref().is_ok_and(|record| record.change.is_done);
            self.note(result, |outcome, record| outcome.records.push(record));
            pause(is_done, &mut random);
        }
    }

    fn scrape(&self, scrapes: usize, mut random: fastrand::Rng) {
        for _ in 0..scrapes {
            let target = self.sender.hosts.any(&mut random);
            let result = self.sender.scrape(target);
            let is_done = matches!(result, Ok(Some(_)));
            self.note(result, |outcome, scraped| match scraped {
                Some(scraped) => outcome.scrapes.push(scraped),
                None => outcome.failed_scrapes += 1,
            });
            pause(is_done, &mut random);
        }
    }

    fn trouble(&self, troubles: &[(usize, Trouble)]) {
        for (after, trouble) in troubles {
            let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            let is_early = |begun: &mut usize| *begun < *after;
            drop(self.has_begun.wait_timeout_while(begun, REST, is_early));
            self.sender.hosts.make(*trouble);
        }
    }

    fn begin(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.has_begun.notify_all();
    }

    fn note<T>(&self, result: Result<T, String>, add: impl FnOnce(&mut Outcome, T)) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(what) => add(&mut outcome, what),
            Err(problem) => outcome.problems.push(problem),
        }
    }
}

/// Lets others go ahead, and a host or Redis come back.
fn pause(is_done: bool, random: &mut fastrand::Rng) {
    let [good, bad] = PAUSES;
    let most = if is_done { good } else { bad };
    thread::sleep(Duration::from_millis(random.u64(..=most)));
}

/// What scrapes through all hosts show when nothing goes wrong any more.
///
/// # Errors
///
/// A scrape was answered as none may be, or a host does not recover.
pub(crate) fn rest(
    sender: &Sender<'_>,
    random: &mut fastrand::Rng,
) -> Result<Vec<Scraped>, String> {
    let hosts = sender.hosts;
    let deadline = Instant::now() + REST;
    let mut targets = hosts.all();
    while targets.len() < LAST_SCRAPES {
        targets.push(hosts.any(random));
    }
    let mut after = Vec::new();
    for target in targets {
        loop {
            if let Some(scraped) = sender.scrape(target)? {
                after.push(scraped);
                break;
            }
            if Instant::now() >= deadline {
                return Err(format!("host {} does not recover", target.host));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(after)
}
