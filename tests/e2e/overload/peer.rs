//! A client that does as it likes with its connection.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::support::client::Response;
use crate::support::gateway::Gateway;

/// How long connecting, one read or one write may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How much the kernel takes in for a peer that does not read, in bytes; it rounds up.
const NARROW: usize = 4096;

/// The longest segment, in bytes. With the long ones of the loopback interface the kernel would take megabytes from
/// the host for a peer that does not read.
const SEGMENT: u32 = 1000;

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// As that of a program that ends: what was sent still arrives.
    Close,
    /// By a reset, as that of a machine that comes up again, or of a load balancer that has had enough.
    Reset,
}

impl End {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Close, Self::Reset];
}

impl Peer {
    /// Connects. Unless it reads, the kernel takes little from the host for it.
    pub(super) fn connect(gateway: &Gateway) -> Self {
        let address = gateway.address();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        let socket = socket.expect("a socket");
        let set = socket.set_recv_buffer_size(NARROW);
        set.and_then(|()| socket.set_tcp_mss(SEGMENT))
            .and_then(|()| socket.set_read_timeout(Some(TIMEOUT)))
            .and_then(|()| socket.set_write_timeout(Some(TIMEOUT)))
            .and_then(|()| socket.set_tcp_nodelay(true))
            .expect("the socket's options");
        socket
            .connect_timeout(&address.into(), TIMEOUT)
            .expect("a connection");
        Self {
            stream: socket.into(),
        }
    }

    /// Connects and sends this.
    pub(super) fn sending(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> Self {
        let mut peer = Self::connect(gateway);
        peer.send(bytes);
        peer
    }

    /// Sends this.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("is sent");
    }

    /// Sends this, unless the host has closed the connection.
    pub(super) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Waits for the first byte of an answer, without taking it.
    pub(super) fn wait_for_answer(&self) {
        let peeked = self.stream.peek(&mut [0]).expect("an answer");
        assert_eq!(peeked, 1, "the connection was closed");
    }

    /// Reads the answer to its end, and closes the connection.
    pub(super) fn answer(self, method: &str) -> Response {
        self.try_answer(method).expect("an answer")
    }

    /// Reads the answer, unless the host has closed the connection, and closes it.
    pub(super) fn try_answer(self, method: &str) -> io::Result<Response> {
        Response::read(&mut BufReader::new(self.stream), method)
    }

    /// Ends the connection, whatever is under way.
    pub(super) fn vanish(self, end: End) {
        if let End::Reset = end {
            let linger = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            linger.expect("the socket's option");
        }
    }
}

/// Opens so many connections, a few at a time: in a burst that is longer than the host's queue the kernel leaves some
/// waiting for a second or more.
pub(super) fn open<T>(gateway: &Gateway, count: usize, connect: impl FnMut(usize) -> T) -> Vec<T> {
    /// Half of the queue that listening sockets of Rust programs have.
    const BURST: usize = 64;
    let opened = (0..count).map(connect).enumerate().inspect(|(n, _)| {
        if n % BURST == BURST - 1 {
            // Connections are taken in their order, so all before this one have been.
            let answer = gateway.client().get("/-/healthy");
            assert_eq!(answer.expect("an answer").status, 200);
        }
    });
    opened.map(|(_, connection)| connection).collect()
}

/// A push with a body of known length.
pub(super) fn put(path: &str, body: &str) -> String {
    let length = body.len();
    format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// A scrape.
pub(super) const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
