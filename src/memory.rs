//! What is left of the memory of an instance.
//!
//! An allocation that fails ends the instance with all requests that it serves, so whatever takes much of it asks first
//! and fails alone.

use std::collections::TryReserveError;
use std::hint::black_box;

/// Whether so many bytes are free in one piece.
///
/// # Errors
///
/// They are not.
pub(crate) fn require(bytes: usize) -> Result<(), TryReserveError> {
    let mut piece = Vec::<u8>::new();
    piece.try_reserve_exact(bytes)?;
    // The compiler would leave out what nobody uses.
    drop(black_box(piece));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_can_be_is_not_free() {
        assert!(require(1 << 20).is_ok());
        assert!(require(usize::MAX).is_err());
    }
}
