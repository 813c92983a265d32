//! What the component finds around itself: WASI, and Spin's stores and variables.

mod bindings;
mod fuel;
mod instances;
mod key_value;
mod outbound;
mod variables;
mod wasi_key_value;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime::{Engine, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::clocks::HostWallClock;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub(crate) use fuel::FuelTrace;
pub(crate) use instances::{Instances, handler};

use crate::outbound::AllowedHosts;
use crate::store::{Store, Stores};
use outbound::Outbound;

/// What all instances of the component share.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The stores that the manifest grants.
    pub(crate) stores: Stores,
    /// The component's variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// The component's environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where the component may send requests to.
    pub(crate) allowed_hosts: AllowedHosts,
    /// Seconds to add to the wall clock.
    pub(crate) clock_offset: i64,
    /// Bytes of linear memory that an instance may have.
    pub(crate) max_memory: Option<usize>,
}

/// The data of one instance.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Outbound,
    limits: StoreLimits,
    surroundings: Arc<Surroundings>,
    /// Counts the instance among those that may exist; see [`Instances`].
    _permit: OwnedSemaphorePermit,
}

/// A store that the component has opened.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct OpenStore(Arc<Store>);

impl Guest {
    fn new(surroundings: Arc<Surroundings>, permit: OwnedSemaphorePermit) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.inherit_stdout().inherit_stderr();
        for (name, value) in &surroundings.environment {
            wasi.env(name, value);
        }
        wasi.wall_clock(ShiftedClock(surroundings.clock_offset));
        let limits = StoreLimitsBuilder::new();
        let limits = match surroundings.max_memory {
            Some(bytes) => limits.memory_size(bytes),
            None => limits,
        };
        Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Outbound(Arc::clone(&surroundings)),
            limits: limits.build(),
            surroundings,
            _permit: permit,
        }
    }

    /// The store behind a handle. An invalid handle is an error, which traps.
    fn store(&self, handle: &Resource<OpenStore>) -> wasmtime::Result<Arc<Store>> {
        Ok(Arc::clone(&self.table.get(handle)?.0))
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// How the generated traits reach the data of an instance.
struct Spin;

impl HasData for Spin {
    type Data<'a> = &'a mut Guest;
}

/// Everything that a component may import.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    use bindings::fermyon::spin::variables as variables02;
    use bindings::spin::key_value::key_value;
    use bindings::spin::variables::variables;
    use bindings::wasi::keyvalue::{batch, store};

    let mut linker = Linker::new(engine);
    // With WASI 0.3 too: Rust's standard library still imports 0.2.
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    key_value::add_to_linker::<_, Spin>(&mut linker, |guest| guest)?;
    variables::add_to_linker::<_, Spin>(&mut linker, |guest| guest)?;
    variables02::add_to_linker::<_, Spin>(&mut linker, |guest| guest)?;
    store::add_to_linker::<_, Spin>(&mut linker, |guest| guest)?;
    batch::add_to_linker::<_, Spin>(&mut linker, |guest| guest)?;
    Ok(linker)
}

/// The system's wall clock, shifted by some seconds. WASI 0.2 and 0.3 both read it.
struct ShiftedClock(i64);

impl HostWallClock for ShiftedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let shift = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 {
            now.saturating_sub(shift)
        } else {
            now.saturating_add(shift)
        }
    }
}
