//! Whole stores of the gateway: exports and imports them, checks them, and brings over what a Go
//! Pushgateway holds.
//!
//! The tool works beside the gateway, on the store itself ([`store`]) or by HTTP ([`migrate`]). What keys and
//! values mean it asks the gateway's own code. [`cli`] lists commands and options, `docs/portability.md`
//! describes them, and [`archive`] the file between export and import.

mod archive;
mod check;
mod cli;
mod migrate;
mod spool;
mod store;
mod transfer;

use std::process::ExitCode;

use anyhow::Result;

use cli::Command;

/// The exit status where the work was done and found something wrong.
const FOUND_WRONG: u8 = 1;

/// The exit status where the work could not be done.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FOUND_WRONG),
        Err(error) => {
            eprintln!("error: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::from(FAILED)
        }
    }
}

/// Does what the command line says; `false` if that found something wrong.
fn run() -> Result<bool> {
    match cli::parse(std::env::args_os().skip(1))? {
        Command::Export(options) => transfer::export(&options).map(|()| true),
        Command::Import(options) => transfer::import(&options).map(|()| true),
        Command::Check(options) => check::run(&options),
        Command::Migrate(options) => migrate::run(&options),
        Command::Help => {
            print!("{}", cli::HELP);
            Ok(true)
        }
        Command::Version => {
            println!("pushgateway-store {}", env!("CARGO_PKG_VERSION"));
            Ok(true)
        }
    }
}
