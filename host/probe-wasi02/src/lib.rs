//! A component for WASI 0.2 that shows, over HTTP, what a host gives its guest. Natively it is an empty library.
//!
//! It has the routes of `host-probe` that meet another part of the host here: the request and the response, instances,
//! and variables. `wasi:keyvalue` is the same for both.

#[cfg(target_family = "wasm")]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unsafe_code
)]
mod bindings {
    wit_bindgen::generate!({
        inline: r#"
            package local:probe;
            world probe {
                import wasi:keyvalue/store@0.2.0-draft2;
                import fermyon:spin/variables@2.0.0;
            }
        "#,
        path: ["../../wit/deps/wasi-keyvalue", "../../wit/deps/fermyon-spin"],
        world: "local:probe/probe",
        generate_all,
    });
    use super::door::Probe;
    wasip2::http::proxy::export!(Probe);
}
#[cfg(target_family = "wasm")]
mod door;
