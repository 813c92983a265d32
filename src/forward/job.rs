//! The operation: sends what a push has stored, and settles the mark that it has left.

use http::StatusCode;

use super::requests::bodies;
use super::{InFlight, Network, Target};
use crate::duration::Nanos;
use crate::exposition::model::{Label, Metric, MetricFamily, MetricType, Value as Sample};
use crate::groups::automatic::seconds;
use crate::groups::entry::{Entry, Header, StoredFamily};
use crate::groups::key::GroupingKey;
use crate::groups::own;
use crate::log;
use crate::quote::shorten;
use crate::store::records::{self, Unsent};
use crate::store::{Store, StoreError, Value, World, layout, snapshot};

/// How much of the reason of a failure is kept, in bytes.
const MAX_REASON_BYTES: usize = 1024;

/// For how long after its time is up a push may still be about to settle its mark, in nanoseconds.
const GRACE: Nanos = 5_000_000_000;

/// What of a push is to be forwarded when its answer is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    key: GroupingKey,
    /// The mark that was written with the entry.
    mark: Unsent,
    /// The entry.
    entry: Value,
    /// Whether something from before was not forwarded.
    catch_up: bool,
}

/// How sending ended.
enum Outcome {
    Delivered,
    /// For what was sent, and why.
    Refused(String),
    /// For something that may be better next time, and why.
    Failed(String),
}

impl Forward {
    /// Forwards a push to the group with this key that writes this entry, for which there is this time in nanoseconds.
    /// `found` is the mark that the push has found.
    #[must_use]
    pub fn new(
        key: &GroupingKey,
        entry: Value,
        timeout: Nanos,
        found: Option<&[u8]>,
        world: &impl World,
    ) -> Self {
        Self {
            key: key.clone(),
            mark: Unsent {
                labels: records::labels(key),
                push: world.random(),
                time: world.now().saturating_add(timeout).saturating_add(GRACE),
                reason: None,
                refused: false,
            },
            entry,
            // What was refused would be refused again. A mark that cannot be read is one all the same.
            catch_up: found.is_some()
                && !records::read::<Unsent>(found).is_some_and(|found| found.refused),
        }
    }

    /// The key and the value of the mark to write with the entry.
    #[must_use]
    pub fn mark(&self) -> (String, Value) {
        (layout::unsent(&self.key.id()), records::write(&self.mark))
    }

    /// Sends, and settles the mark. A failure is on the group's record and in the log. Nothing is sent, which is a
    /// failure too, while too much of this instance is `in_flight`.
    ///
    /// # Errors
    ///
    /// The store failed. The mark is as it was, and the group's next push sends again.
    pub async fn run<S: Store>(
        self,
        store: &S,
        world: &impl World,
        network: &impl Network,
        target: &Target,
        in_flight: &InFlight,
    ) -> Result<(), StoreError> {
        let Some(_admitted) = in_flight.admit(self.entry.len()) else {
            let reason = "too much is on its way to the receiver already".to_owned();
            return self.settle(store, world, Outcome::Failed(reason)).await;
        };
        let work = self.send(store, world, network, target);
        let outcome = match network.within(target.timeout, work).await {
            Some(outcome) => outcome?,
            None => {
                Outcome::Failed("the receiver did not answer within forward_timeout".to_owned())
            }
        };
        self.settle(store, world, outcome).await
    }

    async fn send<S: Store>(
        &self,
        store: &S,
        world: &impl World,
        network: &impl Network,
        target: &Target,
    ) -> Result<Outcome, StoreError> {
        let Ok(entry) = Entry::decode(&self.entry) else {
            return Ok(Outcome::Delivered);
        };
        let header = &entry.header;
        let time_ms = i64::try_from(header.time / 1_000_000).unwrap_or(i64::MAX);
        // Others in the entry were taken over from earlier pushes.
        let pushed = |family: &&StoredFamily<'_>| family.time == header.time;
        let pushed: Vec<_> = entry.families.iter().filter(pushed).collect();
        // Only the bodies are kept while the receiver takes its time.
        let own = {
            let own = pushed.iter().filter_map(|family| family.family());
            bodies(&Vec::from_iter(own.chain([push_time(header)])), time_ms)
        };
        let outcome = deliver(network, target, own).await;
        if !self.catch_up || matches!(outcome, Outcome::Failed(_)) {
            return Ok(outcome);
        }
        // In requests of their own, so that what is wrong with them does not hold up what is new.
        let values = snapshot::read_group(store, &self.key.id()).await?;
        let group = values.group(world.now());
        let families = group.map(|group| group.families).unwrap_or_default();
        // Later pushes forward what they bring themselves.
        let rest = families
            .iter()
            .filter(|family| family.time <= header.time && !has(&pushed, family.name));
        let rest: Vec<_> = rest.filter_map(StoredFamily::family).collect();
        Ok(outcome.and(deliver(network, target, bodies(&rest, time_ms)).await))
    }

    /// Deletes the mark, or writes down what went wrong.
    async fn settle<S: Store>(
        self,
        store: &S,
        world: &impl World,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let key = layout::unsent(&self.key.id());
        let found = store.read_one(key.clone()).await?;
        let found: Option<Unsent> = records::read(found.as_deref());
        let is_own = found
            .as_ref()
            .is_some_and(|found| found.push == self.mark.push);
        let (reason, refused) = match outcome {
            Outcome::Delivered if is_own => return store.delete(&[key]).await,
            Outcome::Delivered => return Ok(()),
            Outcome::Refused(reason) => (reason, true),
            Outcome::Failed(reason) => (reason, false),
        };
        log::warn(
            "forwarding failed",
            &format!("group {}: {reason}", self.key),
        );
        if refused && !is_own {
            // The mark of another push, which may be under way, must not look as if nothing was to be sent again. And
            // where there is none, another has delivered, or the group is gone.
            return Ok(());
        }
        let failed = Unsent {
            time: world.now(),
            reason: Some(shorten(&reason, MAX_REASON_BYTES).into_owned()),
            refused,
            ..self.mark
        };
        store.write(vec![(key, records::write(&failed))]).await
    }
}

impl Outcome {
    /// How this and a later one end together.
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Self::Failed(reason), _) | (_, Self::Failed(reason)) => Self::Failed(reason),
            (Self::Refused(reason), _) | (_, Self::Refused(reason)) => Self::Refused(reason),
            (Self::Delivered, Self::Delivered) => Self::Delivered,
        }
    }

    fn of_answer(answer: &http::Response<Vec<u8>>) -> Self {
        let status = answer.status();
        if status.is_success() {
            return Self::Delivered;
        }
        let body = String::from_utf8_lossy(answer.body());
        let reason = format!("the receiver answered {status}: {}", body.trim());
        match status {
            // A token or a URL that is wrong will be put right by the operator: what was to be sent is as good as ever.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS => Self::Failed(reason),
            status if status.is_client_error() => Self::Refused(reason),
            _ => Self::Failed(reason),
        }
    }
}

/// Sends these bodies one after the other. What follows one that was refused may be fine.
async fn deliver(network: &impl Network, target: &Target, bodies: Vec<Vec<u8>>) -> Outcome {
    let mut outcome = Outcome::Delivered;
    for body in bodies {
        let sent = match network.send(target.request(body)).await {
            Ok(answer) => Outcome::of_answer(&answer),
            Err(error) => Outcome::Failed(format!("the receiver cannot be reached: {error}")),
        };
        outcome = outcome.and(sent);
        if matches!(outcome, Outcome::Failed(_)) {
            break;
        }
    }
    outcome
}

fn has(families: &[&StoredFamily<'_>], name: &str) -> bool {
    families
        .binary_search_by(|family| family.name.cmp(name))
        .is_ok()
}

/// When the group was pushed, which every scrape tells too.
///
/// The time of the last rejected push is not forwarded: rejected pushes forward nothing, so it would be known only
/// when it is over.
fn push_time<'a>(header: &Header<'a>) -> MetricFamily<'a> {
    let labels = header.labels.iter();
    MetricFamily {
        name: own::PUSH_TIME.into(),
        help: Some(own::PUSH_TIME_HELP.into()),
        metric_type: MetricType::Gauge,
        unit: None,
        metrics: vec![Metric {
            labels: labels
                .map(|&(name, value)| Label::new(name, value))
                .collect(),
            value: Sample::Gauge(seconds(header.time)),
            timestamp_ms: None,
        }],
    }
}
