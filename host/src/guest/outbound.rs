//! Requests of the component to others: to those that the manifest allows, over HTTP/1.1, on a connection each.
//!
//! Without TLS: what is developed and tested here talks to this machine.

use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::Surroundings;

/// How long connecting, or waiting for an answer, may take unless the component says otherwise, as in Spin.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What happens to the requests of an instance.
pub(super) struct Outbound(pub(super) Arc<Surroundings>);

/// How the transmission of a message ends.
type Outcome = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// How a request ends.
type Sent = Box<dyn Future<Output = Result<(Response<WasiBody>, Outcome), Error>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _outcome: Outcome,
    ) -> Sent {
        if !self.0.allowed_hosts.allow(request.uri()) {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(send(request, options))
    }
}

async fn send(
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<(Response<WasiBody>, Outcome), Error> {
    let limit = |get: fn(&RequestOptions) -> Option<Duration>| {
        options.as_ref().and_then(get).unwrap_or(TIMEOUT)
    };
    let connected = timeout(limit(|o| o.connect_timeout), connect(request.uri())).await;
    let stream = connected.map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // In the request line stands the path alone.
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    // Ends with whoever waits for it, the component or what is left of its request.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let answer = timeout(
        limit(|o| o.first_byte_timeout),
        sender.send_request(request),
    )
    .await;
    let response = answer.map_err(|_| Error::ConnectionReadTimeout)??;
    let response = response.map(|body| body.map_err(Error::from).boxed_unsync());
    let outcome = async move {
        match connections.join_next().await {
            Some(Ok(ended)) => ended.map_err(Error::from),
            Some(Err(_)) | None => Err(Error::ConnectionTerminated),
        }
    };
    Ok((response, Box::new(outcome)))
}

async fn connect(url: &Uri) -> Result<TcpStream, Error> {
    if url.scheme() != Some(&Scheme::HTTP) {
        let message = "the local host speaks no TLS";
        return Err(Error::InternalError(Some(message.to_owned())));
    }
    let host = url.host().ok_or(Error::HttpRequestUriInvalid)?;
    // An IPv6 address stands in brackets in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(80);
    TcpStream::connect((host, port))
        .await
        .map_err(Error::Connect)
}
