//! A small blocking HTTP/1.1 client that sends exactly what it is told.
//!
//! Paths go out byte for byte (`//`, `%2F`, `..`), any method and header is
//! possible, and nothing is followed or retried behind the test's back, save
//! that a kept-alive connection which the server has closed meanwhile is
//! opened again.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) use super::response::Response;

/// How long connecting, one read or one write may take, unless set otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How the body of a request is framed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    /// No body and no framing header.
    None,
    /// `Content-Length` and the bytes.
    Fixed(&'a [u8]),
    /// `Transfer-Encoding: chunked`, one chunk for each non-empty slice.
    Chunked(&'a [&'a [u8]]),
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Body<'a> {
    fn from(bytes: &'a T) -> Self {
        Self::Fixed(bytes.as_ref())
    }
}

/// A client of one server that keeps its connection open between requests.
#[derive(Debug)]
pub(crate) struct Client {
    server: SocketAddr,
    timeout: Duration,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server at that address; connects with the first request.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            timeout: TIMEOUT,
            connection: None,
        }
    }

    /// The same client with another limit for each connect, read and write.
    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request and reads the response.
    ///
    /// `target` is the request target as it shall appear on the wire. `Host`
    /// is added; other headers are the caller's.
    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> io::Result<Response> {
        let bytes = self.render(method, target, headers, body)?;
        if let Some(connection) = self.connection.take() {
            match self.exchange(connection, method, &bytes) {
                Err(error) if is_stale(&error) => {}
                result => return result,
            }
        }
        let stream = TcpStream::connect_timeout(&self.server, self.timeout)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        stream.set_nodelay(true)?;
        self.exchange(BufReader::new(stream), method, &bytes)
    }

    /// GET.
    pub(crate) fn get(&mut self, target: &str) -> io::Result<Response> {
        self.send("GET", target, &[], Body::None)
    }

    /// PUT of these bytes, without a content type.
    pub(crate) fn put<'a>(
        &mut self,
        target: &str,
        body: impl Into<Body<'a>>,
    ) -> io::Result<Response> {
        self.send("PUT", target, &[], body.into())
    }

    /// POST of these bytes, without a content type.
    pub(crate) fn post<'a>(
        &mut self,
        target: &str,
        body: impl Into<Body<'a>>,
    ) -> io::Result<Response> {
        self.send("POST", target, &[], body.into())
    }

    /// DELETE without a body.
    pub(crate) fn delete(&mut self, target: &str) -> io::Result<Response> {
        self.send("DELETE", target, &[], Body::None)
    }

    fn render(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Body<'_>,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write!(bytes, "{method} {target} HTTP/1.1\r\n")?;
        write!(bytes, "Host: {}\r\n", self.server)?;
        for (name, value) in headers {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        match body {
            Body::None => bytes.extend(b"\r\n"),
            Body::Fixed(content) => {
                write!(bytes, "Content-Length: {}\r\n\r\n", content.len())?;
                bytes.extend(content);
            }
            Body::Chunked(chunks) => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                    write!(bytes, "{:x}\r\n", chunk.len())?;
                    bytes.extend(*chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            }
        }
        Ok(bytes)
    }

    fn exchange(
        &mut self,
        mut connection: BufReader<TcpStream>,
        method: &str,
        request: &[u8],
    ) -> io::Result<Response> {
        // A server may answer and close before it has read a large body: then
        // the write fails, and the answer is still there to be read.
        let written = connection.get_mut().write_all(request);
        let response = match (Response::read(&mut connection, method), written) {
            (Ok(response), _) => response,
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        };
        if !response.closes() {
            self.connection = Some(connection);
        }
        Ok(response)
    }
}

/// Whether the error is that of a connection closed while it was idle.
fn is_stale(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_out_byte_for_byte() {
        let client = Client::new(SocketAddr::from(([127, 0, 0, 1], 9091)));
        let cases: [(Body<'_>, &str); 3] = [
            (Body::None, "\r\n"),
            (Body::Fixed(b"m 1\n"), "Content-Length: 4\r\n\r\nm 1\n"),
            (
                Body::Chunked(&[b"m ", b"", b"1\n"]),
                "Transfer-Encoding: chunked\r\n\r\n2\r\nm \r\n2\r\n1\n\r\n0\r\n\r\n",
            ),
        ];
        for (body, want) in cases {
            let bytes = client
                .render("PUT", "/a//%2F/..", &[("X", "y")], body)
                .expect("a Vec takes every write");
            let head = "PUT /a//%2F/.. HTTP/1.1\r\nHost: 127.0.0.1:9091\r\nX: y\r\n";
            assert_eq!(String::from_utf8_lossy(&bytes), format!("{head}{want}"));
        }
    }
}
