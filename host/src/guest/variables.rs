//! `spin:variables@3.0.0`, and `fermyon:spin/variables@2.0.0`, which older components import.

use wasmtime::component::Accessor;

use super::bindings::fermyon::spin::variables as variables2;
use super::bindings::spin::variables::variables as variables3;
use super::{Guest, Spin};
use crate::variables::is_name;

impl variables3::Host for Guest {}

impl<T: 'static> variables3::HostWithStore<T> for Spin {
    async fn get(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<String, variables3::Error>> {
        use variables3::Error;
        let value = accessor.with(|mut access| access.get().variable(&name));
        Ok(value.map_err(|missing| match missing {
            Missing::InvalidName => Error::InvalidName(name),
            Missing::Undefined(reason) => Error::Undefined(reason),
        }))
    }
}

impl variables2::Host for Guest {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, variables2::Error>> {
        use variables2::Error;
        Ok(self.variable(&name).map_err(|missing| match missing {
            Missing::InvalidName => Error::InvalidName(name),
            Missing::Undefined(reason) => Error::Undefined(reason),
        }))
    }
}

/// Why there is no value.
enum Missing {
    InvalidName,
    Undefined(String),
}

impl Guest {
    fn variable(&self, name: &str) -> Result<String, Missing> {
        if !is_name(name) {
            return Err(Missing::InvalidName);
        }
        let value = self.surroundings.variables.get(name).cloned();
        value.ok_or_else(|| Missing::Undefined(format!("no variable for {name:?}")))
    }
}
