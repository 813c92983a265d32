//! The local host: runs the application that `spin.toml` describes where Spin is not installed.
//!
//! A stand-in for `spin up` of Spin 4.1, for development, tests and CI, and only for what an HTTP
//! application of one component needs: nothing that the application promises may live here. Where
//! Spin has flaws that a component can trip over, they are here too. Each module says what it
//! leaves out, and [`cli`] lists the options.

mod cache;
mod cli;
mod document;
mod guest;
mod manifest;
mod outbound;
mod request;
mod route;
mod runtime_config;
mod server;
mod store;
mod variables;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use cli::{Command, Options};
use guest::{FuelTrace, Surroundings};
use manifest::Manifest;
use outbound::AllowedHosts;
use server::Server;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Up(options)) => up(*options).await,
        Ok(Command::Help) => {
            print!("{}", cli::HELP);
            Ok(())
        }
        Ok(Command::Version) => {
            println!("local-host {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = format!("error: {error:#}").replace('\n', " ");
            eprintln!("{line}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the application until it is told to stop.
async fn up(options: Options) -> Result<()> {
    let manifest = Manifest::read(&options.manifest)?;
    let environment = |name: &str| std::env::var(name).ok();
    let variables = variables::resolve(&manifest.variables, environment, &options.variables)?;
    let configs = runtime_config::read(options.runtime_config.as_deref())?;
    let state_dir = options.state_dir.unwrap_or_else(|| {
        let folder = options.manifest.parent().unwrap_or(Path::new(""));
        folder.join(".spin")
    });
    let instruments = store::Instruments {
        fault_file: options.fault_file,
        trace_file: options.trace_store,
    };
    let fuel = options
        .trace_fuel
        .as_deref()
        .map(FuelTrace::open)
        .transpose()?;
    let counted = match fuel {
        Some(_) => cache::Fuel::Counted,
        None => cache::Fuel::NotCounted,
    };
    let component = cache::load(&manifest.source, options.cache_dir.as_deref(), counted)?;
    let surroundings = Surroundings {
        stores: store::open_all(&manifest.stores, &configs, &state_dir, &instruments)?,
        variables: manifest
            .component_variables
            .iter()
            .map(|(name, template)| (name.clone(), template.render(&variables)))
            .collect(),
        environment: manifest.environment,
        allowed_hosts: AllowedHosts::parse(
            manifest
                .allowed_hosts
                .iter()
                .map(|template| template.render(&variables)),
        )?,
        clock_offset: options.clock_offset,
        max_memory: options.limits.memory,
    };
    let handler = guest::handler(&component, surroundings, options.limits, fuel)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("component {:?} cannot run here", manifest.id))?;
    let listener = server::listen(options.listen).await?;
    let address = listener.local_addr()?;
    println!("Serving http://{address}");
    println!(
        "Available Routes:\n  {}: http://{address}{}",
        manifest.id,
        manifest.route.raw()
    );
    let server = Server {
        handler,
        route: manifest.route,
        tcp_nodelay: options.tcp_nodelay,
    };
    server.run(listener).await
}
