//! Spin's runtime configuration: which provider is behind each key-value store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Deserialize;

use crate::document;

/// The stores that are there to be granted, by label.
pub(crate) type StoreConfigs = BTreeMap<String, StoreConfig>;

/// A store's provider.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StoreConfig {
    /// A SQLite file (relative to the state directory), or memory.
    Spin {
        /// The file.
        path: Option<PathBuf>,
    },
    /// A Redis database.
    Redis {
        /// `redis://HOST:PORT/DB`.
        url: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    key_value_store: StoreConfigs,
}

/// Reads the file, if there is one, and adds Spin's default store unless the file defines it.
pub(crate) fn read(path: Option<&Path>) -> Result<StoreConfigs> {
    let document = match path {
        Some(path) => document::read(path)?,
        None => Document {
            key_value_store: StoreConfigs::new(),
        },
    };
    let mut stores = document.key_value_store;
    stores
        .entry("default".to_owned())
        .or_insert_with(|| StoreConfig::Spin {
            path: Some(PathBuf::from("sqlite_key_value.db")),
        });
    Ok(stores)
}

#[cfg(test)]
mod tests {
    use super::{Document, StoreConfig};
    use crate::document;

    #[test]
    fn stores_are_read() {
        let spin = |path: Option<&str>| StoreConfig::Spin {
            path: path.map(Into::into),
        };
        let redis = |url: &str| StoreConfig::Redis {
            url: url.to_owned(),
        };
        let cases = [
            ("type = \"spin\"", Some(spin(None))),
            ("type = \"spin\"\npath = \"a.db\"", Some(spin(Some("a.db")))),
            (
                "type = \"redis\"\nurl = \"redis://a/3\"",
                Some(redis("redis://a/3")),
            ),
            ("type = \"redis\"", None),
            ("type = \"azure_cosmos\"", None),
            ("type = \"spin\"\nurl = \"a\"", None),
        ];
        for (text, want) in cases {
            let text = format!("[key_value_store.default]\n{text}");
            let document = document::parse::<Document>(&text).ok();
            let got = document.and_then(|mut d| d.key_value_store.remove("default"));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn other_tables_are_refused() {
        let error = document::parse::<Document>("[llm_compute]\ntype = \"spin\"").err();
        let error = error.expect("an error").to_string();
        assert!(error.contains("unknown field `llm_compute`"), "{error}");
    }
}
