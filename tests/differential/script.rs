//! A failing case as a shell script that sends it again.

use std::fmt::Write as _;

use super::request::Request;

/// A script that sends the requests with curl to `$gateway` and then scrapes.
pub(crate) fn render(requests: &[Request]) -> String {
    let mut script = String::from("gateway=${1:-http://127.0.0.1:9091}\n");
    for request in requests {
        let method = request.method.name();
        let target = quote(&request.path.target());
        let (pipe, body) = if request.lines.is_empty() {
            (String::new(), "")
        } else {
            (
                format!("{} |\n  ", print(&request.lines)),
                " --data-binary @-",
            )
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            script,
            "{pipe}curl -sS -i --path-as-is -X {method}{body} \"$gateway\"{target}"
        );
    }
    script.push_str("curl -sS \"$gateway\"/metrics\n");
    script
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
