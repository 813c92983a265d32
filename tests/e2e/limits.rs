//! Limits: what exceeds one is refused with its name, and changes nothing.

use crate::exposition::samples;
use crate::support::gateway::Options;

#[test]
fn what_exceeds_a_limit_is_refused_and_changes_nothing() {
    let limits = [
        ("max_series_per_push", "3"),
        ("max_families_per_push", "2"),
        ("max_labels_per_series", "4"),
        ("max_label_bytes", "12"),
        ("max_groups", "3"),
        ("max_groups_per_job", "2"),
    ];
    let gateway = Options::new().variables(&limits).start();
    let mut client = gateway.client();
    let mut put = |path: &str, body: &str| {
        let response = client.put(path, body).expect("an answer");
        (response.status, response.text())
    };
    let fine = (200, String::new());
    assert_eq!(put("/metrics/job/a/instance/1", "m{x=\"y\"} 1\n"), fine);
    let refused = [
        ("a 1\nb 1\nc 1\n", "max_families_per_push: 3, allowed are 2"),
        (
            "a{x=\"1\"} 1\na{x=\"2\"} 1\na{x=\"3\"} 1\na{x=\"4\"} 1\n",
            "max_series_per_push: 4, allowed are 3",
        ),
        (
            "a{x=\"1\",y=\"2\",z=\"3\"} 1\n",
            "max_labels_per_series: 5, allowed are 4 (metric \"a\")",
        ),
        (
            "a{x=\"1234567890123\"} 1\n",
            "max_label_bytes: 13, allowed are 12 (metric \"a\")",
        ),
    ];
    for (body, limit) in refused {
        let (status, text) = put("/metrics/job/a/instance/1", body);
        assert_eq!((status, text), (422, format!("push exceeds {limit}\n")));
    }
    // A rejected push makes a group too.
    assert_eq!(put("/metrics/job/a/instance/2", "m{__x=\"1\"} 1\n").0, 400);
    let (status, text) = put("/metrics/job/a/instance/3", "m 1\n");
    assert_eq!(status, 429);
    assert!(text.contains("max_groups_per_job allows 2"), "{text}");
    assert_eq!(put("/metrics/job/b", "m 1\n"), fine);
    for body in ["m 1\n", "m{__x=\"1\"} 1\n"] {
        let (status, text) = put("/metrics/job/c", body);
        assert_eq!(status, 429);
        assert!(text.contains("max_groups allows 3"), "{text}");
    }
    assert_eq!(put("/metrics/job/b", "m 2\n"), fine);
    assert_eq!(
        samples(&mut client),
        [
            "m{instance=\"\",job=\"b\"} 2",
            "m{instance=\"1\",job=\"a\",x=\"y\"} 1",
        ]
    );
    gateway.wait_for_log("msg=\"push refused\"");
}
