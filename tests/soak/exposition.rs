//! What a scrape shows of each group.

use crate::plan::GROUPS;
use crate::promises::{ABSENT, Group, Pushed};

/// The path of a group.
pub(crate) fn path(group: usize) -> String {
    format!("/metrics/job/soak/group/{group}")
}

/// The groups in an exposition.
///
/// # Errors
///
/// A line is none of those that can be there: the store holds something that nobody has pushed, or cannot be read.
pub(crate) fn groups(text: &str) -> Result<[Group; GROUPS], String> {
    let mut groups = [Group::default(); GROUPS];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        take(&mut groups, line).ok_or_else(|| format!("a scrape shows {line:?}"))?;
    }
    Ok(groups)
}

fn take(groups: &mut [Group; GROUPS], line: &str) -> Option<()> {
    let (series, value) = line.rsplit_once(' ')?;
    let value: f64 = value.parse().ok()?;
    let Some((name, labels)) = series.split_once('{') else {
        let must_be_none = ["pushgateway_entries_skipped", "pushgateway_series_left_out"];
        return (value == 0.0 || !must_be_none.contains(&series)).then_some(());
    };
    if name.starts_with("pushgateway_") {
        return Some(());
    }
    let (group, rest) = labels.strip_prefix("group=\"")?.split_once('"')?;
    let group = groups.get_mut(group.parse::<usize>().ok()?)?;
    if rest != ",instance=\"\",job=\"soak\"}" {
        return None;
    }
    match name {
        "push_time_seconds" => group.succeeded = value > 0.0,
        "push_failure_time_seconds" => group.failed = value > 0.0,
        other if other.starts_with("other") => group.others += 1,
        _ => {
            let [letter @ b'a'..=b'f'] = *name.as_bytes() else {
                return None;
            };
            let family = group.families.get_mut(usize::from(letter - b'a'))?;
            let is_first = *family == ABSENT;
            *family = value as Pushed;
            return (is_first && f64::from(*family) == value).then_some(());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::groups;
    use crate::promises::Group;

    #[test]
    fn groups_are_read() {
        let text = "\
            # TYPE a untyped\n\
            a{group=\"1\",instance=\"\",job=\"soak\"} 1.234567e+06\n\
            other7{group=\"1\",instance=\"\",job=\"soak\"} 1\n\
            push_time_seconds{group=\"1\",instance=\"\",job=\"soak\"} 1.7e+09\n\
            push_failure_time_seconds{group=\"1\",instance=\"\",job=\"soak\"} 0\n\
            push_failure_time_seconds{group=\"2\",instance=\"\",job=\"soak\"} 1.7e+09\n\
            pushgateway_entries_skipped 0\n\
            pushgateway_groups 2\n";
        let groups = groups(text).expect("is right");
        let want = Group {
            families: [1_234_567, 0, 0, 0, 0, 0],
            others: 1,
            succeeded: true,
            failed: false,
        };
        assert_eq!(groups[1], want);
        assert!(groups[2].failed && !groups[2].succeeded);
        assert_eq!(groups[0], Group::default());
    }

    #[test]
    fn what_nobody_pushed_is_wrong() {
        for line in [
            "a{group=\"1\",instance=\"\",job=\"soak\"} 1.5",
            "a{group=\"99\",instance=\"\",job=\"soak\"} 1",
            "a{group=\"1\",instance=\"x\",job=\"soak\"} 1",
            "z{group=\"1\",instance=\"\",job=\"soak\"} 1",
            "pushgateway_entries_skipped 1",
        ] {
            assert!(groups(line).is_err(), "{line}");
        }
    }
}
