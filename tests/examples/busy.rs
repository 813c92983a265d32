//! A relay before a gateway that is busy at first.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::client::{Body, Client};

/// How long one read or write may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the gateway answers when its store refuses.
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 5\r\nconnection: close\r\n\r\nbusy\n";

/// A relay of one request a connection. It ends with the process of the test.
#[derive(Debug)]
pub(crate) struct Busy {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Busy {
    /// Starts a relay to that gateway that refuses so many requests first.
    pub(crate) fn start(gateway: SocketAddr, refusals: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A broken connection is the client's to notice.
                let _ = relay(client, gateway, &counted, refusals);
            }
        });
        Self { address, requests }
    }

    /// Where clients connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn relay(
    mut client: TcpStream,
    gateway: SocketAddr,
    requests: &AtomicUsize,
    refusals: usize,
) -> io::Result<()> {
    client.set_read_timeout(Some(TIMEOUT))?;
    client.set_write_timeout(Some(TIMEOUT))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let start = line(&mut reader)?;
    let mut headers = Vec::new();
    loop {
        let field = line(&mut reader)?;
        let Some((name, value)) = field.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| {
        let found = headers.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    };
    let mut body = Vec::new();
    if header("transfer-encoding") == Some("chunked") {
        read_chunks(&mut reader, &mut body)?;
    } else {
        let length = header("content-length").and_then(|length| length.parse().ok());
        reader.take(length.unwrap_or(0)).read_to_end(&mut body)?;
    }

    if requests.fetch_add(1, Ordering::SeqCst) < refusals {
        return client.write_all(REFUSAL.as_bytes());
    }
    let mut words = start.split(' ');
    let (method, target) = (words.next(), words.next());
    let headers: Vec<_> = headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "host" | "content-length" | "transfer-encoding" | "connection"
            )
        })
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let response = Client::new(gateway).send(
        method.unwrap_or_default(),
        target.unwrap_or_default(),
        &headers,
        Body::Fixed(&body),
    )?;
    let (status, length) = (response.status, response.body.len());
    write!(
        client,
        "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    client.write_all(&response.body)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let length = line(reader)?;
        let length = u64::from_str_radix(&length, 16).map_err(io::Error::other)?;
        reader.by_ref().take(length).read_to_end(body)?;
        // The end of the chunk, or of the trailers, which nobody here sends.
        line(reader)?;
        if length == 0 {
            return Ok(());
        }
    }
}
