//! Expositions of the same pushes in every format, held against files.
//!
//! `UPDATE_GOLDEN=1` writes them anew; the difference is then to be read.

use std::path::{Path, PathBuf};
use std::{env, fs};

use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf;

use crate::support::client::{Body, Client};
use crate::support::gateway::Options;

const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=";

/// What is pushed as text beside the protobuf fixture: every type, escapes, a name that is not of the old alphabet.
const TEXT: &str = "\
# HELP jobs_done_total Jobs \\\\ done.\\n
# TYPE jobs_done_total counter
jobs_done_total{kind=\"a\\\"b\\\\c\\nd\"} 1e6
jobs_done_total{kind=\"\"} 0.00001
# TYPE queue_length gauge
queue_length -Inf
# TYPE duration_seconds summary
duration_seconds{quantile=\"0.5\"} NaN
duration_seconds_sum 17.5
duration_seconds_count 3
# TYPE size_bytes histogram
size_bytes_bucket{le=\"1000\"} 1
size_bytes_bucket{le=\"1e6\"} 2
size_bytes_bucket{le=\"+Inf\"} 3
size_bytes_sum 1234567
size_bytes_count 3
no_type{b=\"2\",a=\"1\"} 3
\"disk.free\" 4
";

/// A file, the format that is asked for, and whether it is binary.
const FORMATS: [(&str, &str); 6] = [
    ("text.txt", "text/plain"),
    ("text_utf8.txt", "text/plain;escaping=allow-utf-8"),
    (
        "openmetrics.txt",
        "application/openmetrics-text;version=1.0.0",
    ),
    ("protobuf_text.txt", "text"),
    ("protobuf_compact.txt", "compact-text"),
    ("protobuf_delimited.txt", "delimited"),
];

#[test]
fn every_format_says_what_its_file_says() {
    let gateway = Options::new()
        .variable("push_enable_utf8_names", "true")
        .variable("web_enable_openmetrics", "true")
        .start();
    let mut client = gateway.client();
    let pushed = fs::read(fixtures().join("protobuf/pushed.pb")).expect("the fixture");
    let content_type = format!("{PROTOBUF}delimited");
    let headers = [("Content-Type", content_type.as_str())];
    let path = "/metrics/job/protobuf";
    let response = client.send("PUT", path, &headers, Body::Fixed(&pushed));
    assert_eq!(response.expect("an answer").status, 200);
    let response = client.put("/metrics/job/text/instance/i", TEXT);
    assert_eq!(response.expect("an answer").status, 200);
    for (file, format) in FORMATS {
        let file = fixtures().join("golden").join(file);
        let got = scraped(&mut client, format);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&file, &got).expect("the file can be written");
        }
        let want = fs::read_to_string(&file).expect("the file");
        assert_eq!(got, want, "{}", file.display());
    }
}

/// The scrape in this format, without the gateway's own metrics and without times.
fn scraped(client: &mut Client, format: &str) -> String {
    let accept = match format {
        "text" | "compact-text" | "delimited" => format!("{PROTOBUF}{format}"),
        format => format.to_owned(),
    };
    let response = client
        .send("GET", "/metrics", &[("Accept", &accept)], Body::None)
        .expect("a scrape");
    assert_eq!(response.status, 200);
    match format {
        // Read back, since a file of bytes tells nobody anything.
        "delimited" => {
            let families = protobuf::parse(&response.body, NameScheme::Utf8).expect("valid");
            let families = families.iter().filter(|family| !is_own(&family.name));
            families.fold(String::new(), |mut text, family| {
                protobuf::write_family_text(&mut text, family);
                text
            })
        }
        "text" => {
            let text = response.text();
            let families = text.split_inclusive("\n\n");
            families.filter(|family| !is_own(family)).collect()
        }
        _ => {
            let text = response.text();
            let lines = text.split_inclusive('\n');
            lines.filter(|line| !is_own(line)).collect()
        }
    }
}

/// Whether this, a name or a text that begins with one, is of a metric that the gateway makes itself.
fn is_own(text: &str) -> bool {
    let starts = ["# HELP ", "# TYPE ", "name:\"", "name: \""];
    let name = starts
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .unwrap_or(text);
    name.starts_with("pushgateway_") || name.starts_with("push_")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}
