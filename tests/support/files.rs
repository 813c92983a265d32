//! Files of the repository, as they are shipped.

use std::fs;
use std::path::{Path, PathBuf};

/// The absolute path of a file of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a file of the repository.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The same with each of the first texts replaced by the second. Each must be there, so that nothing is tested that is
/// not shipped.
pub(crate) fn with(name: &str, replacements: &[(&str, &str)]) -> String {
    let mut text = read(name);
    for (old, new) in replacements {
        assert!(text.contains(old), "{name} has no {old:?}:\n{text}");
        text = text.replace(old, new);
    }
    text
}
