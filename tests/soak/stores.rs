//! The stores that hosts share.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::support::folder;
use crate::support::gateway::Options;
use crate::support::redis::Redis;

/// A store, and the folder of what belongs to it.
#[derive(Debug)]
pub(crate) struct Backing {
    folder: TempDir,
    redis: Option<Mutex<Redis>>,
}

impl Backing {
    /// A SQLite file.
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: folder::temporary(),
            redis: None,
        }
    }

    /// A Redis that syncs each write; `None` where there is none.
    pub(crate) fn redis_or_skip() -> Option<Self> {
        let redis = Redis::start_or_skip()?;
        let folder = folder::temporary();
        let config = format!(
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\n",
            redis.url()
        );
        fs::write(folder.path().join("runtime-config.toml"), config).expect("a file");
        Some(Self {
            folder,
            redis: Some(Mutex::new(redis)),
        })
    }

    /// A place for files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many hosts share it.
    pub(crate) fn hosts(&self, random: &mut fastrand::Rng) -> usize {
        if self.redis.is_some() {
            random.usize(2..=3)
        } else {
            2
        }
    }

    /// Whether it is a program of its own.
    pub(crate) fn can_restart(&self) -> bool {
        self.redis.is_some()
    }

    /// Options of a host on this store.
    pub(crate) fn options(&self) -> Options {
        if self.redis.is_some() {
            let config = self.folder().join("runtime-config.toml");
            Options::new()
                .argument("--runtime-config-file")
                .argument(config.to_str().expect("UTF-8"))
        } else {
            Options::new().state_dir(self.folder().join("state"))
        }
    }

    /// Ends it, by SIGKILL or by SIGTERM, and starts it again with what it holds.
    pub(crate) fn restart(&self, kill: bool) {
        if let Some(redis) = &self.redis {
            let mut redis = redis.lock().unwrap_or_else(PoisonError::into_inner);
            if kill {
                redis.kill();
            } else {
                redis.stop();
            }
            redis.restart();
        }
    }
}
