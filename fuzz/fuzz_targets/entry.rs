//! Entries: whatever stands in the store is read or skipped, and what is read is consistent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spin_pushgateway::groups::entry::Entry;

fuzz_target!(|value: &[u8]| {
    let Ok(entry) = Entry::decode(value) else {
        return;
    };
    for family in &entry.families {
        assert_eq!(family.series().count(), family.series_count);
        assert_eq!(
            family
                .series()
                .map(|series| series.text.len())
                .sum::<usize>(),
            family.text.len()
        );
        if let Some(full) = family.family() {
            assert_eq!(full.metrics.len(), family.series_count);
        }
    }
});
