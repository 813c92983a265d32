//! The door: a request in, a response out, both by `wasi:http`.

use futures::FutureExt;
use http::StatusCode;
use spin_pushgateway::config::Config;
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
        let store = Calls::open().map(SpinStore::new);
        // Nothing is forwarded here.
        let Reply {
            answer, cleanup, ..
        } = match config() {
            Ok(config) => serve(request, store.as_ref(), &config),
            Err(error) => failed(&format!("{error:#}")),
        };
        answer::send(out, answer);
        if let Ok(store) = store
            && !cleanup.is_empty()
        {
            // The client has its answer. If this fails, the next scrape tries again.
            let _ = cleanup.run(&store).now_or_never();
        }
    }
}

fn serve(
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
    // Every call to the host ends before it returns, so nothing is ever waited for.
    service
        .serve(&parts, &mut body)
        .now_or_never()
        .unwrap_or_else(|| failed("the answer is not ready"))
}

fn config() -> anyhow::Result<Config> {
    let mut values = Vec::new();
    for name in Config::VARIABLES {
        match variables::get(name) {
            Ok(value) => values.push((name, value)),
            Err(variables::Error::Undefined(_)) => {}
            Err(error) => anyhow::bail!("variable {name} cannot be read: {error}"),
        }
    }
    let value = |name: &str| {
        let (_, value) = values.iter().find(|(have, _)| *have == name)?;
        Some(value.clone())
    };
    Ok(Config {
        // A push that nobody forwards must not be marked as one that is.
        forward: None,
        ..Config::read(value)?
    })
}

fn failed(message: &str) -> Reply {
    respond::error(StatusCode::INTERNAL_SERVER_ERROR, message).into()
}

/// The host's clock and random numbers.
struct Host;

impl World for Host {
    fn random(&self) -> u64 {
        wasip2::random::random::get_random_u64()
    }
}
