//! A failing case as a shell script that sends it again.

use std::fmt::Write as _;

use spin_pushgateway::exposition::names::NameScheme;
use spin_pushgateway::exposition::protobuf;

use super::delivery::Coding;
use super::request::Request;

/// A script that sends the requests with curl to `$gateway` and then scrapes.
pub(crate) fn render(requests: &[Request]) -> String {
    let mut script = String::from("gateway=${1:-http://127.0.0.1:9091}\n");
    for request in requests {
        let method = request.method.name();
        let target = quote(&request.path.target());
        let (pipe, body) = if request.body().is_empty() {
            (String::new(), "")
        } else {
            let pieces = match request.delivery.coding {
                Coding::Plain => request.pieces.clone(),
                _ => vec![request.body()],
            };
            (format!("{} |\n  ", print(&pieces)), " --data-binary @-")
        };
        let mut headers = headers(&request.delivery.headers());
        if request.delivery.chunked {
            headers.push_str(" -H 'Transfer-Encoding: chunked'");
        }
        script.push_str(&explanation(request));
        // Writing to a string cannot fail.
        let _ = writeln!(
            script,
            "{pipe}curl -sS -i --path-as-is -X {method}{headers}{body} \"$gateway\"{target}"
        );
    }
    let scrape = requests.last().map(|request| request.scrape.headers());
    let headers = headers(&scrape.unwrap_or_default());
    let _ = writeln!(script, "curl -sS{headers} \"$gateway\"/metrics");
    script
}

/// Options of curl for the headers.
fn headers(headers: &[(&str, &str)]) -> String {
    let options = headers
        .iter()
        .map(|(name, value)| format!(" -H {}", quote(&format!("{name}: {value}"))));
    options.collect()
}

/// What is pushed in protobuf, or encoded, as comments.
fn explanation(request: &Request) -> String {
    let mut text = String::new();
    if request.is_protobuf() {
        for piece in &request.pieces {
            match protobuf::parse(piece, NameScheme::Utf8) {
                Ok(families) => families
                    .iter()
                    .for_each(|family| protobuf::write_family_compact_text(&mut text, family)),
                Err(error) => {
                    let _ = writeln!(text, "{error}");
                }
            }
        }
    } else if request.delivery.coding != Coding::Plain {
        text = String::from_utf8_lossy(&request.content()).into_owned();
    }
    if request.delivery.coding != Coding::Plain {
        let _ = writeln!(text, "as {:?}", request.delivery.coding);
    }
    text.lines().map(|line| format!("# {line}\n")).collect()
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A printf that writes the lines, one argument for each.
fn print(lines: &[Vec<u8>]) -> String {
    let mut command = String::from("printf %b");
    for line in lines {
        let mut argument = String::new();
        for byte in line {
            match byte {
                b'\n' => argument.push_str("\\n"),
                b'\\' => argument.push_str("\\\\"),
                b' '..=b'~' => argument.push(char::from(*byte)),
                _ => {
                    let _ = write!(argument, "\\0{byte:03o}");
                }
            }
        }
        command.push_str(" \\\n  ");
        command.push_str(&quote(&argument));
    }
    command
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_shell_prints_the_very_bytes() {
        let lines: Vec<Vec<u8>> = vec![
            b"m{a=\"it's\",b=\"\\\\n\"} 1\n".to_vec(),
            b"%s\t\r\n".to_vec(),
            vec![0, 0xff, b'0', b'\n'],
            b"no end".to_vec(),
        ];
        let output = Command::new("sh")
            .args(["-c", &print(&lines)])
            .output()
            .expect("a shell");
        assert_eq!(output.stdout, lines.concat());
    }
}
