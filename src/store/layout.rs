//! The keys of the store.
//!
//! All of them begin with [`PREFIX`], and everything else in the store is left alone. The alphabet is lower-case
//! letters, digits and colons, the length at most 105 bytes, which suits every provider.

use std::cell::RefCell;
use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::groups::entry::Generation;
use crate::groups::key::{GroupId, HASH_DIGITS, hex, is_hex};

/// What all keys of this layout begin with.
pub const PREFIX: &str = "pgw1:";

/// The key of the record of the label name sets in use.
pub const SHAPES: &str = "pgw1:shapes";

/// A key of ours, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// The PUT entry of a group.
    Root {
        /// The group's id.
        group: &'a str,
    },
    /// A POST entry of a group.
    Post {
        /// The group's id.
        group: &'a str,
        /// The generation that the entry builds on.
        generation: Generation,
        /// Which entry of the generation: see [`Slot`].
        slot: &'a str,
    },
    /// The record of a group's POST entries.
    Index {
        /// The group's id.
        group: &'a str,
    },
    /// The record of a group's last rejected push.
    Failure {
        /// The group's id.
        group: &'a str,
    },
    /// The record of what of a group has not been forwarded. Alone it makes no group.
    Unsent {
        /// The group's id.
        group: &'a str,
    },
    /// The record of a family's type.
    Type {
        /// The hash of the family's name.
        family: &'a str,
    },
    /// The record of label name sets.
    Shapes,
}

/// How many digits a slot has that is written once, behind its `x`.
const UNIQUE_DIGITS: usize = 16;

/// The last part of the key of a POST entry.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Slot(String);

impl Slot {
    /// The slot of pushes of exactly these families, which overwrite one another.
    ///
    /// `families` are sorted.
    pub fn of_families<'a>(families: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for family in families {
            hash.update(family);
            hash.update([0xFF]);
        }
        Self(hex(&hash.finalize(), HASH_DIGITS))
    }

    /// A slot that is written once and never again.
    #[must_use]
    pub fn unique(random: u64) -> Self {
        Self(format!("x{random:016x}"))
    }

    /// Whether this, from a key, is a slot that is written once.
    #[must_use]
    pub fn is_unique(slot: &str) -> bool {
        slot.starts_with('x')
    }

    /// As it stands in the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of a group's PUT entry.
#[must_use]
pub fn root(group: &GroupId) -> String {
    format!("pgw1:g:{group}")
}

/// The key of a POST entry.
#[must_use]
pub fn post(group: &GroupId, generation: Generation, slot: &Slot) -> String {
    format!("pgw1:g:{group}:{generation}:{}", slot.as_str())
}

/// The key of the record of a group's POST entries.
#[must_use]
pub fn index(group: &GroupId) -> String {
    format!("pgw1:m:{group}")
}

/// The key of the record of a group's last rejected push.
#[must_use]
pub fn failure(group: &GroupId) -> String {
    format!("pgw1:f:{group}")
}

/// The key of the record of what of a group has not been forwarded.
#[must_use]
pub fn unsent(group: &GroupId) -> String {
    format!("pgw1:w:{group}")
}

/// How many keys of families are remembered.
const MAX_REMEMBERED: usize = 1024;

/// How long names may be, in bytes, that are remembered.
const MAX_REMEMBERED_NAME: usize = 128;

thread_local! {
    /// The keys of families that came before, by name: jobs push the same ones again and again, and a tenth of the work
    /// of a push was to hash them. Goes with the instance.
    static FAMILY_TYPES: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The key of the record of a family's type.
#[must_use]
pub fn family_type(family: &str) -> String {
    FAMILY_TYPES.with_borrow_mut(|keys| {
        if let Some(key) = keys.get(family) {
            return key.clone();
        }
        let key = format!("pgw1:t:{}", hex(&Sha256::digest(family), HASH_DIGITS));
        if family.len() <= MAX_REMEMBERED_NAME {
            if keys.len() >= MAX_REMEMBERED {
                keys.clear();
            }
            keys.insert(family.to_owned(), key.clone());
        }
        key
    })
}

impl<'a> Key<'a> {
    /// Takes a key apart. `None` for keys of other programs, and for keys of ours that this version does not know.
    #[must_use]
    pub fn parse(key: &'a str) -> Option<Self> {
        let key = key.strip_prefix(PREFIX)?;
        if key == "shapes" {
            return Some(Self::Shapes);
        }
        // A listing has many of them: their parts are where they must be.
        let (kind, rest) = key.split_at_checked(2)?;
        match kind {
            "g:" => Self::parse_entry(rest),
            "m:" => group_id(rest).map(|group| Self::Index { group }),
            "f:" => group_id(rest).map(|group| Self::Failure { group }),
            "w:" => group_id(rest).map(|group| Self::Unsent { group }),
            "t:" => hash(rest).map(|family| Self::Type { family }),
            _ => None,
        }
    }

    fn parse_entry(rest: &'a str) -> Option<Self> {
        let (group, rest) = rest.split_at_checked(GroupId::DIGITS)?;
        let group = group_id(group)?;
        if rest.is_empty() {
            return Some(Self::Root { group });
        }
        let (generation, slot) = rest.strip_prefix(':')?.split_once(':')?;
        Some(Self::Post {
            group,
            generation: Generation::parse(generation)?,
            slot: slot_text(slot)?,
        })
    }

    /// The id of the group that this key belongs to, if it belongs to one.
    #[must_use]
    pub fn group(&self) -> Option<&'a str> {
        match *self {
            Self::Root { group }
            | Self::Post { group, .. }
            | Self::Index { group }
            | Self::Failure { group }
            | Self::Unsent { group } => Some(group),
            Self::Type { .. } | Self::Shapes => None,
        }
    }
}

/// What of a key of ours follows the kind: keys of a group begin with its id.
#[must_use]
pub fn without_kind(key: &str) -> &str {
    key.get(PREFIX.len() + 2..).unwrap_or_default()
}

/// Whether this is the key of a POST entry that is written once.
#[must_use]
pub fn is_unique(key: &str) -> bool {
    matches!(Key::parse(key), Some(Key::Post { slot, .. }) if Slot::is_unique(slot))
}

fn group_id(text: &str) -> Option<&str> {
    is_hex(text, GroupId::DIGITS).then_some(text)
}

fn hash(text: &str) -> Option<&str> {
    is_hex(text, HASH_DIGITS).then_some(text)
}

fn slot_text(text: &str) -> Option<&str> {
    match text.strip_prefix('x') {
        Some(unique) => is_hex(unique, UNIQUE_DIGITS).then_some(text),
        None => hash(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::key::GroupingKey;

    #[test]
    fn keys_come_apart_as_they_were_put_together() {
        let id = GroupingKey::new([("job", "j")]).expect("has a job").id();
        let group = id.as_str();
        let slot = Slot::of_families(["a", "b"]);
        let unique = Slot::unique(5);
        let cases = [
            (root(&id), Key::Root { group }),
            (
                post(&id, Generation::NONE, &slot),
                Key::Post {
                    group,
                    generation: Generation::NONE,
                    slot: slot.as_str(),
                },
            ),
            (
                post(&id, Generation(9), &unique),
                Key::Post {
                    group,
                    generation: Generation(9),
                    slot: unique.as_str(),
                },
            ),
            (index(&id), Key::Index { group }),
            (failure(&id), Key::Failure { group }),
            (unsent(&id), Key::Unsent { group }),
            (SHAPES.to_owned(), Key::Shapes),
        ];
        for (text, key) in &cases {
            assert_eq!(Key::parse(text), Some(*key), "{text}");
            assert!(text.len() <= 105, "{text}");
            let is_unique = text.ends_with(unique.as_str());
            assert_eq!(super::is_unique(text), is_unique, "{text}");
        }
        assert!(matches!(
            Key::parse(&family_type("m")),
            Some(Key::Type { .. })
        ));
    }

    #[test]
    fn keys_of_others_are_not_ours() {
        let hash = "0123456789abcdef0123456789abcdef0123456789abcdef";
        let cases = [
            String::new(),
            "session:1".to_owned(),
            "pgw1:".to_owned(),
            "pgw2:g:0".to_owned(),
            format!("pgw1:q:{hash}"),
            format!("pgw1:g:{hash}0"),
            format!("pgw1:g:{}", hash.to_uppercase()),
            format!("pgw1:g:{hash}:"),
            format!("pgw1:g:{hash}:0"),
            format!("pgw1:g:{hash}:0:{hash}:more"),
            format!("pgw1:g:{hash}:7:{hash}"),
            format!("pgw1:g:{hash}:0:y123456789abcdef0"),
            format!("pgw1:m:{hash}:0"),
        ];
        for key in &cases {
            assert_eq!(Key::parse(key), None, "{key}");
        }
    }

    #[test]
    fn hashes_are_stable_across_versions() {
        // Changed hashes would orphan what is stored.
        assert_eq!(
            family_type("some_metric"),
            "pgw1:t:cd70db1b79c7b93936aa822456c20c6b"
        );
        assert_eq!(
            Slot::of_families(["a", "b"]).as_str(),
            "8872fa7b26b0c523940efc1110657380"
        );
    }
}
