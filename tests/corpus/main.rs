//! The inputs that fuzzing has found, each through its target once more: they go on proving where nobody fuzzes.
//!
//! `make fuzz` finds inputs, `make fuzz-corpus` keeps a few of them in `fuzz/corpus`. Here they run through the very
//! functions of `fuzz/src`; and they must reach what the targets are for ([`reach`]), or they would prove little.

mod reach;
#[path = "../../fuzz/src/lib.rs"]
pub mod targets;

use std::fs;
use std::path::Path;

/// The longest input that is kept, in bytes.
const MAX_BYTES: usize = 4096;

/// How many inputs of a target are kept at most: more take long to clone, and nobody looks at them.
const MAX_INPUTS: usize = 1000;

/// A target: panics where something is wrong.
type Check = fn(&[u8]);

/// The targets by the names of their folders.
const TARGETS: [(&str, Check); 7] = [
    ("encoding", targets::encoding::check),
    ("entry", targets::entry::check),
    ("forward", targets::forward::check),
    ("openmetrics", targets::openmetrics::check),
    ("protobuf", targets::protobuf::check),
    ("request", targets::request::check),
    ("text", targets::text::check),
];

/// The inputs of a target, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = fs::read_dir(folder.join(target)).expect("a folder for each target");
    let mut inputs: Vec<_> = files
        .map(|file| {
            let file = file.expect("a file");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, fs::read(file.path()).expect("a file"))
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_input_passes_its_target() {
    for (target, check) in TARGETS {
        for (name, input) in corpus(target) {
            // The last line is of the input that did not.
            println!("{target}/{name}");
            check(&input);
        }
    }
}

#[test]
fn every_corpus_has_a_target_and_stays_small() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the manifest of the targets");
    let names = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let mut names: Vec<_> = names
        .filter_map(|line| line.strip_suffix(".rs\""))
        .collect();
    names.sort_unstable();
    assert_eq!(names, TARGETS.map(|(target, _)| target));
    for target in names {
        let inputs = corpus(target);
        assert!(inputs.len() <= MAX_INPUTS, "{target}: {}", inputs.len());
        for (name, input) in inputs {
            assert!(input.len() <= MAX_BYTES, "{target}/{name}");
        }
    }
}
