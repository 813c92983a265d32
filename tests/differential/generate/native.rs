//! The native part of histograms.

use fastrand::Rng;
use spin_pushgateway::exposition::model::{BucketSpan, NativeBuckets, NativeHistogram};

use super::{one_in, pick};

/// Native buckets that Prometheus would take.
pub(super) fn native(rng: &mut Rng, is_float: bool) -> NativeHistogram {
    let mut native = NativeHistogram {
        schema: pick(rng, &[-4, 0, 0, 3, 8]),
        zero_threshold: pick(rng, &[0.0, 0.001, 2.938_735_877_055_719e-39]),
        negative: buckets(rng, is_float),
        positive: buckets(rng, is_float),
        ..NativeHistogram::default()
    };
    if is_float {
        native.zero_count_float = pick(rng, &[0.0, 0.5, 2.0]);
    } else {
        native.zero_count = pick(rng, &[0, 1, 2]);
    }
    native
}

/// How many observations are in the buckets of an integer histogram.
pub(super) fn observations(native: &NativeHistogram) -> u64 {
    let sides = [&native.negative, &native.positive];
    let populations = sides.into_iter().flat_map(|side| {
        side.deltas.iter().scan(0_i64, |population, delta| {
            *population += delta;
            Some(population.unsigned_abs())
        })
    });
    native.zero_count + populations.sum::<u64>()
}

fn buckets(rng: &mut Rng, is_float: bool) -> NativeBuckets {
    let mut buckets = NativeBuckets::default();
    let mut number = 0;
    for index in 0..rng.usize(0..=2) {
        let length = rng.u32(0..=3);
        let offset = if index == 0 {
            pick(rng, &[-3, 0, 0, 5])
        } else {
            pick(rng, &[0, 1, 7])
        };
        buckets.spans.push(BucketSpan { offset, length });
        number += length;
    }
    let mut last = 0;
    for _ in 0..number {
        let count = if one_in(rng, 5) { 0 } else { rng.i64(0..=4) };
        if is_float {
            buckets.counts.push(count as f64 / 2.0);
        } else {
            buckets.deltas.push(count - last);
            last = count;
        }
    }
    buckets
}
