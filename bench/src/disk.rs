//! How fast the disk is, on which the rate of durable writes depends.

use std::fs::File;
use std::io::{Result, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the disk is measured.
const TIME: Duration = Duration::from_secs(1);

/// Writes of four kilobytes, each synchronised, that the disk of this folder takes in a second.
pub(crate) fn syncs_per_second(dir: &Path) -> Result<f64> {
    let path = dir.join("syncs");
    let mut file = File::create(&path)?;
    let block = [0; 4096];
    let begin = Instant::now();
    let mut syncs = 0_u32;
    while begin.elapsed() < TIME {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block)?;
        file.sync_data()?;
        syncs += 1;
    }
    let rate = f64::from(syncs) / begin.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
