//! What stands in the variables that hold tokens.
//!
//! ```text
//! variable = entry *( "," entry )
//! entry    = *blank [ job "=" ] token *blank    ; a job in push_tokens only
//! job      = name / prefix "*"                  ; "*" alone is every job
//! token    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
//! ```
//!
//! A token is what HTTP calls a `token68`, which every client can send as `Bearer` as it is. It may end in `=`, as
//! base64 does. So that `backup=` is never taken for a token (it is a binding whose token got lost, as in
//! `backup=$UNSET`), the first `=` of an entry in `push_tokens` always ends a job: there a token that ends in `=`
//! is written `*=dG9rZW4=`.
//!
//! Names and prefixes of jobs are taken literally, and have no comma, no `=`, no control characters, and no blanks at
//! their ends. Blanks are space, tab and line ends: a secret read from a file often ends in one.

use std::fmt;

use super::secret::Secret;

/// Which jobs a push token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Jobs {
    /// The job of this name.
    Named(String),
    /// All jobs whose names start with this.
    StartingWith(String),
}

impl Jobs {
    /// Every job.
    pub(super) const fn all() -> Self {
        Self::StartingWith(String::new())
    }

    /// Whether the job is one of them.
    pub(super) fn contains(&self, job: &str) -> bool {
        match self {
            Self::Named(name) => job == name,
            Self::StartingWith(prefix) => job.starts_with(prefix.as_str()),
        }
    }
}

/// What is wrong with a list of tokens, without the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrammarError {
    /// Which entry is wrong, from 1.
    entry: usize,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Token,
    BoundToken,
    Job,
}

impl fmt::Display for GrammarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.problem {
            Problem::Empty => "is empty",
            Problem::Token => {
                "is no token, which has letters, digits and -._~+/ and then any number of ="
            }
            Problem::BoundToken => {
                "has no token behind <job>=, which has letters, digits and -._~+/ and then any number of = \
                 (a token for all jobs that ends in = is written *=<token>)"
            }
            Problem::Job => {
                "has no job before =, which is a name or a prefix with * at its end, without control characters"
            }
        };
        write!(f, "entry {} {text}", self.entry)
    }
}

impl std::error::Error for GrammarError {}

/// The tokens in a variable that allows no bindings. An empty one has none.
pub(super) fn tokens(variable: &str) -> Result<Vec<Secret>, GrammarError> {
    entries(variable, |entry| token(entry).ok_or(Problem::Token))
}

/// The tokens in `push_tokens`, each with its jobs. An empty variable has none.
pub(super) fn bound_tokens(variable: &str) -> Result<Vec<(Secret, Jobs)>, GrammarError> {
    entries(variable, |entry| match entry.split_once('=') {
        None => Ok((token(entry).ok_or(Problem::Token)?, Jobs::all())),
        Some((names, rest)) => {
            let jobs = jobs(names.trim_ascii_end()).ok_or(Problem::Job)?;
            let token = token(rest.trim_ascii_start()).ok_or(Problem::BoundToken)?;
            Ok((token, jobs))
        }
    })
}

fn entries<T>(
    variable: &str,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, GrammarError> {
    if variable.is_empty() {
        return Ok(Vec::new());
    }
    let entries = variable.split(',').map(str::trim_ascii);
    entries
        .zip(1..)
        .map(|(text, entry)| {
            if text.is_empty() {
                Err(Problem::Empty)
            } else {
                parse(text)
            }
            .map_err(|problem| GrammarError { entry, problem })
        })
        .collect()
}

fn token(text: &str) -> Option<Secret> {
    let body = text.trim_end_matches('=');
    let is_token = !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    is_token.then(|| Secret::of(text.as_bytes()))
}

fn jobs(text: &str) -> Option<Jobs> {
    let (name, is_prefix) = match text.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (text, false),
    };
    let is_name =
        (is_prefix || !name.is_empty()) && !name.contains(|c: char| c == '*' || c.is_control());
    is_name.then(|| {
        if is_prefix {
            Jobs::StartingWith(name.to_owned())
        } else {
            Jobs::Named(name.to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(token: &str) -> Secret {
        Secret::of(token.as_bytes())
    }

    fn named(name: &str) -> Jobs {
        Jobs::Named(name.to_owned())
    }

    fn starting_with(prefix: &str) -> Jobs {
        Jobs::StartingWith(prefix.to_owned())
    }

    #[test]
    fn lists_of_tokens_are_read() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            (" a ,\tb\r\n", &["a", "b"]),
            ("dG9rZW4=,eA==", &["dG9rZW4=", "eA=="]),
            ("azAZ09-._~+/", &["azAZ09-._~+/"]),
        ];
        for (variable, want) in cases {
            let want: Vec<_> = want.iter().copied().map(secret).collect();
            assert_eq!(tokens(variable), Ok(want.clone()), "{variable:?}");
            if !variable.contains('=') {
                let want: Vec<_> = want.into_iter().map(|it| (it, Jobs::all())).collect();
                assert_eq!(bound_tokens(variable), Ok(want), "{variable:?}");
            }
        }
    }

    #[test]
    fn what_stands_before_the_first_equals_sign_is_the_job() {
        let cases = [
            ("backup=t", secret("t"), named("backup")),
            ("ci-*=t", secret("t"), starting_with("ci-")),
            ("*=t", secret("t"), Jobs::all()),
            ("*=t=", secret("t="), Jobs::all()),
            ("backup=t==", secret("t=="), named("backup")),
            (" my job = t ", secret("t"), named("my job")),
            ("bäckup/x:y=t", secret("t"), named("bäckup/x:y")),
        ];
        for (variable, token, jobs) in cases {
            assert_eq!(
                bound_tokens(variable),
                Ok(vec![(token, jobs)]),
                "{variable:?}"
            );
        }
        assert_eq!(bound_tokens("a,b=c,d*=c").map(|tokens| tokens.len()), Ok(3));
    }

    #[test]
    fn malformed_lists_are_refused() {
        use Problem::{BoundToken, Empty, Job, Token};
        let both = [
            (" ", 1, Empty),
            ("\n", 1, Empty),
            (",", 1, Empty),
            ("a,", 2, Empty),
            ("a,,b", 2, Empty),
            ("a b", 1, Token),
            ("a,b;c", 2, Token),
            ("\"a\"", 1, Token),
            ("a:b", 1, Token),
            ("a\u{0}", 1, Token),
            ("a\u{7f}", 1, Token),
            ("ä", 1, Token),
            ("*", 1, Token),
            ("\u{a0}a", 1, Token),
        ];
        let plain = [("=", 1, Token), ("a=b", 1, Token), ("a,*=b", 2, Token)];
        let bound = [
            // A binding without a token is never a token.
            ("backup=", 1, BoundToken),
            ("backup==", 1, BoundToken),
            ("*=", 1, BoundToken),
            ("a,*= ", 2, BoundToken),
            ("backup=a b", 1, BoundToken),
            ("backup=a=b", 1, BoundToken),
            ("=", 1, Job),
            ("=t", 1, Job),
            ("==t", 1, Job),
            ("**=t", 1, Job),
            ("*a=t", 1, Job),
            ("a*b=t", 1, Job),
            ("a*b*=t", 1, Job),
            ("a\nb=t", 1, Job),
            ("a\u{85}b=t", 1, Job),
        ];
        for (variable, entry, problem) in both.iter().chain(&plain) {
            let want = GrammarError {
                entry: *entry,
                problem: *problem,
            };
            assert_eq!(tokens(variable), Err(want), "{variable:?}");
        }
        for (variable, entry, problem) in both.iter().chain(&bound) {
            let want = GrammarError {
                entry: *entry,
                problem: *problem,
            };
            assert_eq!(bound_tokens(variable), Err(want), "{variable:?}");
        }
    }

    #[test]
    fn jobs_are_compared_literally() {
        let cases = [
            (named("a"), "a", true),
            (named("a"), "ab", false),
            (named("a"), "A", false),
            (named("a."), "ab", false),
            (starting_with("ci-"), "ci-", true),
            (starting_with("ci-"), "ci-x", true),
            (starting_with("ci-"), "ci", false),
            (starting_with("ci-"), "xci-", false),
            (Jobs::all(), "anything", true),
        ];
        for (jobs, job, want) in cases {
            assert_eq!(jobs.contains(job), want, "{jobs:?} {job}");
        }
    }

    proptest! {
        #[test]
        fn errors_never_repeat_the_variable(token in "[a-z]{12}", junk in "[ !=*,\u{0}]{1,4}") {
            for variable in [format!("{token}{junk}{token}"), format!("{junk}{token}"), format!("{token}{junk}")] {
                for error in [tokens(&variable).err(), bound_tokens(&variable).err()].into_iter().flatten() {
                    let text = format!("{error} {error:?}");
                    prop_assert!(!text.contains(&token), "{}", text);
                }
            }
        }

        #[test]
        fn every_well_formed_entry_is_read(
            job in "[^=,*\\pC\\s]{1,9}",
            star in "\\*?",
            token in "[a-zA-Z0-9._~+/-]{1,20}={0,2}",
        ) {
            let read = bound_tokens(&format!("{job}{star}={token}"));
            let jobs = if star.is_empty() { named(&job) } else { starting_with(&job) };
            prop_assert_eq!(read, Ok(vec![(secret(&token), jobs)]));
            prop_assert_eq!(tokens(&token), Ok(vec![secret(&token)]));
        }
    }
}
