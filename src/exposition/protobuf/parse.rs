//! Streams of length-delimited `MetricFamily` messages.

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::{ErrorKind, Fault, Location, ParseError};
use super::metric::{MetricParser, string};
use super::schema::metric_family;
use super::wire::{Reader, WireError, WireValue};
use crate::exposition::model::{Metric, MetricFamily, MetricType};
use crate::exposition::names::NameScheme;

/// Reads a body of `application/vnd.google.protobuf; encoding=delimited`: each family with its length before it.
///
/// Of several families with one name the last counts, as in the Pushgateway. Families without metrics are left out.
/// Strings are borrowed from `input`.
///
/// # Errors
///
/// The first thing that is not as it should be, see [`ErrorKind`].
pub fn parse(input: &[u8], scheme: NameScheme) -> Result<Vec<MetricFamily<'_>>, ParseError> {
    let mut families: Vec<MetricFamily<'_>> = Vec::new();
    let mut positions: HashMap<Cow<'_, str>, usize> = HashMap::new();
    let mut reader = Reader::new(input);
    let mut number = 0;
    while !reader.is_empty() {
        number += 1;
        let location = Location {
            family: Some(number),
            ..Location::default()
        };
        let message = match reader.bytes() {
            Ok(message) => message,
            Err(error) => return Err(Fault::from(length_error(error)).at(location)),
        };
        let family = parse_family(message, scheme, location)?;
        match positions
            .get(&family.name)
            .and_then(|&at| families.get_mut(at))
        {
            Some(earlier) => *earlier = family,
            None => {
                positions.insert(family.name.clone(), families.len());
                families.push(family);
            }
        }
    }
    families.retain(|family| !family.metrics.is_empty());
    Ok(families)
}

/// Reads a single `Metric` message without a length before it, as [`write_metric`](super::write_metric) writes it.
///
/// # Errors
///
/// As of [`parse`].
pub fn parse_metric(
    input: &[u8],
    metric_type: MetricType,
    scheme: NameScheme,
) -> Result<Metric<'_>, ParseError> {
    let parser = MetricParser {
        metric_type,
        scheme,
    };
    parser
        .metric(input)
        .map_err(|fault| fault.at(Location::default()))
}

/// What the Pushgateway calls a broken length before a message. Such errors never say more.
fn length_error(error: WireError) -> ErrorKind {
    match error {
        WireError::Truncated => ErrorKind::UnexpectedEof,
        WireError::Overflow => ErrorKind::LengthOverflow,
        WireError::Malformed => ErrorKind::InvalidWireFormat,
    }
}

/// Reads a `MetricFamily` message, in two rounds: the type may follow the metrics that need it.
fn parse_family(
    message: &[u8],
    scheme: NameScheme,
    mut location: Location,
) -> Result<MetricFamily<'_>, ParseError> {
    let head = match family_head(message) {
        Ok(head) => head,
        Err(fault) => return Err(fault.at(location)),
    };
    let metric_type = match head.check(scheme) {
        Ok(metric_type) => metric_type,
        Err(kind) => {
            location.name = head.name.map(Cow::into_owned);
            return Err(Fault::from(kind).at(location));
        }
    };
    let parser = MetricParser {
        metric_type,
        scheme,
    };
    let mut family = MetricFamily {
        name: head.name.unwrap_or_default(),
        help: head.help,
        metric_type,
        unit: head.unit,
        // A metric with a label and a value has more than 16 bytes: others are none, and shall not cost memory.
        metrics: Vec::with_capacity(head.metric_count.min(message.len() / 16)),
    };
    // The first round has read all fields, so this one meets no error of its own before the end.
    let mut reader = Reader::new(message);
    while let Ok(Some(field)) = reader.field() {
        if let (metric_family::METRIC, WireValue::Bytes(bytes)) = (field.number, field.value) {
            match parser.metric(bytes) {
                Ok(metric) => family.metrics.push(metric),
                Err(fault) => {
                    location.metric = Some(family.metrics.len() + 1);
                    location.name = Some(family.name.into_owned());
                    return Err(fault.at(location));
                }
            }
        }
    }
    Ok(family)
}

/// What is said about a family once.
#[derive(Default)]
struct FamilyHead<'a> {
    name: Option<Cow<'a, str>>,
    help: Option<Cow<'a, str>>,
    /// COUNTER, which is 0, where the field is missing.
    type_number: i32,
    unit: Option<Cow<'a, str>>,
    metric_count: usize,
}

fn family_head(message: &[u8]) -> Result<FamilyHead<'_>, Fault> {
    let mut head = FamilyHead::default();
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match (field.number, field.value) {
            (metric_family::NAME, WireValue::Bytes(bytes)) => {
                head.name = Some(string(bytes, "name")?);
            }
            (metric_family::HELP, WireValue::Bytes(bytes)) => {
                head.help = Some(string(bytes, "help")?);
            }
            // Cut to 32 bits, as protobuf has it.
            (metric_family::TYPE, WireValue::Varint(number)) => head.type_number = number as i32,
            (metric_family::METRIC, WireValue::Bytes(_)) => head.metric_count += 1,
            (metric_family::UNIT, WireValue::Bytes(bytes)) => {
                head.unit = Some(string(bytes, "unit")?);
            }
            _ => {}
        }
    }
    Ok(head)
}

impl FamilyHead<'_> {
    /// The type of the family, if that and the name are as they should be.
    fn check(&self, scheme: NameScheme) -> Result<MetricType, ErrorKind> {
        match self.name.as_deref() {
            None | Some("") => return Err(ErrorKind::MissingName),
            Some(name) if !scheme.is_metric_name(name) => {
                return Err(ErrorKind::InvalidName(name.to_owned()));
            }
            Some(_) => {}
        }
        match self.type_number {
            0 => Ok(MetricType::Counter),
            1 => Ok(MetricType::Gauge),
            2 => Ok(MetricType::Summary),
            3 => Ok(MetricType::Untyped),
            4 => Ok(MetricType::Histogram),
            5 => Ok(MetricType::GaugeHistogram),
            number => Err(ErrorKind::UnknownType(number)),
        }
    }
}
