//! What is refused, and in which words.

use super::super::{ErrorKind, parse};
use crate::exposition::names::NameScheme::{self, Legacy, Utf8};

/// The line and message of the error, after the words that all messages begin with.
fn refused(input: &[u8], scheme: NameScheme) -> String {
    let shown = String::from_utf8_lossy(input);
    let error = parse(input, scheme).expect_err(&shown);
    let text = error.to_string();
    let rest = text.strip_prefix("text format parsing error in line ");
    rest.expect("all messages begin alike").to_owned()
}

#[test]
fn messages_are_those_of_the_pushgateway() {
    let cases: &[(&[u8], &str)] = &[
        // The end of the input.
        (b"m 1", "1: unexpected end of input stream"),
        (b"m 1\nn", "2: unexpected end of input stream"),
        (b"m", "1: unexpected end of input stream"),
        (b"m ", "1: unexpected end of input stream"),
        (b"m 1 ", "1: unexpected end of input stream"),
        (b"m 1 2", "1: unexpected end of input stream"),
        (b"m 1 2 ", "1: unexpected end of input stream"),
        (b"#", "1: unexpected end of input stream"),
        (b"# foo", "1: unexpected end of input stream"),
        (b"# foo bar", "1: unexpected end of input stream"),
        (b"# HELP", "1: unexpected end of input stream"),
        (b"# HELP m", "1: unexpected end of input stream"),
        (b"# HELP m text", "1: unexpected end of input stream"),
        (b"# HELP m te\\", "1: unexpected end of input stream"),
        (b"# TYPE m foo", "1: unexpected end of input stream"),
        (b"m{", "1: unexpected end of input stream"),
        (b"m{a", "1: unexpected end of input stream"),
        (b"m{a ", "1: unexpected end of input stream"),
        (b"m{a=", "1: unexpected end of input stream"),
        (b"m{a=\"b", "1: unexpected end of input stream"),
        (b"m{a=\"b\\", "1: unexpected end of input stream"),
        (b"m{a=\"b\"", "1: unexpected end of input stream"),
        (b"m{a=\"b\",", "1: unexpected end of input stream"),
        (b"m{a=\"b\"}", "1: unexpected end of input stream"),
        (b"{", "1: unexpected end of input stream"),
        (b"\"m", "1: unexpected end of input stream"),
        (b"\"m\"", "1: unexpected end of input stream"),
        (b"\"m.x\"", "1: unexpected end of input stream"),
        (b"{\"\"", "1: unexpected end of input stream"),
        // Metric names.
        (b"1m 1\n", "1: invalid metric name"),
        (b"-\n", "1: invalid metric name"),
        (b"\r\n", "1: invalid metric name"),
        (b"m 1\n\r\n", "2: invalid metric name"),
        (b"\xef\xbb\xbfm 1\n", "1: invalid metric name"),
        (b"\x1f\x8b\x08", "1: invalid metric name"),
        (b"\"\" 1\n", "1: invalid metric name"),
        (b"{} 1\n", "1: invalid metric name"),
        (b"{a=\"b\"} 1\n", "1: invalid metric name"),
        (b"{a=\"b\",} 1\n", "1: invalid metric name"),
        (b"{\"m.x\"} 1\n", "1: invalid metric name \"m.x\""),
        (b"\"m.x\" 1\n", "1: invalid metric name \"m.x\""),
        (b"{a=\"b\",\"m.x\"} 1\n", "1: invalid metric name \"m.x\""),
        (b"# HELP \"m x\" text\n", "1: invalid metric name \"m x\""),
        (b"# HELP \"\" text\n", "1: invalid metric name \"\""),
        (b"\"\\\"\\\\\\n\" 1\n", r#"1: invalid metric name "\"\\\n""#),
        (b"\"m.\xff\" 1\n", r#"1: invalid metric name "m.\xff""#),
        (
            b"# TYPE \"m.x\"counter\n",
            "1: invalid metric name in comment",
        ),
        (b"# TYPE met-ric\n", "1: invalid metric name in comment"),
        (b"# HELP m{ x\n", "1: invalid metric name in comment"),
        (b"# HELP 1 x\n", "1: invalid metric name in comment"),
        (b"# HELP m\r\n", "1: invalid metric name in comment"),
        (
            b"{\"m\",\"n\"} 1\n",
            "1: multiple metric names for metric \"m\"",
        ),
        (b"{m,n,o} 1\n", "1: multiple metric names for metric \"m\""),
        (
            b"{m,a=\"b\",n} 1\n",
            "1: multiple metric names for metric \"m\"",
        ),
        (
            b"{\"m\",n:x} 1\n",
            "1: multiple metric names for metric \"m\"",
        ),
        (b"{\"json\": 1}\n", "1: unexpected end of metric name ':'"),
        (b"{m:x} 1\n", "1: unexpected end of metric name ':'"),
        (
            b"{\"m.x\".a=\"b\"} 1\n",
            "1: unexpected end of metric name '.'",
        ),
        (b"{m\n", "1: unexpected end of metric name '\\n'"),
        // Label names.
        (b"m{,} 1\n", "1: invalid label name for metric \"m\""),
        (
            b"m{a=\"b\",,} 1\n",
            "1: invalid label name for metric \"m\"",
        ),
        (b"m{1a=\"c\"} 1\n", "1: invalid label name for metric \"m\""),
        (b"m{=\"b\"} 1\n", "1: invalid label name for metric \"m\""),
        (
            b"m{\"\"=\"b\"} 1\n",
            "1: invalid label name for metric \"m\"",
        ),
        (b"m{\n", "1: invalid label name for metric \"m\""),
        (b"{\"\"} 1\n", "1: invalid label name for metric \"\""),
        (b"{,\"m\"} 1\n", "1: invalid label name for metric \"\""),
        (b"m{\"a.b\"=\"c\"} 1\n", "1: invalid label name \"a.b\""),
        (b"m{\"a:b\"=\"c\"} 1\n", "1: invalid label name \"a:b\""),
        (b"m{\"\xff\"=\"c\"} 1\n", r#"1: invalid label name "\xff""#),
        (
            b"m{__name__=\"c\"} 1\n",
            "1: label name \"__name__\" is reserved",
        ),
        (
            b"m{\"__name__\"=\"c\"} 1\n",
            "1: label name \"__name__\" is reserved",
        ),
        (
            b"m{a=\"1\",a=\"2\"} 1\n",
            "1: duplicate label names for metric \"m\"",
        ),
        (
            b"m{a=\"1\",a=x",
            "1: duplicate label names for metric \"m\"",
        ),
        (
            b"m{a=\"1\",\"a\"=\"2\"} 1\n",
            "1: duplicate label names for metric \"m\"",
        ),
        (
            b"m{le=\"1\",le=\"2\"} 1\n",
            "1: duplicate label names for metric \"m\"",
        ),
        (
            b"{a=\"1\",a=\"2\",\"m\"} 1\n",
            "1: duplicate label names for metric \"\"",
        ),
        (b"m{a} 1\n", "1: expected '=' after label name, found '}'"),
        (
            b"m{a-b=\"c\"} 1\n",
            "1: expected '=' after label name, found '-'",
        ),
        (
            b"m{a:b=\"c\"} 1\n",
            "1: expected '=' after label name, found ':'",
        ),
        (
            b"m{a'=\"c\"} 1\n",
            r"1: expected '=' after label name, found '\''",
        ),
        (
            b"m{a\\=\"c\"} 1\n",
            r"1: expected '=' after label name, found '\\'",
        ),
        (
            b"m{a\0=\"c\"} 1\n",
            r"1: expected '=' after label name, found '\x00'",
        ),
        (
            b"m{a\xe9=\"c\"} 1\n",
            "1: expected '=' after label name, found 'é'",
        ),
        (
            b"m{a\x80=\"c\"} 1\n",
            r"1: expected '=' after label name, found '\u0080'",
        ),
        (
            b"m{\"a\"b=\"c\"} 1\n",
            "1: expected '=' after label name, found 'b'",
        ),
        // Label values.
        (
            b"m{a=b} 1\n",
            r#"1: expected '"' at start of label value, found 'b'"#,
        ),
        (
            b"m{a='b'} 1\n",
            r#"1: expected '"' at start of label value, found '\''"#,
        ),
        (
            b"m{a=\xc3\xa9} 1\n",
            r#"1: expected '"' at start of label value, found 'Ã'"#,
        ),
        (
            b"m{a=\n",
            r#"1: expected '"' at start of label value, found '\n'"#,
        ),
        (b"m{a=\"\xff\"} 1\n", r#"1: invalid label value "\xff""#),
        (
            b"m{a=\"\xe2\x82\"} 1\n",
            r#"1: invalid label value "\xe2\x82""#,
        ),
        (b"m{a=\"\xff\"", r#"1: invalid label value "\xff""#),
        (
            b"m{a=\"1\" b=\"2\"} 1\n",
            "1: unexpected end of label value \"1\"",
        ),
        (b"m{a=\"1\"\n", "1: unexpected end of label value \"1\""),
        (
            b"m{a=\"\\n\"+} 1\n",
            r#"1: unexpected end of label value "\n""#,
        ),
        (
            b"m{a=\"b\nc\"} 1\n",
            r#"1: label value "b" contains unescaped new-line"#,
        ),
        (
            b"m{a=\"\xff\\n\nc\"} 1\n",
            r#"1: label value "\xff\n" contains unescaped new-line"#,
        ),
        (
            b"m{\"a\n\"=\"c\"} 1\n",
            r#"1: label name "a" contains unescaped new-line"#,
        ),
        (
            b"{\"m\n\"} 1\n",
            r#"1: label name "m" contains unescaped new-line"#,
        ),
        (
            b"\"m.x\ny\" 1\n",
            r#"1: metric name "m.x" contains unescaped new-line"#,
        ),
        (
            b"m\"x\n",
            r#"1: metric name "mx" contains unescaped new-line"#,
        ),
        (
            b"# HELP \"a\nb\" text\n",
            r#"1: metric name "a" contains unescaped new-line"#,
        ),
        // Escapes.
        (b"m{a=\"\\x\"} 1\n", r"1: invalid escape sequence '\x'"),
        (b"m{a=\"\\'\"} 1\n", r"1: invalid escape sequence '\''"),
        (b"m{a=\"\\\n\"} 1\n", "1: invalid escape sequence '\\\n'"),
        (b"m{a=\"\\\xe9\"} 1\n", "1: invalid escape sequence '\\é'"),
        (b"m{\"\\t\"=\"b\"} 1\n", r"1: invalid escape sequence '\t'"),
        (b"\"a\\xc5z\" 1\n", r"1: invalid escape sequence '\x'"),
        (b"# HELP m C:\\dir\n", r"1: invalid escape sequence '\d'"),
        (b"# HELP m \\x", r"1: invalid escape sequence '\x'"),
        (b"# HELP m text\\\n", "1: invalid escape sequence '\\\n'"),
        // Values.
        (b"m abc\n", "1: expected float as value, got \"abc\""),
        (b"m\n", "1: expected float as value, got \"\""),
        (b"m \n", "1: expected float as value, got \"\""),
        (b"m{}\n", "1: expected float as value, got \"\""),
        (b"m 1\r\n", r#"1: expected float as value, got "1\r""#),
        (b"m-x 1\n", "1: expected float as value, got \"-x\""),
        (
            b"m.x{a=\"b\"} 1\n",
            r#"1: expected float as value, got ".x{a=\"b\"}""#,
        ),
        (b"m 1_000\n", "1: expected float as value, got \"1_000\""),
        (b"m 0x1p-3\n", "1: expected float as value, got \"0x1p-3\""),
        (b"m 1e999\n", "1: expected float as value, got \"1e999\""),
        (b"m -nan\n", "1: expected float as value, got \"-nan\""),
        (b"m \xff\n", r#"1: expected float as value, got "\xff""#),
        (
            b"m\xc2\xa01\n",
            r#"1: expected float as value, got "\u00a01""#,
        ),
        (b"m\"\"x 1\n", "1: expected float as value, got \"x\""),
        (b"\n\n\nm x\n", "4: expected float as value, got \"x\""),
        // Timestamps.
        (
            b"m 1 1.5\n",
            "1: expected integer as timestamp, got \"1.5\"",
        ),
        (b"m 1 \n", "1: expected integer as timestamp, got \"\""),
        (b"m 1\t\n", "1: expected integer as timestamp, got \"\""),
        (
            b"m 1 # {} 1\n",
            "1: expected integer as timestamp, got \"#\"",
        ),
        (
            b"m 1 9223372036854775808\n",
            "1: expected integer as timestamp, got \"9223372036854775808\"",
        ),
        (
            b"m 1 2\r\n",
            r#"1: expected integer as timestamp, got "2\r""#,
        ),
        (b"m 1 2 3\n", "1: spurious string after timestamp: \" 3\""),
        (b"m 1 2 \n", "1: spurious string after timestamp: \" \""),
        (
            b"m 1 2 \\a\\\\\n",
            "1: spurious string after timestamp: \" a\"",
        ),
        // Comments.
        (
            b"# HELP m a\n# HELP m b\n",
            "2: second HELP line for metric name \"m\"",
        ),
        (
            b"# HELP m a\n# HELP m \\x",
            "2: second HELP line for metric name \"m\"",
        ),
        (
            b"# TYPE m counter\n# TYPE m counter\n",
            "2: second TYPE line for metric name \"m\", or TYPE reported after samples",
        ),
        (
            b"m 1\n# TYPE m counter\n",
            "2: second TYPE line for metric name \"m\", or TYPE reported after samples",
        ),
        (
            b"{m} 1\n# TYPE m counter\n",
            "2: second TYPE line for metric name \"m\", or TYPE reported after samples",
        ),
        (
            b"# TYPE h histogram\n# TYPE h_bucket gauge\n",
            "2: second TYPE line for metric name \"h\", or TYPE reported after samples",
        ),
        (
            b"# HELP h a\n# TYPE h summary\n# HELP h_sum b\n",
            "3: second HELP line for metric name \"h\"",
        ),
        (
            b"# TYPE m counter\r\n",
            r#"1: unknown metric type "counter\r""#,
        ),
        (
            b"# TYPE m counter \n",
            "1: unknown metric type \"counter \"",
        ),
        (b"# TYPE m unknown\n", "1: unknown metric type \"unknown\""),
        (b"# TYPE m info\n", "1: unknown metric type \"info\""),
        (
            b"# TYPE m gauge histogram\n",
            "1: unknown metric type \"gauge histogram\"",
        ),
        (
            b"# TYPE m f\\o\\\\o\xff\n",
            r#"1: unknown metric type "foo\xff""#,
        ),
        // Summaries and histograms.
        (
            b"# TYPE s summary\ns{quantile=\"x\"} 1\n",
            "2: expected float as value for 'quantile' label, got \"x\"",
        ),
        (
            b"# TYPE s summary\ns_sum{quantile=\"0x1p-3\"} 1\n",
            "2: expected float as value for 'quantile' label, got \"0x1p-3\"",
        ),
        (
            b"# TYPE h histogram\nh_bucket{le=\"\"",
            "2: expected float as value for 'le' label, got \"\"",
        ),
        (
            b"# TYPE h gauge_histogram\nh_count{le=\"x\"} 1\n",
            "2: expected float as value for 'le' label, got \"x\"",
        ),
        (
            b"# TYPE h histogram\n{le=\"x\",\"h_bucket\"} 1\n",
            "2: expected float as value for 'le' label, got \"x\"",
        ),
        (
            b"# TYPE h histogram\nh_bucket{le=\"1\",a=\"1\",le=\"2\",a=\"2\"} 1\n",
            "2: duplicate label names for metric \"h\"",
        ),
        (
            b"# TYPE h histogram\nh_count -1\n",
            "2: negative count for histogram \"h\"",
        ),
        (
            b"# TYPE h histogram\nh_count -0.1\n",
            "2: negative count for histogram \"h\"",
        ),
        (
            b"# TYPE h histogram\nh_count -Inf x\n",
            "2: negative count for histogram \"h\"",
        ),
        (
            b"# TYPE h histogram\nh_bucket{le=\"1\"} -1\n",
            "2: negative bucket population for histogram \"h\"",
        ),
        (
            b"# TYPE h gaugehistogram\nh{le=\"1\"} -0.5\n",
            "2: negative bucket population for histogram \"h\"",
        ),
    ];
    for (input, want) in cases {
        let shown = String::from_utf8_lossy(input);
        assert_eq!(refused(input, Legacy), *want, "{shown}");
    }
}

#[test]
fn messages_under_the_utf8_scheme_are_those_of_the_pushgateway() {
    let cases: &[(&[u8], &str)] = &[
        (b"\"m.\xff\" 1\n", r#"1: invalid metric name "m.\xff""#),
        (b"{\"\xff\"} 1\n", r#"1: invalid metric name "\xff""#),
        (b"# HELP \"\" text\n", "1: invalid metric name \"\""),
        (b"m{\"\xff\"=\"c\"} 1\n", r#"1: invalid label name "\xff""#),
        (
            b"m{\"\"=\"c\"} 1\n",
            "1: invalid label name for metric \"m\"",
        ),
        (
            b"{\"one.name\",\"other\"} 1\n",
            "1: multiple metric names for metric \"one.name\"",
        ),
        (b"m.x 1\n", "1: expected float as value, got \".x\""),
        ("\u{3c0} 1\n".as_bytes(), "1: invalid metric name"),
        (
            b"{\"a.b\",\"x\ny\"=\"c\"} 1\n",
            r#"1: label name "x" contains unescaped new-line"#,
        ),
    ];
    for (input, want) in cases {
        let shown = String::from_utf8_lossy(input);
        assert_eq!(refused(input, Utf8), *want, "{shown}");
    }
}

#[test]
fn summary_counts_that_are_no_counts_are_refused_in_our_own_words() {
    for count in [
        "-1",
        "-1e30",
        "NaN",
        "+Inf",
        "-Inf",
        "18446744073709551616",
        "1e30",
    ] {
        let input = format!("# TYPE s summary\ns_count {count}\n");
        let want =
            format!("2: expected non-negative integer as count of summary \"s\", got \"{count}\"");
        assert_eq!(refused(input.as_bytes(), Legacy), want);
    }
}

#[test]
fn a_sample_without_a_name_is_refused_after_other_samples_too() {
    let inputs = [
        "m 1\n{} 2\n",
        "m 1\n{a=\"b\"} 2\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\n{quantile=\"0.9\"} 2\n",
    ];
    for input in inputs {
        let lines = input.lines().count();
        assert_eq!(
            refused(input.as_bytes(), Legacy),
            format!("{lines}: invalid metric name")
        );
    }
}

#[test]
fn errors_tell_programs_where_and_what_as_well() {
    let error = parse(b"m 1\nm 2\r\n", Legacy).expect_err("a carriage return");
    assert_eq!(error.line(), 2);
    assert_eq!(*error.kind(), ErrorKind::ExpectedValue(b"2\r".to_vec()));

    let error = parse(b"\xef\xbb\xbfm 1\n", Legacy).expect_err("a byte order mark");
    assert_eq!(*error.kind(), ErrorKind::MissingMetricName { found: 0xef });
}
