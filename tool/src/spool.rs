//! Files that are there only when they are whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// A file, or for `-` standard input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// `-`.
    Standard,
    /// A path.
    File(PathBuf),
}

impl From<OsString> for Stream {
    fn from(text: OsString) -> Self {
        if text == OsStr::new("-") {
            Self::Standard
        } else {
            Self::File(text.into())
        }
    }
}

impl Stream {
    /// Opens the stream for reading, more than once if need be: what comes from a pipe is kept in a
    /// temporary file.
    pub(crate) fn open(&self) -> Result<File> {
        match self {
            Self::File(path) => {
                File::open(path).with_context(|| format!("cannot read {}", path.display()))
            }
            Self::Standard => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut io::stdin().lock(), &mut file)?;
                file.rewind()?;
                Ok(file)
            }
        }
    }

    /// Lets `fill` write, and only then puts the result in its place, replacing what was there.
    ///
    /// So nobody finds half a file, and a slow reader of a pipe holds up no store.
    pub(crate) fn write<T>(
        &self,
        fill: impl FnOnce(&mut BufWriter<&File>) -> Result<T>,
    ) -> Result<T> {
        match self {
            Self::Standard => {
                let mut file = tempfile::tempfile()?;
                let done = filled(&file, fill)?;
                file.rewind()?;
                let mut out = io::stdout().lock();
                io::copy(&mut file, &mut out)?;
                out.flush()?;
                Ok(done)
            }
            Self::File(path) => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty())
                    .unwrap_or(Path::new("."));
                let cannot = || format!("cannot write {}", path.display());
                let file = NamedTempFile::new_in(folder).with_context(cannot)?;
                let done = filled(file.as_file(), fill)?;
                file.as_file().sync_all().with_context(cannot)?;
                file.persist(path).with_context(cannot)?;
                Ok(done)
            }
        }
    }
}

fn filled<T>(file: &File, fill: impl FnOnce(&mut BufWriter<&File>) -> Result<T>) -> Result<T> {
    let mut out = BufWriter::new(file);
    let done = fill(&mut out)?;
    out.flush()?;
    Ok(done)
}

/// The file from its beginning.
pub(crate) fn from_start(file: &mut File) -> Result<BufReader<&mut File>> {
    file.seek(SeekFrom::Start(0))?;
    Ok(BufReader::new(file))
}
