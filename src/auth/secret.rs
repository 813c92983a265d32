//! Tokens in memory.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A token, as its SHA-256.
///
/// The token itself is not kept: what is not there cannot be printed. Digests are of equal length, so comparing two of
/// them takes the same time whatever they are, however long the tokens were.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    /// The secret that this token is.
    pub(super) fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl ConstantTimeEq for Secret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Secret {}

/// Says that there is one, not which: the digest of a weak token is as good as the token.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tokens_are_equal_secrets() {
        assert_eq!(Secret::of(b"a"), Secret::of(b"a"));
        for other in [&b""[..], b"A", b"aa", b"a\0"] {
            assert_ne!(Secret::of(b"a"), Secret::of(other));
        }
    }

    #[test]
    fn debug_output_is_the_same_for_all() {
        assert_eq!(format!("{:?}", Secret::of(b"token")), "Secret(..)");
    }
}
