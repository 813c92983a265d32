//! A receiver of remote write that does as it is told, and keeps what it gets.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::gateway::Options;

/// How long a request may take to come.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest body that is taken, in bytes.
const MAX_BODY: usize = 64 << 20;

/// What a receiver does with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It answers with this status.
    Answers(u16),
    /// It takes the request and says nothing.
    SaysNothing,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The request line and the header fields, in lower case.
    pub(crate) head: String,
    /// The body, decompressed.
    pub(crate) message: Vec<u8>,
    /// What was done with it.
    pub(crate) behaviour: Behaviour,
    /// When it had come.
    pub(crate) came: Instant,
}

impl Received {
    /// Whether these bytes are in the body.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let mut windows = self.message.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }
}

/// A gateway that forwards to whoever listens there.
pub(crate) fn forwarding_to(receiver: SocketAddr) -> Options {
    let host = format!("http://{receiver}");
    Options::new()
        .variable("forward_remote_write_url", &format!("{host}/api/v1/write"))
        .variable("forward_host", &host)
}

/// A receiver. It ends with the process of the test.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    received: Vec<Received>,
}

impl Receiver {
    /// Starts a receiver.
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        Self::serve(listener, behaviour)
    }

    /// Starts a receiver where nobody has listened up to now.
    pub(crate) fn start_at(address: SocketAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(address).expect("a port that is still free");
        Self::serve(listener, behaviour)
    }

    fn serve(listener: TcpListener, behaviour: Behaviour) -> Self {
        let address = listener.local_addr().expect("the address of a listener");
        let state = State {
            behaviour,
            received: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                // A broken connection is the client's to notice.
                thread::spawn(move || serving.answer(&client));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A gateway that forwards to it.
    pub(crate) fn forwarding(&self) -> Options {
        forwarding_to(self.address)
    }

    /// What it does with requests from now on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.shared.state().behaviour = behaviour;
    }

    /// Waits until so many requests have come since the last call, and returns all that have.
    pub(crate) fn wait_for(&self, requests: usize) -> Vec<Received> {
        let deadline = Instant::now() + TIMEOUT;
        let mut state = self.shared.state();
        while state.received.len() < requests {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{} of {requests} requests came",
                state.received.len()
            );
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut state.received)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, mut client: &TcpStream) -> io::Result<()> {
        client.set_read_timeout(Some(TIMEOUT))?;
        let (head, message) = read(&mut BufReader::new(client))?;
        let mut state = self.state();
        let behaviour = state.behaviour;
        state.received.push(Received {
            head,
            message,
            behaviour,
            came: Instant::now(),
        });
        drop(state);
        self.changed.notify_all();
        match behaviour {
            Behaviour::Answers(status) => write!(
                client,
                "HTTP/1.1 {status} x\r\ncontent-length: 8\r\nconnection: close\r\n\r\ntold so\n"
            ),
            // Until the client has enough.
            Behaviour::SaysNothing => client.read(&mut [0]).map(drop),
        }
    }
}

/// The head of a request, and its body, decompressed.
fn read(client: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .filter(|length| *length <= MAX_BODY)
        .ok_or(io::ErrorKind::InvalidData)?;
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    let message = snap::raw::Decoder::new()
        .decompress_vec(&body)
        .map_err(io::Error::other)?;
    Ok((head, message))
}
