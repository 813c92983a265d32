//! The exposition in the pieces that are compared.

use std::collections::BTreeMap;

use super::ties;

/// Families of these prefixes are each program's own and are left out.
const OWN: [&str; 4] = ["go_", "process_", "promhttp_", "pushgateway_"];
/// Families whose values are times, which two runs never share.
pub(crate) const TIMES: [&str; 2] = ["push_time_seconds", "push_failure_time_seconds"];

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
        for line in text.split_terminator('\n') {
            let comment = line
                .strip_prefix("# HELP ")
                .or(line.strip_prefix("# TYPE "));
            if let Some(comment) = comment {
                current = comment.split(' ').next().unwrap_or_default().to_owned();
            }
            if OWN.iter().any(|prefix| current.starts_with(prefix)) {
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
}
