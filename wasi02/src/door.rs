//! The door: a request in, a response out, both by `wasi:http`.

use futures::FutureExt;
use http::StatusCode;
use spin_pushgateway::config::{Config, ConfigError};
use spin_pushgateway::respond;
use spin_pushgateway::service::{self, Reply, Service};
use spin_pushgateway::store::spin::SpinStore;
use spin_pushgateway::store::{StoreError, World};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::answer;
use crate::bindings::fermyon::spin::variables;
use crate::body::RequestBody;
use crate::head;
use crate::store::Calls;

/// The component.
pub(crate) struct Door;

impl Guest for Door {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        // Every call to the host ends before it returns: nothing is ever waited for, and all is done at the first look.
        let _ = handle(request, out).now_or_never();
    }
}

async fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let store = Calls::open().map(SpinStore::new);
    // Nothing is forwarded here.
    let Reply {
        answer, cleanup, ..
    } = match config().await {
        Ok(config) => serve(request, store.as_ref(), &config).await,
        Err(error) => respond::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()).into(),
    };
    answer::send(out, answer);
    if let Ok(store) = store
        && !cleanup.is_empty()
    {
        // The client has its answer. If this fails, the next scrape tries again.
        let _ = cleanup.run(&store).await;
    }
}

async fn serve(
    request: IncomingRequest,
    store: Result<&SpinStore<Calls>, &StoreError>,
    config: &Config,
) -> Reply {
    let parts = match head::head(&request) {
        Ok(parts) => parts,
        Err(error) => return respond::error(StatusCode::BAD_REQUEST, &error.to_string()).into(),
    };
    let store = match store {
        Ok(store) => store,
        Err(error) => return service::without_store(&parts, config, error),
    };
    let service = Service {
        store,
        world: &Host,
        config,
    };
    let mut body = RequestBody::Unread(request);
    service.serve(&parts, &mut body).await
}

async fn config() -> Result<Config, ConfigError> {
    let ask = async |name| match variables::get(name) {
        Ok(value) => Ok(Some(value)),
        Err(variables::Error::Undefined(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    Ok(Config {
        // A push that nobody forwards must not be marked as one that is.
        forward: None,
        ..Config::ask(ask).await?
    })
}

/// The host's clock and random numbers.
struct Host;

impl World for Host {
    fn random(&self) -> u64 {
        wasip2::random::random::get_random_u64()
    }
}
