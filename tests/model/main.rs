//! The model test: the real operations on a store in memory, interleaved call by call, against a sequential model of
//! the Pushgateway.
//!
//! [`classes`] tries random histories in which no promise may be broken, but for the exceptions that the guarantees
//! state; what breaks one is made small and printed call by call. [`histories`] has some written down: each exception
//! as small as it can be, and what once went wrong. [`costs`] counts calls, [`bounds`] keys, [`expiry`] follows what expires, and [`exactness`] holds
//! the consistency check against one that gathers everything, [`told`] what a refused push is told to the
//! Pushgateway's words. [`failing`] lets each call of the store fail.
//!
//! Environment:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `MODEL_RUNS` | how many histories of each class are tried | 2500 |
//! | `MODEL_SEED` | which | 1 |

#[path = "../support/promises/mod.rs"]
mod promises;

mod before;
mod bounds;
mod checker;
mod classes;
mod costs;
mod exactness;
mod exceptions;
mod expiry;
mod failing;
mod histories;
mod history;
mod plain;
mod run;
mod scenario;
mod schedule;
mod search;
mod store;
mod told;
