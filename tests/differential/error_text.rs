//! Comparing error texts, which upstream renders with some randomness.
//!
//! Not compared are runs of blanks and no-break spaces (protobuf-go varies them
//! from build to build), the order in which several errors are listed, and the
//! times of pushes. Which of two conflicting groups is blamed is random for
//! each family, so several texts are collected of what the reference may say.

use std::collections::BTreeSet;

/// What comes before the errors of the consistency check.
const INCONSISTENT: &str = "pushed metrics are invalid or inconsistent with existing metrics: ";

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
        let listed = text.contains("* ");
        let subject: Vec<String> = lines(text)
            .into_iter()
            .enumerate()
            .filter(|(index, line)| {
                // Hints are all that follows the text or the list.
                *index == 0 || !listed && *index < self.first.len() || line.starts_with("* ")
            })
            .map(|(_, line)| line)
            .collect();
        if !self.first.iter().any(|line| line.starts_with(INCONSISTENT)) {
            return subject == self.first;
        }
        if !subject.iter().any(|line| line.starts_with(INCONSISTENT)) {
            return false;
        }
        let subject = errors(subject);
        self.names.contains(&names(&subject))
            && subject.iter().all(|error| self.errors.contains(error))
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
    let line = one_blank(line);
    let automatic = ["\"push_time_seconds\"", "\"push_failure_time_seconds\""];
    if automatic.iter().any(|name| line.contains(name))
        && let Some((before, value)) = line.split_once("gauge:{value:")
        && let Some((_, after)) = value.split_once('}')
    {
        return format!("{before}gauge:{{value:a time}}{after}");
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
    fn times_of_pushes_are_not_compared() {
        let text = |name: &str, value: &str| {
            inconsistent(&[&format!(
                "collected metric \"{name}\" {{ gauge:{{value:{value}}}}} x"
            )])
        };
        let answers = Answers::new(&text("push_time_seconds", "1.7e+09"));
        assert!(answers.include(&text("push_time_seconds", "1.8e+09")));
        let answers = Answers::new(&text("m", "1.7e+09"));
        assert!(!answers.include(&text("m", "1.8e+09")));
    }
}
