//! The head of a request: what the host took apart, put together again.

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use wasip2::http::types::{IncomingRequest, Method as WasiMethod, Scheme};

/// The method, URI and headers of a request.
///
/// # Errors
///
/// The host let something through that HTTP does not allow.
pub(crate) fn head(request: &IncomingRequest) -> Result<Parts, http::Error> {
    let mut builder = Request::builder()
        .method(method(request.method())?)
        .uri(uri(request)?);
    for (name, value) in request.headers().entries() {
        builder = builder.header(name, value);
    }
    Ok(builder.body(())?.into_parts().0)
}

fn method(method: WasiMethod) -> Result<Method, http::Error> {
    Ok(match method {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Patch => Method::PATCH,
        WasiMethod::Other(name) => Method::from_bytes(name.as_bytes())?,
    })
}

/// The absolute URI where the host tells whom the request was for, else the path alone.
fn uri(request: &IncomingRequest) -> Result<Uri, http::Error> {
    let path = request.path_with_query().unwrap_or_default();
    let path: PathAndQuery = if path.is_empty() {
        PathAndQuery::from_static("/")
    } else {
        path.parse()?
    };
    let builder = Uri::builder().path_and_query(path);
    match request.authority() {
        Some(authority) => builder
            .scheme(match request.scheme() {
                Some(Scheme::Https) => "https",
                Some(Scheme::Http | Scheme::Other(_)) | None => "http",
            })
            .authority(authority)
            .build(),
        None => builder.build(),
    }
}
