//! The consistency check, as far as it concerns one push alone, and what it says.
//!
//! The rules and texts are those of the Pushgateway (`checkWriteRequest`) and of the registry it asks
//! (`client_golang`, `checkMetricConsistency` and `checkSuffixCollisions`). What a push contradicts in *other* groups
//! is looked up by the push itself, which compares with the functions here.

use std::fmt;

use super::names;
use super::own;
use super::series;
use crate::bytes;
use crate::exposition::model::{Metric, MetricFamily, MetricType, Value};
use crate::exposition::protobuf;
use crate::hints;

/// How many violations are told. (The Pushgateway tells all, however many.)
const MAX_TOLD: usize = 20;

/// What is wrong with a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    texts: Vec<String>,
    untold: usize,
    hint: Option<&'static str>,
}

impl Violations {
    /// Adds a violation.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.texts.len() < MAX_TOLD {
            self.texts.push(text());
        } else {
            self.untold += 1;
        }
    }

    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    /// Nothing, if there is no violation.
    ///
    /// # Errors
    ///
    /// These, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.texts.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

/// One violation is its text; several are listed as Go's registry lists them.
impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [text] = self.texts.as_slice() {
            return f.write_str(text);
        }
        write!(f, "{} error(s) occurred:", self.texts.len() + self.untold)?;
        for text in &self.texts {
            write!(f, "\n* {text}")?;
        }
        if self.untold > 0 {
            write!(f, "\n* … and {} more", self.untold)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Refuses metrics with a timestamp, even one of 0.
///
/// # Errors
///
/// There is such a metric.
pub fn check_timestamps(families: &[MetricFamily<'_>]) -> Result<(), Violations> {
    let mut violations = Violations::default();
    if families
        .iter()
        .flat_map(|family| &family.metrics)
        .any(|metric| metric.timestamp_ms.is_some())
    {
        violations.add(|| "pushed metrics must not have timestamps".to_owned());
        violations.hint = Some(hints::TIMESTAMPS);
    }
    violations.into_result()
}

/// Checks the families of a push, whose metrics have their final labels, against each other and against the names
/// of the gateway's own metrics.
///
/// # Errors
///
/// All violations, in the order of the families.
pub fn check_push(families: &[MetricFamily<'_>]) -> Result<(), Violations> {
    let mut violations = Violations::default();
    let types = Types::of(families);
    for family in families {
        if let Some(text) = wrong_own_type(family).or_else(|| collision(family, &types)) {
            violations.add(|| text);
        } else {
            check_metrics(family, &mut violations);
        }
    }
    violations.into_result()
}

/// The types of families, sorted by name.
struct Types<'a>(Vec<(&'a str, MetricType)>);

impl<'a> Types<'a> {
    fn of(families: &'a [MetricFamily<'_>]) -> Self {
        let types = families.iter();
        let types = types.map(|family| (&*family.name, family.metric_type));
        let mut types: Vec<_> = types.collect();
        types.sort_by(|(a, _), (b, _)| bytes::compare(*a, *b));
        Self(types)
    }

    fn get(&self, name: &str) -> Option<MetricType> {
        let by_name = |(held, _): &(&str, _)| bytes::compare(*held, name);
        let at = self.0.binary_search_by(by_name).ok()?;
        self.0.get(at).map(|(_, metric_type)| *metric_type)
    }
}

fn wrong_own_type(family: &MetricFamily<'_>) -> Option<String> {
    let want = own::type_of(&family.name).filter(|want| *want != family.metric_type)?;
    let (name, got, want) = (
        &family.name,
        family.metric_type.enum_name(),
        want.enum_name(),
    );
    Some(format!(
        "gathered metric family {name} has type {got} but should have {want}"
    ))
}

/// Whether this family is the second of two that collide; of the pushed ones, which come in some order, the one
/// whose name is longer, and always that which collides with a metric of the gateway's own.
fn collision(family: &MetricFamily<'_>, types: &Types<'_>) -> Option<String> {
    let this = (&*family.name, family.metric_type);
    names::neighbours(&family.name, family.metric_type).find_map(|other| {
        let pushed = types
            .get(&other)
            .filter(|_| other.len() < family.name.len());
        let held = own::type_of(&other).or(pushed)?;
        names::collision(this, (&other, held))
    })
}

fn check_metrics(family: &MetricFamily<'_>, violations: &mut Violations) {
    let duplicates = series::duplicates(family);
    let mut duplicates = duplicates.iter().copied().peekable();
    for (at, metric) in family.metrics.iter().enumerate() {
        let is_duplicate = duplicates.next_if_eq(&at).is_some();
        let problem = check_metric(metric).or_else(|| is_duplicate.then(|| DUPLICATE.to_owned()));
        if let Some(problem) = problem {
            violations.add(|| about(&family.name, metric, &problem));
        }
    }
}

/// What is said of a series that is there already.
pub const DUPLICATE: &str = "was collected before with the same name and label values";

/// What is wrong with a metric's labels.
fn check_metric(metric: &Metric<'_>) -> Option<String> {
    let mut previous: Option<&str> = None;
    for label in &metric.labels {
        if previous == Some(&*label.name) {
            return Some(format!(
                "has two or more labels with the same name: {}",
                label.name
            ));
        }
        if label.name.starts_with("__") {
            return Some(format!("has a label with an invalid name: {}", label.name));
        }
        // The Pushgateway lets `le` through, and exposes series that have it twice.
        let taken = match metric.value {
            Value::Summary(_) => "quantile",
            Value::Histogram(_) => "le",
            Value::Counter(_) | Value::Gauge(_) | Value::Untyped(_) => "",
        };
        if label.name == taken {
            return Some(format!("must not have an explicit {taken:?} label"));
        }
        previous = Some(&label.name);
    }
    None
}

/// What is said of a metric whose family has another type in another group.
#[must_use]
pub fn wrong_type(held: MetricType) -> String {
    format!("is not a {}", held.enum_name())
}

/// A violation of one metric.
#[must_use]
pub fn about(name: &str, metric: &Metric<'_>, problem: &str) -> String {
    let mut text = String::new();
    protobuf::write_metric_compact_text(&mut text, metric);
    format!("collected metric {name:?} {{ {text}}} {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::Label;
    use crate::exposition::names::NameScheme;
    use crate::exposition::text;
    use crate::groups::key::GroupingKey;

    /// What the check says of this text pushed to a group with this path of labels.
    fn checked(body: &str, labels: &[(&str, &str)]) -> String {
        let key = GroupingKey::new(labels.iter().copied()).expect("has a job");
        let mut families = text::parse(body.as_bytes(), NameScheme::Legacy).expect("parses");
        for family in &mut families {
            series::apply_grouping_labels(family, &key);
        }
        let result = check_timestamps(&families).and_then(|()| check_push(&families));
        result.map_or_else(|violations| violations.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn says_what_the_pushgateway_says() {
        let job = [("job", "j")];
        let cases: [(&str, &str, &str); 10] = [
            ("nothing wrong", "m 1\nm{a=\"b\"} 2\n", "fine"),
            (
                "a timestamp",
                "m 1 0\n",
                "pushed metrics must not have timestamps",
            ),
            (
                "the same series twice",
                "m{a=\"b\"} 1\nm{a=\"b\"} 2\n",
                r#"collected metric "m" { label:{name:"a" value:"b"} label:{name:"instance" value:""} label:{name:"job" value:"j"} untyped:{value:2}} was collected before with the same name and label values"#,
            ),
            (
                "two that become the same by the grouping labels",
                "# TYPE m gauge\nm{job=\"x\"} 1\nm{job=\"y\"} 2\n",
                r#"collected metric "m" { label:{name:"instance" value:""} label:{name:"job" value:"j"} gauge:{value:2}} was collected before with the same name and label values"#,
            ),
            (
                "a reserved label",
                "m{__x=\"b\"} 1\n",
                r#"collected metric "m" { label:{name:"__x" value:"b"} label:{name:"instance" value:""} label:{name:"job" value:"j"} untyped:{value:1}} has a label with an invalid name: __x"#,
            ),
            (
                "a collision by suffix, whichever comes first",
                "h_count 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n",
                r#"collected metric named "h_count" collides with previously collected histogram named "h""#,
            ),
            (
                "a family of the gateway's own with another type",
                "go_goroutines 1\n",
                "gathered metric family go_goroutines has type UNTYPED but should have GAUGE",
            ),
            (
                "a family of the gateway's own",
                "# TYPE go_goroutines gauge\ngo_goroutines 1\n",
                "fine",
            ),
            (
                "a collision with a metric of the gateway's own",
                "go_gc_duration_seconds_count 1\n",
                r#"collected metric named "go_gc_duration_seconds_count" collides with previously collected summary named "go_gc_duration_seconds""#,
            ),
            (
                "several",
                "m{__x=\"\"} 1\ngo_goroutines 1\n",
                "2 error(s) occurred:\n* collected metric \"m\" { label:{name:\"__x\" value:\"\"} label:{name:\"instance\" value:\"\"} label:{name:\"job\" value:\"j\"} untyped:{value:1}} has a label with an invalid name: __x\n* gathered metric family go_goroutines has type UNTYPED but should have GAUGE",
            ),
        ];
        for (name, body, want) in cases {
            assert_eq!(checked(body, &job), want, "{name}");
        }
    }

    #[test]
    fn a_label_that_comes_twice_is_refused() {
        // As protobuf can have it; in the text formats it is a syntax error.
        let family = MetricFamily {
            name: "m".into(),
            help: None,
            metric_type: MetricType::Gauge,
            unit: None,
            metrics: vec![Metric {
                labels: vec![Label::new("a", "1"), Label::new("a", "2")],
                value: Value::Gauge(1.0),
                timestamp_ms: None,
            }],
        };
        let told = check_push(&[family]).map_err(|violations| violations.to_string());
        assert_eq!(
            told,
            Err(r#"collected metric "m" { label:{name:"a" value:"1"} label:{name:"a" value:"2"} gauge:{value:1}} has two or more labels with the same name: a"#.to_owned())
        );
    }

    #[test]
    fn what_to_do_is_told_where_it_is_known() {
        let hint = |body: &[u8]| {
            let families = text::parse(body, NameScheme::Legacy).expect("parses");
            let violations = check_timestamps(&families)
                .and_then(|()| check_push(&families))
                .expect_err("is refused");
            violations.hint()
        };
        assert_eq!(hint(b"m 1 0\n"), Some(hints::TIMESTAMPS));
        assert_eq!(hint(b"m{__x=\"b\"} 1\n"), None);
    }

    #[test]
    fn grouping_labels_that_a_type_needs_for_itself_are_refused() {
        let summary = "# TYPE s summary\ns_count 1\n";
        assert!(
            checked(summary, &[("job", "j"), ("quantile", "1")])
                .contains(r#"explicit "quantile" label"#)
        );
        let histogram = "# TYPE h histogram\nh_count 1\n";
        assert!(
            checked(histogram, &[("job", "j"), ("le", "1")]).contains(r#"explicit "le" label"#)
        );
        assert_eq!(
            checked("m 1\n", &[("job", "j"), ("le", "1"), ("quantile", "1")]),
            "fine"
        );
    }

    #[test]
    fn not_more_is_told_than_anyone_reads() {
        let body: String = (0..100).map(|n| format!("m{n}{{__x=\"\"}} 1\n")).collect();
        let told = checked(&body, &[("job", "j")]);
        assert!(told.starts_with("100 error(s) occurred:\n* "), "{told}");
        assert_eq!(told.lines().count(), MAX_TOLD + 2);
        assert!(told.ends_with("\n* … and 80 more"), "{told}");
    }
}
