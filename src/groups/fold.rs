//! What a group holds, folded from its entries.
//!
//! The PUT entry is the floor; POST entries count if they build on its generation, and those of no generation where
//! there is no PUT entry. For each family the newest counting POST entry that has it wins, else the PUT entry.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use super::entry::{self, Entry, Generation, StoredFamily, UnixNanos};

/// What was read of one group.
#[derive(Clone, Debug, Default)]
pub struct GroupEntries<'a> {
    /// The PUT entry.
    pub root: Option<Entry<'a>>,
    /// The POST entries, of whatever generation, in the order of their keys.
    pub posts: Vec<PostEntry<'a>>,
    /// The last rejected push.
    pub failure: Option<Failed<'a>>,
}

/// What is on record of a rejected push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed<'a> {
    /// The grouping labels, sorted by name.
    pub labels: Vec<(&'a str, &'a str)>,
    /// When the push was rejected.
    pub time: UnixNanos,
    /// From when on this is no longer shown, if ever.
    pub expires: Option<UnixNanos>,
}

/// A POST entry.
#[derive(Clone, Debug)]
pub struct PostEntry<'a> {
    /// What whoever read it knows it by. Means nothing here.
    pub key: &'a str,
    /// The entry.
    pub entry: Entry<'a>,
}

/// A group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// The grouping labels, sorted by name.
    pub labels: Vec<(&'a str, &'a str)>,
    /// When a push was last accepted, if one was.
    pub push_time: Option<UnixNanos>,
    /// When a push was last rejected, if one was.
    pub failure_time: Option<UnixNanos>,
    /// When the last of it is no longer shown, unless it is pushed again; `None` if something is shown for ever.
    pub expires: Option<UnixNanos>,
    /// The families, sorted by name.
    pub families: Vec<StoredFamily<'a>>,
}

impl Group<'_> {
    /// Whether the last push was rejected.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        // Never is before any time.
        self.failure_time > self.push_time
    }

    /// How many series the group has.
    #[must_use]
    pub fn series_count(&self) -> usize {
        let families = self.families.iter();
        families.map(|family| family.series_count).sum()
    }
}

impl<'a> GroupEntries<'a> {
    /// The generation that a POST now builds on.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.root
            .as_ref()
            .map_or(Generation::NONE, |root| root.header.generation)
    }

    /// The group as it stands at this time, or `None` if there is no such group.
    ///
    /// What has expired is hidden family by family, after the newest was found of each: an older one does not come
    /// back when it expires. The group itself is brought by its last push, as `push_time_seconds` is, and by whatever
    /// is still shown of others.
    #[must_use]
    pub fn fold(self, now: UnixNanos) -> Option<Group<'a>> {
        let generation = self.generation();
        let root = self.root.filter(|root| !root.header.tombstone);
        let has_root = root.is_some();
        let counts = |post: &PostEntry<'_>| post.entry.header.generation == generation;
        let posts = self.posts.into_iter().filter(counts);
        let mut entries: Vec<_> = root
            .into_iter()
            .chain(posts.map(|post| post.entry))
            .collect();
        if let [first, _, ..] = entries.as_slice() {
            // A group's id is a hash of its labels: an entry with others was not written by this program.
            let labels = first.header.labels.clone();
            entries.retain(|entry| entry.header.labels == labels);
        }

        let failure = self
            .failure
            .filter(|failure| !entry::is_past(failure.expires, now));
        let mut families = match entries.as_mut_slice() {
            // One entry, whose families are in order already.
            [only] => std::mem::take(&mut only.families),
            [root, posts @ ..] if has_root => merged(Some(root), posts.iter()),
            posts => merged(None, posts.iter()),
        };
        families.retain(|family| !family.is_expired(now));
        let push_time = entries.iter().map(|entry| entry.header.time).max();
        let last = entries
            .iter()
            .filter(|entry| Some(entry.header.time) == push_time);
        let is_live =
            !families.is_empty() || last.clone().any(|entry| !entry.header.is_expired(now));
        if !is_live && failure.is_none() {
            return None;
        }
        let ends = last
            .map(|entry| entry.header.expires)
            .chain(failure.iter().map(|failure| failure.expires))
            .chain(families.iter().map(|family| family.expires));
        let expires = ends.map(|end| end.unwrap_or(UnixNanos::MAX)).max();
        Some(Group {
            push_time,
            failure_time: failure.as_ref().map(|failure| failure.time),
            expires: expires.filter(|end| *end != UnixNanos::MAX),
            labels: match entries.into_iter().next() {
                Some(entry) => entry.header.labels,
                None => failure?.labels,
            },
            families,
        })
    }

    /// Whether this holds of all that is shown of the group as long as it has not expired, by when it was pushed and
    /// until when it is shown: the last push, which brought the group, and the newest of each family. Not if there are
    /// entries that do not count, or none.
    #[must_use]
    pub fn are_all(&self, hold: impl Fn(UnixNanos, Option<UnixNanos>) -> bool) -> bool {
        let posts = || self.counting().map(|post| &post.entry);
        let all = || self.root.iter().chain(posts());
        let Some(last) = all().map(|entry| entry.header.time).max() else {
            return false;
        };
        // The last push first: mostly it says no, and families need not be looked at.
        let headers = || all().map(|entry| &entry.header);
        let mut lasts = headers().filter(|header| header.time == last);
        let labels = headers().next().map(|header| &header.labels);
        lasts.all(|header| hold(header.time, header.expires))
            && self.posts.len() == posts().count()
            && headers().all(|header| !header.tombstone && Some(&header.labels) == labels)
            && merged(self.root.as_ref(), posts())
                .iter()
                .all(|family| hold(family.time, family.expires))
    }

    /// The keys of POST entries that count, but of which newer ones leave nothing to be seen.
    #[must_use]
    pub fn superseded(&self) -> Vec<&'a str> {
        let winners = newest(self.counting().map(|post| &post.entry));
        let latest = self.counting().map(|post| post.entry.header.time).max();
        let is_seen = |entry: &Entry<'_>| {
            Some(entry.header.time) == latest
                || entry.families.iter().any(|family| {
                    winners
                        .get(family.name)
                        .is_some_and(|(_, time)| *time == entry.header.time)
                })
        };
        self.counting()
            .filter(|post| !is_seen(&post.entry))
            .map(|post| post.key)
            .collect()
    }

    fn counting(&self) -> impl Iterator<Item = &PostEntry<'a>> {
        let generation = self.generation();
        self.posts
            .iter()
            .filter(move |post| post.entry.header.generation == generation)
    }
}

/// The families of several entries, sorted by name: the newest of the POST entries', else the PUT entry's.
fn merged<'e, 'a: 'e>(
    root: Option<&'e Entry<'a>>,
    posts: impl Iterator<Item = &'e Entry<'a>>,
) -> Vec<StoredFamily<'a>> {
    let root = root.into_iter().flat_map(|root| &root.families);
    let mut families: BTreeMap<_, _> = root.map(|family| (family.name, *family)).collect();
    let posted = newest(posts).into_iter();
    families.extend(posted.map(|(name, (family, _))| (name, family)));
    families.into_values().collect()
}

/// For each family name the newest family, and the time of the entry that it stands in.
///
/// A family that was taken over into a newer entry is there twice, with the same time: the newer entry's counts.
fn newest<'e, 'a: 'e>(
    entries: impl Iterator<Item = &'e Entry<'a>>,
) -> BTreeMap<&'a str, (StoredFamily<'a>, UnixNanos)> {
    let mut newest: BTreeMap<&str, (StoredFamily<'a>, UnixNanos)> = BTreeMap::new();
    for entry in entries {
        for family in &entry.families {
            let this = (*family, entry.header.time);
            match newest.entry(family.name) {
                Slot::Occupied(mut held) => {
                    let (other, other_entry) = *held.get();
                    if (other.time, other_entry) <= (family.time, entry.header.time) {
                        held.insert(this);
                    }
                }
                Slot::Vacant(free) => {
                    free.insert(this);
                }
            }
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::MetricType;
    use crate::groups::entry::{Header, Writer};
    use crate::groups::series::{RenderedFamily, RenderedSeries};

    const JOB: &[(&str, &str)] = &[("job", "j")];

    /// An entry whose families each have one series that says when it was pushed.
    fn entry(time: UnixNanos, generation: u64, families: &[&str]) -> Vec<u8> {
        expiring(time, None, generation, families)
    }

    fn expiring(
        time: UnixNanos,
        expires: Option<UnixNanos>,
        generation: u64,
        families: &[&str],
    ) -> Vec<u8> {
        let header = Header {
            time,
            expires,
            generation: Generation(generation),
            tombstone: false,
            labels: JOB.to_vec(),
        };
        let mut writer = Writer::new(&header, families.len());
        for name in families {
            let series = RenderedSeries {
                key: Vec::new(),
                text: format!("{name} {time}\n"),
            };
            writer.add(&RenderedFamily::of_series(
                name,
                None,
                MetricType::Untyped,
                vec![series],
            ));
        }
        writer.finish()
    }

    fn tombstone(generation: u64) -> Vec<u8> {
        let header = Header {
            time: 9,
            expires: None,
            generation: Generation(generation),
            tombstone: true,
            labels: JOB.to_vec(),
        };
        Writer::new(&header, 0).finish()
    }

    /// The folded group's text and push time.
    fn folded(root: Option<&[u8]>, posts: &[&[u8]]) -> Option<(String, Option<UnixNanos>)> {
        folded_at(0, root, posts).map(|(text, push_time, _)| (text, push_time))
    }

    /// The same at this time, and when the group ends.
    fn folded_at(
        now: UnixNanos,
        root: Option<&[u8]>,
        posts: &[&[u8]],
    ) -> Option<(String, Option<UnixNanos>, Option<UnixNanos>)> {
        let decode = |value| Entry::decode(value).expect("decodes");
        let entries = GroupEntries {
            root: root.map(decode),
            posts: posts
                .iter()
                .map(|value| PostEntry {
                    key: "",
                    entry: decode(value),
                })
                .collect(),
            failure: None,
        };
        entries.fold(now).map(|group| {
            let text = group
                .families
                .iter()
                .map(|family| String::from_utf8_lossy(family.text))
                .collect();
            (text, group.push_time, group.expires)
        })
    }

    #[test]
    fn the_fold_follows_the_rules() {
        let put = entry(5, 7, &["a", "b"]);
        let on_it = entry(4, 7, &["b", "c"]);
        let newer = entry(6, 7, &["c"]);
        let of_old_generation = entry(99, 6, &["a", "d"]);
        let on_nothing = entry(50, 0, &["a"]);
        let carried = tombstone(8);
        let on_tombstone = entry(10, 8, &["a"]);
        type Case<'a> = (
            &'a str,
            Option<&'a [u8]>,
            Vec<&'a [u8]>,
            Option<(&'a str, Option<UnixNanos>)>,
        );
        let cases: Vec<Case<'_>> = vec![
            ("nothing is no group", None, vec![], None),
            (
                "a PUT alone",
                Some(&put),
                vec![],
                Some(("a 5\nb 5\n", Some(5))),
            ),
            (
                "any POST on it beats the PUT",
                Some(&put),
                vec![&on_it],
                Some(("a 5\nb 4\nc 4\n", Some(5))),
            ),
            (
                "the newest POST wins",
                Some(&put),
                vec![&newer, &on_it],
                Some(("a 5\nb 4\nc 6\n", Some(6))),
            ),
            (
                "a POST on another generation does not count",
                Some(&put),
                vec![&of_old_generation, &on_nothing],
                Some(("a 5\nb 5\n", Some(5))),
            ),
            (
                "without a PUT only POSTs on nothing count",
                None,
                vec![&on_nothing, &on_it],
                Some(("a 50\n", Some(50))),
            ),
            (
                "without one that counts there is no group",
                None,
                vec![&on_it],
                None,
            ),
            (
                "a tombstone is no group",
                Some(&carried),
                vec![&on_nothing, &on_it],
                None,
            ),
            (
                "but can be built on",
                Some(&carried),
                vec![&on_tombstone],
                Some(("a 10\n", Some(10))),
            ),
        ];
        for (name, root, posts, want) in cases {
            let got = folded(root, &posts);
            let got = got.as_ref().map(|(text, time)| (text.as_str(), *time));
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn a_rejected_push_alone_makes_a_group() {
        let entries = GroupEntries {
            failure: Some(Failed {
                labels: JOB.to_vec(),
                time: 3,
                expires: Some(10),
            }),
            ..GroupEntries::default()
        };
        assert_eq!(entries.clone().fold(10), None);
        let group = entries.fold(9).expect("exists");
        assert_eq!((group.push_time, group.failure_time), (None, Some(3)));
        assert_eq!((group.labels.as_slice(), group.expires), (JOB, Some(10)));
    }

    #[test]
    fn what_has_expired_is_hidden() {
        let put = expiring(5, Some(100), 7, &["a", "b"]);
        let lasting = entry(5, 7, &["a", "b"]);
        let post = expiring(6, Some(50), 7, &["b", "c"]);
        let empty = expiring(7, Some(120), 7, &[]);
        let late = expiring(8, Some(90), 7, &["a"]);
        let same = expiring(6, Some(50), 7, &["a", "b"]);
        type Case<'a> = (
            &'a str,
            UnixNanos,
            &'a [u8],
            Vec<&'a [u8]>,
            Option<(&'a str, Option<UnixNanos>, Option<UnixNanos>)>,
        );
        let cases: Vec<Case<'_>> = vec![
            (
                "nothing before its time",
                49,
                &put,
                vec![&post],
                Some(("a 5\nb 6\nc 6\n", Some(6), Some(100))),
            ),
            (
                "what it was laid on does not come back",
                50,
                &put,
                vec![&post],
                Some(("a 5\n", Some(6), Some(100))),
            ),
            (
                "the group with the last push, if nothing else is shown",
                50,
                &put,
                vec![&same],
                None,
            ),
            (
                "nor is it kept by what lasts but was replaced",
                50,
                &lasting,
                vec![&same],
                None,
            ),
            (
                "the group with the last of it",
                100,
                &put,
                vec![&post],
                None,
            ),
            (
                "never, where something lasts",
                100,
                &lasting,
                vec![&post],
                Some(("a 5\n", Some(6), None)),
            ),
            (
                "a push without families keeps its group",
                100,
                &put,
                vec![&post, &empty],
                Some(("", Some(7), Some(120))),
            ),
            (
                "but not beyond the push after it",
                100,
                &empty,
                vec![&late],
                None,
            ),
        ];
        for (name, now, root, posts, want) in cases {
            let got = folded_at(now, Some(root), &posts);
            let got = got
                .as_ref()
                .map(|(text, time, end)| (text.as_str(), *time, *end));
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn an_entry_of_other_labels_does_not_count() {
        let put = entry(5, 7, &["a"]);
        let header = Header {
            time: 8,
            expires: None,
            generation: Generation(7),
            tombstone: false,
            labels: vec![("job", "someone else's")],
        };
        let stray = Writer::new(&header, 0).finish();
        assert_eq!(
            folded(Some(&put), &[&stray]),
            Some(("a 5\n".to_owned(), Some(5)))
        );
    }

    #[test]
    fn superseded_entries_have_nothing_left_to_show() {
        let values = [
            ("a at 1", entry(1, 7, &["a"])),
            ("a and b at 2", entry(2, 7, &["a", "b"])),
            ("a at 3", entry(3, 7, &["a"])),
            ("nothing at 4", entry(4, 7, &[])),
            ("of another generation", entry(9, 6, &["a"])),
        ];
        let root = entry(8, 7, &["z"]);
        let mut entries = GroupEntries {
            root: Entry::decode(&root).ok(),
            ..GroupEntries::default()
        };
        for (key, value) in &values {
            entries.posts.push(PostEntry {
                key,
                entry: Entry::decode(value).expect("decodes"),
            });
        }
        assert_eq!(entries.superseded(), ["a at 1"]);
    }
}
