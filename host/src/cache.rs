//! The engine, with a cache of compiled components, so that only the first start waits.
//!
//! The cache is Wasmtime's: an entry's name is a hash of the component and of everything that its
//! compilation depends on, entries are written atomically, and one that cannot be read is made
//! again. Without a folder for it every start compiles.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// Loads a component, compiled before or now.
pub(crate) fn load(source: &Path, cache_dir: Option<&Path>) -> Result<Component> {
    let bytes = std::fs::read(source).with_context(|| {
        format!(
            "cannot read the component {}; build it first",
            source.display()
        )
    })?;
    let engine = engine(cache_dir)?;
    Component::from_binary(&engine, &bytes)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{} is no component that can run here", source.display()))
}

fn engine(cache_dir: Option<&Path>) -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    if let Some(folder) = folder(cache_dir, |name| std::env::var_os(name).map(PathBuf::from)) {
        let mut cache = CacheConfig::new();
        cache.with_directory(folder);
        config.cache(Some(Cache::new(cache)?));
    }
    Ok(Engine::new(&config)?)
}

/// The cache's folder: the one that is asked for, or the user's.
fn folder(asked: Option<&Path>, environment: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = asked {
        return std::path::absolute(folder).ok();
    }
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
            (Some("/c"), None, None, Some("/c")),
            (
                None,
                Some("/x"),
                Some("/h"),
                Some("/x/spin-pushgateway-host"),
            ),
            (
                None,
                Some("x"),
                Some("/h"),
                Some("/h/.cache/spin-pushgateway-host"),
            ),
            (
                None,
                None,
                Some("/h"),
                Some("/h/.cache/spin-pushgateway-host"),
            ),
            (None, None, Some(""), None),
            (None, None, None, None),
        ];
        for (asked, xdg, home, want) in cases {
            let environment = |name: &str| match name {
                "XDG_CACHE_HOME" => xdg.map(PathBuf::from),
                _ => home.map(PathBuf::from),
            };
            let got = folder(asked.map(Path::new), environment);
            assert_eq!(got.as_deref(), want.map(Path::new));
        }
    }
}
