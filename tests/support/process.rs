//! A child process that ends with the value that owns it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to get ready.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a program may take to end after it was asked to.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How much of the output is kept for messages and for tests, in lines.
const KEPT_LINES: usize = 10_000;

/// A running program whose output is collected line by line.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    state: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    stdout: Vec<String>,
    stderr: Vec<String>,
    open_streams: usize,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

impl Process {
    /// Starts the command; panics with its name if that fails.
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output = Arc::new(Output::default());
        if let Some(stdout) = child.stdout.take() {
            collect(Arc::clone(&output), stdout, Stream::Stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            collect(Arc::clone(&output), stderr, Stream::Stderr);
        }
        Self {
            name: name.to_owned(),
            child,
            output,
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program has written to standard error up to now.
    pub(crate) fn stderr(&self) -> String {
        self.output.lines().stderr.join("\n")
    }

    /// Waits until `find` has found what it looks for in a line of either
    /// stream; panics with the output if the program ends before, or is slow.
    pub(crate) fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut lines = self.output.lines();
        loop {
            let found = lines
                .stdout
                .iter()
                .chain(&lines.stderr)
                .find_map(|line| find(line));
            if let Some(found) = found {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                lines.open_streams > 0 && !left.is_zero(),
                "{} did not say {what}; its output:\n{}\n{}",
                self.name,
                lines.stdout.join("\n"),
                lines.stderr.join("\n"),
            );
            lines = self
                .output
                .changed
                .wait_timeout(lines, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(lines, _)| lines);
        }
    }

    /// Whether the program is still running.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends the program at once (SIGKILL) and waits for it.
    pub(crate) fn kill(&mut self) {
        // Both fail only if the process has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the program to end (SIGTERM); kills it when it takes too long.
    ///
    /// `None` means that it had to be killed.
    pub(crate) fn terminate(&mut self) -> Option<ExitStatus> {
        if self.is_running() {
            // The standard library sends no other signal than SIGKILL.
            let pid = self.id().to_string();
            let _ = Command::new("sh")
                .args(["-c", "kill -TERM \"$0\"", &pid])
                .status();
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Ok(status) => return status,
                Err(_) => break,
            }
        }
        self.kill();
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Output {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panicking reader leaves whole lines behind: nothing to repair.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the stream on a thread of its own, so that the program never blocks
/// on a full pipe.
fn collect(output: Arc<Output>, stream: impl Read + Send + 'static, which: Stream) {
    output.lines().open_streams += 1;
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mut lines = output.lines();
            let kept = match which {
                Stream::Stdout => &mut lines.stdout,
                Stream::Stderr => &mut lines.stderr,
            };
            if kept.len() < KEPT_LINES {
                kept.push(text);
            }
            output.changed.notify_all();
            line.clear();
        }
        output.lines().open_streams -= 1;
        output.changed.notify_all();
    });
}

/// The address in the first `http://ADDRESS` or `address=ADDRESS` of a line,
/// which is how the programs here say where they listen.
///
/// Port 0 does not count: it is the wish for a port, said before there is one.
pub(crate) fn listen_address(line: &str) -> Option<SocketAddr> {
    ["http://", "address=", "\"address\":\""]
        .iter()
        .find_map(|mark| {
            let rest = line.split_once(mark)?.1;
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"'))
                .unwrap_or(rest.len());
            let address: SocketAddr = rest.get(..end)?.parse().ok()?;
            (address.port() != 0).then_some(address)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_the_lines_of_each_program() {
        let want = Some(SocketAddr::from(([127, 0, 0, 1], 4711)));
        for line in [
            "Serving http://127.0.0.1:4711",
            "Serving http://127.0.0.1:4711/",
            "ts=1 caller=tls_config.go:232 level=info msg=\"Listening on\" address=127.0.0.1:4711",
            "time=1 level=INFO msg=\"Listening on\" address=127.0.0.1:4711 x=y",
        ] {
            assert_eq!(listen_address(line), want, "{line}");
        }
        for line in [
            "msg=\"TLS is disabled.\" http2=false",
            "address=127.0.0.1:0",
        ] {
            assert_eq!(listen_address(line), None, "{line}");
        }
    }

    #[test]
    fn output_is_collected_and_the_process_ends_with_its_owner() {
        let mut process = Process::start(
            "a shell",
            Command::new("sh").args(["-c", "echo ready; echo oops >&2; exec sleep 600"]),
        );
        process.wait_for("oops", |line| (line == "oops").then_some(()));
        process.wait_for("ready", |line| (line == "ready").then_some(()));
        assert_eq!(process.stderr(), "oops");
        assert!(process.is_running());
        let status = process.terminate().expect("sleep ends by SIGTERM");
        assert!(!status.success());
        assert!(!process.is_running());
    }
}
