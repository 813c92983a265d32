//! Generated host traits for the interfaces that Spin adds to WASI.
//!
//! Every function is async (the stores wait for disks and networks) and may trap, since two of
//! Spin's own providers do (see [`crate::store`]).

#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

wasmtime::component::bindgen!({
    inline: r#"
        package local:host;
        world host {
            import spin:key-value/key-value@3.0.0;
            import spin:variables/variables@3.0.0;
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
            import fermyon:spin/variables@2.0.0;
        }
    "#,
    path: [
        "wit/spin-key-value",
        "wit/spin-variables",
        "../wit/deps/wasi-keyvalue",
        "../wit/deps/fermyon-spin",
    ],
    world: "local:host/host",
    imports: { default: async | trappable },
    with: {
        "spin:key-value/key-value.store": crate::guest::OpenStore,
        "wasi:keyvalue/store.bucket": crate::guest::OpenStore,
    },
});
