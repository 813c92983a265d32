//! The door for WASI 0.3: Spin's request in, Spin's response out.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::config::{Config, ConfigError};
use crate::forward::InFlight;
use crate::respond;
use crate::service::{self, Reply, Service};
use crate::store::spin::SpinStore;
use crate::store::{StoreError, World};
use http::StatusCode;
use spin_sdk::http::Request;
use spin_sdk::variables;
use spin_sdk::wasip3;
use spin_sdk::wasip3::http::types::{ErrorCode, Response};

use self::body::IncomingBody;
use self::intake::Closed;
use self::network::Outgoing;
use self::store::Calls;

mod answer;
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    reason = "generated"
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "wasi03", generate_all });
}
mod body;
mod intake;
mod network;
mod store;

thread_local! {
    /// What is read once in the life of an instance, which lasts for some requests.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
    static STORE: OnceCell<Rc<SpinStore<Calls>>> = const { OnceCell::new() };
    /// What the instance forwards at this moment.
    static IN_FLIGHT: Rc<InFlight> = Rc::default();
}

/// Answers a request.
pub(crate) async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let (parts, body) = request.into_parts();
    let closed = Closed::during(&parts.method);
    let Reply {
        answer,
        cleanup,
        forward,
    } = match (config().await, store().await) {
        (Ok(config), Ok(store)) => {
            let mut body = IncomingBody::new(body);
            Service {
                store: &*store,
                world: &Host,
                config: &config,
            }
            .serve(&parts, &mut body)
            .await
        }
        (Err(error), _) => {
            respond::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()).into()
        }
        (Ok(config), Err(error)) => service::without_store(&parts, &config, &error),
    };
    let response = answer::send(answer).await?;
    drop(closed);
    if !cleanup.is_empty() {
        wasip3::spawn(async move {
            if let Ok(store) = store().await {
                // The next scrape tries again.
                let _ = cleanup.run(&*store).await;
            }
        });
    }
    if let Some(forward) = forward {
        wasip3::spawn(async move {
            if let (Ok(config), Ok(store)) = (config().await, store().await)
                && let Some(target) = &config.forward
            {
                // The mark stays, and the group's next push tries again.
                let in_flight = IN_FLIGHT.with(Rc::clone);
                let _ = forward
                    .run(&*store, &Host, &Outgoing, target, &in_flight)
                    .await;
            }
        });
    }
    Ok(response)
}

async fn config() -> Result<Rc<Config>, ConfigError> {
    if let Some(config) = CONFIG.with(|cell| cell.get().cloned()) {
        return Ok(config);
    }
    let ask = async |name| match variables::get(name).await {
        Ok(value) => Ok(Some(value)),
        Err(variables::Error::Undefined(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    let config = Rc::new(Config::ask(ask).await?);
    Ok(CONFIG.with(|cell| cell.get_or_init(|| config).clone()))
}

async fn store() -> Result<Rc<SpinStore<Calls>>, StoreError> {
    if let Some(store) = STORE.with(|cell| cell.get().cloned()) {
        return Ok(store);
    }
    let store = Rc::new(SpinStore::new(Calls::open().await?));
    Ok(STORE.with(|cell| cell.get_or_init(|| store).clone()))
}

/// The host's clock and random numbers.
struct Host;

impl World for Host {
    fn random(&self) -> u64 {
        wasip3::random::random::get_random_u64()
    }
}
