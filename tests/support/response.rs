//! Reading one HTTP/1.1 response from a buffered stream.

use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest header section that is read, in bytes.
const MAX_HEAD: u64 = 64 * 1024;
/// The longest body that is read, in bytes.
const MAX_BODY: u64 = 256 * 1024 * 1024;

/// One response, its body complete and without transfer encoding.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Header fields in the order they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header field of that name (given in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 shows as replacement characters.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the server said that it closes the connection after this.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Reads the response to a request with the given method.
    ///
    /// Interim responses (1xx) are skipped. An early end of the stream is an
    /// error of kind `UnexpectedEof`.
    pub(crate) fn read(stream: &mut impl BufRead, method: &str) -> io::Result<Self> {
        loop {
            let (status, headers) = read_head(stream)?;
            if (100..200).contains(&status) {
                continue;
            }
            let mut response = Self {
                status,
                headers,
                body: Vec::new(),
            };
            if method != "HEAD" && !matches!(status, 204 | 304) {
                response.body = read_body(stream, &response)?;
            }
            return Ok(response);
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n{name}: {value}")?;
        }
        write!(f, "\n\n{}", self.text())
    }
}

fn malformed(what: &str, found: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("expected {what}, found {found:?}"),
    )
}

/// One line without its end.
fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(MAX_HEAD).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn read_head(stream: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
    let start = read_line(stream)?;
    let status = start
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed("a status line", &start))?;
    let mut headers = Vec::new();
    let mut size = 0;
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        size += line.len() as u64;
        let (name, value) = line
            .split_once(':')
            .filter(|_| size < MAX_HEAD)
            .ok_or_else(|| malformed("a header field", &line))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_body(stream: &mut impl BufRead, response: &Response) -> io::Result<Vec<u8>> {
    if let Some(coding) = response.header("transfer-encoding") {
        if !coding.eq_ignore_ascii_case("chunked") {
            return Err(malformed("chunked", coding));
        }
        return read_chunks(stream);
    }
    let mut body = Vec::new();
    match response.header("content-length") {
        Some(length) => {
            let length = length
                .parse()
                .ok()
                .filter(|length| *length <= MAX_BODY)
                .ok_or_else(|| malformed("a length", length))?;
            read_exactly(stream, length, &mut body)?;
        }
        // Neither: the body ends with the connection.
        None => {
            stream.take(MAX_BODY).read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

fn read_exactly(stream: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if stream.take(length).read_to_end(body)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16)
            .ok()
            .filter(|size| *size <= MAX_BODY)
            .ok_or_else(|| malformed("a chunk size", &line))?;
        if size == 0 {
            break;
        }
        read_exactly(stream, size, &mut body)?;
        let end = read_line(stream)?;
        if !end.is_empty() {
            return Err(malformed("the end of a chunk", &end));
        }
    }
    // Trailer fields, up to the empty line.
    while !read_line(stream)?.is_empty() {}
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &str, method: &str) -> io::Result<Response> {
        Response::read(&mut bytes.as_bytes(), method)
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let cases = [
            ("fixed length", "content-length: 3\r\n\r\nabcrest"),
            (
                "chunked",
                "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nt: u\r\n\r\nrest",
            ),
            ("until the end", "\r\nabc"),
        ];
        for (name, rest) in cases {
            let response = read(&format!("HTTP/1.1 200 OK\r\n{rest}"), "GET")
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                (response.status, response.text().as_str()),
                (200, "abc"),
                "{name}"
            );
        }
    }

    #[test]
    fn heads_have_no_body_and_interim_responses_are_skipped() {
        let bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 405 x\r\nContent-Length: 19\r\nAllow:  GET \r\n\r\n";
        let response = read(bytes, "HEAD").expect("a response");
        assert_eq!(response.status, 405);
        assert_eq!(response.header("allow"), Some("GET"));
        assert_eq!(response.body, b"");
    }

    #[test]
    fn a_cut_response_is_an_error() {
        for bytes in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "nonsense\r\n\r\n",
        ] {
            assert!(read(bytes, "GET").is_err(), "{bytes:?}");
        }
    }
}
