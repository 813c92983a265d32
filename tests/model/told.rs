//! What a push is told that contradicts other groups: the Pushgateway's words.

use spin_pushgateway::consistency::Kind::{Post, Put};
use spin_pushgateway::exposition::model::MetricType;
use spin_pushgateway::groups::key::GroupingKey;
use spin_pushgateway::push::PushError;
use spin_pushgateway::store::layout;
use spin_pushgateway::store::records::{self, FamilyType};

use super::plain::{Labels, Plain};

const J: Labels<'_> = &[("job", "j")];
const K: Labels<'_> = &[("job", "k")];
const J_I: Labels<'_> = &[("job", "j"), ("instance", "i")];

#[test]
fn contradictions_are_told_in_the_words_of_the_pushgateway() {
    let duplicate = "was collected before with the same name and label values";
    let cases: [(&str, Labels<'_>, &str, Labels<'_>, &str, String); 6] = [
        (
            "another type",
            J,
            "# TYPE m gauge\nm 1\n",
            K,
            "# TYPE m counter\nm 2\n",
            r#"collected metric "m" { label:{name:"instance" value:""} label:{name:"job" value:"k"} counter:{value:2}} is not a GAUGE"#.to_owned(),
        ),
        (
            "another type, of several series",
            J,
            "# TYPE m counter\nm 1\n",
            K,
            "m 2\nm{a=\"b\"} 3\n",
            [
                "2 error(s) occurred:",
                r#"* collected metric "m" { label:{name:"instance" value:""} label:{name:"job" value:"k"} untyped:{value:2}} is not a COUNTER"#,
                r#"* collected metric "m" { label:{name:"a" value:"b"} label:{name:"instance" value:""} label:{name:"job" value:"k"} untyped:{value:3}} is not a COUNTER"#,
            ]
            .join("\n"),
        ),
        (
            "a name that a held family takes for its series",
            J,
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n",
            K,
            "h_count 1\n",
            r#"collected metric named "h_count" collides with previously collected histogram named "h""#
                .to_owned(),
        ),
        (
            "a family that takes the name of a held one for its series",
            J,
            "s_sum 1\n",
            K,
            "# TYPE s summary\ns_count 1\n",
            r#"collected histogram or summary named "s" collides with previously collected metric named "s_sum""#
                .to_owned(),
        ),
        (
            "a series that a smaller group holds",
            J,
            "m{instance=\"i\"} 1\n",
            J_I,
            "m 2\n",
            format!(
                r#"collected metric "m" {{ label:{{name:"instance" value:"i"}} label:{{name:"job" value:"j"}} untyped:{{value:2}}}} {duplicate}"#
            ),
        ),
        (
            "a series that a larger group holds",
            J_I,
            "m 1\n",
            J,
            "m 2\nm{instance=\"i\"} 3\n",
            format!(
                r#"collected metric "m" {{ label:{{name:"instance" value:"i"}} label:{{name:"job" value:"j"}} untyped:{{value:3}}}} {duplicate}"#
            ),
        ),
    ];
    for (name, holder, held, group, body, want) in cases {
        for kind in [Put, Post] {
            let plain = Plain::new();
            plain.push(kind, holder, held).expect("is accepted");
            match plain.push(kind, group, body) {
                Err(PushError::Rejected(violations)) => {
                    assert_eq!(violations.to_string(), want, "{name}, {kind:?}");
                }
                other => panic!("{name}, {kind:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_record_that_is_out_of_date_refuses_nothing() {
    let plain = Plain::new();
    let counter = "# TYPE m counter\nm 1\n";
    plain.push(Put, J, counter).expect("is accepted");
    let holder = GroupingKey::new(J.iter().copied()).expect("has a job");
    let record = FamilyType {
        name: "m".to_owned(),
        metric_type: MetricType::Gauge,
        group: holder.id().as_str().to_owned(),
        alone: 0,
    };
    let key = layout::family_type("m");
    let record = records::write(&record);
    plain.store.values.borrow_mut().insert(key, record);
    plain.push(Put, K, counter).expect("is accepted");
}
