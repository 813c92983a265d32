//! Running the tool.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The executable, built into the folder above that of the test.
fn executable() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let folder = test.ancestors().nth(2).expect("target/PROFILE above deps");
    let path = folder.join(format!("pushgateway-store{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "the tool is missing at {}: run `make test`, which builds it",
        path.display()
    );
    path
}

/// Runs the tool.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(executable())
        .args(arguments)
        .output()
        .expect("the tool runs")
}

/// Runs the tool, which must end with this status; what it printed.
pub(crate) fn printed(status: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths in tests are UTF-8")
}
