//! Sending each request to both sides and comparing what comes of it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use spin_pushgateway::exposition::names::NameScheme;

use super::api::Groups;
use super::error_text::{Answers, is_about_the_body};
use super::exposition::Exposition;
use super::helps::Helps;
use super::intended::{Intended, Then, Tolerance};
use super::request::{Method, Path, Request};
use super::scrape::{Scrape, read};
use super::side::Side;
use super::support::client::Response;

/// How often the reference is asked again whether another of its answers, of
/// which it picks one at random, is that of the subject. The rarest ones come
/// once in about a hundred times: they hang on the layout of a Go map.
const PATIENT: usize = 3000;
/// The same while a case is shrunk, where it is done often and matters less,
/// and for a difference that is tolerated.
const IMPATIENT: usize = 50;
/// How long a push may take that is not waited for.
const MARK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long deletions may take.
const RESET_TIMEOUT: Duration = Duration::from_secs(10);

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The status of the answer to a push or a deletion.
    Status,
    /// A header of an answer.
    Header,
    /// The body of an answer.
    Body,
    /// The exposition after the request.
    Scrape,
    /// The groups as JSON after the request.
    Api,
    /// The exposition after the request, which nobody could read.
    Invalid,
}

/// A difference between the two sides.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// What differs.
    pub(crate) kind: Kind,
    /// The statuses of the two answers, the reference's first.
    pub(crate) statuses: (u16, u16),
    /// Whether the subject's errors are among those of the reference.
    pub(crate) fewer_errors: bool,
    /// What the reference says.
    pub(crate) reference: String,
    /// What the subject says.
    pub(crate) subject: String,
}

impl Difference {
    fn new(kind: Kind, reference: &Response, subject: &Response) -> Self {
        let say = |response: &Response| match (kind, response.status) {
            // Long, and not what the difference is about.
            (Kind::Scrape, 200) => "200 and an exposition".to_owned(),
            (_, status) => format!("{status} {}", response.text()),
        };
        Self {
            kind,
            statuses: (reference.status, subject.status),
            fewer_errors: false,
            reference: say(reference),
            subject: say(subject),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}:", self.kind)?;
        writeln!(f, "  reference: {}", self.reference.trim_end())?;
        writeln!(f, "  subject:   {}", self.subject.trim_end())
    }
}

/// How both sides are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Which names are allowed.
    pub(crate) names: NameScheme,
    /// Whether pushes are checked against other groups before they are
    /// answered.
    pub(crate) consistency_check: bool,
}

impl Rules {
    /// What both do without being told.
    pub(crate) const DEFAULT: Self = Self {
        names: NameScheme::Legacy,
        consistency_check: true,
    };
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Step {
    /// Both sides answered with that status, and agree.
    Same(u16),
    /// The sides differ as intended and hold different data now.
    PartedWays,
    /// The sides differ.
    Different(Box<Difference>),
}

/// The two sides.
#[derive(Debug)]
pub(crate) struct Pair {
    reference: Side,
    subject: Side,
    intended: Intended,
    /// How both sides are set up.
    pub(crate) rules: Rules,
    /// How often each intended difference was met.
    met: BTreeMap<&'static str, usize>,
    /// How many marks were pushed to see that the pushes before are through.
    marks: usize,
    /// The groups that may exist.
    touched: HashSet<Path>,
    /// How often the reference is asked again.
    attempts: usize,
}

impl Pair {
    /// Compares the subject with the reference.
    pub(crate) fn new(reference: Side, subject: Side, intended: Intended, rules: Rules) -> Self {
        let mut pair = Self {
            reference,
            subject,
            intended,
            rules,
            marks: 0,
            met: BTreeMap::new(),
            touched: HashSet::new(),
            attempts: PATIENT,
        };
        pair.warm_up();
        pair
    }

    /// The Pushgateway has some of its own metrics from the first push on.
    fn warm_up(&mut self) {
        for method in [Method::Put, Method::Post, Method::Delete] {
            let request = Request::plain(method, barrier_path(), Vec::new());
            self.touched.insert(request.path.clone());
            self.subject.send(&request);
            self.reference.send(&request);
        }
        self.reset();
    }

    /// How often each intended difference was met up to now, and its reason.
    pub(crate) fn met(&self) -> Vec<(&'static str, usize, &'static str)> {
        let translations = self.intended.translations.iter();
        let tolerances = self.intended.tolerances.into_iter().flatten();
        let omissions = self.intended.omissions.iter();
        translations
            .map(|entry| (entry.id, entry.reason))
            .chain(tolerances.map(|entry| (entry.id, entry.reason)))
            .chain(omissions.map(|entry| (entry.id, entry.reason)))
            .map(|(id, reason)| (id, self.met.get(id).copied().unwrap_or_default(), reason))
            .collect()
    }

    /// Whether a difference has to be certain, or soon found.
    pub(crate) fn be_patient(&mut self, patient: bool) {
        self.attempts = if patient { PATIENT } else { IMPATIENT };
    }

    /// Deletes every group on both sides.
    pub(crate) fn reset(&mut self) {
        for path in std::mem::take(&mut self.touched) {
            self.delete(path);
        }
        for side in [&mut self.reference, &mut self.subject] {
            let deadline = Instant::now() + RESET_TIMEOUT;
            loop {
                let scrape = side.scrape(Scrape::default());
                if scrape.status == 200 && !scrape.text().contains("\npush_time_seconds{") {
                    break;
                }
                assert!(
                    Instant::now() < deadline,
                    "{} still has groups:\n{scrape:?}",
                    side.name()
                );
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Sends the last of the requests; the others were sent before.
    pub(crate) fn step(&mut self, requests: &[Request]) -> Step {
        let Some(request) = requests.last() else {
            return Step::Same(0);
        };
        let (status, difference) = self.exchange(request, requests);
        if let Some(step) = self.judge(difference, requests) {
            return step;
        }
        if !self.rules.consistency_check {
            let difference = self.await_mark();
            if let Some(step) = self.judge(difference, requests) {
                return step;
            }
        } else if request.method == Method::Delete {
            let barrier = Request::plain(Method::Put, barrier_path(), Vec::new());
            let (_, difference) = self.exchange(&barrier, requests);
            if let Some(step) = self.judge(difference, requests) {
                return step;
            }
        }
        // The groups first: whether a push was stored shows there.
        let difference = self.compare_groups();
        if let Some(step) = self.judge(difference, requests) {
            return step;
        }
        let difference = self.compare_scrapes(request.scrape);
        self.judge(difference, requests)
            .unwrap_or(Step::Same(status))
    }

    /// Waits until all pushes up to now are through, which the Pushgateway does
    /// not wait for without the consistency check: pushes something that can be
    /// found again.
    fn await_mark(&mut self) -> Option<Box<Difference>> {
        self.marks += 1;
        let line = format!("mark{{number=\"{}\"}} 1\n", self.marks);
        let request = Request::plain(Method::Put, barrier_path(), vec![line.into_bytes()]);
        self.touched.insert(request.path.clone());
        self.subject.send(&request);
        self.reference.send(&request);
        let mark = format!("\"number\":\"{}\"", self.marks);
        let deadline = Instant::now() + MARK_TIMEOUT;
        loop {
            let groups = self.reference.api_metrics();
            if groups.text().contains(&mark) {
                return None;
            }
            if groups.status != 200 {
                let subject = self.subject.api_metrics();
                return Some(Box::new(Difference::new(Kind::Api, &groups, &subject)));
            }
            assert!(
                Instant::now() < deadline,
                "the Pushgateway does not take {mark}:\n{groups:?}"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// What a difference makes of the step; nothing if it can go on.
    fn judge(&mut self, found: Option<Box<Difference>>, requests: &[Request]) -> Option<Step> {
        let difference = found?;
        let Some(tolerance) = self.tolerance(&difference, requests) else {
            return Some(Step::Different(difference));
        };
        self.count(tolerance.id);
        match tolerance.then {
            Then::GoOn => None,
            Then::Mend => {
                self.mend(requests);
                Some(Step::Same(difference.statuses.1))
            }
            Then::PartWays => Some(Step::PartedWays),
        }
    }

    /// Deletes the group of the last request from both sides.
    fn mend(&mut self, requests: &[Request]) {
        if let Some(request) = requests.last() {
            self.delete(request.path.clone());
            self.await_everything();
        }
    }

    fn delete(&mut self, path: Path) {
        let request = Request::plain(Method::Delete, path, Vec::new());
        let (translated, _) = self.translate(&request);
        self.subject.send(&request);
        self.reference.send(&translated);
    }

    /// Waits until deletions are through.
    fn await_everything(&mut self) {
        if self.rules.consistency_check {
            let barrier = Request::plain(Method::Put, barrier_path(), Vec::new());
            self.touched.insert(barrier.path.clone());
            self.subject.send(&barrier);
            self.reference.send(&barrier);
        } else if let Some(difference) = self.await_mark() {
            panic!("the Pushgateway does not recover: {difference}");
        }
    }

    fn tolerance(
        &self,
        difference: &Difference,
        requests: &[Request],
    ) -> Option<&'static Tolerance> {
        let mut tolerances = self.intended.tolerances.into_iter().flatten();
        tolerances.find(|entry| (entry.covers)(difference, requests))
    }

    fn count(&mut self, id: &'static str) {
        *self.met.entry(id).or_default() += 1;
    }

    /// The request as the reference has to get it, and why it is another one.
    fn translate(&self, request: &Request) -> (Request, Vec<&'static str>) {
        let mut translated = request.clone();
        let mut reasons = Vec::new();
        for translation in self.intended.translations {
            if let Some(path) = (translation.translate)(&translated.path, self.rules.names) {
                translated.path = path;
                reasons.push(translation.id);
            }
        }
        (translated, reasons)
    }

    /// Sends a request to both: the subject's status, and what differs.
    fn exchange(
        &mut self,
        request: &Request,
        requests: &[Request],
    ) -> (u16, Option<Box<Difference>>) {
        self.touched.insert(request.path.clone());
        let (translated, reasons) = self.translate(request);
        reasons.iter().for_each(|id| self.count(id));
        let subject = self.subject.send(request);
        let reference = self.reference.send(&translated);
        let kind = if reference.status != subject.status {
            Kind::Status
        } else if reference.status / 100 == 2 && reference.body != subject.body {
            Kind::Body
        } else if reference.header("content-type") != subject.header("content-type") {
            Kind::Header
        } else {
            // Errors about the path quote it, which after a translation is another.
            let comparable = reasons.is_empty()
                || is_about_the_body(&reference.text())
                || is_about_the_body(&subject.text());
            let difference = (reference.status == 400 && comparable)
                .then(|| self.compare_errors(&translated, reference, &subject, requests));
            return (subject.status, difference.flatten());
        };
        let difference = Difference::new(kind, &reference, &subject);
        (subject.status, Some(Box::new(difference)))
    }

    /// Compares error texts; as long as the reference picks its own at random
    /// it is asked again, which changes nothing but the time of the failure.
    fn compare_errors(
        &mut self,
        request: &Request,
        mut reference: Response,
        subject: &Response,
        requests: &[Request],
    ) -> Option<Box<Difference>> {
        let mut answers = Answers::new(&reference.text());
        let mut attempt = 0;
        while !answers.include(&subject.text()) {
            let last = attempt == self.attempts || answers.are_certain() || reference.status != 400;
            if last || attempt == IMPATIENT {
                let mut difference = Difference::new(Kind::Body, &reference, subject);
                difference.fewer_errors = answers.cover(&subject.text());
                if last || self.tolerance(&difference, requests).is_some() {
                    return Some(Box::new(difference));
                }
            }
            attempt += 1;
            reference = self.reference.send(request);
            answers.add(&reference.text());
        }
        None
    }

    fn compare_scrapes(&mut self, scrape: Scrape) -> Option<Box<Difference>> {
        let subject = self.subject.scrape(scrape);
        let reference = self.reference.scrape(scrape);
        let differ = |kind| Some(Box::new(Difference::new(kind, &reference, &subject)));
        if subject.status != 200 {
            return differ(Kind::Scrape);
        }
        let exposed = match self.read(&subject).and_then(without_duplicates) {
            Ok(exposed) => exposed,
            Err(error) => return Some(invalid(&reference, &subject, error)),
        };
        if reference.status != 200 {
            return differ(Kind::Scrape);
        }
        for name in ["content-type", "content-encoding"] {
            if reference.header(name) != subject.header(name) {
                let mut difference = Difference::new(Kind::Header, &reference, &subject);
                let show = |response: &Response| format!("{name}: {:?}", response.header(name));
                difference.reference = show(&reference);
                difference.subject = show(&subject);
                return Some(Box::new(difference));
            }
        }
        let expected = match self.read(&reference).and_then(without_duplicates) {
            Ok(expected) => expected,
            Err(error) => {
                let mut difference = Difference::new(Kind::Scrape, &reference, &subject);
                difference.reference = error;
                return Some(Box::new(difference));
            }
        };
        let mut found = mismatch(&expected, &exposed, &Helps::default());
        if found.is_some() {
            let helps = Helps::parse(&self.reference.api_metrics().body);
            found = mismatch(&expected, &exposed, &helps);
        }
        let (reference, subject) = found?;
        Some(Box::new(Difference {
            kind: Kind::Scrape,
            statuses: (200, 200),
            fewer_errors: false,
            reference,
            subject,
        }))
    }

    /// The exposition without what is not compared.
    fn read(&mut self, response: &Response) -> Result<Exposition, String> {
        let omissions = self.intended.omissions;
        let mut met = Vec::new();
        let exposition = read(response, &mut |field| {
            let omission = omissions.iter().find(|entry| (entry.is_omitted)(field));
            met.extend(omission.map(|entry| entry.id));
            omission.is_some()
        });
        met.into_iter().for_each(|id| self.count(id));
        exposition
    }

    fn compare_groups(&mut self) -> Option<Box<Difference>> {
        let subject = self.subject.api_metrics();
        let reference = self.reference.api_metrics();
        let parsed = (Groups::parse(&reference.body), Groups::parse(&subject.body));
        let mut difference = Difference::new(Kind::Api, &reference, &subject);
        if let (Some(expected), Some(found)) = parsed {
            (difference.reference, difference.subject) = expected.difference(&found)?;
        }
        Some(Box::new(difference))
    }
}

/// What is exposed and was not expected; what was expected comes first.
///
/// Where groups disagree on the HELP of a family the Pushgateway picks one at
/// random, so each of them may be exposed.
fn mismatch(
    expected: &Exposition,
    exposed: &Exposition,
    helps: &Helps,
) -> Option<(String, String)> {
    if exposed.order != expected.order {
        return Some((expected.order.join(" "), exposed.order.join(" ")));
    }
    exposed.families.iter().find_map(|(name, family)| {
        let other = expected.families.get(name)?;
        let same = family.kind == other.kind
            && family.samples == other.samples
            && (family.help == other.help || helps.include(name, family.help.as_deref()));
        (!same).then(|| (format!("{other:#?}"), format!("{family:#?}")))
    })
}

fn without_duplicates(exposition: Exposition) -> Result<Exposition, String> {
    match exposition.twice() {
        Some(series) => Err(format!("exposed twice: {series}")),
        None => Ok(exposition),
    }
}

/// An exposition of the subject that nobody could read.
fn invalid(reference: &Response, subject: &Response, error: String) -> Box<Difference> {
    let mut difference = Difference::new(Kind::Invalid, reference, subject);
    difference.reference = "can be read, or not".to_owned();
    difference.subject = error;
    Box::new(difference)
}

/// The Pushgateway answers a DELETE before it has deleted; a push to this group
/// that it checks comes after.
fn barrier_path() -> Path {
    Path {
        job_name: "job".to_owned(),
        job: "barrier".to_owned(),
        pairs: Vec::new(),
        tail: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_of_an_exposition_have_to_be_the_same_except_for_disputed_help() {
        let helps = Helps::parse(
            br#"{"status":"success","data":[
                {"labels":{"job":"a"},"m":{"help":"one","type":"GAUGE"}},
                {"labels":{"job":"b"},"m":{"help":"two","type":"GAUGE"}}
            ]}"#,
        );
        let differs = |text: &str| {
            let expected = "# HELP m one\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n";
            let (expected, exposed) = (Exposition::parse(expected), Exposition::parse(text));
            mismatch(&expected, &exposed, &helps).is_some()
        };
        for (text, want) in [
            (
                "# HELP m one\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n",
                false,
            ),
            (
                "# HELP m two\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n",
                false,
            ),
            (
                "# HELP m three\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n",
                true,
            ),
            ("# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n", true),
            (
                "# HELP m one\n# TYPE m counter\nm{a=\"x\"} 1\nm{a=\"y\"} 1\n",
                true,
            ),
            ("# HELP m one\n# TYPE m gauge\nm{a=\"x\"} 1\n", true),
            (
                "# HELP m one\n# TYPE m gauge\nm{a=\"y\"} 1\nm{a=\"x\"} 1\n",
                true,
            ),
            (
                "# HELP m one\n# TYPE m gauge\nm{a=\"x\"} 1\nm{a=\"y\"} 2\n",
                true,
            ),
            ("", true),
        ] {
            assert_eq!(differs(text), want, "{text}");
        }
    }
}
