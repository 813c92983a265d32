//! The HTTP/1.1 server: connections in, requests to the component, an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use crate::guest::Instances;
use crate::request::{absolute_uri, append_spin_headers};
use crate::route::Route;

/// Paths that Spin keeps to itself.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// How long requests may go on after the host has been told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait when no connection can be accepted, for lack of file descriptors for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves an application.
pub(crate) struct Server {
    pub(crate) handler: ProxyHandler<Instances>,
    pub(crate) route: Route,
    pub(crate) tcp_nodelay: bool,
}

impl Server {
    /// Serves until SIGTERM or SIGINT, then lets the requests that have begun finish.
    pub(crate) async fn run(self, listener: TcpListener) -> Result<()> {
        let server = Arc::new(self);
        let connections = GracefulShutdown::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, client)) => server.connect(stream, client, &connections),
                    Err(error) => {
                        eprintln!("cannot accept a connection: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
            }
        }
        drop(listener);
        if tokio::time::timeout(GRACE, connections.shutdown())
            .await
            .is_err()
        {
            eprintln!("stopped while requests were running");
        }
        server.handler.state().stop();
        Ok(())
    }

    fn connect(
        self: &Arc<Self>,
        stream: TcpStream,
        client: SocketAddr,
        connections: &GracefulShutdown,
    ) {
        if self.tcp_nodelay
            && let Err(error) = stream.set_nodelay(true)
        {
            eprintln!("cannot set TCP_NODELAY: {error}");
        }
        let server = Arc::clone(self);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { server.respond(request, client).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        // What ends a connection early (a client that leaves, a request that is no HTTP) is the
        // client's affair.
        tokio::spawn(async move { drop(connection.await) });
    }

    /// Answers a request. An error closes the connection without an answer, which is what Spin
    /// does with a request that has no host.
    async fn respond(
        &self,
        request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return Ok(match name {
                "health" => Response::new(text("OK")),
                _ => empty(StatusCode::NOT_FOUND),
            });
        }
        let Some(remainder) = self.route.remainder(path) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        let uri = absolute_uri(request.uri(), request.headers())?;
        let answer = self.call(request, uri, &remainder, client).await;
        Ok(answer.unwrap_or_else(|error| {
            eprintln!("request failed: {error:#}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }))
    }

    async fn call(
        &self,
        request: Request<Incoming>,
        uri: http::Uri,
        remainder: &str,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        let (mut head, body) = request.into_parts();
        append_spin_headers(&mut head.headers, &uri, &self.route, remainder, client)?;
        head.uri = uri;
        let body = body.map_err(HttpError::from).boxed_unsync();
        let request = Request::from_parts(head, body);
        Ok(self.handler.handle((), request).await?)
    }
}

/// Binds the address that is asked for.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
}

fn text(text: &'static str) -> WasiBody {
    let never = |never: std::convert::Infallible| match never {};
    Full::from(text).map_err(never).boxed_unsync()
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let never = |never: std::convert::Infallible| match never {};
    let mut response = Response::new(Empty::new().map_err(never).boxed_unsync());
    *response.status_mut() = status;
    response
}
