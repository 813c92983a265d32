//! Generated bindings for `wasi:keyvalue`, of which the SDK has no public ones.

#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unsafe_code
)]

spin_sdk::wit_bindgen::generate!({
    inline: r#"
        package local:probe;
        world probe {
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
        }
    "#,
    path: "../../wit/deps/wasi-keyvalue",
    world: "local:probe/probe",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    generate_all,
});
