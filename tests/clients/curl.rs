//! curl, used well and in the usual wrong ways.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::programs;
use crate::stage::Stage;

/// One call of curl in a folder with the files that [`write_files`] makes.
struct Call {
    job: &'static str,
    arguments: &'static [&'static str],
    /// The status, and a part of the answer's body.
    answer: (&'static str, &'static str),
}

#[test]
fn curl_pushes_or_is_told_why_not() {
    let Some(_) = programs::curl() else {
        return;
    };
    let Some(stage) = Stage::start_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_files(folder.path());
    for call in CALLS {
        let mut curl = programs::curl().expect("is installed");
        let output = curl
            .current_dir(folder.path())
            .args(["--max-time", "30", "--write-out", "\n%{http_code}"])
            .args(call.arguments)
            .arg(format!("{}/metrics/job/{}", stage.url(), call.job))
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').expect("a body and a status");
        assert!(
            output.status.success() && status == call.answer.0 && body.contains(call.answer.1),
            "{:?}\n{text}\n{}",
            call.arguments,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let sent = stage.sent();
    for header in [
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: multipart/form-data",
        "Expect: 100-continue",
        "Transfer-Encoding: chunked",
    ] {
        assert!(sent.contains(header), "{header}");
    }
    assert_eq!(stage.stored(), STORED.trim());
}

fn write_files(folder: &Path) {
    let text = "m{n=\"1\"} 1\nm{n=\"2\"} 2\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes())
        .expect("a Vec takes every write");
    let gzip = gzip.finish().expect("a Vec takes every write");
    // Above 1 MiB curl asks before it sends.
    let large = text.to_owned() + &"# a comment, as long as it may be\n".repeat(40_000);
    let files: [(&str, &[u8]); 6] = [
        ("m.txt", text.as_bytes()),
        ("m.txt.gz", &gzip),
        ("large.txt", large.as_bytes()),
        ("cut.txt", text.trim_end().as_bytes()),
        ("windows.txt", b"m{n=\"1\"} 1\r\n"),
        ("unicode.txt", b"\xef\xbb\xbfm 1\n"),
    ];
    for (name, content) in files {
        fs::write(folder.join(name), content).expect("a file");
    }
}

const CALLS: &[Call] = &[
    Call {
        job: "binary",
        arguments: &["--data-binary", "@m.txt"],
        answer: ("200", ""),
    },
    Call {
        job: "put",
        arguments: &[
            "-X",
            "PUT",
            "-u",
            "user:secret",
            "-L",
            "--data-binary",
            "@m.txt",
        ],
        answer: ("200", ""),
    },
    Call {
        job: "upload",
        arguments: &["-T", "large.txt"],
        answer: ("200", ""),
    },
    Call {
        job: "large",
        arguments: &["--data-binary", "@large.txt"],
        answer: ("200", ""),
    },
    Call {
        job: "chunked",
        arguments: &[
            "-H",
            "Transfer-Encoding: chunked",
            "--data-binary",
            "@m.txt",
        ],
        answer: ("200", ""),
    },
    Call {
        job: "old",
        arguments: &["--http1.0", "--data-binary", "@m.txt"],
        answer: ("200", ""),
    },
    Call {
        job: "json",
        arguments: &[
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            "@m.txt",
        ],
        answer: ("200", ""),
    },
    Call {
        job: "gzip",
        arguments: &["-H", "Content-Encoding: gzip", "--data-binary", "@m.txt.gz"],
        answer: ("200", ""),
    },
    Call {
        job: "nothing",
        arguments: &["-X", "POST"],
        answer: ("200", ""),
    },
    Call {
        job: "line",
        arguments: &["-d", "m 1\n"],
        answer: ("200", ""),
    },
    Call {
        job: "stripped",
        arguments: &["-d", "@m.txt"],
        answer: ("400", "use --data-binary"),
    },
    Call {
        job: "cut-line",
        arguments: &["-d", "m 1"],
        answer: ("400", "every line must end with a line feed"),
    },
    Call {
        job: "cut",
        arguments: &["--data-binary", "@cut.txt"],
        answer: ("400", "every line must end with a line feed"),
    },
    Call {
        job: "no-at",
        arguments: &["--data-binary", "m.txt"],
        answer: ("400", "did you forget the @"),
    },
    Call {
        job: "form",
        arguments: &["-F", "file=@m.txt"],
        answer: ("400", "use --data-binary @file, since -F makes a form"),
    },
    Call {
        job: "gzip-no-header",
        arguments: &["--data-binary", "@m.txt.gz"],
        answer: ("400", "Content-Encoding: gzip"),
    },
    Call {
        job: "header-no-gzip",
        arguments: &["-H", "Content-Encoding: gzip", "--data-binary", "@m.txt"],
        answer: ("400", "gzip"),
    },
    Call {
        job: "windows",
        arguments: &["--data-binary", "@windows.txt"],
        answer: ("400", "without a carriage return"),
    },
    Call {
        job: "unicode",
        arguments: &["--data-binary", "@unicode.txt"],
        answer: ("400", "byte order mark"),
    },
    Call {
        job: "deleted",
        arguments: &["-d", "m 1\n"],
        answer: ("200", ""),
    },
    Call {
        job: "deleted",
        arguments: &["-X", "DELETE"],
        answer: ("202", ""),
    },
];

const STORED: &str = r#"
m{job="binary",n="1"} 1
m{job="binary",n="2"} 2
m{job="chunked",n="1"} 1
m{job="chunked",n="2"} 2
m{job="gzip",n="1"} 1
m{job="gzip",n="2"} 2
m{job="json",n="1"} 1
m{job="json",n="2"} 2
m{job="large",n="1"} 1
m{job="large",n="2"} 2
m{job="line"} 1
m{job="old",n="1"} 1
m{job="old",n="2"} 2
m{job="put",n="1"} 1
m{job="put",n="2"} 2
m{job="upload",n="1"} 1
m{job="upload",n="2"} 2
"#;
