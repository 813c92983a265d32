//! Results of Prometheus' queries, as text that can be compared.

use std::fmt::Write;
use std::time::SystemTime;

use serde_json::Value;

/// One series of an instant query's result as in the text format: `name{label="value"} 1`.
///
/// A native histogram is `name{…} count 3 sum 8.75 (0.5,1]:2 …`. Times that clients add, in `…_created` series, are
/// `NOW` if they are those of the last minutes.
pub(crate) fn line(series: &Value) -> String {
    let mut line = String::new();
    let labels = series["metric"].as_object().expect("labels");
    let name = labels.get("__name__").and_then(Value::as_str);
    line.push_str(name.unwrap_or_default());
    let labels: Vec<String> = labels
        .iter()
        .filter(|(name, _)| *name != "__name__")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    write!(line, "{{{}}} ", labels.join(",")).expect("a String takes every write");
    match series["value"][1].as_str() {
        Some(time) if line.contains("_created{") && is_recent(time) => line.push_str("NOW"),
        Some(value) => line.push_str(value),
        None => line.push_str(&histogram(&series["histogram"][1])),
    }
    line
}

fn is_recent(time: &str) -> bool {
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("a clock after 1970")
        .as_secs_f64();
    time.parse()
        .is_ok_and(|time: f64| (now - time).abs() < 600.0)
}

/// `count 3 sum 8.75 (0.5,1]:2 …`
fn histogram(histogram: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!(
        "count {} sum {}",
        text(&histogram["count"]),
        text(&histogram["sum"])
    );
    for bucket in histogram["buckets"].as_array().into_iter().flatten() {
        // Which bounds belong to the bucket: 0 the upper, 1 the lower, 2 none, 3 both.
        let (open, close) = match bucket[0].as_u64() {
            Some(0) => ('(', ']'),
            Some(1) => ('[', ')'),
            Some(2) => ('(', ')'),
            _ => ('[', ']'),
        };
        let (lower, upper, count) = (text(&bucket[1]), text(&bucket[2]), text(&bucket[3]));
        write!(line, " {open}{lower},{upper}{close}:{count}").expect("a String takes every write");
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn series_read_like_the_text_format() {
        let cases = [
            (
                json!({"metric": {"__name__": "m", "b": "x\"y\n", "a": ""}, "value": [1.5, "+Inf"]}),
                r#"m{a="",b="x\"y\n"} +Inf"#,
            ),
            (
                json!({"metric": {"__name__": "m_created"}, "value": [1.5, "17"]}),
                "m_created{} 17",
            ),
            (
                json!({"metric": {}, "histogram": [1.5, {
                    "count": "3", "sum": "8.75",
                    "buckets": [[3, "-1", "1", "1"], [0, "1", "2", "2"]],
                }]}),
                "{} count 3 sum 8.75 [-1,1]:1 (1,2]:2",
            ),
        ];
        for (series, want) in cases {
            assert_eq!(line(&series), want);
        }
    }
}
