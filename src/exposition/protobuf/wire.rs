//! The protobuf wire format: fields in, fields out, nothing about any message.
//!
//! Reading borrows from the input and allocates nothing. Every declared length is compared with the bytes that are
//! there before anything else happens, so a length can lie without cost.

/// The highest field number that protobuf allows.
const MAX_FIELD_NUMBER: u64 = (1 << 29) - 1;

/// How deep groups may nest inside a skipped field. Protobuf's own readers stop at 100 too.
const MAX_GROUP_DEPTH: usize = 100;

/// The most bytes that a varint of 64 bits takes.
const MAX_VARINT_LEN: usize = 10;

/// What can be wrong with bytes that should be in the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// The bytes end within a number, a field or a group.
    Truncated,
    /// A varint has more than 64 bits.
    Overflow,
    /// A tag with an impossible field number or wire type, a group without its start, or groups nested too deep.
    Malformed,
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Field<'a> {
    /// The field number, which the schema gives a meaning.
    pub(crate) number: u32,
    /// What the field holds.
    pub(crate) value: WireValue<'a>,
}

/// The value of a field as far as the wire format knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WireValue<'a> {
    /// Integers, enums and booleans.
    Varint(u64),
    /// Doubles and 64-bit integers of fixed width.
    Fixed64(u64),
    /// Strings, nested messages and packed lists.
    Bytes(&'a [u8]),
    /// A kind that no field of the metrics schema has: 32 bits of fixed width, or a group. Already skipped.
    Other,
}

/// Reads a message field by field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all bytes are read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field, or `None` at the end of the message.
    pub(crate) fn field(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let value = match wire_type {
            WireType::Varint => WireValue::Varint(self.varint()?),
            WireType::Fixed64 => WireValue::Fixed64(self.fixed64()?),
            WireType::Bytes => WireValue::Bytes(self.bytes()?),
            WireType::Fixed32 => {
                self.take(4)?;
                WireValue::Other
            }
            WireType::StartGroup => {
                self.skip_group(number)?;
                WireValue::Other
            }
            WireType::EndGroup => return Err(WireError::Malformed),
        };
        Ok(Some(Field { number, value }))
    }

    /// `varint = *(%x80-FF) %x00-7F`, seven bits a byte, the lowest first.
    pub(super) fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for (index, &byte) in self.rest.iter().enumerate().take(MAX_VARINT_LEN) {
            // The tenth byte has room for one bit only.
            if index == MAX_VARINT_LEN - 1 && byte > 1 {
                return Err(WireError::Overflow);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.take(index + 1)?;
                return Ok(value);
            }
        }
        Err(WireError::Truncated)
    }

    /// `bytes = varint *OCTET`, the number saying how many octets follow.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
        self.take(length)
    }

    /// Eight octets, the lowest first.
    pub(super) fn fixed64(&mut self) -> Result<u64, WireError> {
        let (chunk, rest) = self
            .rest
            .split_first_chunk::<8>()
            .ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*chunk))
    }

    fn tag(&mut self) -> Result<(u32, WireType), WireError> {
        let tag = self.varint()?;
        let number = match tag >> 3 {
            0 => return Err(WireError::Malformed),
            number if number > MAX_FIELD_NUMBER => return Err(WireError::Malformed),
            number => u32::try_from(number).map_err(|_| WireError::Malformed)?,
        };
        Ok((number, WireType::of_tag(tag)?))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips a group whose start tag has been read, with all that is nested in it. Without recursion, so that nesting
    /// cannot exhaust the stack.
    fn skip_group(&mut self, number: u32) -> Result<(), WireError> {
        let mut open = vec![number];
        while let Some(&innermost) = open.last() {
            let (number, wire_type) = self.tag()?;
            match wire_type {
                WireType::Varint => drop(self.varint()?),
                WireType::Fixed64 => drop(self.take(8)?),
                WireType::Bytes => drop(self.bytes()?),
                WireType::Fixed32 => drop(self.take(4)?),
                WireType::StartGroup if open.len() < MAX_GROUP_DEPTH => open.push(number),
                WireType::EndGroup if number == innermost => drop(open.pop()),
                WireType::StartGroup | WireType::EndGroup => return Err(WireError::Malformed),
            }
        }
        Ok(())
    }
}

/// The wire type, which the lowest three bits of a tag hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

impl WireType {
    fn of_tag(tag: u64) -> Result<Self, WireError> {
        match tag & 7 {
            0 => Ok(Self::Varint),
            1 => Ok(Self::Fixed64),
            2 => Ok(Self::Bytes),
            3 => Ok(Self::StartGroup),
            4 => Ok(Self::EndGroup),
            5 => Ok(Self::Fixed32),
            _ => Err(WireError::Malformed),
        }
    }
}

/// Undoes the zigzag encoding of `sint32` and `sint64`, which keeps small negative numbers short.
pub(super) fn zigzag_decode(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// The zigzag encoding of `sint32` and `sint64`.
pub(crate) fn zigzag_encode(value: i64) -> u64 {
    (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned()
}

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a varint field.
pub(crate) fn put_uint(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, WireType::Varint);
    put_varint(out, value);
}

/// Appends an `int32`, `int64` or enum field. Negative numbers take ten bytes, as protobuf has it.
pub(crate) fn put_int(out: &mut Vec<u8>, number: u32, value: i64) {
    put_uint(out, number, value.cast_unsigned());
}

/// Appends an `sint32` or `sint64` field.
pub(crate) fn put_sint(out: &mut Vec<u8>, number: u32, value: i64) {
    put_uint(out, number, zigzag_encode(value));
}

/// Appends a double field.
pub(crate) fn put_double(out: &mut Vec<u8>, number: u32, value: f64) {
    put_tag(out, number, WireType::Fixed64);
    out.extend_from_slice(&value.to_bits().to_le_bytes());
}

/// Appends a string field.
pub(crate) fn put_string(out: &mut Vec<u8>, number: u32, value: &str) {
    put_tag(out, number, WireType::Bytes);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value.as_bytes());
}

/// Appends a nested message that `write` writes.
pub(crate) fn put_message(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_tag(out, number, WireType::Bytes);
    put_delimited(out, write);
}

/// Appends what `write` writes, with its length before it.
///
/// The length is only known afterwards: one byte is kept free for it, which is enough for most messages of a metric,
/// and the message moves where it is not.
pub(crate) fn put_delimited(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    let start = out.len();
    write(out);
    let length = out.len() - start;
    match out.get_mut(at) {
        Some(prefix) if length < 0x80 => *prefix = length as u8,
        _ => {
            let mut prefix = Vec::with_capacity(MAX_VARINT_LEN);
            put_varint(&mut prefix, length as u64);
            out.splice(at..start, prefix);
        }
    }
}

fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: WireType) {
    put_varint(out, u64::from(number) << 3 | wire_type as u64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(bytes: &[u8]) -> Result<Vec<Field<'_>>, WireError> {
        let mut reader = Reader::new(bytes);
        let mut fields = Vec::new();
        while let Some(field) = reader.field()? {
            fields.push(field);
        }
        Ok(fields)
    }

    #[test]
    fn varints_are_read_as_protobuf_writes_them() {
        let cases: &[(&str, &[u8], Result<u64, WireError>)] = &[
            ("zero", &[0], Ok(0)),
            ("one byte", &[0x7f], Ok(127)),
            ("two bytes", &[0xac, 0x02], Ok(300)),
            ("longer than needed", &[0x80, 0x80, 0x00], Ok(0)),
            (
                "the largest",
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                Ok(u64::MAX),
            ),
            (
                "65 bits",
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
                Err(WireError::Overflow),
            ),
            ("eleven bytes", &[0x80; 11], Err(WireError::Overflow)),
            ("nothing", &[], Err(WireError::Truncated)),
            ("cut off", &[0x80], Err(WireError::Truncated)),
            ("cut off late", &[0x80; 9], Err(WireError::Truncated)),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(Reader::new(bytes).varint(), *want, "{name}");
        }
    }

    #[test]
    fn fields_of_every_wire_type_are_read() {
        let cases: &[(&str, &[u8], WireValue<'_>)] = &[
            ("varint", &[0x08, 0x05], WireValue::Varint(5)),
            (
                "fixed64",
                &[0x09, 1, 0, 0, 0, 0, 0, 0, 0],
                WireValue::Fixed64(1),
            ),
            ("bytes", &[0x0a, 2, b'a', b'b'], WireValue::Bytes(b"ab")),
            ("fixed32", &[0x0d, 1, 0, 0, 0], WireValue::Other),
            ("empty group", &[0x0b, 0x0c], WireValue::Other),
            (
                "group with every kind and a group in it",
                &[
                    0x0b, 0x10, 1, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 1, b'x', 0x15, 0, 0, 0, 0,
                    0x13, 0x14, 0x0c,
                ],
                WireValue::Other,
            ),
        ];
        for (name, bytes, value) in cases {
            let want = vec![Field {
                number: 1,
                value: *value,
            }];
            assert_eq!(fields(bytes), Ok(want), "{name}");
        }
    }

    #[test]
    fn broken_fields_are_refused() {
        let cases: &[(&str, &[u8], WireError)] = &[
            ("tag without value", &[0x08], WireError::Truncated),
            ("short fixed64", &[0x09, 1, 2], WireError::Truncated),
            ("short fixed32", &[0x0d, 1, 2], WireError::Truncated),
            (
                "length beyond the end",
                &[0x0a, 3, b'a'],
                WireError::Truncated,
            ),
            (
                "length of 2^63",
                &[
                    0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01,
                ],
                WireError::Truncated,
            ),
            ("field number 0", &[0x00, 0x00], WireError::Malformed),
            (
                "field number 2^29",
                &[0x80, 0x80, 0x80, 0x80, 0x10, 0x00],
                WireError::Malformed,
            ),
            ("wire type 6", &[0x0e], WireError::Malformed),
            ("wire type 7", &[0x0f], WireError::Malformed),
            ("end of no group", &[0x0c], WireError::Malformed),
            ("end of another group", &[0x0b, 0x14], WireError::Malformed),
            ("group without end", &[0x0b, 0x10, 1], WireError::Truncated),
            ("1000 groups deep", &[0x0b; 1000], WireError::Malformed),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(fields(bytes), Err(*want), "{name}");
        }
    }

    #[test]
    fn groups_nest_up_to_the_limit() {
        let nested = |depth: usize| [vec![0x0b; depth], vec![0x0c; depth]].concat();
        assert!(fields(&nested(MAX_GROUP_DEPTH)).is_ok());
        assert_eq!(
            fields(&nested(MAX_GROUP_DEPTH + 1)),
            Err(WireError::Malformed)
        );
    }

    #[test]
    fn long_messages_get_long_lengths() {
        let mut out = Vec::new();
        put_message(&mut out, 1, |out| out.extend_from_slice(&[7; 300]));
        assert_eq!(out[..3], [0x0a, 0xac, 0x02]);
        assert_eq!(out.len(), 303);
    }

    proptest! {
        #[test]
        fn any_varint_survives(value: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_signed_number_survives_zigzag(value: i64) {
            prop_assert_eq!(zigzag_decode(zigzag_encode(value)), value);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = fields(&bytes);
        }
    }
}
