//! The benchmark: the gateway side by side with the Go Pushgateway and with the least that its host could do.
//!
//! `docs/performance.md` says how to read what it prints. The load is generated here, by plain threads on plain
//! sockets: on a small machine a generator that takes the processor distorts what it measures.

mod compare;
mod disk;
mod http_client;
mod load;
mod micro;
mod mixed;
mod options;
mod process;
mod programs;
mod servers;
mod stats;
mod table;
mod workload;

use std::process::ExitCode;

use anyhow::Result;
use options::Command;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match options::parse(std::env::args_os().skip(1))? {
        Command::Compare(options) => compare::compare(&options),
        Command::Mixed(options) => mixed::run(&options),
        Command::Micro(names) => micro::time(&names),
        Command::Instructions(names) => micro::instructions::count(&names),
        Command::Once { name, count } => micro::once(&name, count),
        Command::Help => {
            print!("{}", options::HELP);
            Ok(())
        }
    }
}
