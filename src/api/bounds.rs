//! The bounds of native histogram buckets.
//!
//! They are powers of 2^(2^-schema), which floats can only come near to. What counts is therefore not the exact power
//! but the number that the Prometheus world has agreed on: a table in its Go code, of which every entry comes out
//! below bit by bit.

/// Schemas that there are bounds for.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// 2^(1/2), 2^(1/4), and so on to 2^(1/256), as they were when the table was made: correctly rounded, except for the
/// first, which is too low in its last bit.
#[allow(
    clippy::approx_constant,
    reason = "not the square root of 2 that the standard library has"
)]
const ROOTS: [f64; 8] = [
    1.414_213_562_373_095,
    1.189_207_115_002_721,
    1.090_507_732_665_257_7,
    1.044_273_782_427_413_8,
    1.021_897_148_654_116_6,
    1.010_889_286_051_700_5,
    1.005_429_901_112_802_7,
    1.002_711_275_050_202_5,
];

/// The upper bound of the bucket with this index, and the lower one of the next. (Prometheus' `getBoundExponential`.)
///
/// The last bucket of finite numbers ends at the largest of them, and the one after it at infinity.
pub(super) fn upper(schema: i32, index: i64) -> f64 {
    let schema = schema.clamp(*SCHEMAS.start(), *SCHEMAS.end());
    let (fraction, exponent) = if schema > 0 {
        let per_power = 1_i64 << schema;
        let place = index.rem_euclid(per_power);
        (fraction(schema, place), index.div_euclid(per_power))
    } else {
        (0.5, index.saturating_mul(1 << -schema))
    };
    if fraction == 0.5 && exponent == 1024 {
        return f64::MAX;
    }
    scale(fraction, exponent.saturating_add(1))
}

/// The bound at this place between 1/2 and 1, which has 2^`schema` places.
///
/// Places of a coarser schema are every other place of the finer one. Each binary digit of the place, the highest
/// first, thus says whether the root of its schema is among the factors.
fn fraction(schema: i32, place: i64) -> f64 {
    let digits = (0..schema).rev().map(|digit| place >> digit & 1 == 1);
    ROOTS
        .iter()
        .zip(digits)
        .filter(|(_, is_factor)| *is_factor)
        .fold(0.5, |product, (root, _)| product * root)
}

/// `fraction` × 2^`exponent`, rounded once.
fn scale(fraction: f64, exponent: i64) -> f64 {
    // Anything beyond is infinite or zero as well.
    let exponent = exponent.clamp(-1100, 1100);
    let half = exponent / 2;
    // In two steps, of which the first stays among the normal numbers and is exact.
    fraction * power_of_two(half) * power_of_two(exponent - half)
}

/// 2^`exponent`, for the exponents that normal numbers have.
fn power_of_two(exponent: i64) -> f64 {
    const BIAS: i64 = 1023;
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    f64::from_bits((exponent + BIAS).unsigned_abs() << FRACTION_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::approx_constant, reason = "see ROOTS")]
    fn bounds_are_those_of_prometheus() {
        let cases = [
            // schema, index: bound
            (0, -1, 0.5),
            (0, 0, 1.0),
            (0, 1, 2.0),
            (0, 10, 1024.0),
            (1, -1, 0.707_106_781_186_547_5),
            (1, 1, 1.414_213_562_373_095),
            (2, 3, 1.681_792_830_507_428_8),
            (3, -7, 0.545_253_866_332_628_8),
            (3, -1, 0.917_004_043_204_671_1),
            (5, -31, 0.510_948_574_327_058_3),
            (5, -1, 0.978_572_062_087_699_9),
            (8, -1, 0.997_296_056_085_469_8),
            (8, -4, 0.989_228_013_193_975_2),
            (-1, 0, 1.0),
            (-1, 1, 4.0),
            (-2, -1, 1.0 / 16.0),
            (-4, 1, 65536.0),
        ];
        for (schema, index, want) in cases {
            let got = upper(schema, index);
            assert_eq!(got.to_bits(), f64::to_bits(want), "{schema} {index}: {got}");
        }
    }

    #[test]
    fn the_ends_of_the_floats_are_bounds() {
        for schema in SCHEMAS {
            let last = if schema > 0 {
                1024_i64 << schema
            } else {
                1024 >> -schema
            };
            assert!(upper(schema, last - 1) < f64::MAX, "{schema}");
            assert_eq!(upper(schema, last), f64::MAX, "{schema}");
            assert_eq!(upper(schema, last + 1), f64::INFINITY, "{schema}");
            assert_eq!(upper(schema, i64::MAX), f64::INFINITY, "{schema}");
            assert_eq!(upper(schema, i64::MIN), 0.0, "{schema}");
        }
        assert_eq!(upper(0, -1022), f64::MIN_POSITIVE);
        assert_eq!(upper(0, -1074), f64::from_bits(1));
        assert_eq!(upper(0, -1075), 0.0);
        assert_eq!(upper(1, -2147), f64::from_bits(1));
    }

    #[test]
    fn bounds_grow_and_those_of_coarser_schemas_are_among_them() {
        for schema in 1..=8 {
            for index in -600..600 {
                assert!(upper(schema, index) < upper(schema, index + 1));
                let coarse = upper(schema - 1, index);
                assert_eq!(coarse.to_bits(), upper(schema, 2 * index).to_bits());
            }
        }
    }
}
