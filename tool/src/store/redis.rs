//! A Redis database, as Spin uses it: each key of the store is a key of the database, its value a string.

use std::collections::BTreeSet;
use std::time::Duration;

use ::redis::{Client, Connection, ConnectionInfo, cmd};
use anyhow::{Context, Result};
use spin_pushgateway::store::layout::PREFIX;

use super::{LeftOut, Load, Pair, Scope};

/// How long connecting, or one answer, may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many keys are read by one command: their values are in memory together, and may be large.
const READ_BATCH: usize = 16;

/// How many keys are written or deleted by one command.
const BATCH: usize = 100;

/// How many bytes of values go into one command, unless a single one is larger.
const BATCH_BYTES: usize = 4 << 20;

/// A Redis database.
pub(crate) struct Redis {
    connection: Connection,
}

impl Redis {
    /// Connects.
    pub(super) fn open(info: &ConnectionInfo) -> Result<Self> {
        let connection = Client::open(info.clone())
            .and_then(|client| client.get_connection_with_timeout(TIMEOUT))
            .with_context(|| format!("cannot connect to Redis at {}", info.addr))?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        connection.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { connection })
    }

    /// Lists the keys first, then reads them in batches.
    pub(super) fn walk(
        &mut self,
        scope: Scope,
        each: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
    ) -> Result<LeftOut> {
        let (keys, mut left_out) = self.keys(scope)?;
        let keys: Vec<_> = keys.into_iter().collect();
        for batch in keys.chunks(READ_BATCH) {
            let values: Vec<Option<Vec<u8>>> =
                cmd("MGET").arg(batch).query(&mut self.connection)?;
            for (key, value) in batch.iter().zip(values) {
                match value {
                    Some(value) => each(key, &value)?,
                    // Deleted meanwhile, or not a string.
                    None => left_out += 1,
                }
            }
        }
        Ok(left_out)
    }

    /// Writes first and deletes last, so that a failure half-way has lost nothing.
    pub(super) fn load(&mut self, load: &mut Load<'_>) -> Result<()> {
        let held = self.keys(load.scope)?.0;
        let mut doomed: BTreeSet<_> = load.doomed(held)?.into_iter().collect();
        let mut batch: Vec<Pair> = Vec::new();
        let mut bytes = 0_usize;
        while let Some(pair) = load.pairs.next() {
            let (key, value) = pair?;
            doomed.remove(&key);
            let value = load.value(&key, value, |key| {
                Ok(cmd("GET").arg(key).query(&mut self.connection)?)
            })?;
            bytes = bytes.saturating_add(value.len());
            batch.push((key, value));
            if batch.len() == BATCH || bytes >= BATCH_BYTES {
                self.write(&batch)?;
                batch.clear();
                bytes = 0;
            }
        }
        self.write(&batch)?;
        let doomed: Vec<_> = doomed.into_iter().collect();
        for batch in doomed.chunks(BATCH) {
            cmd("DEL").arg(batch).exec(&mut self.connection)?;
        }
        Ok(())
    }

    fn write(&mut self, pairs: &[Pair]) -> Result<()> {
        if pairs.is_empty() {
            return Ok(());
        }
        let mut command = cmd("MSET");
        for (key, value) in pairs {
            command.arg(key).arg(value);
        }
        Ok(command.exec(&mut self.connection)?)
    }

    /// The keys, and how many are not text. `SCAN` may name a key twice, and blocks nobody for long.
    fn keys(&mut self, scope: Scope) -> Result<(BTreeSet<String>, LeftOut)> {
        let pattern = match scope {
            Scope::Gateway => format!("{PREFIX}*"),
            Scope::All => "*".to_owned(),
        };
        let mut keys = BTreeSet::new();
        let mut not_text = BTreeSet::new();
        let mut cursor = 0_u64;
        loop {
            let (next, found): (u64, Vec<Vec<u8>>) = cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(&pattern)
                .arg("COUNT")
                .arg(1000)
                .query(&mut self.connection)?;
            for key in found {
                match String::from_utf8(key) {
                    Ok(key) => {
                        keys.insert(key);
                    }
                    Err(error) => {
                        not_text.insert(error.into_bytes());
                    }
                }
            }
            if next == 0 {
                let not_text = LeftOut::try_from(not_text.len()).unwrap_or(LeftOut::MAX);
                return Ok((keys, not_text));
            }
            cursor = next;
        }
    }
}
