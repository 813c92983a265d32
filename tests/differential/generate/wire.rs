//! Protobuf that is wrong, or right in an unusual way, byte by byte.

use fastrand::Rng;

use super::{one_in, pick};

/// The largest length that a spoiled body may announce: the Pushgateway
/// reserves what is announced, and that could be all the memory there is.
const MOST_ANNOUNCED: u64 = 1 << 20;

/// A field of bytes: number, length and content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("contents here are short");
    assert!(length < 0x80, "contents here are short");
    [&[number << 3 | 2, length], content].concat()
}

fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

/// A plain value of the metric: a message with the number 1.0 in it.
fn one(number: u8) -> Vec<u8> {
    field(number, &[9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
}

fn label(name: &[u8], value: &[u8]) -> Vec<u8> {
    field(1, &[field(1, name), field(2, value)].concat())
}

const GAUGE: u8 = 2;
const COUNTER: u8 = 3;
const UNTYPED: u8 = 5;
const HISTOGRAM: u8 = 7;

/// A family: name, type and metrics.
fn family(name: &[u8], kind: u8, metrics: &[Vec<u8>]) -> Vec<u8> {
    let mut message = [field(1, name), varint(3, kind)].concat();
    for metric in metrics {
        message.extend(field(4, metric));
    }
    with_length(&message)
}

fn with_length(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut length = message.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(message);
    bytes
}

/// A histogram of these fields.
fn histogram(fields: &[Vec<u8>]) -> Vec<u8> {
    family(b"h", 4, &[field(HISTOGRAM, &fields.concat())])
}

/// A bucket span: offset, as zigzag has it, and length.
fn span(offset: u8, length: u8) -> Vec<u8> {
    field(12, &[varint(1, offset), varint(2, length)].concat())
}

/// One of many odd families, with its length.
pub(super) fn odd_family(rng: &mut Rng) -> Vec<u8> {
    let a = label(b"a", b"x");
    match rng.u8(..36) {
        // Names.
        0 => vec![0],
        1 => family(b"", 1, &[one(GAUGE)]),
        2 => family(b"1m", 1, &[one(GAUGE)]),
        3 => family(b"m.x", 1, &[one(GAUGE)]),
        4 => family(b"m\xff", 1, &[one(GAUGE)]),
        5 => with_length(&[varint(3, 1), field(4, &one(GAUGE))].concat()),
        // Types and values.
        6 => with_length(&[field(1, b"n"), field(4, &one(COUNTER))].concat()),
        7 => family(b"m", 9, &[one(GAUGE)]),
        8 => family(b"m", 1, &[one(COUNTER)]),
        9 => family(b"m", 1, &[a]),
        10 => family(b"m", 1, &[[one(GAUGE), one(UNTYPED)].concat()]),
        11 => family(b"m", 1, &[field(GAUGE, b"")]),
        12 => family(b"n", 0, &[field(COUNTER, b"")]),
        13 => family(b"h", 5, &[one(GAUGE)]),
        14 => histogram(&[]),
        15 => family(b"s", 2, &[field(4, b"")]),
        // A family without metrics.
        16 => family(b"m", 1, &[]),
        // Labels.
        17 => family(b"m", 1, &[[label(b"a-b", b"x"), one(GAUGE)].concat()]),
        18 => family(b"m", 1, &[[label(b"", b"x"), one(GAUGE)].concat()]),
        19 => family(b"m", 1, &[[label(b"a", b"\xff"), one(GAUGE)].concat()]),
        20 => family(b"m", 1, &[[label(b"__name__", b"m"), one(GAUGE)].concat()]),
        21 => family(b"m", 1, &[[field(1, &field(1, b"a")), one(GAUGE)].concat()]),
        22 => family(b"m", 1, &[[field(1, &field(2, b"x")), one(GAUGE)].concat()]),
        // Order, repetition, and fields that nobody knows.
        23 => {
            let metric = [one(GAUGE), label(b"b", b"y"), a].concat();
            with_length(&[field(4, &metric), varint(3, 1), field(1, b"m")].concat())
        }
        24 => family(b"m", 1, &[[one(GAUGE), field(GAUGE, b"")].concat()]),
        25 => family(
            b"m",
            1,
            &[[one(GAUGE), varint(14, 5), field(15, b"x")].concat()],
        ),
        26 => with_length(&[field(2, b"\xff"), field(1, b"m"), varint(3, 1)].concat()),
        // Native histograms: packed, and ones that Prometheus would refuse.
        27 => histogram(&[varint(5, 0), span(0, 2), field(13, &[2, 2])]),
        28 => histogram(&[varint(5, 0), span(0, 1), varint(13, 1)]),
        29 => histogram(&[varint(5, 0), span(0, 3), varint(13, 2)]),
        30 => histogram(&[varint(5, 40), span(0, 1), varint(13, 2)]),
        31 => histogram(&[varint(5, 0), span(0, 1), span(1, 1), field(13, &[2, 2])]),
        // Nanoseconds that are too many: 2^30.
        32 => {
            let created = field(3, &[16, 0x80, 0x80, 0x80, 0x80, 4]);
            family(b"n", 0, &[field(COUNTER, &created)])
        }
        // Lengths.
        33 => vec![0xff; 11],
        34 => vec![0x80],
        _ => vec![100, 10, 1, b'm'],
    }
}

/// Changes the bytes in one of several ways.
pub(super) fn mutate(rng: &mut Rng, pieces: &mut Vec<Vec<u8>>) {
    if pieces.is_empty() {
        return;
    }
    let before = pieces.clone();
    let index = rng.usize(..pieces.len());
    let piece = &mut pieces[index];
    let place = rng.usize(..piece.len().max(1));
    match rng.u8(0..10) {
        // The same family twice.
        0 | 1 => {
            let piece = piece.clone();
            let place = rng.usize(0..=pieces.len());
            pieces.insert(place, piece);
        }
        2 => rng.shuffle(pieces),
        3 => {
            pieces.remove(index);
        }
        // Cut within, with what follows glued on.
        4 | 5 => piece.truncate(place),
        // A wrong length.
        6 => piece[0] = piece[0].wrapping_add(pick(rng, &[1, 2, 0xff, 0xfe])) & 0x7f,
        _ => match piece.get_mut(place) {
            Some(byte) if one_in(rng, 2) => *byte ^= 1 << rng.u8(..8),
            Some(_) if one_in(rng, 2) => {
                piece.remove(place);
            }
            _ => piece.insert(place, rng.u8(..)),
        },
    }
    if announces_too_much(&pieces.concat()) {
        *pieces = before;
    }
}

/// Whether a length before a family is neither small nor beyond all bounds.
fn announces_too_much(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let mut length = 0_u64;
        let mut ended = false;
        for shift in (0..63).step_by(7) {
            let Some((byte, rest)) = bytes.split_first() else {
                return false;
            };
            bytes = rest;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                ended = true;
                break;
            }
        }
        if !ended || length > MOST_ANNOUNCED {
            return ended;
        }
        let end = usize::try_from(length).unwrap_or(usize::MAX);
        bytes = bytes.get(end..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_would_take_the_memory_are_known() {
        for (bytes, want) in [
            (&[][..], false),
            (&[1, 0, 2, 0, 0], false),
            (&[5, 0], false),
            (&[0xff, 0xff, 0x3f], false),
            (&[0xff, 0xff, 0xff, 1], true),
            (&[1, 0, 0xff, 0xff, 0xff, 0x7f, 0], true),
            (&[0xff; 11], false),
        ] {
            assert_eq!(announces_too_much(bytes), want, "{bytes:?}");
        }
    }

    #[test]
    fn odd_families_and_mutations_can_be_made_of_every_seed() {
        for seed in 0..500 {
            let mut rng = Rng::with_seed(seed);
            let mut pieces = vec![odd_family(&mut rng), odd_family(&mut rng)];
            mutate(&mut rng, &mut pieces);
            assert!(!announces_too_much(&pieces.concat()));
        }
    }
}
