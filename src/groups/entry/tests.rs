//! Entries in full: written, read, cut and damaged.

use proptest::prelude::*;

use super::decode::Reader;
use super::encode::write_length;
use super::*;
use crate::groups::key::GroupingKey;
use crate::groups::series::{self, RenderedFamily, RenderedSeries, apply_grouping_labels};

fn family(
    name: &'static str,
    help: Option<&'static str>,
    series: usize,
) -> RenderedFamily<'static> {
    let series = (0..series).map(|n| RenderedSeries {
        key: format!("k{}y", "x".repeat(n)).into(),
        text: format!("{name} {n}\n"),
    });
    RenderedFamily::of_series(name, help, MetricType::Gauge, series)
}

fn header() -> Header<'static> {
    Header {
        time: 1_700_000_000_000_000_001,
        expires: None,
        generation: Generation(7),
        tombstone: false,
        labels: vec![("instance", "i"), ("job", "j")],
    }
}

fn key(series: StoredSeries<'_>) -> String {
    let mut key = Vec::new();
    series.key.append_to(&mut key);
    String::from_utf8(key).expect("made of letters")
}

fn sample() -> Vec<u8> {
    let mut writer = Writer::new(&header(), 2);
    writer.add(&family("a", Some("help"), 3));
    writer.add(&family("b", None, 1));
    writer.finish()
}

#[test]
fn an_entry_reads_as_it_was_written() {
    let value = sample();
    let entry = Entry::decode(&value).expect("decodes");
    assert_eq!(entry.header, header());
    let [a, b] = entry.families.as_slice() else {
        panic!("two families")
    };
    assert_eq!(
        (a.name, a.help, a.metric_type, a.time),
        ("a", Some("help"), MetricType::Gauge, header().time)
    );
    assert_eq!((b.name, b.help, b.series_count), ("b", None, 1));
    assert_eq!(a.text, b"a 0\na 1\na 2\n");
    let texts: Vec<_> = a.series().map(|series| series.text).collect();
    assert_eq!(texts, [b"a 0\n", b"a 1\n", b"a 2\n"]);
    let keys = |family: &StoredFamily<'_>| -> Vec<_> { family.series().map(key).collect() };
    assert_eq!(keys(a), ["ky", "kxy", "kxxy"]);
    assert_eq!(keys(b), ["ky"]);
}

#[test]
fn families_are_in_order_and_each_there_once() {
    for (names, is_refused) in [(["a", "b"], false), (["b", "a"], true), (["a", "a"], true)] {
        let mut writer = Writer::new(&header(), names.len());
        for name in names {
            writer.add(&family(name, None, 1));
        }
        let value = writer.finish();
        let refused = Entry::decode(&value).map(drop).err();
        let want = is_refused.then_some("entry holds families out of order");
        let refused = refused.map(|error| error.to_string());
        assert_eq!(refused.as_deref(), want, "{names:?}");
    }
}

#[test]
fn a_carried_family_keeps_its_times() {
    let value = sample();
    let entry = Entry::decode(&value).expect("decodes");
    let later = Header {
        time: header().time + 5,
        expires: Some(header().time + 9),
        ..header()
    };
    let mut writer = Writer::new(&later, 3);
    writer.add(&family("0", None, 1));
    writer.carry(&entry.families[0]);
    writer.add(&family("c", None, 0));
    let value = writer.finish();
    let carried = Entry::decode(&value).expect("decodes");
    let [_, a, c] = carried.families.as_slice() else {
        panic!("three families")
    };
    assert_eq!((a.time, a.expires), (header().time, None));
    assert_eq!((c.time, c.expires), (later.time, later.expires));
    let series = |family: &StoredFamily<'_>| -> Vec<_> {
        let series = family.series();
        series
            .map(|series| (key(series), series.text.to_vec()))
            .collect()
    };
    assert_eq!(series(a), series(&entry.families[0]));
}

#[test]
fn a_truncated_entry_is_an_error_wherever_it_ends() {
    let value = sample();
    for end in 0..value.len() {
        assert!(Entry::decode(&value[..end]).is_err(), "cut at {end}");
    }
    let longer = [value.as_slice(), b"x"].concat();
    assert_eq!(Entry::decode(&longer), Err(DecodeError::Length));
}

#[test]
fn what_is_not_ours_says_so() {
    assert_eq!(Entry::decode(b"{\"json\":1}"), Err(DecodeError::NotAnEntry));
    let mut newer = sample();
    newer[3] = 3;
    assert_eq!(Entry::decode(&newer), Err(DecodeError::Version(3)));
}

#[test]
fn generations_read_as_they_are_written() {
    for generation in [Generation::NONE, Generation(1), Generation(u64::MAX)] {
        assert_eq!(Generation::parse(&generation.to_string()), Some(generation));
    }
    for text in [
        "",
        "00",
        "1",
        "000000000000000G",
        "ABCDEF0123456789",
        "+00000000000001f",
    ] {
        assert_eq!(Generation::parse(text), None, "{text}");
    }
}

#[test]
fn a_family_comes_back_in_full_whether_text_says_it_all_or_not() {
    let key = GroupingKey::new([("job", "j")]).expect("has a job");
    let body = b"# HELP h help\n# TYPE h histogram\nh_bucket{le=\"1\",x=\"b\"} 1\nh_bucket{le=\"+Inf\",x=\"b\"} 2\n\
                 h_sum{x=\"b\"} 3\nh_count{x=\"b\"} 2\nh_bucket{le=\"+Inf\",x=\"a\"} 1\nh_count{x=\"a\"} 1\n";
    let mut family = text::parse(body, NameScheme::Legacy)
        .expect("parses")
        .remove(0);
    apply_grouping_labels(&mut family, &key);
    for has_unit in [false, true] {
        family.unit = has_unit.then_some("seconds".into());
        let mut writer = Writer::new(&header(), 1);
        writer.add(&series::render(&family));
        let value = writer.finish();
        let stored = Entry::decode(&value).expect("decodes").families[0];
        assert_eq!(stored.message.is_some(), has_unit);
        let mut want = family.clone();
        want.metrics.reverse();
        assert_eq!(stored.family(), Some(want));
    }
}

proptest! {
    #[test]
    fn damage_never_panics_and_never_reads_past_the_texts(
        at in 0_usize..120, byte: u8, cut in 0_usize..600
    ) {
        let mut value = sample();
        if let Some(target) = value.get_mut(at) {
            *target = byte;
        }
        value.truncate(cut);
        if let Ok(entry) = Entry::decode(&value) {
            for family in &entry.families {
                let length: usize = family.series().map(|series| series.text.len()).sum();
                prop_assert_eq!(length, family.text.len());
                prop_assert_eq!(family.series().count(), family.series_count);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(tail: Vec<u8>) {
        let value = [b"PGW\x02".as_slice(), &tail].concat();
        let _ = Entry::decode(&value);
    }

    #[test]
    fn lengths_read_as_they_are_written(length in 0_usize..=u32::MAX as usize) {
        let mut out = Vec::new();
        write_length(&mut out, length);
        prop_assert_eq!(Reader::new(&out).length(), Ok(length));
    }
}

#[test]
fn the_format_is_what_its_version_says() {
    // Written by the program that had this version first. Other bytes need another version.
    let mut writer = Writer::new(
        &Header {
            expires: Some(2),
            ..header()
        },
        2,
    );
    writer.add(&family("a", Some("help"), 2));
    let earlier = sample();
    let earlier = Entry::decode(&earlier).expect("decodes");
    writer.carry(&earlier.families[1]);
    let bytes = [
        b"PGW\x02\x02\x01\x00*6\xfe\x9c\x97\x17\x02\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0".as_slice(),
        b"\x02\x08instance\x01i\x03job\x01j\x02",
        b"\x01a\x11\x04help\x02\x0b\0\0\x02ky\x04\x01\x01\x01x\x04\x08",
        b"\x01b!\x01\x00*6\xfe\x9c\x97\x17\0\0\0\0\0\0\0\0\x01\x04\x02\0\0\x04\x04",
        b"a 0\na 1\nb 0\n",
    ];
    assert_eq!(
        writer.finish().escape_ascii().to_string(),
        bytes.concat().escape_ascii().to_string()
    );
}
