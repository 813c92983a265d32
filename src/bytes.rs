//! Comparing and finding bytes, eight at a time.
//!
//! `memcmp` of the C library for WebAssembly is a loop over single bytes. A scrape compares sort keys and names that
//! share long beginnings, so that a third of its time was spent there.

use std::cmp::Ordering;

/// How many bytes are compared at once.
const WORD: usize = 8;

/// The order of two texts or byte strings, as slices order.
#[must_use]
pub(crate) fn compare<T: AsRef<[u8]> + ?Sized>(a: &T, b: &T) -> Ordering {
    compare_bytes(a.as_ref(), b.as_ref())
}

// Not worth a copy in every sort.
#[inline(never)]
fn compare_bytes(a: &[u8], b: &[u8]) -> Ordering {
    let (a_words, a_rest) = a.as_chunks::<WORD>();
    let (b_words, b_rest) = b.as_chunks::<WORD>();
    for (a, b) in a_words.iter().zip(b_words) {
        let (a, b) = (u64::from_ne_bytes(*a), u64::from_ne_bytes(*b));
        if a != b {
            return u64::from_be(a).cmp(&u64::from_be(b));
        }
    }
    let common = a_words.len().min(b_words.len()) * WORD;
    match a_words.len().cmp(&b_words.len()) {
        Ordering::Equal => a_rest.cmp(b_rest),
        // The shorter one ends within a word of the longer one.
        Ordering::Less => a_rest.cmp(b.get(common..).unwrap_or_default()),
        Ordering::Greater => a.get(common..).unwrap_or_default().cmp(b_rest),
    }
}

/// Whether two texts or byte strings are the same.
#[must_use]
pub(crate) fn equal<T: AsRef<[u8]> + ?Sized>(a: &T, b: &T) -> bool {
    let (a, b) = (a.as_ref(), b.as_ref());
    a.len() == b.len() && compare_bytes(a, b).is_eq()
}

/// How many bytes two byte strings have in common at their start.
#[must_use]
pub(crate) fn shared_start(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<WORD>().0.iter().zip(b.as_chunks::<WORD>().0);
    let start = words.take_while(|(a, b)| a == b).count() * WORD;
    let rest = |bytes| <[u8]>::iter(bytes).skip(start);
    start + rest(a).zip(rest(b)).take_while(|(a, b)| a == b).count()
}

/// How many bytes two byte strings have in common at their end.
#[must_use]
pub(crate) fn shared_end(a: &[u8], b: &[u8]) -> usize {
    let (a_words, b_words) = (a.as_rchunks::<WORD>().1, b.as_rchunks::<WORD>().1);
    let words = a_words.iter().rev().zip(b_words.iter().rev());
    let end = words.take_while(|(a, b)| a == b).count() * WORD;
    let rest = |bytes| <[u8]>::iter(bytes).rev().skip(end);
    end + rest(a).zip(rest(b)).take_while(|(a, b)| a == b).count()
}

/// Where the first of these bytes is.
#[must_use]
pub(crate) fn find<const N: usize>(bytes: &[u8], wanted: [u8; N]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    let copies = wanted.map(|byte| u64::from(byte) * ONES);
    // Where a byte is the wanted one the difference is zero, and taking one away sets its high bit, which was not set.
    let has_one = |word: &[u8; WORD]| {
        let word = u64::from_ne_bytes(*word);
        let marks = copies.map(|copy| (word ^ copy).wrapping_sub(ONES) & !(word ^ copy));
        marks.into_iter().fold(0, |all, mark| all | mark) & (ONES << 7) != 0
    };
    let (words, _) = bytes.as_chunks::<WORD>();
    let start = words.iter().take_while(|word| !has_one(word)).count() * WORD;
    let rest = <[u8]>::iter(bytes).skip(start);
    rest.copied()
        .position(|byte| wanted.contains(&byte))
        .map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_several_bytes_is_found(bytes in prop::collection::vec(prop_oneof![
            Just(b'\\'), Just(b'\n'), Just(b'['), Just(0x8A_u8), any::<u8>(), Just(b'x'), Just(b'y'), Just(b'z')
        ], 0..40)) {
            let want = |wanted: &[u8]| bytes.iter().position(|byte| wanted.contains(byte));
            prop_assert_eq!(find(&bytes, *b"\\\n"), want(b"\\\n"));
            prop_assert_eq!(find(&bytes, [0]), want(&[0]));
            prop_assert_eq!(find(&bytes, []), None);
        }

        #[test]
        fn bytes_order_as_slices_do(
            start in prop::collection::vec(any::<u8>(), 0..20),
            a in prop::collection::vec(any::<u8>(), 0..12),
            b in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let (a, b) = ([start.as_slice(), &a].concat(), [start.as_slice(), &b].concat());
            prop_assert_eq!(compare(&a, &b), a.cmp(&b));
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(equal(&a, &b), a == b);
            prop_assert_eq!(shared_start(&a, &b), a.iter().zip(&b).take_while(|(a, b)| a == b).count());
            let (a, b) = ([a, start.clone()].concat(), [b, start].concat());
            let want = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(shared_end(&a, &b), want);
        }
    }
}
