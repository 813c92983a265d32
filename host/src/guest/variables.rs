//! `spin:variables@3.0.0`.

use wasmtime::component::Accessor;

use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use super::{Guest, Spin};
use crate::variables::is_name;

impl Host for Guest {}

impl<T: 'static> HostWithStore<T> for Spin {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        if !is_name(&name) {
            return Ok(Err(Error::InvalidName(name)));
        }
        let surroundings = accessor.with(|mut access| access.get().surroundings.clone());
        let value = surroundings.variables.get(&name).cloned();
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable for {name:?}"))))
    }
}
