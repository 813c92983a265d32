//! Reads messages of remote write 1.0 (`prometheus.WriteRequest`), without their descriptions of families.
//!
//! Strict, and with numbers of its own: it is to notice what a receiver would refuse.

/// One series of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Names and values, in the order in which they came.
    pub(crate) labels: Vec<(String, String)>,
    /// Its only point.
    pub(crate) point: Point,
    /// The point's time, in milliseconds since the Unix epoch.
    pub(crate) time_ms: i64,
}

/// What a series says of its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Point {
    /// A number.
    Sample(f64),
    /// A native histogram, of which only the time is read.
    Histogram,
}

/// The series of a message; `None` for bytes that are none, or in which a series has not exactly one point.
pub(crate) fn decode(message: &[u8]) -> Option<Vec<Series>> {
    let mut all = Vec::new();
    for (number, value) in fields(message)? {
        match (number, value) {
            (1, Value::Bytes(bytes)) => all.push(series(bytes)?),
            (3, Value::Bytes(bytes)) => drop(fields(bytes)?),
            _ => return None,
        }
    }
    Some(all)
}

fn series(bytes: &[u8]) -> Option<Series> {
    let (mut labels, mut points) = (Vec::new(), Vec::new());
    for (number, value) in fields(bytes)? {
        match (number, value) {
            (1, Value::Bytes(bytes)) => labels.push(label(bytes)?),
            (2, Value::Bytes(bytes)) => points.push(sample(bytes)?),
            (4, Value::Bytes(bytes)) => points.push((Point::Histogram, time(bytes, 15)?)),
            _ => return None,
        }
    }
    let &[(point, time_ms)] = points.as_slice() else {
        return None;
    };
    Some(Series {
        labels,
        point,
        time_ms,
    })
}

fn label(bytes: &[u8]) -> Option<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    match fields(bytes)?.as_slice() {
        [(1, Value::Bytes(name)), (2, Value::Bytes(value))] => Some((text(name)?, text(value)?)),
        _ => None,
    }
}

fn sample(bytes: &[u8]) -> Option<(Point, i64)> {
    match fields(bytes)?.first()? {
        (1, Value::Fixed(bits)) => Some((Point::Sample(f64::from_bits(*bits)), time(bytes, 2)?)),
        _ => None,
    }
}

/// The time that this field of the message is.
fn time(bytes: &[u8], number: u64) -> Option<i64> {
    match fields(bytes)?.last()? {
        (found, Value::Varint(time)) if *found == number => Some(time.cast_signed()),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, by their numbers.
fn fields(mut rest: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut rest)?),
            1 => {
                let (bits, behind) = rest.split_first_chunk()?;
                rest = behind;
                Value::Fixed(u64::from_le_bytes(*bits))
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (bytes, behind) = rest.split_at_checked(length)?;
                rest = behind;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
