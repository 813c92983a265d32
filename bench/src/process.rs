//! Children: started, waited for until they are ready, and ended by their handle.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a program may take to get ready.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a program may take to end after it was asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How many lines of output are kept for an error's message.
const KEPT_LINES: usize = 20;

/// A running program, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
}

/// What a program writes, line by line.
#[derive(Debug)]
struct Output(Receiver<String>);

impl Process {
    /// Starts a program.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self> {
        Ok(Self::start_with_output(name, command)?.0)
    }

    /// Starts a server, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// The program does not start, ends, or takes too long: with the end of its output.
    pub(crate) fn serve(name: &str, command: &mut Command) -> Result<(Self, SocketAddr)> {
        let (process, output) = Self::start_with_output(name, command)?;
        let address = output.wait_for(listen_address);
        let address = address.with_context(|| format!("{name} does not say where it listens"))?;
        Ok((process, address))
    }

    fn start_with_output(name: &str, command: &mut Command) -> Result<(Self, Output)> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start: {command:?}"))?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, sender);
        }
        let name = name.to_owned();
        Ok((Self { name, child }, Output(lines)))
    }

    /// How many bytes of memory the program has, where the system tells.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// How much processor time the program has taken, where the system tells: in steps of ten milliseconds.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        /// The unit of `/proc`, on every Linux there is.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name, in parentheses, may hold blanks. After it utime and stime are the 12th and 13th.
        let (_, fields) = stat.rsplit_once(") ")?;
        let ticks = |at| fields.split(' ').nth(at)?.parse::<f64>().ok();
        Some(Duration::from_secs_f64(
            (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        ))
    }

    /// Asks the program to end (SIGTERM) and waits for it.
    pub(crate) fn terminate(mut self) -> Result<()> {
        // The standard library sends no other signal than SIGKILL.
        let pid = self.child.id().to_string();
        Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("{} does not end", self.name);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Output {
    /// Waits for a line in which `find` finds what it looks for.
    fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + START_TIMEOUT;
        let mut seen: Vec<String> = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // The time is over, or the program is.
            let Ok(line) = self.0.recv_timeout(left) else {
                let kept = seen.split_off(seen.len().saturating_sub(KEPT_LINES));
                bail!("its output: {}", kept.join("\n"));
            };
            if let Some(found) = find(&line) {
                return Ok(found);
            }
            seen.push(line);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the program has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream on a thread of its own, so that the program never blocks on a full pipe.
fn forward(stream: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // Nobody waits any more: the stream is still read to its end.
            let _ = to.send(line);
        }
    });
}

/// The address in the first `http://ADDRESS` or `address=ADDRESS` of a line. Port 0 is only the wish for one.
fn listen_address(line: &str) -> Option<SocketAddr> {
    ["http://", "address="].iter().find_map(|mark| {
        let rest = line.split_once(mark)?.1;
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '/')
            .unwrap_or(rest.len());
        let address: SocketAddr = rest.get(..end)?.parse().ok()?;
        (address.port() != 0).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_where_they_listen() {
        let want = Some(SocketAddr::from(([127, 0, 0, 1], 4711)));
        for line in [
            "Serving http://127.0.0.1:4711",
            "ts=1 level=info msg=\"Listening on\" address=127.0.0.1:4711",
        ] {
            assert_eq!(listen_address(line), want, "{line}");
        }
        assert_eq!(listen_address("address=127.0.0.1:0"), None);
        assert_eq!(listen_address("msg=\"TLS is disabled.\""), None);
    }

    #[test]
    fn a_program_that_ends_before_it_is_ready_is_an_error() {
        let error = Process::serve("a shell", Command::new("sh").args(["-c", "echo oops >&2"]))
            .expect_err("no address");
        let error = format!("{error:#}");
        assert!(error.contains("oops"), "{error}");
    }
}
