//! What is accepted, and what it means.

use super::{parsed, render};
use crate::exposition::names::NameScheme::{Legacy, Utf8};

/// Inputs, and the same in the plainest form.
const LEGACY: &[(&str, &[u8], &str)] = &[
    ("nothing", b"", ""),
    ("blanks at the end need no line feed", b" \t ", ""),
    ("blank lines", b"\n  \n\t\n", ""),
    (
        "comments",
        b"# foo\n#foo\n#\n#  \n # x y z \\x \xff\n#HELPm x\n# help m x\n# EOF\n# UNIT m s\n",
        "",
    ),
    (
        "comments that say nothing",
        b"# HELP\n# TYPE \n# HELP m\n# HELP m \n# TYPE m\n# TYPE m\t\n",
        "",
    ),
    (
        "families without a sample",
        b"# HELP m text\n# TYPE m counter\n",
        "",
    ),
    ("a sample", b"m 1\n", "# TYPE m untyped\nm 1\n"),
    (
        "blanks around everything",
        b" \t m \t { \t a \t = \t \"b\" \t , \t } \t 1\n",
        "# TYPE m untyped\nm{a=\"b\"} 1\n",
    ),
    (
        "no blanks at all",
        b"m{a=\"b\",c=\"d\"}1\n",
        "# TYPE m untyped\nm{a=\"b\",c=\"d\"} 1\n",
    ),
    (
        "a trailing comma",
        b"m{a=\"b\",} 1\n",
        "# TYPE m untyped\nm{a=\"b\"} 1\n",
    ),
    (
        "no labels between braces",
        b"m{} 1\n",
        "# TYPE m untyped\nm 1\n",
    ),
    (
        "a value directly after a name that cannot go on",
        b"m+1\nn-.5\n",
        "# TYPE m untyped\nm 1\n# TYPE n untyped\nn -0.5\n",
    ),
    (
        "all characters of names",
        b":aZ_9:{_aZ9=\"\"} 1\n",
        "# TYPE :aZ_9: untyped\n:aZ_9:{_aZ9=\"\"} 1\n",
    ),
    (
        "label names with two underscores",
        b"m{__x=\"\"} 1\n",
        "# TYPE m untyped\nm{__x=\"\"} 1\n",
    ),
    (
        "escapes in label values",
        br#"m{a="\\ \" \n \\n"} 1
"#,
        "# TYPE m untyped\nm{a=\"\\\\ \\\" \\n \\\\n\"} 1\n",
    ),
    (
        "anything else in label values",
        b"m{a=\"{,}=\t\r\0\xc3\xa9\"} 1\n",
        "# TYPE m untyped\nm{a=\"{,}=\t\r\0é\"} 1\n",
    ),
    (
        "timestamps",
        b"m 1 2\nm 1  -3\nm 1\t+4\nm 1 -9223372036854775808\n",
        "# TYPE m untyped\nm 1 2\nm 1 -3\nm 1 4\nm 1 -9223372036854775808\n",
    ),
    (
        "numbers",
        b"m 1e3\nm .5\nm 5.\nm +INF\nm -infinity\nm nAn\nm 1e-999\n",
        "# TYPE m untyped\nm 1000\nm 0.5\nm 5\nm +Inf\nm -Inf\nm NaN\nm 0\n",
    ),
    (
        "HELP",
        b"# HELP m  a text \r\nm 1\n",
        "# HELP m a text \r\n# TYPE m untyped\nm 1\n",
    ),
    (
        "HELP without a blank before it",
        b"#HELP m text\nm 1\n",
        "# HELP m text\n# TYPE m untyped\nm 1\n",
    ),
    (
        "HELP after tabs",
        b"#\tHELP\tm\ttext\nm 1\n",
        "# HELP m text\n# TYPE m untyped\nm 1\n",
    ),
    (
        "HELP after samples",
        b"m 1\n# HELP m text\n",
        "# HELP m text\n# TYPE m untyped\nm 1\n",
    ),
    (
        "HELP of a quoted name",
        b"# HELP \"m\" text\nm 1\n",
        "# HELP m text\n# TYPE m untyped\nm 1\n",
    ),
    (
        "escapes in HELP",
        b"# HELP m \\\\ \\n \\\" \"\nm 1\n",
        "# HELP m \\\\ \\n \" \"\n# TYPE m untyped\nm 1\n",
    ),
    (
        "HELP that is not UTF-8",
        b"# HELP m a\xff\xfeb\\\\\xff\nm 1\n",
        "# HELP m a\u{fffd}\u{fffd}b\\\\\u{fffd}\n# TYPE m untyped\nm 1\n",
    ),
    (
        "empty HELP before a text",
        b"# HELP m\n# HELP m text\nm 1\n",
        "# HELP m text\n# TYPE m untyped\nm 1\n",
    ),
    (
        "TYPE",
        b"# TYPE m counter\nm 1\n",
        "# TYPE m counter\nm 1\n",
    ),
    (
        "TYPE in any case",
        b"# TYPE m GaUgE\nm 1\n",
        "# TYPE m gauge\nm 1\n",
    ),
    (
        "TYPE with backslashes",
        b"# TYPE m \\coun\\ter\\\\\nm 1\n",
        "# TYPE m counter\nm 1\n",
    ),
    (
        "TYPE untyped",
        b"# TYPE m untyped\nm 1\n",
        "# TYPE m untyped\nm 1\n",
    ),
    (
        "families in the order of their first line",
        b"# HELP c x\nb 1\na 1\nb{x=\"\"} 2\nc 1\n",
        "# HELP c x\n# TYPE c untyped\nc 1\n# TYPE b untyped\nb 1\nb{x=\"\"} 2\n# TYPE a untyped\na 1\n",
    ),
    (
        "the same series twice",
        b"m 1\nm 2\n",
        "# TYPE m untyped\nm 1\nm 2\n",
    ),
    (
        "a quoted name",
        b"\"m\" 1\n\"m\"{a=\"b\"} 2\n",
        "# TYPE m untyped\nm 1\nm{a=\"b\"} 2\n",
    ),
    (
        "a name with a quoted tail",
        b"m\"x\" 1\n",
        "# TYPE mx untyped\nmx 1\n",
    ),
    (
        "a label name with a quoted tail",
        b"m{a\"b\"=\"c\"} 1\n",
        "# TYPE m untyped\nm{ab=\"c\"} 1\n",
    ),
    (
        "a quoted label name",
        b"m{\"a\"=\"b\"} 1\n",
        "# TYPE m untyped\nm{a=\"b\"} 1\n",
    ),
    (
        "a name between braces",
        b"{m} 1\n{\"m\"} 2\n{ \"m\" , } 3\n{\"m\",a=\"b\"}4\n",
        "# TYPE m untyped\nm 1\nm 2\nm 3\nm{a=\"b\"} 4\n",
    ),
    (
        "a name after labels",
        b"{a=\"b\",\"m\"} 1\n{a=\"b\",m,c=\"d\"} 2\n",
        "# TYPE m untyped\nm{a=\"b\"} 1\nm{a=\"b\",c=\"d\"} 2\n",
    ),
    (
        "a quoted name with a colon",
        b"{\"m:x\"} 1\n",
        "# TYPE m:x untyped\nm:x 1\n",
    ),
    (
        "special labels of no special type",
        b"m{le=\"x\",quantile=\"y\"} 1\n",
        "# TYPE m untyped\nm{le=\"x\",quantile=\"y\"} 1\n",
    ),
    (
        "suffixes of no special type",
        b"# TYPE m counter\nm_sum 1\nm_count 2\nm_bucket 3\n",
        "# TYPE m_sum untyped\nm_sum 1\n# TYPE m_count untyped\nm_count 2\n# TYPE m_bucket untyped\nm_bucket 3\n",
    ),
    (
        "names that are nothing but a suffix",
        b"# TYPE a summary\n_count 1\n_sum 1\n",
        "# TYPE _count untyped\n_count 1\n# TYPE _sum untyped\n_sum 1\n",
    ),
];

/// The same under the UTF-8 scheme.
const UTF8: &[(&str, &[u8], &str)] = &[
    (
        "a legacy name",
        b"m{a=\"b\"} 1\n",
        "# TYPE m untyped\nm{a=\"b\"} 1\n",
    ),
    (
        "dots",
        b"{\"m.x\",\"a.b\"=\"c\"} 1\n",
        "# TYPE \"m.x\" untyped\n{\"m.x\",\"a.b\"=\"c\"} 1\n",
    ),
    (
        "a quoted name before braces",
        b"\"m.x\"{a=\"b\"} 1\n",
        "# TYPE \"m.x\" untyped\n{\"m.x\",a=\"b\"} 1\n",
    ),
    (
        "no label",
        b"\"m x\" 1\n",
        "# TYPE \"m x\" untyped\n{\"m x\"} 1\n",
    ),
    (
        "escapes",
        br#"{"a\"\\\nb","c\"\\\nd"="\n"} 1
"#,
        "# TYPE \"a\\\"\\\\\\nb\" untyped\n{\"a\\\"\\\\\\nb\",\"c\\\"\\\\\\nd\"=\"\\n\"} 1\n",
    ),
    (
        "other letters",
        "{\"µ\",\"ä\"=\"\"} 1\n".as_bytes(),
        "# TYPE \"µ\" untyped\n{\"µ\",\"ä\"=\"\"} 1\n",
    ),
    (
        "a label with a colon",
        b"m{\"a:b\"=\"\"} 1\n",
        "# TYPE m untyped\nm{\"a:b\"=\"\"} 1\n",
    ),
    (
        "comments",
        b"# HELP \"m.x\" text\n# TYPE \"m.x\" gauge\n{\"m.x\"} 1\n",
        "# HELP \"m.x\" text\n# TYPE \"m.x\" gauge\n{\"m.x\"} 1\n",
    ),
    (
        "parts",
        b"# TYPE \"s.x\" summary\n{\"s.x_sum\"} 1\n{\"s.x_count\"} 2\n",
        "# TYPE \"s.x\" summary\n{\"s.x_sum\"} 1\n{\"s.x_count\"} 2\n",
    ),
];

#[test]
fn texts_mean_what_they_mean_to_the_pushgateway() {
    for (name, input, want) in LEGACY {
        assert_eq!(render(&parsed(input, Legacy)), *want, "{name}");
        assert_eq!(render(&parsed(input, Utf8)), *want, "{name}, UTF-8");
    }
    for (name, input, want) in UTF8 {
        assert_eq!(render(&parsed(input, Utf8)), *want, "{name}");
    }
}

#[test]
fn all_types_are_known() {
    let cases = [
        ("counter", "counter"),
        ("gauge", "gauge"),
        ("summary", "summary"),
        ("untyped", "untyped"),
        ("histogram", "histogram"),
        ("gauge_histogram", "histogram"),
        ("gaugehistogram", "histogram"),
        ("GaugeHistogram", "histogram"),
    ];
    for (name, want) in cases {
        let input = format!("# TYPE m {name}\nm 1\n");
        let families = parsed(input.as_bytes(), Legacy);
        assert_eq!(families[0].metric_type.text_name(), want, "{name}");
    }
}

#[test]
fn strings_are_borrowed_unless_they_have_escapes() {
    use std::borrow::Cow;

    let input = b"# HELP m text\n# HELP n te\\\\xt\nm{a=\"b\",c=\"\\n\"} 1\nn 1\n";
    let families = parsed(input, Legacy);
    let [m, n] = &families[..] else {
        panic!("two families");
    };
    assert!(matches!(m.name, Cow::Borrowed("m")));
    assert!(matches!(m.help, Some(Cow::Borrowed("text"))));
    assert!(matches!(n.help, Some(Cow::Owned(_))));
    let labels = &m.metrics[0].labels;
    assert!(matches!(labels[0].name, Cow::Borrowed("a")));
    assert!(matches!(labels[0].value, Cow::Borrowed("b")));
    assert!(matches!(labels[1].value, Cow::Owned(_)));
}
