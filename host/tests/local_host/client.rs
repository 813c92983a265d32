//! A client that shows the bytes of HTTP/1.1: it sends what it is told to and hides nothing.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::app::PATIENCE;

/// A connection to a host.
pub(crate) struct Connection(BufReader<TcpStream>);

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// A header's value; the empty text if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Which instance of the probe has answered.
    pub(crate) fn instance(&self) -> &str {
        self.header("probe-instance")
    }

    /// The body of a 200.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// The body of a 500.
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.status, 500, "{self:?}");
        self.body
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends bytes as they are. A host that does not want them is noticed when reading.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// A request with a body of known length, and its response.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.send(format!(
            "{method} {path} HTTP/1.1\r\nhost: probe.test\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        self.answer(method)
    }

    /// Reads a response to a request of that method, all of it.
    pub(crate) fn answer(&mut self, method: &str) -> Answer {
        let mut answer = self.head();
        if method != "HEAD" && answer.status >= 200 {
            answer.body = self.body(&answer);
        }
        answer
    }

    /// Reads a response up to its body.
    pub(crate) fn head(&mut self) -> Answer {
        let status = self.line();
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        Answer {
            status: status.expect("a status line"),
            headers,
            body: String::new(),
        }
    }

    /// Reads a chunk of a body that comes in chunks; the last is empty.
    pub(crate) fn chunk(&mut self) -> String {
        let length = usize::from_str_radix(&self.line(), 16).expect("a chunk's length");
        let chunk = self.exactly(length);
        assert_eq!(self.line(), "");
        chunk
    }

    /// Whether the host has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        // A reset is an end as well: the host need not have read everything.
        self.0.fill_buf().map_or(true, <[u8]>::is_empty)
    }

    fn body(&mut self, head: &Answer) -> String {
        if let Ok(length) = head.header("content-length").parse() {
            return self.exactly(length);
        }
        assert_eq!(head.header("transfer-encoding"), "chunked", "{head:?}");
        let mut body = String::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return body;
            }
            body += &chunk;
        }
    }

    fn exactly(&mut self, length: usize) -> String {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads a line; at the end it is empty.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
