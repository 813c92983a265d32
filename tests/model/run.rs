//! Runs a scenario: the real operations, polled by hand, one store call a step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use spin_pushgateway::cleanup::Cleanup;
use spin_pushgateway::consistency::Kind as PushKind;
use spin_pushgateway::delete;
use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::text;
use spin_pushgateway::groups::fold;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::limits::{GroupLimits, PushLimits};
use spin_pushgateway::push::{self, Push, PushError, Rules};
use spin_pushgateway::scrape;
use spin_pushgateway::store::snapshot::Snapshot;
use spin_pushgateway::store::{StoreError, Value, World};

use super::before;
use super::history::{FIRST, History, Operation, Outcome};
use super::promises::{ABSENT, Families, Group, Pushed, name};
use super::scenario::{Clock, GROUPS, Kind, Request, SECOND, Scenario};
use super::schedule::{Event, Scheduler};
use super::store::{ModelStore, Provider, Shared, Span};

/// When runs begin, in nanoseconds since the Unix epoch.
pub(crate) const BEGIN: u64 = 1_700_000_000 * SECOND;

/// What pushes are held to.
pub(crate) const RULES: Rules = Rules {
    consistency_check: true,
    max_entry_bytes: 1 << 20,
    push_limits: PushLimits {
        max_series_per_push: None,
        max_families_per_push: None,
        max_labels_per_series: None,
        max_label_bytes: None,
    },
    group_limits: GroupLimits {
        max_groups: None,
        max_groups_per_job: None,
    },
    forward: None,
};

/// The world of one process.
#[derive(Clone, Debug)]
pub(crate) struct ModelWorld {
    pub(crate) operation: Pushed,
    pub(crate) shared: Rc<RefCell<Shared>>,
    pub(crate) clock: Clock,
    pub(crate) tick: u64,
}

impl World for ModelWorld {
    fn now(&self) -> u64 {
        let mut shared = self.shared.borrow_mut();
        let step = shared.step;
        let shown = self.clock.at(step, BEGIN + step * self.tick);
        if let Some(span) = shared.spans.get_mut(&self.operation) {
            span.clock = shown;
        }
        shown
    }

    fn random(&self) -> u64 {
        let mut shared = self.shared.borrow_mut();
        shared.randoms += 1;
        shared.randoms
    }
}

/// The grouping key of a group.
pub(crate) fn key(group: usize) -> GroupingKey {
    GroupingKey::new([("job", ["j", "k"][group])]).expect("has a job")
}

/// Pushes families that all have the same sample.
pub(crate) async fn push(
    store: &ModelStore,
    world: &ModelWorld,
    kind: PushKind,
    group: usize,
    body: &str,
) -> Result<(), PushError> {
    let key = key(group);
    let families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("parses");
    let push = Push {
        kind,
        key: &key,
        families,
        ttl: None,
    };
    push::push(store, world, push, RULES).await.map(drop)
}

/// The body of a push.
pub(crate) fn body(families: Families, number: Pushed) -> String {
    families
        .iter()
        .map(|family| format!("{} {number}\n", name(family)))
        .collect()
}

/// The groups of a snapshot, and what may be tidied up.
pub(crate) fn take_stock(snapshot: &Snapshot, now: u64) -> (Vec<fold::Group<'_>>, Cleanup) {
    let mut cleanup = Cleanup::at(now);
    let groups: Vec<_> = scrape::take_stock(snapshot, now, &mut Vec::new(), &mut cleanup).collect();
    let families = groups.iter().flat_map(|group| &group.families);
    let names: BTreeSet<_> = families.map(|family| family.name).collect();
    cleanup.plan_records(snapshot, names.iter().copied(), &groups);
    (groups, cleanup)
}

/// What a scrape shows, and what it may tidy up.
pub(crate) async fn scrape(
    store: &ModelStore,
    world: &ModelWorld,
) -> Result<([Group; GROUPS], Cleanup), StoreError> {
    let snapshot = Snapshot::read(store).await?;
    let (groups, cleanup) = take_stock(&snapshot, world.now());
    let mut seen = [Group::default(); GROUPS];
    for group in &groups {
        let place = usize::from(group.labels == [("job", "k")]);
        let seen = &mut seen[place];
        seen.succeeded = group.push_time.is_some();
        seen.failed = group.failure_time.is_some();
        for family in &group.families {
            if let &[letter @ b'a'..=b'f'] = family.name.as_bytes() {
                let text = std::str::from_utf8(family.text).expect("is text");
                let value = text
                    .trim_end()
                    .rsplit(' ')
                    .next()
                    .and_then(|value| value.parse().ok());
                seen.families[usize::from(letter - b'a')] = value.unwrap_or(ABSENT);
            } else {
                seen.others += 1;
            }
        }
    }
    Ok((seen, cleanup))
}

/// An operation's answer, once there is one: the step, the outcome and what a scrape saw.
type Answer = Rc<RefCell<Option<(u64, Outcome, [Group; GROUPS])>>>;

async fn perform(store: ModelStore, world: ModelWorld, request: Request, answer: Answer) {
    let give = |outcome, seen| {
        let step = store.shared.borrow().step;
        *answer.borrow_mut() = Some((step, outcome, seen));
    };
    let outcome_of = |is_done| {
        if is_done {
            Outcome::Done
        } else {
            Outcome::Unknown
        }
    };
    let nothing = [Group::default(); GROUPS];
    match request.kind {
        Kind::Put | Kind::Post => {
            let kind = if request.kind == Kind::Put {
                PushKind::Put
            } else {
                PushKind::Post
            };
            let body = body(request.families, store.operation);
            let result = push(&store, &world, kind, request.group, &body).await;
            give(outcome_of(result.is_ok()), nothing);
        }
        Kind::Reject => {
            let result = push(
                &store,
                &world,
                PushKind::Post,
                request.group,
                "a{__b=\"\"} 1\n",
            )
            .await;
            give(
                outcome_of(matches!(result, Err(PushError::Rejected(_)))),
                nothing,
            );
        }
        Kind::Delete => {
            let result = delete::delete(&store, &world, &key(request.group)).await;
            give(outcome_of(result.is_ok()), nothing);
        }
        Kind::Scrape | Kind::ScrapeAndTidy => match scrape(&store, &world).await {
            Ok((seen, cleanup)) => {
                give(Outcome::Done, seen);
                if request.kind == Kind::ScrapeAndTidy {
                    let _ = cleanup.run(&store).await;
                }
            }
            Err(_) => give(Outcome::Unknown, nothing),
        },
    }
}

/// An operation under way.
struct Running {
    operation: Operation,
    future: Pin<Box<dyn Future<Output = ()>>>,
    answer: Answer,
}

/// A client, and what is left for it to do.
struct Process {
    clock: Clock,
    waiting: std::vec::IntoIter<(Pushed, Request)>,
    running: Option<Running>,
}

struct Runner<'a> {
    scenario: &'a Scenario,
    shared: Rc<RefCell<Shared>>,
    finished: Vec<Operation>,
}

/// Runs the scenario.
pub(crate) fn run(scenario: &Scenario, mut scheduler: Scheduler, is_traced: bool) -> History {
    let prepared = before::prepare(scenario.before);
    let mut shared = Shared::new(prepared.values.clone(), scenario.provider, scenario.seed);
    shared.randoms = prepared.randoms;
    shared.trace = is_traced.then(Vec::new);
    let mut runner = Runner {
        scenario,
        shared: Rc::new(RefCell::new(shared)),
        finished: Vec::new(),
    };
    let mut numbers = FIRST..;
    let mut processes: Vec<Process> = scenario
        .clients
        .iter()
        .map(|client| {
            let waiting: Vec<_> = numbers
                .by_ref()
                .zip(client.requests.iter().copied())
                .collect();
            Process {
                clock: client.clock,
                waiting: waiting.into_iter(),
                running: None,
            }
        })
        .collect();
    let mut schedule = Vec::new();
    let mut moves = vec![0; processes.len()];
    loop {
        let able: Vec<usize> = (0..processes.len())
            .filter(|at| processes[*at].running.is_some() || processes[*at].waiting.len() > 0)
            .collect();
        let Some(turn) = scheduler.next(&able, &moves) else {
            break;
        };
        schedule.push(turn);
        moves[turn.client] += 1;
        runner.shared.borrow_mut().step += 1;
        runner.take(turn.client, turn.event, &mut processes[turn.client]);
    }
    runner.finished.sort_by_key(|operation| operation.number);
    let after = runner.look_again();
    let trace = runner.shared.borrow_mut().trace.take().unwrap_or_default();
    History {
        scenario: scenario.clone(),
        before: prepared.groups,
        operations: runner.finished,
        after,
        schedule,
        trace,
    }
}

impl Runner<'_> {
    /// One turn of a client.
    fn take(&mut self, client: usize, event: Event, process: &mut Process) {
        let mut running = match process.running.take() {
            Some(running) => running,
            None => match process.waiting.next() {
                Some((number, request)) => self.begin(client, process.clock, number, request),
                None => return,
            },
        };
        if event == Event::Crash {
            self.note(|step| format!("{step:4} #{} its process dies", running.operation.number));
            self.finish(running);
            return;
        }
        if let Event::Fail(fault) = event {
            self.shared.borrow_mut().fault = Some(fault);
        }
        self.shared.borrow_mut().is_late = event == Event::Late;
        let is_over = poll(&mut running.future);
        self.shared.borrow_mut().fault = None;
        if is_over {
            self.finish(running);
        } else {
            process.running = Some(running);
        }
    }

    fn begin(&self, client: usize, clock: Clock, number: Pushed, request: Request) -> Running {
        let began = self.shared.borrow().step;
        self.note(|step| {
            let Request {
                kind,
                group,
                families,
            } = request;
            let families = if kind.is_push() {
                families.names()
            } else {
                String::new()
            };
            format!(
                "{step:4} #{number} of client {client} begins: {kind:?} {families} (group {group})"
            )
        });
        let store = ModelStore {
            shared: self.shared.clone(),
            operation: number,
        };
        let world = ModelWorld {
            operation: number,
            shared: self.shared.clone(),
            clock,
            tick: self.scenario.tick,
        };
        let answer = Answer::default();
        let mut future: Pin<Box<dyn Future<Output = ()>>> =
            Box::pin(perform(store, world, request, answer.clone()));
        // To its first call.
        poll(&mut future);
        let operation = Operation {
            number,
            request,
            began,
            answered: u64::MAX,
            over: u64::MAX,
            outcome: Outcome::Unknown,
            seen: [Group::default(); GROUPS],
            span: Span::default(),
        };
        Running {
            operation,
            future,
            answer,
        }
    }

    fn finish(&mut self, running: Running) {
        let Running {
            mut operation,
            answer,
            ..
        } = running;
        let shared = self.shared.borrow();
        operation.answered = shared.step;
        operation.over = shared.step;
        if let Some((step, outcome, seen)) = answer.take() {
            operation.answered = step;
            operation.outcome = outcome;
            operation.seen = seen;
        }
        operation.span = shared
            .spans
            .get(&operation.number)
            .copied()
            .unwrap_or_default();
        drop(shared);
        self.note(|step| {
            let (number, outcome) = (operation.number, operation.outcome);
            if operation.request.kind.is_scrape() {
                format!(
                    "{step:4} #{number} is over: {outcome:?}, saw {:?}",
                    operation.seen
                )
            } else {
                format!("{step:4} #{number} is over: {outcome:?}")
            }
        });
        self.finished.push(operation);
    }

    fn note(&self, line: impl FnOnce(u64) -> String) {
        let mut shared = self.shared.borrow_mut();
        let step = shared.step;
        if let Some(trace) = &mut shared.trace {
            trace.push(line(step));
        }
    }

    /// What scrapes see when all is over, also after they have tidied up.
    fn look_again(&self) -> Vec<[Group; GROUPS]> {
        self.shared.borrow_mut().provider = Provider::SQLITE;
        let store = ModelStore {
            shared: self.shared.clone(),
            operation: Pushed::MAX,
        };
        let world = ModelWorld {
            operation: Pushed::MAX,
            shared: self.shared.clone(),
            clock: Clock::EXACT,
            tick: self.scenario.tick,
        };
        let mut after = Vec::new();
        for _ in 0..3 {
            let (seen, cleanup) = block_on(scrape(&store, &world)).expect("does not fail");
            self.note(|step| format!("{step:4} at last: {seen:?}"));
            after.push(seen);
            block_on(cleanup.run(&store)).expect("does not fail");
        }
        after
    }
}

fn poll(future: &mut Pin<Box<dyn Future<Output = ()>>>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut context).is_ready()
}

/// Runs an operation alone.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// A store with these values, and a world, for one operation alone.
pub(crate) fn alone(values: BTreeMap<String, Value>, clock: Clock) -> (ModelStore, ModelWorld) {
    let shared = Rc::new(RefCell::new(Shared::new(values, Provider::SQLITE, 0)));
    let store = ModelStore {
        shared: shared.clone(),
        operation: 1,
    };
    (
        store,
        ModelWorld {
            operation: 1,
            shared,
            clock,
            tick: SECOND / 1000,
        },
    )
}
