//! The engine, with a cache of compiled components, so that only the first start waits.
//!
//! The cache is Wasmtime's: an entry's name is a hash of the component and of everything that its
//! compilation depends on, entries are written atomically, and one that cannot be read is made
//! again. Without a folder for it every start compiles.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// Whether the compiled component counts the instructions that it runs, which makes it slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fuel {
    Counted,
    NotCounted,
}

/// Loads a component, compiled before or now.
pub(crate) fn load(source: &Path, cache_dir: Option<&Path>, fuel: Fuel) -> Result<Component> {
    let bytes = std::fs::read(source).with_context(|| {
        format!(
            "cannot read the component {}; build it first",
            source.display()
        )
    })?;
    let engine = engine(cache_dir, fuel)?;
    Component::from_binary(&engine, &bytes)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{} is no component that can run here", source.display()))
}

fn engine(cache_dir: Option<&Path>, fuel: Fuel) -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.consume_fuel(fuel == Fuel::Counted);
    let cache = match cache_dir {
        Some(folder) => Some(cache(folder).context("--cache-dir")?),
        // Nobody has asked for the cache, so nobody misses it.
        None => {
            let environment = |name: &str| std::env::var_os(name).map(PathBuf::from);
            folder(environment).and_then(|folder| cache(&folder).ok())
        }
    };
    config.cache(cache);
    Ok(Engine::new(&config)?)
}

fn cache(folder: &Path) -> Result<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(std::path::absolute(folder)?);
    Ok(Cache::new(config)?)
}

/// The user's folder for caches of this program.
fn folder(environment: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // The specification of `XDG_CACHE_HOME` says to ignore a relative path.
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    environment("XDG_CACHE_HOME")
        .and_then(absolute)
        .or_else(|| Some(environment("HOME").and_then(absolute)?.join(".cache")))
        .map(|caches| caches.join("spin-pushgateway-host"))
}

#[cfg(test)]
mod tests {
    use super::folder;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_folder_is_the_users() {
        let cases = [
            (Some("/x"), Some("/h"), Some("/x/spin-pushgateway-host")),
            (
                Some("x"),
                Some("/h"),
                Some("/h/.cache/spin-pushgateway-host"),
            ),
            (None, Some("/h"), Some("/h/.cache/spin-pushgateway-host")),
            (None, Some(""), None),
            (None, None, None),
        ];
        for (xdg, home, want) in cases {
            let environment = |name: &str| match name {
                "XDG_CACHE_HOME" => xdg.map(PathBuf::from),
                _ => home.map(PathBuf::from),
            };
            assert_eq!(folder(environment).as_deref(), want.map(Path::new));
        }
    }
}
