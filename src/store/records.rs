//! The small records beside the entries: JSON, so that an operator can read them.
//!
//! A record that cannot be read is treated as absent, and written again by the next push that it concerns; of
//! [`Failure`] that is the next that is rejected. A push that is forwarded takes an [`Unsent`] for one, readable or not.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::layout::{self, SHAPES, Slot};
use super::{Store, StoreError, Value};
use crate::exposition::model::MetricType;
use crate::groups::entry::{Generation, UnixNanos};
use crate::groups::key::{GroupId, GroupingKey};

/// Which POST entries a group has, and that it exists.
///
/// Concurrent POSTs may overwrite each other's record, so it can lack an entry until that entry's next push. Nothing
/// that a scrape shows depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The grouping labels.
    pub labels: Labels,
    /// The generation that the entries build on.
    #[serde(with = "generation_text")]
    pub generation: Generation,
    /// The slots that pushes of the same families share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<Slot>,
    /// Slots that are written once: the pushes for which no shared slot was left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<Slot>,
    /// The latest time that any of these entries has.
    #[serde(default)]
    pub newest: UnixNanos,
    /// Keys of entries that no longer count and may be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<String>,
}

impl Index {
    /// The slots of all entries.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.shared.iter().chain(&self.unique)
    }

    /// The keys of all entries of the group whose record this is.
    pub fn post_keys(&self, group: &GroupId) -> impl Iterator<Item = String> {
        self.slots()
            .map(|slot| layout::post(group, self.generation, slot))
    }
}

/// The last rejected push of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The grouping labels.
    pub labels: Labels,
    /// When the push was rejected.
    pub time: UnixNanos,
    /// Why.
    pub reason: String,
    /// From when on this is no longer shown, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<UnixNanos>,
}

/// What of a group has not been forwarded, as far as is known: written with the entry of a push, and deleted when that
/// has been forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// The grouping labels.
    pub labels: Labels,
    /// A random number that names the push.
    pub push: u64,
    /// Until when that push is under way, or when it failed.
    pub time: UnixNanos,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it failed for what it brings, which is then not sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

impl Unsent {
    /// When and why forwarding failed, if it has by this time.
    #[must_use]
    pub fn failure(&self, now: UnixNanos) -> Option<(UnixNanos, &str)> {
        match &self.reason {
            Some(reason) => Some((self.time, reason)),
            None if now > self.time => Some((self.time, "the gateway ended before it was done")),
            None => None,
        }
    }
}

/// The type of a family, as a push of it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyType {
    /// The metric name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type", with = "type_name")]
    pub metric_type: MetricType,
    /// The id of a group that holds the family: the first to push it, or one found later.
    pub group: String,
    /// When a look at all groups found that no other holds it, unless another has pushed it since. Else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alone: UnixNanos,
}

impl FamilyType {
    /// Reads the record; `None` if it cannot be read.
    ///
    /// Every push reads one for each of its families, so those that are as this program writes them are read without
    /// the general way of JSON.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        Self::read_usual(value).or_else(|| read(Some(value)))
    }

    fn read_usual(value: &[u8]) -> Option<Self> {
        let rest = std::str::from_utf8(value).ok()?;
        let (name, rest) = rest.strip_prefix("{\"name\":\"")?.split_once('"')?;
        let (metric_type, rest) = rest.strip_prefix(",\"type\":\"")?.split_once('"')?;
        let (group, rest) = rest.strip_prefix(",\"group\":\"")?.split_once('"')?;
        // In escapes, or characters that JSON must escape, there is more to see.
        let is_plain = |text: &str| !text.bytes().any(|byte| byte == b'\\' || byte < b' ');
        (rest == "}" && is_plain(name) && is_plain(group)).then_some(Self {
            name: name.to_owned(),
            metric_type: MetricType::of_enum_name(metric_type)?,
            group: group.to_owned(),
            alone: 0,
        })
    }
}

/// The sets of grouping label names in use, and since when there has been anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shapes {
    /// When the first push came: the record is written with it, and kept when all groups are gone.
    #[serde(default)]
    pub since: UnixNanos,
    /// The sets, each sorted.
    pub shapes: Vec<Vec<String>>,
}

/// How many sets of label names are kept. A series that is also in a group of a further set is not noticed when it is
/// pushed, but left out when it is scraped.
const MAX_SHAPES: usize = 256;

/// How long the names in all sets may be together, in bytes, with their quotes and commas. Every push reads the record,
/// so that nobody may make it long for everybody.
const MAX_SHAPE_BYTES: usize = 32 * 1024;

impl Shapes {
    /// Reads the record; an empty one if there is none that can be read.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn read<S: Store>(store: &S) -> Result<Self, StoreError> {
        let value = store.read_one(SHAPES.to_owned()).await?;
        Ok(read(value.as_deref()).unwrap_or_default())
    }

    /// Adds a set, unless it is there already or there is no room for it. Whether the record has changed.
    pub fn add(&mut self, shape: Vec<String>) -> bool {
        let names = self.shapes.iter().chain([&shape]).flatten();
        let bytes: usize = names.map(|name| name.len() + 3).sum();
        let fits = self.shapes.len() < MAX_SHAPES && bytes <= MAX_SHAPE_BYTES;
        let is_new = fits && !self.shapes.contains(&shape);
        if is_new {
            self.shapes.push(shape);
        }
        is_new
    }
}

/// Grouping labels as they stand in a record.
pub type Labels = std::collections::BTreeMap<String, String>;

/// The labels of a grouping key, for a record.
#[must_use]
pub fn labels(key: &GroupingKey) -> Labels {
    key.labels()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Reads a record; `None` if there is none, or none that can be read.
#[must_use]
pub fn read<T: DeserializeOwned>(value: Option<&[u8]>) -> Option<T> {
    serde_json::from_slice(value?).ok()
}

/// Writes a record.
#[must_use]
pub fn write<T: Serialize>(record: &T) -> Value {
    // Strings, numbers and lists only: there is nothing that JSON could not say.
    serde_json::to_vec(record).unwrap_or_default()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(time: &UnixNanos) -> bool {
    *time == 0
}

mod generation_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Generation;

    pub(super) fn serialize<S: Serializer>(
        generation: &Generation,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(generation)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Generation, D::Error> {
        let text = String::deserialize(from)?;
        Generation::parse(&text).ok_or_else(|| D::Error::custom("not a generation"))
    }
}

mod type_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::MetricType;

    pub(super) fn serialize<S: Serializer>(
        metric_type: &MetricType,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(metric_type.enum_name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MetricType, D::Error> {
        let text = String::deserialize(from)?;
        MetricType::of_enum_name(&text).ok_or_else(|| D::Error::custom("not a metric type"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever stands in the store is read as JSON, the usual form only faster.
        #[test]
        fn records_of_families_read_as_json(
            name in r#"[a-z_:"\\\\\x00-\x1F{},é]{0,8}"#, group in "[0-9a-f\"]{0,4}", alone in 0_u64..2,
            metric_type in prop::sample::select(&MetricType::ALL[..]), end in "[ }]{0,2}",
        ) {
            let record = FamilyType { name: name.clone(), metric_type, group: group.clone(), alone };
            prop_assert_eq!(FamilyType::read(&write(&record)), Some(record));
            let metric_type = metric_type.enum_name();
            let other = format!(r#"{{"name":"{name}","type":"{metric_type}","group":"{group}"{end}"#);
            prop_assert_eq!(FamilyType::read(other.as_bytes()), read(Some(other.as_bytes())));
        }
    }

    #[test]
    fn records_read_as_they_were_written() {
        let key = GroupingKey::new([("job", "j"), ("instance", "i")]).expect("has a job");
        let index = Index {
            labels: labels(&key),
            generation: Generation(3),
            shared: vec![Slot::of_families(["a"])],
            unique: vec![Slot::unique(1)],
            newest: 5,
            retired: vec!["pgw1:g:x".to_owned()],
        };
        assert_eq!(read(Some(&write(&index))), Some(index));
        let failure = Failure {
            labels: labels(&key),
            time: 7,
            reason: "two\nlines".to_owned(),
            expires: None,
        };
        assert_eq!(read(Some(&write(&failure))), Some(failure));
        let unsent = Unsent {
            labels: labels(&key),
            push: u64::MAX,
            time: 7,
            reason: None,
            refused: false,
        };
        assert_eq!(
            write(&unsent),
            br#"{"labels":{"instance":"i","job":"j"},"push":18446744073709551615,"time":7}"#
        );
        assert_eq!(read(Some(&write(&unsent))), Some(unsent));
        let family = FamilyType {
            name: "m".to_owned(),
            metric_type: MetricType::Summary,
            group: "g".to_owned(),
            alone: 0,
        };
        assert_eq!(
            write(&family),
            br#"{"name":"m","type":"SUMMARY","group":"g"}"#
        );
        assert_eq!(read(Some(&write(&family))), Some(family));
        let shapes = Shapes {
            since: 9,
            shapes: vec![vec!["instance".to_owned(), "job".to_owned()]],
        };
        assert_eq!(
            write(&shapes),
            br#"{"since":9,"shapes":[["instance","job"]]}"#
        );
        assert_eq!(read(Some(&write(&shapes))), Some(shapes));
    }

    #[test]
    fn what_is_under_way_for_too_long_has_failed() {
        let unsent = |reason: Option<&str>| Unsent {
            labels: Labels::default(),
            push: 1,
            time: 7,
            reason: reason.map(str::to_owned),
            refused: false,
        };
        assert_eq!(unsent(None).failure(7), None);
        assert!(unsent(None).failure(8).is_some());
        assert_eq!(unsent(Some("why")).failure(0), Some((7, "why")));
    }

    #[test]
    fn sets_of_label_names_are_kept_once_and_not_without_end() {
        let mut shapes = Shapes::default();
        let set = |n: usize| vec![format!("label_{n}")];
        assert!(shapes.add(set(0)) && !shapes.add(set(0)));
        assert!(!shapes.add(vec!["l".repeat(MAX_SHAPE_BYTES)]));
        for n in 1..MAX_SHAPES {
            assert!(shapes.add(set(n)), "{n}");
        }
        assert!(!shapes.add(set(MAX_SHAPES)));
        assert_eq!(shapes.shapes.len(), MAX_SHAPES);
    }

    #[test]
    fn what_cannot_be_read_is_absent() {
        for value in [
            None,
            Some(&b""[..]),
            Some(b"{"),
            Some(b"{\"name\":\"m\",\"type\":\"INFO\"}"),
            Some(b"\xff"),
        ] {
            assert_eq!(read::<FamilyType>(value), None);
        }
    }
}
