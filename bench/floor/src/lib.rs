//! The floor of the benchmark: what a gateway on this host cannot do without, and nothing else.
//!
//! - `/write/KEY/N` writes one value of N bytes. The request's body is not read.
//! - `/store/KEY` reads the request's body, and writes one value of its size.
//! - `/read` lists the keys and reads all values in batches, and answers their total size.
//!
//! A write is answered without a body stream, so that head and body cannot leave in two segments.

#[cfg(target_family = "wasm")]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unsafe_code,
    reason = "generated"
)]
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        inline: r#"
            package local:floor;
            world floor {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
            }
        "#,
        path: "../../wit/deps/wasi-keyvalue",
        world: "local:floor/floor",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        generate_all,
    });
}
#[cfg(target_family = "wasm")]
mod door;
