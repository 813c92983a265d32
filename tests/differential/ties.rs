//! Series that the Pushgateway leaves in no certain order.
//!
//! It orders the series of a family by the number of their labels, then by the
//! values. Two series with the same values under other names tie, and come in
//! the order in which they happen to be sorted. Here they get a certain order.

/// A label as it was exposed, its value not unescaped.
type Label<'a> = (&'a str, &'a str);

/// The lines of one series: one, or all those of a histogram or summary.
struct Series<'a> {
    labels: Vec<Label<'a>>,
    lines: Vec<&'a String>,
}

impl Series<'_> {
    /// What the Pushgateway sorts by.
    fn place(&self) -> (usize, Vec<&str>) {
        let values = self.labels.iter().map(|(_, value)| *value).collect();
        (self.labels.len(), values)
    }
}

/// The lines with ties put in order by the names of the labels.
///
/// `bound` is the label that tells the lines of one series apart: `le` in a
/// histogram, `quantile` in a summary.
pub(crate) fn settled(lines: &[String], bound: Option<&str>) -> Vec<String> {
    let mut all: Vec<Series<'_>> = Vec::new();
    for line in lines {
        let mut labels = labels(line);
        if labels.last().is_some_and(|(name, _)| bound == Some(*name)) {
            labels.pop();
        }
        match all.last_mut() {
            Some(series) if bound.is_some() && series.labels == labels => series.lines.push(line),
            _ => all.push(Series {
                labels,
                lines: vec![line],
            }),
        }
    }
    all.chunk_by_mut(|a, b| a.place() == b.place())
        .for_each(|tied| tied.sort_by(|a, b| a.labels.cmp(&b.labels)));
    all.into_iter()
        .flat_map(|series| series.lines)
        .cloned()
        .collect()
}

/// The items with ties among their labels put in order by the names of these.
pub(crate) fn by_labels<T>(
    mut items: Vec<T>,
    labels: impl Fn(&T) -> Vec<(String, String)>,
) -> Vec<T> {
    let place = |item: &T| {
        let labels = labels(item);
        let values: Vec<_> = labels.into_iter().map(|(_, value)| value).collect();
        (values.len(), values)
    };
    items
        .chunk_by_mut(|a, b| place(a) == place(b))
        .for_each(|tied| tied.sort_by_key(&labels));
    items
}

/// The labels of a sample line; those up to the first thing that is no label.
fn labels(line: &str) -> Vec<Label<'_>> {
    let mut labels = Vec::new();
    let mut rest = line.split_once('{').map_or("", |(_, rest)| rest);
    while let Some((name, quoted)) = rest.split_once("=\"") {
        let Some(end) = end_of_value(quoted) else {
            break;
        };
        let (value, after) = quoted.split_at(end);
        labels.push((name, value));
        match after.strip_prefix("\",") {
            Some(more) => rest = more,
            None => break,
        }
    }
    labels
}

/// Where the first quote is that is not escaped.
fn end_of_value(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn labels_are_read_with_their_escapes() {
        assert_eq!(labels("m 1"), []);
        assert_eq!(labels("m{} 1"), []);
        assert_eq!(
            labels(r#"m{a="x,y=\"}",b="\\",c=""} 1"#),
            [("a", r#"x,y=\"}"#), ("b", r"\\"), ("c", "")]
        );
    }

    #[test]
    fn only_series_with_the_same_values_change_places() {
        let cases = [
            (
                "m{b=\"x\"} 1\nm{a=\"x\"} 2",
                None,
                "m{a=\"x\"} 2\nm{b=\"x\"} 1",
            ),
            (
                "m{b=\"x\"} 1\nm{a=\"y\"} 2",
                None,
                "m{b=\"x\"} 1\nm{a=\"y\"} 2",
            ),
            ("m{b=\"x\"} 1\nm 2", None, "m{b=\"x\"} 1\nm 2"),
            (
                "m{a=\"x\"} 2\nm{a=\"x\"} 1",
                None,
                "m{a=\"x\"} 2\nm{a=\"x\"} 1",
            ),
            (
                "h_bucket{b=\"x\",le=\"1\"} 1\nh_sum{b=\"x\"} 2\nh_bucket{a=\"x\",le=\"1\"} 3\nh_sum{a=\"x\"} 4",
                Some("le"),
                "h_bucket{a=\"x\",le=\"1\"} 3\nh_sum{a=\"x\"} 4\nh_bucket{b=\"x\",le=\"1\"} 1\nh_sum{b=\"x\"} 2",
            ),
            (
                "h_sum{a=\"x\"} 4\nh_bucket{a=\"x\",le=\"1\"} 3",
                Some("le"),
                "h_sum{a=\"x\"} 4\nh_bucket{a=\"x\",le=\"1\"} 3",
            ),
        ];
        for (text, bound, want) in cases {
            assert_eq!(settled(&lines(text), bound), lines(want), "{text}");
        }
    }
}
