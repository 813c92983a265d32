//! The pages lead to files and headings that there are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files;

/// Folders with pages, and with folders that have some.
const FOLDERS: [&str; 6] = ["docs", "deploy", "examples", "tests", "host", "templates"];

/// All pages of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    collect(&files::path(""), false, &mut pages);
    for folder in FOLDERS {
        collect(&files::path(folder), true, &mut pages);
    }
    assert!(pages.len() > 20, "{pages:?}");
    pages
}

fn collect(folder: &Path, deep: bool, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && deep && !path.ends_with("node_modules") {
            collect(&path, deep, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// The targets of the links in a Markdown text that lead to pages and files here.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

/// The anchors of the headings of a Markdown text, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn relative_links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                page.with_file_name("").join(file)
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page");
                let there = anchors(&text);
                assert!(
                    there.iter().any(|there| there == anchor),
                    "{}: {link} is none of {there:?}",
                    page.display()
                );
            }
        }
    }
}
