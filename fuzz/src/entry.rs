//! Entries: whatever stands in the store is read or skipped, and what is read is consistent.

use spin_pushgateway::groups::entry::Entry;

/// Takes the bytes for an entry.
pub fn check(value: &[u8]) {
    let Ok(entry) = Entry::decode(value) else {
        return;
    };
    for family in &entry.families {
        assert_eq!(family.series().count(), family.series_count);
        let lengths = family.series().map(|series| series.text.len());
        assert_eq!(lengths.sum::<usize>(), family.text.len());
        if let Some(full) = family.family() {
            assert_eq!(full.metrics.len(), family.series_count);
        }
    }
}
