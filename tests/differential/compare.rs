//! Sending each request to both sides and comparing what comes of it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use super::error_text::Answers;
use super::exposition::Exposition;
use super::intended::Intended;
use super::request::{Method, Path, Request};
use super::side::Side;
use super::support::client::Response;

/// How often the reference is asked again whether another of its answers, of
/// which it picks one at random, is that of the subject. The rarest ones come
/// once in about a hundred times: they hang on the layout of a Go map.
const PATIENT: usize = 3000;
/// The same while a case is shrunk, where it is done often and matters less.
const IMPATIENT: usize = 100;
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
}

/// A difference between the two sides.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// What differs.
    pub(crate) kind: Kind,
    /// The statuses of the two answers, the reference's first.
    pub(crate) statuses: (u16, u16),
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
    /// How often each intended difference was met.
    met: BTreeMap<&'static str, usize>,
    /// The groups that may exist.
    touched: HashSet<Path>,
    /// How often the reference is asked again.
    attempts: usize,
}

impl Pair {
    /// Compares the subject with the reference.
    pub(crate) fn new(reference: Side, subject: Side, intended: Intended) -> Self {
        Self {
            reference,
            subject,
            intended,
            met: BTreeMap::new(),
            touched: HashSet::new(),
            attempts: PATIENT,
        }
    }

    /// How often each intended difference was met up to now, and its reason.
    pub(crate) fn met(&self) -> Vec<(&'static str, usize, &'static str)> {
        let translations = self.intended.translations.iter();
        let tolerances = self.intended.tolerances.iter();
        translations
            .map(|entry| (entry.id, entry.reason))
            .chain(tolerances.map(|entry| (entry.id, entry.reason)))
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
            let request = deletion(path);
            let (translated, _) = self.translate(&request);
            self.subject.send(&request);
            self.reference.send(&translated);
        }
        for side in [&mut self.reference, &mut self.subject] {
            let deadline = Instant::now() + RESET_TIMEOUT;
            loop {
                let scrape = side.scrape();
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
        let mut found = self.exchange(request);
        let status = match &found {
            Ok(status) => *status,
            Err(difference) => difference.statuses.0,
        };
        if let Err(difference) = &found {
            match self.tolerate(difference, requests) {
                Some(false) => found = Ok(status),
                Some(true) => return Step::PartedWays,
                None => {}
            }
        }
        if found.is_ok() && request.method == Method::Delete {
            found = self.exchange(&barrier());
        }
        if found.is_ok() {
            found = self.compare_scrapes().map_or(Ok(status), Err);
        }
        match found {
            Ok(status) => Step::Same(status),
            Err(difference) => match self.tolerate(&difference, requests) {
                Some(false) => Step::Same(status),
                Some(true) => Step::PartedWays,
                None => Step::Different(difference),
            },
        }
    }

    /// Whether the difference is intended, and if so whether it parts the ways.
    fn tolerate(&mut self, difference: &Difference, requests: &[Request]) -> Option<bool> {
        let mut tolerances = self.intended.tolerances.iter();
        let tolerance = tolerances.find(|entry| (entry.covers)(difference, requests))?;
        self.count(tolerance.id);
        Some(tolerance.parts_ways)
    }

    fn count(&mut self, id: &'static str) {
        *self.met.entry(id).or_default() += 1;
    }

    /// The request as the reference has to get it, and why it is another one.
    fn translate(&self, request: &Request) -> (Request, Vec<&'static str>) {
        let mut translated = request.clone();
        let mut reasons = Vec::new();
        for translation in self.intended.translations {
            if let Some(path) = (translation.translate)(&translated.path) {
                translated.path = path;
                reasons.push(translation.id);
            }
        }
        (translated, reasons)
    }

    /// Sends a request to both; the status, if the answers agree.
    fn exchange(&mut self, request: &Request) -> Result<u16, Box<Difference>> {
        self.touched.insert(request.path.clone());
        let (translated, reasons) = self.translate(request);
        reasons.iter().for_each(|id| self.count(id));
        let subject = self.subject.send(request);
        let mut reference = self.reference.send(&translated);
        let differ =
            |kind, reference: &Response| Err(Box::new(Difference::new(kind, reference, &subject)));
        if reference.status != subject.status {
            return differ(Kind::Status, &reference);
        }
        if reference.status / 100 == 2 && reference.body != subject.body {
            return differ(Kind::Body, &reference);
        }
        if reference.header("content-type") != subject.header("content-type") {
            return differ(Kind::Header, &reference);
        }
        // The path is part of some texts, and after a translation another.
        if reference.status == 400 && reasons.is_empty() {
            let mut answers = Answers::new(&reference.text());
            let mut attempts = 0;
            while !answers.include(&subject.text()) {
                // A push that is refused again changes nothing but a time.
                if attempts == self.attempts || reference.status != 400 {
                    return differ(Kind::Body, &reference);
                }
                attempts += 1;
                reference = self.reference.send(&translated);
                answers.add(&reference.text());
            }
        }
        Ok(subject.status)
    }

    fn compare_scrapes(&mut self) -> Option<Box<Difference>> {
        let subject = self.subject.scrape();
        let reference = self.reference.scrape();
        let differ = |kind| Some(Box::new(Difference::new(kind, &reference, &subject)));
        if (reference.status, subject.status) != (200, 200) {
            return differ(Kind::Scrape);
        }
        if reference.header("content-type") != subject.header("content-type") {
            return differ(Kind::Header);
        }
        let exposed = Exposition::parse(&subject.text());
        let mut possible = vec![Exposition::parse(&reference.text())];
        for _ in 0..self.attempts {
            mismatch(&exposed, &possible)?;
            let again = Exposition::parse(&self.reference.scrape().text());
            if !possible.contains(&again) {
                possible.push(again);
            }
        }
        let (reference, subject) = mismatch(&exposed, &possible)?;
        Some(Box::new(Difference {
            kind: Kind::Scrape,
            statuses: (200, 200),
            reference,
            subject,
        }))
    }
}

/// What of the exposition is in none of the possible ones; those first.
///
/// The Pushgateway picks the HELP of a family and the order of some series at
/// random, so each is looked for in all.
fn mismatch(exposed: &Exposition, possible: &[Exposition]) -> Option<(String, String)> {
    let first = possible.first()?;
    if exposed.order != first.order {
        return Some((first.order.join(" "), exposed.order.join(" ")));
    }
    for (name, family) in &exposed.families {
        let others = || possible.iter().filter_map(|other| other.families.get(name));
        let fits = others().any(|other| other.kind == family.kind)
            && others().any(|other| other.help == family.help)
            && others().any(|other| other.samples == family.samples);
        if !fits {
            return Some((
                format!("{:#?}", others().collect::<Vec<_>>()),
                format!("{family:#?}"),
            ));
        }
    }
    None
}

fn deletion(path: Path) -> Request {
    Request {
        method: Method::Delete,
        path,
        lines: Vec::new(),
    }
}

/// The Pushgateway answers a DELETE before it has deleted; a push that it
/// checks comes after.
fn barrier() -> Request {
    Request {
        method: Method::Put,
        path: Path {
            job_name: "job".to_owned(),
            job: "barrier".to_owned(),
            pairs: Vec::new(),
            tail: String::new(),
        },
        lines: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposition(text: &str) -> Exposition {
        Exposition::parse(text)
    }

    #[test]
    fn each_part_may_come_from_another_scrape_of_the_reference() {
        let possible = [
            exposition("# HELP m one\n# TYPE m gauge\nm{a=\"\"} 1\nm{b=\"\"} 1\n"),
            exposition("# TYPE m gauge\nm{b=\"\"} 1\nm{a=\"\"} 1\n"),
        ];
        let same = exposition("# HELP m one\n# TYPE m gauge\nm{b=\"\"} 1\nm{a=\"\"} 1\n");
        assert_eq!(mismatch(&same, &possible), None);
        for different in [
            "# HELP m two\n# TYPE m gauge\nm{a=\"\"} 1\nm{b=\"\"} 1\n",
            "# HELP m one\n# TYPE m counter\nm{a=\"\"} 1\nm{b=\"\"} 1\n",
            "# HELP m one\n# TYPE m gauge\nm{a=\"\"} 1\n",
            "# HELP m one\n# TYPE m gauge\nm{a=\"\"} 1\nm{b=\"\"} 2\n",
            "",
        ] {
            assert!(
                mismatch(&exposition(different), &possible).is_some(),
                "{different}"
            );
        }
    }
}
