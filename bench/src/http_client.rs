//! An HTTP/1.1 client that keeps its connection and does as little as it can.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take before it counts as lost.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The longest line of a head that is read.
const MAX_LINE: u64 = 64 * 1024;

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The body, unless it was only counted.
    pub(crate) body: Vec<u8>,
    /// The size of the body, as it was sent.
    pub(crate) size: u64,
    /// Whether the body came compressed.
    pub(crate) is_gzip: bool,
}

/// How long the body is.
enum Length {
    Known(u64),
    Chunked,
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    request_with(method, path, "", body)
}

/// The bytes of a request with further header lines, each ended by CRLF.
pub(crate) fn request_with(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, stream),
        })
    }

    /// Sends a request and reads the answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        let mut body = Vec::new();
        let mut reply = self.exchange(request, &mut body)?;
        reply.body = body;
        Ok(reply)
    }

    /// Sends a request and reads the answer, of whose body only the size is kept.
    pub(crate) fn count(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.exchange(request, &mut io::sink())
    }

    fn exchange(&mut self, request: &[u8], body: &mut impl Write) -> io::Result<Reply> {
        self.reader.get_mut().write_all(request)?;
        let (mut reply, length) = self.head()?;
        reply.size = match length {
            Length::Known(length) => self.copy(length, body)?,
            Length::Chunked => self.chunks(body)?,
        };
        Ok(reply)
    }

    fn head(&mut self) -> io::Result<(Reply, Length)> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut reply = Reply {
            status: status.ok_or_else(|| invalid("a status line"))?,
            ..Reply::default()
        };
        let mut length = Length::Known(0);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok((reply, length));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header"))?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.parse().map_err(|_| invalid("a length"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            } else if name.eq_ignore_ascii_case("content-encoding") {
                reply.is_gzip = value == "gzip";
            }
        }
    }

    fn chunks(&mut self, body: &mut impl Write) -> io::Result<u64> {
        let mut size = 0;
        loop {
            let line = self.line()?;
            let length = line.split(';').next().unwrap_or_default();
            let length =
                u64::from_str_radix(length, 16).map_err(|_| invalid("the length of a chunk"))?;
            size += self.copy(length, body)?;
            if !self.line()?.is_empty() {
                return Err(invalid("the end of a chunk"));
            }
            if length == 0 {
                return Ok(size);
            }
        }
    }

    fn copy(&mut self, length: u64, to: &mut impl Write) -> io::Result<u64> {
        let copied = io::copy(&mut self.reader.by_ref().take(length), to)?;
        if copied < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(copied)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.by_ref().take(MAX_LINE).read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn invalid(expected: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// What the client makes of these bytes.
    fn reply_to(answer: &'static str) -> io::Result<Reply> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || -> io::Result<Vec<u8>> {
            let (mut stream, _) = listener.accept()?;
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request)?;
            request.truncate(length);
            stream.write_all(answer.as_bytes())?;
            Ok(request)
        });
        let reply = Client::connect(address)?.send(&request("POST", "/x", "body"));
        let request = server.join().expect("no panic")?;
        assert!(request.ends_with(b"content-length: 4\r\n\r\nbody"));
        reply
    }

    #[test]
    fn answers_are_read_to_their_end() {
        let cases = [
            (
                "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
                202,
                "",
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", 200, "OK"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                200,
                "abc0123456789",
            ),
        ];
        for (answer, status, body) in cases {
            let reply = reply_to(answer).expect(answer);
            assert_eq!(
                (reply.status, reply.body.as_slice()),
                (status, body.as_bytes())
            );
            assert_eq!(reply.size, body.len() as u64);
        }
    }

    #[test]
    fn broken_answers_are_errors() {
        for answer in [
            "",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nOK",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n",
        ] {
            assert!(reply_to(answer).is_err(), "{answer:?}");
        }
    }
}
