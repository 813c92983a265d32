//! What the specification forbids.

use crate::exposition::names::NameScheme;
use crate::exposition::openmetrics::parse;

#[test]
fn what_the_specification_forbids_is_refused() {
    let cases: &[(&str, &str)] = &[
        ("", "line 1: expected \"# EOF\", found the end"),
        ("foo 1\n", "line 2: expected \"# EOF\", found the end"),
        ("foo 1", "line 1: expected a line feed, found the end"),
        ("# EOF\n\n", "line 2: expected nothing after \"# EOF\""),
        ("# EOF\nfoo 1\n", "line 2: expected nothing after \"# EOF\""),
        ("\n# EOF\n", "line 1: expected a metric name, found \"\""),
        ("# EOF ", "line 1: expected a line feed, found the end"),
        ("# EOF \n", "line 1: expected a metric name, found \"\""),
        (
            "# a comment\n",
            "line 1: expected TYPE, HELP, UNIT or EOF and a name, found \"a comment\"",
        ),
        (
            "#TYPE foo gauge\n",
            "line 1: expected a metric name, found \"#TYPE foo gauge\"",
        ),
        (
            "# INFO foo bar\n",
            "line 1: expected TYPE, HELP, UNIT or EOF and a name, found \"INFO\"",
        ),
        (
            "# type foo gauge\n",
            "line 1: expected TYPE, HELP, UNIT or EOF and a name, found \"type foo gauge\"",
        ),
        (
            "# TYPE  foo gauge\n",
            "line 1: expected a metric name, found \" foo gauge\"",
        ),
        (
            "# TYPE foo\n",
            "line 1: expected a blank after the name, found \"\"",
        ),
        (
            "# TYPE foo Gauge\n",
            "line 1: unknown metric type \"Gauge\"",
        ),
        (
            "# TYPE foo untyped\n",
            "line 1: unknown metric type \"untyped\"",
        ),
        (
            "# TYPE foo gauge\r\n",
            "line 1: unknown metric type \"gauge\\r\"",
        ),
        (
            "# TYPE 1foo gauge\n",
            "line 1: invalid metric name \"1foo\"",
        ),
        (
            "# TYPE foo gauge\n# TYPE foo gauge\n",
            "line 2: second TYPE, HELP or UNIT line for metric family \"foo\"",
        ),
        (
            "# HELP foo a\n# HELP foo a\n",
            "line 2: second TYPE, HELP or UNIT line for metric family \"foo\"",
        ),
        (
            "# TYPE foo gauge\nfoo 1\n# HELP foo a\n",
            "line 3: expected TYPE, HELP and UNIT of metric family \"foo\" before its samples",
        ),
        (
            "# TYPE foo gauge\n# UNIT foo s\nfoo 1\n# EOF\n",
            "line 4: metric family \"foo\" cannot have the unit \"s\"",
        ),
        (
            "# TYPE foos gauge\n# UNIT foos s\nfoos 1\n# EOF\n",
            "line 4: metric family \"foos\" cannot have the unit \"s\"",
        ),
        (
            "# TYPE foo_s info\n# UNIT foo_s s\nfoo_s_info 1\n# EOF\n",
            "line 4: metric family \"foo_s\" cannot have the unit \"s\"",
        ),
        (
            "foo 1\nbar 1\nfoo{a=\"b\"} 1\n# EOF\n",
            "line 4: metric name \"foo\" belongs to an earlier metric family",
        ),
        (
            "# TYPE foo counter\nfoo_total 1\n# TYPE foo_created gauge\nfoo_created 1\n# EOF\n",
            "line 5: metric name \"foo_created\" belongs to an earlier metric family",
        ),
        (
            "# TYPE foo counter\nfoo 1\n# EOF\n",
            "line 3: metric name \"foo\" belongs to an earlier metric family",
        ),
        (
            "foo 1\nfoo 2\n",
            "line 2: metric family \"foo\" has a metric twice or not in one piece",
        ),
        (
            "# TYPE foo gauge\nfoo 1 1\nfoo 2 2\n",
            "line 3: metric family \"foo\" has a metric twice or not in one piece",
        ),
        (
            "# TYPE foo counter\nfoo_total{a=\"1\"} 1\nfoo_total{a=\"2\"} 1\nfoo_created{a=\"1\"} 1\n",
            "line 4: metric family \"foo\" has a metric twice or not in one piece",
        ),
        (
            "# TYPE foo counter\nfoo_total 1\nfoo_total 2\n",
            "line 3: expected each sample once in metric family \"foo\"",
        ),
        (
            "foo\n",
            "line 1: expected labels or a blank after the name, found \"\"",
        ),
        ("foo  1\n", "line 1: expected a number, found \"\""),
        (
            "foo 1 \n# EOF\n",
            "line 1: expected seconds as timestamp, found \"\"",
        ),
        (
            "foo 1 x\n",
            "line 1: expected seconds as timestamp, found \"x\"",
        ),
        (
            "foo 1 2 3\n",
            "line 1: expected the end of the line, found \" 3\"",
        ),
        ("foo one\n", "line 1: expected a number, found \"one\""),
        ("foo 1_0\n", "line 1: expected a number, found \"1_0\""),
        ("foo 0x1\n", "line 1: expected a number, found \"0x1\""),
        ("foo 1e999\n", "line 1: expected a number, found \"1e999\""),
        ("foo 1\r\n", "line 1: expected a number, found \"1\\r\""),
        (
            "foo{a=\"b\"}1\n",
            "line 1: expected labels or a blank after the name, found \"1\"",
        ),
        (
            "foo {a=\"b\"} 1\n",
            "line 1: expected a number, found \"{a=\\\"b\\\"}\"",
        ),
        ("foo{a=\"b\",} 1\n", "line 1: invalid label name \"\""),
        ("foo{,} 1\n", "line 1: invalid label name \"\""),
        (
            "foo{a = \"b\"} 1\n",
            "line 1: expected an equals sign after the label name, found \" = \\\"b\\\"} 1\"",
        ),
        (
            "foo{a=b} 1\n",
            "line 1: expected a quoted text, found \"b} 1\"",
        ),
        (
            "foo{a=\"b} 1\n",
            "line 1: expected a closing quote, found \"b} 1\"",
        ),
        (
            "foo{a=\"b\\\"} 1\n",
            "line 1: expected a closing quote, found \"b\\\\\\\"} 1\"",
        ),
        (
            "foo{a=\"b\" 1\n",
            "line 1: expected a comma or a closing brace, found \" 1\"",
        ),
        (
            "foo{a=\"1\",b=\"2\",a=\"3\"} 1\n",
            "line 1: duplicate label name \"a\"",
        ),
        (
            "foo{a:b=\"1\"} 1\n",
            "line 1: expected an equals sign after the label name, found \":b=\\\"1\\\"} 1\"",
        ),
        (
            "{a=\"b\"} 1\n",
            "line 1: expected a metric name, found \" 1\"",
        ),
        (
            "foo 1 # {a=\"b\"} 1\n",
            "line 1: expected exemplars at totals of counters and buckets of histograms only",
        ),
        (
            "# TYPE foo counter\nfoo_total 1 # a\n",
            "line 2: expected labels, found \"a\"",
        ),
        (
            "# TYPE foo counter\nfoo_total 1 # {a=\"1\",a=\"2\"} 1\n",
            "line 2: duplicate label name \"a\"",
        ),
        (
            "# TYPE foo counter\nfoo_created 1 # {a=\"1\"} 1\n",
            "line 2: expected exemplars at totals of counters and buckets of histograms only",
        ),
        (
            "# TYPE foo counter\nfoo_created 1\n# EOF\n",
            "line 3: expected a total in metric family \"foo\"",
        ),
        (
            "# TYPE foo counter\nfoo_total NaN\n# EOF\n",
            "line 3: expected a total of 0 or more in metric family \"foo\"",
        ),
        (
            "# TYPE foo counter\nfoo_total -1\n# EOF\n",
            "line 3: expected a total of 0 or more in metric family \"foo\"",
        ),
        (
            "# TYPE foo counter\nfoo_total 1\nfoo_created soon\n",
            "line 3: expected seconds as timestamp, found \"soon\"",
        ),
        (
            "# TYPE foo info\nfoo_info 2\n# EOF\n",
            "line 3: expected the value 1 in metric family \"foo\"",
        ),
        (
            "# TYPE foo stateset\nfoo{foo=\"a\"} 2\n# EOF\n",
            "line 3: expected the value 0 or 1 in metric family \"foo\"",
        ),
        (
            "# TYPE foo stateset\nfoo 1\n",
            "line 2: expected a label of the family's name in metric family \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo 1\n",
            "line 2: expected the label le of buckets or quantile of quantiles in metric family \
             \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo{quantile=\"1.5\"} 1\n# EOF\n",
            "line 3: expected quantiles from 0 to 1 in metric family \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo{quantile=\"1\"} 1\nfoo{quantile=\"1.0\"} 1\n# EOF\n",
            "line 4: expected each quantile once in metric family \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo{quantile=\"0.5\"} -1\n# EOF\n",
            "line 3: expected quantiles' values of 0 or more in metric family \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo_count 1.5\n",
            "line 2: expected a whole number, found \"1.5\"",
        ),
        (
            "# TYPE foo summary\nfoo_count -1\n",
            "line 2: expected a whole number, found \"-1\"",
        ),
        (
            "# TYPE foo summary\nfoo_sum NaN\n# EOF\n",
            "line 3: expected a sum of 0 or more in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_sum 1\nfoo_count 1\n# EOF\n",
            "line 4: expected a last bucket for +Inf in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"2\"} 1\nfoo_bucket{le=\"1\"} 1\n\
             foo_bucket{le=\"+Inf\"} 1\n# EOF\n",
            "line 5: expected buckets of increasing le in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"NaN\"} 1\nfoo_bucket{le=\"+Inf\"} 1\n# EOF\n",
            "line 4: expected buckets of increasing le in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"1\"} 2\nfoo_bucket{le=\"+Inf\"} 1\n# EOF\n",
            "line 4: expected cumulative buckets in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"+Inf\"} 1\nfoo_sum 1\n# EOF\n",
            "line 4: expected both a sum and a count, or none in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"+Inf\"} 1\nfoo_sum 1\nfoo_count 2\n# EOF\n",
            "line 5: expected the count of the +Inf bucket in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_bucket{le=\"-1\"} 1\nfoo_bucket{le=\"+Inf\"} 1\nfoo_sum 1\n\
             foo_count 1\n# EOF\n",
            "line 6: expected no sum beside negative buckets in metric family \"foo\"",
        ),
        (
            "# TYPE foo gaugehistogram\nfoo_bucket{le=\"+Inf\"} 1\nfoo_gsum -1\nfoo_gcount 1\n# EOF\n",
            "line 5: expected a sum of 0 or more in metric family \"foo\"",
        ),
        (
            "# TYPE foo histogram\nfoo_sum{le=\"1\"} 1\n",
            "line 2: expected the label le at buckets only in metric family \"foo\"",
        ),
        (
            "# TYPE foo summary\nfoo_count{quantile=\"1\"} 1\n",
            "line 2: expected the label quantile at quantiles only in metric family \"foo\"",
        ),
    ];
    for (text, want) in cases {
        let got = parse(text.as_bytes(), NameScheme::Legacy).map_err(|error| error.to_string());
        let want = format!("OpenMetrics parsing error in {want}");
        assert_eq!(got, Err(want), "{text}");
    }
    let got = parse(b"a 1\nb \xff\n", NameScheme::Legacy).map_err(|error| error.to_string());
    let want = "OpenMetrics parsing error in line 2: expected valid UTF-8";
    assert_eq!(got, Err(want.to_owned()));
}
