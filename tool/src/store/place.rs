//! Where a store is.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use ::redis::{ConnectionInfo, IntoConnectionInfo};
use anyhow::{Context, Result};

/// The name that Spin gives to the file of its default store, in the application's `.spin`.
const SPIN_FILE: &str = "sqlite_key_value.db";

/// The address of a store.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// The rows of a label in a SQLite file.
    Sqlite {
        /// The file.
        file: PathBuf,
        /// The label by which `spin.toml` calls the store.
        label: String,
    },
    /// A Redis database, as Spin uses one: without labels.
    Redis(Box<ConnectionInfo>),
}

impl Place {
    /// Reads `redis://HOST:PORT/DB`, the path of a SQLite file, or the path of a folder that holds
    /// one of Spin's name, or will: what is not there yet is a folder unless it has an extension.
    pub(crate) fn parse(text: &OsStr, label: &str) -> Result<Self> {
        if let Some(url) = text.to_str().filter(|text| text.contains("://")) {
            // The text may hold a password, so no message repeats it.
            let info = url.into_connection_info().context(
                "expected a store as redis://HOST:PORT/DB or as the path of a SQLite file",
            )?;
            return Ok(Self::Redis(Box::new(info)));
        }
        let path = Path::new(text);
        let file = if path.is_dir() || (!path.exists() && path.extension().is_none()) {
            path.join(SPIN_FILE)
        } else {
            path.to_owned()
        };
        Ok(Self::Sqlite {
            file,
            label: label.to_owned(),
        })
    }

    /// The store's name in an archive.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite { label, .. } => label.clone(),
            Self::Redis(info) => format!("redis database {}", info.redis.db),
        }
    }
}

/// Without the password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file, label } => write!(f, "{} (store {label:?})", file.display()),
            Self::Redis(info) => write!(f, "redis://{}/{}", info.addr, info.redis.db),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display().to_string();
        let cases = [
            ("a.db".to_owned(), "a.db (store \"default\")".to_owned()),
            (
                path.clone(),
                format!("{path}/sqlite_key_value.db (store \"default\")"),
            ),
            (
                format!("{path}/new/.spin"),
                format!("{path}/new/.spin/sqlite_key_value.db (store \"default\")"),
            ),
            (
                "redis://:secret@localhost:7/3".to_owned(),
                "redis://localhost:7/3".to_owned(),
            ),
        ];
        for (text, want) in cases {
            let place = Place::parse(text.as_ref(), "default").expect(&text);
            assert_eq!(place.to_string(), want);
        }
        for text in ["http://localhost", "redis://:secret@localhost/x"] {
            let error = Place::parse(text.as_ref(), "default").expect_err(text);
            assert!(!format!("{error:#}").contains("secret"), "{error:#}");
        }
    }
}
