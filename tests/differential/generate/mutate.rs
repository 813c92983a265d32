//! Spoiling a body that was valid, or nearly.

use fastrand::Rng;

use super::{one_in, pick};

/// Bytes that mean something to the parser, and some that mean nothing.
const BYTES: [u8; 24] = [
    b' ', b'\t', b'\n', b'\r', b'"', b'\\', b'{', b'}', b',', b'=', b'#', b'_', b':', b'-', b'+',
    b'.', b'0', b'9', b'e', b'm', 0, 0x7f, 0xc3, 0xff,
];

/// Changes the lines in one of several ways.
pub(crate) fn mutate(rng: &mut Rng, lines: &mut Vec<Vec<u8>>) {
    if lines.is_empty() {
        return;
    }
    let index = rng.usize(..lines.len());
    let last = lines.len() - 1;
    match rng.u8(0..12) {
        // A missing end of the last line.
        0 | 1 => {
            lines[last].pop();
        }
        2 => with_crlf(&mut lines[index]),
        3 => lines.iter_mut().for_each(with_crlf),
        // Families interleaved, headers after samples.
        4 | 5 => rng.shuffle(lines),
        6 => {
            let line = lines[index].clone();
            let place = rng.usize(0..=lines.len());
            lines.insert(place, line);
        }
        7 => {
            lines.remove(index);
        }
        // A cut line, with what follows glued on.
        8 => {
            let length = rng.usize(0..=lines[index].len());
            lines[index].truncate(length);
        }
        _ => {
            let line = &mut lines[index];
            let place = rng.usize(..=line.len());
            match line.get_mut(place) {
                Some(byte) if one_in(rng, 2) => *byte = pick(rng, &BYTES),
                Some(_) if one_in(rng, 2) => {
                    line.remove(place);
                }
                _ => line.insert(place, pick(rng, &BYTES)),
            }
        }
    }
}

fn with_crlf(line: &mut Vec<u8>) {
    if line.ends_with(b"\n") {
        line.pop();
        line.extend(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_changes_nearly_every_body() {
        let body = || vec![b"# TYPE m gauge\n".to_vec(), b"m 1\n".to_vec()];
        let changed = (0..200).filter(|seed| {
            let mut lines = body();
            mutate(&mut Rng::with_seed(*seed), &mut lines);
            lines != body()
        });
        assert!(changed.count() > 150);
        let mut empty = Vec::new();
        mutate(&mut Rng::with_seed(0), &mut empty);
        assert_eq!(empty, Vec::<Vec<u8>>::new());
    }
}
