//! The grouping key: the labels that name a group.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

/// The label that every group has.
pub const JOB: &str = "job";

/// The label that every exposed series has, empty where neither group nor push say otherwise.
pub const INSTANCE: &str = "instance";

/// The labels that name a group: always `job`, sorted by name, none of them empty.
///
/// An empty value is dropped, since to Prometheus an empty label and an absent one are the same. (In the Go
/// Pushgateway `{job="a"}` and `{job="a",instance=""}` are two groups whose automatic metrics collide, which breaks
/// every later push and scrape.)
///
/// Keys order as their label names and values do, so that a listing by key is a stable order of groups.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupingKey {
    labels: Vec<(String, String)>,
}

/// The identity of a group in the store, in lower-case hexadecimal: 64 bits of SHA-256 over its job, so that a listing
/// of keys tells how many groups a job has, then 128 bits of SHA-256 over all its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(String);

/// The labels of a group in the order in which people and paths name them: the job, then the others as they come.
pub(crate) fn job_first<'a>(
    labels: &[(&'a str, &'a str)],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let job = labels.iter().filter(|(name, _)| *name == JOB);
    let others = labels.iter().filter(|(name, _)| *name != JOB);
    job.chain(others).copied()
}

impl GroupingKey {
    /// The grouping key of these labels, or `None` where there is no job.
    ///
    /// Later labels win over earlier ones of the same name, as in the Pushgateway.
    pub fn new<N, V>(labels: impl IntoIterator<Item = (N, V)>) -> Option<Self>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let labels: BTreeMap<String, String> = labels
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let key = Self {
            labels: labels
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        };
        key.get(JOB).is_some().then_some(key)
    }

    /// The labels, sorted by name.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of this label, if it is part of the key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self
            .labels
            .binary_search_by(|(have, _)| have.as_str().cmp(name))
            .ok()?;
        self.labels.get(at).map(|(_, value)| value.as_str())
    }

    /// The group's identity in the store.
    #[must_use]
    pub fn id(&self) -> GroupId {
        // 0xFF occurs in no UTF-8 text, so no two sets of labels give the same bytes.
        let mut hash = Sha256::new();
        for (name, value) in &self.labels {
            hash.update(name);
            hash.update([0xFF]);
            hash.update(value);
            hash.update([0xFF]);
        }
        let job = Sha256::digest(self.get(JOB).unwrap_or_default());
        GroupId(hex(&job, GroupId::JOB_DIGITS) + &hex(&hash.finalize(), HASH_DIGITS))
    }
}

impl fmt::Debug for GroupingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As Prometheus writes a label set: `{instance="i",job="j"}`.
impl fmt::Display for GroupingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.labels.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

impl GroupId {
    /// How many digits an id has.
    pub(crate) const DIGITS: usize = Self::JOB_DIGITS + HASH_DIGITS;

    /// How many of them, from the first one on, are the same for all groups of a job: so many that nobody can find another
    /// job that has the same, to use up what `max_groups_per_job` leaves to the first.
    pub(crate) const JOB_DIGITS: usize = 16;

    /// An id as it was written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_hex(text, Self::DIGITS).then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, which all groups of the job have.
    #[must_use]
    pub fn job(&self) -> &str {
        self.0.get(..Self::JOB_DIGITS).unwrap_or_default()
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many digits the hashes in store keys have: 128 bits.
pub(crate) const HASH_DIGITS: usize = 32;

/// The first digits of a digest in lower-case hexadecimal, an even number of them.
pub(crate) fn hex(digest: &[u8], digits: usize) -> String {
    digest
        .iter()
        .take(digits / 2)
        .fold(String::with_capacity(digits), |mut text, byte| {
            for nibble in [byte >> 4, byte & 0xF] {
                text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
            text
        })
}

/// Which bytes are digits of lower-case hexadecimal. A scrape looks at dozens in each key that is listed.
const IS_HEX_DIGIT: [bool; 256] = {
    let mut is_digit = [false; 256];
    let mut byte = 0;
    while byte < is_digit.len() {
        is_digit[byte] = matches!(byte as u8, b'0'..=b'9' | b'a'..=b'f');
        byte += 1;
    }
    is_digit
};

/// Whether this is so many digits of lower-case hexadecimal.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |byte| IS_HEX_DIGIT.get(usize::from(byte)) == Some(&true);
    text.len() == digits && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(labels: &[(&str, &str)]) -> GroupingKey {
        GroupingKey::new(labels.iter().copied()).expect("has a job")
    }

    #[test]
    fn the_order_of_labels_does_not_matter() {
        let one = key(&[("job", "a"), ("instance", "i")]);
        let other = key(&[("instance", "i"), ("job", "a")]);
        assert_eq!(one, other);
        assert_eq!(one.id(), other.id());
    }

    #[test]
    fn an_empty_value_is_no_label() {
        assert_eq!(key(&[("job", "a"), ("instance", "")]), key(&[("job", "a")]));
    }

    #[test]
    fn a_later_label_wins_and_can_be_empty() {
        assert_eq!(
            key(&[("job", "a"), ("x", "1"), ("x", "2")]),
            key(&[("job", "a"), ("x", "2")])
        );
        assert_eq!(
            key(&[("job", "a"), ("x", "1"), ("x", "")]),
            key(&[("job", "a")])
        );
    }

    #[test]
    fn without_a_job_there_is_no_group() {
        assert_eq!(GroupingKey::new([("job", "")]), None);
        assert_eq!(GroupingKey::new([("instance", "i")]), None);
    }

    #[test]
    fn ids_are_stable_across_versions() {
        // A changed id would orphan every group in every store.
        assert_eq!(
            key(&[("job", "some_job")]).id().as_str(),
            "308cd5d90d934727554a9c87d1553586c30f46f4dbce3587"
        );
    }

    #[test]
    fn labels_that_only_look_alike_when_joined_have_different_ids() {
        assert_ne!(
            key(&[("job", "ab"), ("x", "c")]).id(),
            key(&[("job", "a"), ("x", "bc")]).id()
        );
    }

    #[test]
    fn displays_as_prometheus_does() {
        let key = key(&[("job", "a\"b"), ("instance", "i")]);
        assert_eq!(key.to_string(), r#"{instance="i",job="a\"b"}"#);
        assert_eq!(format!("{key:?}"), key.to_string());
    }
}
