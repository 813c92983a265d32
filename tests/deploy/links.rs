//! The guides lead to files that there are.

use std::fs;
use std::path::Path;

use crate::files;

/// The targets of the links in a Markdown text that lead to files.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let files = targets.map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|file| !file.is_empty() && !file.contains("://"))
}

#[test]
fn relative_links_lead_somewhere() {
    let guides = [
        "README.md",
        "docs/configuration.md",
        "docs/kloudfuse.md",
        "docs/operations.md",
        "deploy/akamai.md",
        "deploy/kubernetes/README.md",
        "deploy/redis/README.md",
        "deploy/spinkube/README.md",
        "examples/README.md",
    ];
    for guide in guides {
        let folder = Path::new(guide).parent().expect("a file is in a folder");
        for link in links(&files::read(guide)) {
            let target = files::path("").join(folder).join(link);
            assert!(
                fs::exists(&target).is_ok_and(|exists| exists),
                "{guide}: {link}"
            );
        }
    }
}
