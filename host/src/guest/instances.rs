//! Instances of the component: when one is made, what it may do, and when it is dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use wasmtime::component::{Component, GuestTaskId};
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState,
    WorkerStatus,
};
use wasmtime_wasi_http::{p2, p3};

use super::{FuelTrace, Guest, Surroundings, linker};
use crate::cli::Limits;

/// The most instances at once, as in Spin. There a request that needs one more fails; here it
/// waits, since the limit is about memory, and differs between Spin's installations.
const MAX_INSTANCES: usize = 1000;

/// How the component is started, and the limits on its instances.
pub(crate) struct Instances {
    engine: Engine,
    component: ProxyPre<Guest>,
    surroundings: Arc<Surroundings>,
    limits: Limits,
    free: Arc<Semaphore>,
    stopping: Arc<AtomicBool>,
    fuel: Option<Arc<FuelTrace>>,
}

impl Instances {
    /// Says that the host is about to end, so that instances which end with it are no failures.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// Prepares a component for requests. It must export `wasi:http/handler@0.3.0` or
/// `wasi:http/incoming-handler@0.2`, and import nothing that the local host does not have. `fuel`
/// needs an engine that counts.
pub(crate) fn handler(
    component: &Component,
    surroundings: Surroundings,
    limits: Limits,
    fuel: Option<FuelTrace>,
) -> wasmtime::Result<ProxyHandler<Instances>> {
    let engine = component.engine().clone();
    let linker = linker(&engine)?;
    let instance = linker.instantiate_pre(component)?;
    let (component, reuse) = match p2::bindings::ProxyPre::new(instance.clone()) {
        // As in Spin: with WASI 0.2 every request has an instance of its own.
        Ok(component) => (ProxyPre::P2(component), 1),
        Err(_) => {
            let component = p3::bindings::ServicePre::new(instance)?;
            (ProxyPre::P3(component), limits.reuse)
        }
    };
    Ok(ProxyHandler::new(Instances {
        engine,
        component,
        surroundings: Arc::new(surroundings),
        limits: Limits { reuse, ..limits },
        free: Arc::new(Semaphore::new(MAX_INSTANCES)),
        stopping: Arc::default(),
        fuel: fuel.map(Arc::new),
    }))
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let permit = Arc::clone(&self.free).acquire_owned().await?;
        let guest = Guest::new(Arc::clone(&self.surroundings), permit);
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.limits);
        if self.fuel.is_some() {
            FuelTrace::fill(&mut store)?;
        }
        let proxy = self.component.instantiate_async(&mut store).await?;
        let Limits { idle, request, .. } = self.limits;
        Ok(Instance {
            store,
            proxy,
            view: <Guest as WasiHttpView>::http,
            expiration: Expiration {
                idle,
                request,
                sleep: tokio::time::sleep(idle),
            },
            state: Worker {
                limits: self.limits.clone(),
                stopping: Arc::clone(&self.stopping),
                fuel: self.fuel.clone(),
            },
        })
    }
}

/// The limits, from the point of view of one instance's work.
pub(crate) struct Worker {
    limits: Limits,
    stopping: Arc<AtomicBool>,
    fuel: Option<Arc<FuelTrace>>,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.limits.reuse {
            ShouldAccept::Never
        } else if concurrent >= self.limits.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        match self.limits.request {
            Some(limit) => Box::pin(tokio::time::sleep(limit)),
            None => Box::pin(std::future::pending()),
        }
    }

    fn drop(&self, store: Store<Guest>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !self.stopping.load(Ordering::Relaxed)
        {
            eprintln!("instance failed: {error:?}");
        }
        if let Some(fuel) = &self.fuel {
            fuel.record(&store);
        }
        drop(store);
    }
}

pin_project! {
    /// The end of an instance: idle for too long, or stuck in a request for too long.
    pub(crate) struct Expiration {
        idle: Duration,
        request: Option<Duration>,
        #[pin]
        sleep: Sleep,
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let mut this = self.project();
        let timeout = match status {
            WorkerStatus::Idle => Some(*this.idle),
            WorkerStatus::Requests | WorkerStatus::PostReturn => *this.request,
        };
        let Some(deadline) = timeout.and_then(|timeout| since.checked_add(timeout)) else {
            return Poll::Pending;
        };
        if this.sleep.deadline() != deadline.into() {
            this.sleep.as_mut().reset(deadline.into());
        }
        this.sleep.poll(context)
    }
}
