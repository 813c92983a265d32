//! Temporary folders for the data of programs.

use std::path::Path;

use tempfile::TempDir;

/// A folder that is removed with the value, in memory where the system has
/// such a place.
///
/// Programs here sync each write. A process that is killed loses nothing that
/// it has written, on either kind of file system, and no test cuts the power;
/// so the disk would only add some tens of milliseconds to each push.
pub(crate) fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary folder")
}
