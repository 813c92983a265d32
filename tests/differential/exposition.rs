//! The exposition in the pieces that are compared.

use std::collections::{BTreeMap, HashSet};

use super::ties;

/// In families of these prefixes each program has series of its own, which are
/// left out; those that were pushed have a job.
const OWN: [&str; 4] = ["go_", "process_", "promhttp_", "pushgateway_"];
/// Families whose values are times, which two runs never share.
pub(crate) const TIMES: [&str; 2] = ["push_time_seconds", "push_failure_time_seconds"];

/// Whether programs have a metric of that name of their own.
pub(crate) fn is_own(family: &str) -> bool {
    OWN.iter().any(|prefix| family.starts_with(prefix))
}

/// One family as it was exposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Family {
    /// The HELP line, if there is one.
    pub(crate) help: Option<String>,
    /// The TYPE line, if there is one.
    pub(crate) kind: Option<String>,
    /// The lines of the samples in their order, where it is certain.
    pub(crate) samples: Vec<String>,
}

/// The pushed part of an exposition: the names in the order of the exposition,
/// and the families.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Exposition {
    /// The order of the families.
    pub(crate) order: Vec<String>,
    /// The families.
    pub(crate) families: BTreeMap<String, Family>,
}

impl Exposition {
    /// Takes an exposition apart. Lines that belong to no family are kept as
    /// samples of a family without a name, so that nothing goes unnoticed.
    pub(crate) fn parse(text: &str) -> Self {
        let mut exposition = Self::default();
        let mut current = String::new();
        let mut own_kind = None;
        for line in text.split_terminator('\n') {
            let comment = line
                .strip_prefix("# HELP ")
                .or(line.strip_prefix("# TYPE "));
            if let Some(comment) = comment {
                current = comment.split(' ').next().unwrap_or_default().to_owned();
            }
            if is_own(&current) {
                // The HELP is not what was pushed.
                if line.starts_with("# TYPE ") {
                    own_kind = Some(line.to_owned());
                } else if comment.is_none() && line.contains("job=\"") {
                    let family = exposition.family(&current);
                    family.kind.clone_from(&own_kind);
                    family.samples.push(line.to_owned());
                }
                continue;
            }
            let family = exposition.family(&current);
            if line.starts_with("# HELP ") && family.help.is_none() {
                family.help = Some(line.to_owned());
            } else if line.starts_with("# TYPE ") && family.kind.is_none() {
                family.kind = Some(line.to_owned());
            } else {
                let line = if TIMES.contains(&current.as_str()) {
                    without_time(line)
                } else {
                    line.to_owned()
                };
                family.samples.push(line);
            }
        }
        for family in exposition.families.values_mut() {
            let kind = family
                .kind
                .as_deref()
                .and_then(|line| line.rsplit(' ').next());
            let bound = match kind {
                Some("histogram") => Some("le"),
                Some("summary") => Some("quantile"),
                _ => None,
            };
            family.samples = ties::settled(&family.samples, bound);
        }
        exposition
    }

    /// A series that is exposed twice, where that is never right.
    ///
    /// Histograms and summaries may have been pushed with a bound twice.
    pub(crate) fn twice(&self) -> Option<String> {
        let mut names = HashSet::new();
        if let Some(name) = self.order.iter().find(|name| !names.insert(*name)) {
            return Some(name.clone());
        }
        let plain = |family: &&Family| {
            let kind = family.kind.as_deref().unwrap_or_default();
            !kind.ends_with("histogram") && !kind.ends_with("summary")
        };
        self.families.values().filter(plain).find_map(|family| {
            let mut series = HashSet::new();
            let mut series_of = family.samples.iter().map(|line| {
                line.rsplit_once(' ')
                    .map_or(line.as_str(), |(series, _)| series)
            });
            series_of
                .find(|name| !series.insert(*name))
                .map(str::to_owned)
        })
    }

    fn family(&mut self, name: &str) -> &mut Family {
        if self.order.last().is_none_or(|last| last != name) {
            // A family that comes twice shows in the order.
            self.order.push(name.to_owned());
        }
        self.families.entry(name.to_owned()).or_default()
    }
}

/// The line with any value but zero replaced.
fn without_time(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((series, value)) if value != "0" => format!("{series} <a time>"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_families_and_times_are_left_out_and_the_rest_is_kept_in_order() {
        let text = "\
# HELP go_goroutines x
# TYPE go_goroutines gauge
go_goroutines 8
# TYPE m gauge
m{a=\"x\"} 1
m{a=\"y\"} 2
# HELP push_failure_time_seconds h
# TYPE push_failure_time_seconds gauge
push_failure_time_seconds{job=\"a\"} 0
push_failure_time_seconds{job=\"b\"} 1.7e+09
";
        let exposition = Exposition::parse(text);
        assert_eq!(exposition.order, ["m", "push_failure_time_seconds"]);
        let m = Family {
            help: None,
            kind: Some("# TYPE m gauge".to_owned()),
            samples: vec!["m{a=\"x\"} 1".to_owned(), "m{a=\"y\"} 2".to_owned()],
        };
        assert_eq!(exposition.families["m"], m);
        assert_eq!(
            exposition.families["push_failure_time_seconds"].samples,
            [
                "push_failure_time_seconds{job=\"a\"} 0",
                "push_failure_time_seconds{job=\"b\"} <a time>"
            ]
        );
    }

    #[test]
    fn families_that_come_twice_and_stray_lines_show() {
        let twice =
            Exposition::parse("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n");
        assert_eq!(twice.order, ["a", "b", "a"]);
        assert_eq!(
            twice.families["a"].samples,
            ["a 1", "# TYPE a gauge", "a 2"]
        );
        let stray = Exposition::parse("m 1\n");
        assert_eq!(stray.families[""].samples, ["m 1"]);
    }

    #[test]
    fn series_that_come_twice_are_known() {
        for (text, want) in [
            ("# TYPE m gauge\nm 1\nm{a=\"x\"} 1\n", None),
            ("# TYPE m gauge\nm 1\nm 2\n", Some("m")),
            (
                "# TYPE m gauge\nm 1\n# TYPE n gauge\nn 1\n# TYPE m gauge\n",
                Some("m"),
            ),
            (
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1\"} 2\n",
                None,
            ),
        ] {
            assert_eq!(Exposition::parse(text).twice().as_deref(), want, "{text}");
        }
    }

    #[test]
    fn pushed_series_of_own_families_are_kept() {
        let text = "# HELP go_info x\n# TYPE go_info gauge\ngo_info{version=\"1\"} 1\n\
                    go_info{instance=\"\",job=\"a\"} 2\n# TYPE go_threads gauge\ngo_threads 8\n";
        let exposition = Exposition::parse(text);
        assert_eq!(exposition.order, ["go_info"]);
        assert_eq!(
            exposition.families["go_info"].samples,
            ["go_info{instance=\"\",job=\"a\"} 2"]
        );
    }
}
