//! Comparing error texts, which upstream renders with some randomness.
//!
//! Not compared are places in protobuf, which the gateway adds, runs of blanks and no-break spaces (protobuf-go varies them
//! from build to build), the order in which several errors are listed, and the
//! times of pushes. Which of two conflicting groups is blamed is random for
//! each family, so several texts are collected of what the reference may say;
//! and which of a histogram and its `_count` is blamed for colliding hangs on
//! an order that one process may never show, so that is not compared at all.

use std::collections::BTreeSet;

/// What comes before the errors of the consistency check.
const INCONSISTENT: &str = "pushed metrics are invalid or inconsistent with existing metrics: ";

/// Whether the error is about what was pushed, and not about the path.
pub(crate) fn is_about_the_body(text: &str) -> bool {
    text.starts_with(INCONSISTENT) || text.starts_with("text format parsing error ")
}

/// What the reference says to one request, in all variants seen.
#[derive(Debug)]
pub(crate) struct Answers {
    first: Vec<String>,
    errors: BTreeSet<String>,
    names: BTreeSet<Names>,
}

/// The names that the errors of one answer are about, error by error.
type Names = BTreeSet<Vec<String>>;

impl Answers {
    /// Begins with one answer.
    pub(crate) fn new(text: &str) -> Self {
        let mut answers = Self {
            first: lines(text),
            errors: BTreeSet::new(),
            names: BTreeSet::new(),
        };
        answers.add(text);
        answers
    }

    /// Adds another answer to the same request.
    pub(crate) fn add(&mut self, text: &str) {
        let errors = errors(lines(text));
        self.names.insert(names(&errors));
        self.errors.extend(errors);
    }

    /// Whether the text could be the reference's, or begins with a text that
    /// could be and goes on with hints on lines of their own.
    ///
    /// Each error has to be one that the reference gave, and the names that
    /// the errors are about have to be the same as in one of its answers.
    pub(crate) fn include(&self, text: &str) -> bool {
        let subject = self.without_hints(text);
        if !self.are_of_the_check() {
            return subject == self.first;
        }
        self.cover(text) && self.names.contains(&names(&errors(subject)))
    }

    /// Whether each error in the text is one that the reference gave, though
    /// the reference may have given more of them.
    pub(crate) fn cover(&self, text: &str) -> bool {
        let subject = self.without_hints(text);
        self.are_of_the_check()
            && subject.iter().any(|line| line.starts_with(INCONSISTENT))
            && errors(subject)
                .iter()
                .all(|error| self.errors.contains(error))
    }

    /// Whether the reference would say the same again.
    pub(crate) fn are_certain(&self) -> bool {
        !self.are_of_the_check()
    }

    fn are_of_the_check(&self) -> bool {
        self.first.iter().any(|line| line.starts_with(INCONSISTENT))
    }

    fn without_hints(&self, text: &str) -> Vec<String> {
        let listed = text.contains("* ");
        lines(text)
            .into_iter()
            .enumerate()
            .filter(|(index, line)| {
                // Hints are all that follows the text or the list.
                *index == 0 || !listed && *index < self.first.len() || line.starts_with("* ")
            })
            .map(|(_, line)| line)
            .collect()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end_matches('\n')
        .split('\n')
        .map(settled)
        .collect()
}

/// The errors alone: of `n error(s) occurred:` and a line for each, or of the
/// short form for a single one.
fn errors(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| line.replacen(INCONSISTENT, "", 1))
        .filter(|line| !line.ends_with(" error(s) occurred:"))
        .map(|line| line.strip_prefix("* ").unwrap_or(&line).to_owned())
        .collect()
}

/// The quoted names in each error up to the metric, in no certain order.
fn names(errors: &[String]) -> Names {
    errors
        .iter()
        .map(|error| {
            let about = error.split('{').next().unwrap_or_default();
            let quoted = about.split('"').skip(1).step_by(2);
            let mut names: Vec<_> = quoted.map(str::to_owned).collect();
            names.sort();
            names
        })
        .collect()
}

/// The line with what is left to chance taken out.
fn settled(line: &str) -> String {
    let line = one_blank(without_place(line));
    let automatic = ["\"push_time_seconds\"", "\"push_failure_time_seconds\""];
    if automatic.iter().any(|name| line.contains(name))
        && let Some((before, value)) = line.split_once("gauge:{value:")
        && let Some((_, after)) = value.split_once('}')
    {
        return without_zeros(format!("{before}gauge:{{value:a time}}{after}"));
    }
    let line = without_zeros(line);
    collision(&line).unwrap_or(line)
}

/// A fault of the wire format without the place that the gateway adds.
fn without_place(line: &str) -> &str {
    match line.split_once(": in metric family ") {
        Some((fault, _)) if fault.starts_with("proto:") || fault == "unexpected EOF" => fault,
        _ => line,
    }
}

/// A collision as what it is about, whichever name it blames.
///
/// Both forms name the histogram or summary, and the metric with the suffix.
fn collision(line: &str) -> Option<String> {
    const FORMS: [(&str, &str); 5] = [
        ("metric", "histogram"),
        ("metric", "summary"),
        ("histogram", "metric"),
        ("summary", "metric"),
        ("histogram or summary", "metric"),
    ];
    let (before, error) = line.split_once("collected ")?;
    FORMS.iter().find_map(|(what, other)| {
        let rest = error.strip_prefix(what)?.strip_prefix(" named \"")?;
        let (name, rest) = rest.split_once("\" collides with previously collected ")?;
        let rest = rest.strip_prefix(other)?.strip_prefix(" named \"")?;
        let previous = rest.strip_suffix('"')?;
        let (family, metric) = if *what == "metric" {
            (previous, name)
        } else {
            (name, previous)
        };
        let suffix = metric.strip_prefix(family)?;
        matches!(suffix, "_count" | "_sum" | "_bucket")
            .then(|| format!("{before}a collision around \"{family}\""))
    })
}

/// The line without the parts of metrics that are zero, or empty.
///
/// Upstream leaves out the parts that were not pushed, and shows a zero that
/// was; the gateway does not tell the two apart.
fn without_zeros(mut line: String) -> String {
    const PARTS: [&str; 16] = [
        "sample_count",
        "sample_count_float",
        "sample_sum",
        "cumulative_count",
        "cumulative_count_float",
        "upper_bound",
        "schema",
        "zero_threshold",
        "zero_count",
        "zero_count_float",
        "offset",
        "length",
        "quantile",
        "value",
        "seconds",
        "nanos",
    ];
    for part in PARTS {
        for zero in ["0", "-0", "\"\""].map(|zero| format!("{part}:{zero}")) {
            if line.contains(&zero) {
                line = line
                    .replace(&format!("{zero} "), "")
                    .replace(&format!(" {zero}}}"), "}")
                    .replace(&format!("{zero}}}"), "}");
            }
        }
    }
    line
}

fn one_blank(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        let c = if c == '\u{a0}' { ' ' } else { c };
        if c != ' ' || !text.ends_with(' ') {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of the consistency check.
    fn inconsistent(errors: &[&str]) -> String {
        match errors {
            [error] => format!("{INCONSISTENT}{error}\n"),
            _ => format!(
                "{INCONSISTENT}{} error(s) occurred:\n* {}\n",
                errors.len(),
                errors.join("\n* ")
            ),
        }
    }

    #[test]
    fn plain_texts_have_to_be_the_same_up_to_blanks_and_hints() {
        let cases = [
            ("unexpected EOF\n", "unexpected EOF\n", true),
            ("proto:\u{a0}cannot parse\n", "proto: cannot parse\n", true),
            (
                "unexpected EOF\n",
                "unexpected EOF: in metric family 1\n",
                true,
            ),
            ("unexpected EOF\n", "EOF: in metric family 1\n", false),
            ("short\n", "short\nhint: use --data-binary\n", true),
            ("unexpected EOF\n", "unexpected end\n", false),
            ("short\nmore\n", "short\n", false),
            ("b\na\n", "a\nb\n", false),
            ("got \"1\"\n", "got \"1\", a hint on the same line\n", false),
        ];
        for (reference, subject, want) in cases {
            let answers = Answers::new(reference);
            assert_eq!(answers.include(subject), want, "{reference:?} {subject:?}");
        }
    }

    #[test]
    fn errors_of_the_check_may_come_in_any_order_and_from_any_answer() {
        let m_a = "collected metric \"m\" { gauge:{value:1} } is not a COUNTER";
        let m_b = "collected metric \"m\" { counter:{value:2}} is not a GAUGE";
        let n_a = "collected metric \"n\" { gauge:{value:1}} is not a COUNTER";
        let n_b = "collected metric \"n\" { counter:{value:1}} is not a GAUGE";
        let count = "collected metric named \"h_count\" collides with previously collected \
                     histogram named \"h\"";
        let mut answers = Answers::new(&inconsistent(&[m_a, n_a]));
        assert!(answers.include(&inconsistent(&[n_a, &m_a.replace(" }", "  }")])));
        let hint = inconsistent(&[n_a, m_a]) + "hint: one type for each name\n";
        assert!(answers.include(&hint));
        assert!(!answers.include(&inconsistent(&[m_a, n_b])), "not seen yet");
        answers.add(&inconsistent(&[m_b, n_b]));
        assert!(answers.include(&inconsistent(&[m_a, n_b])));
        assert!(answers.cover(&inconsistent(&[m_a])));
        assert!(!answers.cover(&inconsistent(&[m_a, count])));
        for wrong in [
            inconsistent(&[m_a]),
            inconsistent(&[m_a, m_b]),
            inconsistent(&[m_a, n_a, count]),
            inconsistent(&[m_a, &n_a.replace('1', "2")]),
            "text format parsing error in line 1: x\n".to_owned(),
        ] {
            assert!(!answers.include(&wrong), "{wrong}");
        }
    }

    #[test]
    fn either_name_may_be_blamed_for_a_collision() {
        let previous = "collides with previously collected";
        let about = |text: &str| collision(text).unwrap_or_default();
        for same in [
            format!("* collected metric named \"h_sum\" {previous} histogram named \"h\""),
            format!("* collected metric named \"h_count\" {previous} summary named \"h\""),
            format!(
                "* collected histogram or summary named \"h\" {previous} metric named \"h_sum\""
            ),
            format!("* collected histogram named \"h\" {previous} metric named \"h_bucket\""),
        ] {
            assert_eq!(about(&same), "* a collision around \"h\"", "{same}");
        }
        for other in [
            format!("collected metric named \"g_sum\" {previous} histogram named \"h\""),
            format!("collected histogram named \"h\" {previous} metric named \"h\""),
            format!("collected metric named \"h_sum\" {previous} gauge named \"h\""),
            "collected metric \"m\" { gauge:{value:1}} is not a COUNTER".to_owned(),
        ] {
            assert_eq!(about(&other), "", "{other}");
        }
    }

    #[test]
    fn times_of_pushes_and_zeros_of_histograms_are_not_compared() {
        let text = |name: &str, value: &str| {
            inconsistent(&[&format!(
                "collected metric \"{name}\" {{ gauge:{{value:{value}}}}} x"
            )])
        };
        let answers = Answers::new(&text("push_time_seconds", "1.7e+09"));
        assert!(answers.include(&text("push_time_seconds", "1.8e+09")));
        assert!(answers.include(&text("push_time_seconds", "0")));
        let answers = Answers::new(&inconsistent(&[
            "x { histogram:{sample_count_float:0 bucket:{upper_bound:1}}}",
        ]));
        assert!(answers.include(&inconsistent(&[
            "x { histogram:{sample_count:0 sample_sum:0 bucket:{cumulative_count:0 upper_bound:1}}}"
        ])));
        let answers = Answers::new(&text("m", "1.7e+09"));
        assert!(!answers.include(&text("m", "1.8e+09")));
    }
}
