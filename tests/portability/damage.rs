//! Damage and leftovers in a store that the gateway made.

use std::fs;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};

use crate::moving::filled;
use crate::support::folder;
use crate::tool::{printed, text};

/// Keys and values, as they stand in an archive.
type Pairs = Vec<(String, Vec<u8>)>;

fn read(archive: &str) -> Pairs {
    let lines: Vec<_> = archive.lines().collect();
    let pairs = &lines[1..lines.len() - 1];
    pairs
        .iter()
        .map(|line| {
            let pair: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = |name: &str| pair[name].as_str().expect("text").to_owned();
            let value = BASE64_STANDARD.decode(text("value")).expect("base64");
            (text("key"), value)
        })
        .collect()
}

/// By the documentation of the format, not by the tool's code.
fn written(mut pairs: Pairs) -> String {
    pairs.sort();
    let mut out = "{\"format\":\"pushgateway-store\",\"version\":1,\"store\":\"x\"}\n".to_owned();
    for (key, value) in &pairs {
        let value = BASE64_STANDARD.encode(value);
        out.push_str(&format!("{{\"key\":\"{key}\",\"value\":\"{value}\"}}\n"));
    }
    let hash: String = Sha256::digest(&out)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let count = pairs.len();
    out + &format!("{{\"count\":{count},\"sha256\":\"{hash}\"}}\n")
}

#[test]
fn what_is_wrong_with_a_store_is_found_and_the_store_left_as_it_is() {
    let mut gateway = filled();
    gateway.stop();
    let state = gateway.state_dir();
    let report = printed(0, &["check", text(state)]);
    assert!(report.contains("4 groups, 5 entries"), "{report}");
    assert!(report.contains("damaged: 0"), "{report}");

    let folder = folder::temporary();
    let archive = folder.path().join("archive");
    printed(0, &["export", text(state), text(&archive)]);
    let mut pairs = read(&fs::read_to_string(&archive).expect("an archive"));
    let entries: Vec<_> = pairs
        .iter()
        .enumerate()
        .filter(|(_, (key, _))| key.starts_with("pgw1:g:"))
        .map(|(at, _)| at)
        .collect();
    // One is cut, one takes another's place.
    pairs[entries[0]].1.pop();
    pairs[entries[1]].1 = pairs[entries[4]].1.clone();
    let damaged = [entries[0], entries[1]].map(|at| pairs[at].0.clone());
    // And one is of a generation long past.
    let (key, value) = pairs[entries[0]].clone();
    let group = key.split(':').nth(2).expect("a group").to_owned();
    let stray = format!(
        "pgw1:g:{group}:{}:x{}",
        "0123456789abcdef", "0123456789abcdef"
    );
    pairs.push((stray.clone(), value));
    fs::write(&archive, written(pairs)).expect("an archive");
    printed(0, &["import", "--replace", text(&archive), text(state)]);

    let file = state.join("sqlite_key_value.db");
    let before = fs::read(&file).expect("a store");
    let report = printed(1, &["check", "--json", text(&file)]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let keys: Vec<_> = report["damage"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| finding["key"].as_str().expect("text"))
        .collect();
    assert!(
        damaged.iter().all(|key| keys.contains(&key.as_str())),
        "{report}"
    );
    assert!(keys.contains(&stray.as_str()), "{report}");
    assert_eq!(keys.len(), 3, "{report}");
    assert_eq!(report["sizes"]["entries"], 6, "{report}");
    assert_eq!(fs::read(&file).expect("a store"), before);
}
