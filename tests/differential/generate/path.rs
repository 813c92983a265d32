//! Push paths: usual ones, other spellings of them, and odd ones.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use fastrand::Rng;
use percent_encoding::percent_decode_str;
use spin_pushgateway::exposition::names::NameScheme;

use super::super::request::Path;
use super::{one_in, pick};

const JOBS: [&str; 5] = ["a", "a", "b", "a+b", "%C3%A9%20x"];
const NAMES: [&str; 5] = ["a", "b", "instance", "instance", "le"];
const VALUES: [&str; 5] = ["x", "y", "1", "0.5", "%22q%5C"];

/// Pairs whose names are allowed as UTF-8 only, some of them escaped.
const UTF8_PAIRS: [(&str, &str); 6] = [
    ("a.b", "x"),
    ("a.b", "y"),
    ("U__a_2e_b", "x"),
    ("a%C3%A9", "x"),
    ("U__a_e9_", "x"),
    ("1%20x", "y"),
];

/// Escapes that are no names, or of names that need none.
const ODD_UTF8_PAIRS: [(&str, &str); 8] = [
    ("U__a", "x"),
    ("U__job", "x"),
    ("U__", "x"),
    ("U__a_2e", "x"),
    ("U__a_zz_", "x"),
    ("U__a_2e_b@base64", "eA"),
    ("U__a_2e_b", ""),
    ("U__instance", "x"),
];

/// Pairs that are wrong, or right in an unusual way.
const ODD_PAIRS: [(&str, &str); 33] = [
    // Names that are refused.
    ("a-b", "x"),
    ("", "x"),
    ("__x", "x"),
    ("__name__", "x"),
    ("1a", "x"),
    ("a.b", "x"),
    ("a%C3%A9", "x"),
    ("@base64", "eA"),
    ("a@base64@base64", "eA"),
    ("a@Base64", "eA"),
    ("a-b", ""),
    // Names that are not.
    ("%61", "x"),
    ("_", "x"),
    ("job", "other"),
    ("job", ""),
    ("quantile", "0.5"),
    ("le", "1"),
    // Base64 that is refused.
    ("a@base64", "x.y"),
    ("a@base64", "eA+"),
    ("a@base64", "e"),
    ("a@base64", "eA=x"),
    // Base64 that is not.
    ("a@base64", "eA=="),
    ("a@base64", "eA===="),
    ("a@base64", "eB"),
    ("a@base64", "eA%0A"),
    ("a@base64", "L3Zhci90bXA"),
    // Empty values.
    ("a@base64", "="),
    ("a@base64", ""),
    ("a", ""),
    ("instance", ""),
    // Slashes and dots in values.
    ("a", "%2Fvar%2ftmp"),
    ("a", ".."),
    ("a", "%2e"),
];

/// Jobs that are wrong, or right in an unusual way.
const ODD_JOBS: [(&str, &str); 14] = [
    ("job@base64", "YQ"),
    ("job@base64", "YQ===="),
    ("job@base64", "Zm9"),
    ("job@base64", "="),
    ("job@base64", "%3D"),
    ("job@base64", "x.y"),
    ("job@base64", "YWFhYQ.x"),
    ("job%40base64", "YQ"),
    ("job", ""),
    ("job", "a%2Fb"),
    ("job", "%20"),
    ("job", "a%00b%0A"),
    ("job", ".."),
    ("job", "%ff"),
];

/// Tails: an odd number of components, or an empty last one.
const TAILS: [&str; 3] = ["/", "/a", "/a@base64"];

/// A valid path, with up to two labels.
pub(crate) fn usual(rng: &mut Rng, names: NameScheme) -> Path {
    let labels = rng.usize(0..=2);
    Path {
        job_name: "job".to_owned(),
        job: pick(rng, &JOBS).to_owned(),
        pairs: (0..labels).map(|_| usual_pair(rng, names)).collect(),
        tail: String::new(),
    }
}

fn usual_pair(rng: &mut Rng, names: NameScheme) -> (String, String) {
    if names == NameScheme::Utf8 && one_in(rng, 3) {
        let (name, value) = pick(rng, &UTF8_PAIRS);
        return (name.to_owned(), value.to_owned());
    }
    (pick(rng, &NAMES).to_owned(), pick(rng, &VALUES).to_owned())
}

/// The same group, at times in another spelling: labels in another order, a
/// segment in base64.
pub(crate) fn respelled(rng: &mut Rng, path: &Path) -> Path {
    let mut path = path.clone();
    if one_in(rng, 6) && no_name_twice(&path) {
        rng.shuffle(&mut path.pairs);
    }
    if one_in(rng, 10) {
        in_base64(rng, &mut path.job_name, &mut path.job);
    }
    if one_in(rng, 10)
        && let Some((name, value)) = path.pairs.first_mut()
    {
        in_base64(rng, name, value);
    }
    path
}

fn no_name_twice(path: &Path) -> bool {
    let mut names: Vec<_> = path.pairs.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    names.len() == path.pairs.len()
}

fn in_base64(rng: &mut Rng, name: &mut String, value: &mut String) {
    let bytes: Vec<u8> = percent_decode_str(value).collect();
    let engine = if rng.bool() {
        &URL_SAFE
    } else {
        &URL_SAFE_NO_PAD
    };
    *value = engine.encode(bytes);
    name.push_str("@base64");
}

/// A path with something odd about it.
pub(crate) fn odd(rng: &mut Rng, names: NameScheme) -> Path {
    let mut path = usual(rng, names);
    match rng.u8(0..8) {
        0..=4 => {
            let (name, value) = if names == NameScheme::Utf8 && one_in(rng, 3) {
                pick(rng, &ODD_UTF8_PAIRS)
            } else {
                pick(rng, &ODD_PAIRS)
            };
            let place = rng.usize(0..=path.pairs.len());
            path.pairs
                .insert(place, (name.to_owned(), value.to_owned()));
        }
        5 | 6 => {
            let (name, job) = pick(rng, &ODD_JOBS);
            path.job_name = name.to_owned();
            path.job = job.to_owned();
        }
        _ => path.tail = pick(rng, &TAILS).to_owned(),
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_names_the_same_labels() {
        let mut path = usual(&mut Rng::with_seed(0), NameScheme::Legacy);
        path.job = "a%20b".to_owned();
        in_base64(&mut Rng::with_seed(0), &mut path.job_name, &mut path.job);
        assert_eq!(path.job_name, "job@base64");
        assert_eq!(path.job.trim_end_matches('='), "YSBi");
    }

    #[test]
    fn usual_paths_have_no_odd_part() {
        for seed in 0..100 {
            let path = usual(&mut Rng::with_seed(seed), NameScheme::Utf8);
            assert!(path.tail.is_empty() && !path.target().contains("//"));
        }
    }
}
