//! The reviewed list of what the gateway does differently on purpose.
//!
//! There are three kinds. A [`Translation`] says which request to the Pushgateway
//! has the meaning that the gateway gives to a path; the two must then behave
//! alike, so nothing is hidden. A [`Tolerance`] covers a difference that has no
//! such counterpart; it must match as narrowly as it can. An [`Omission`] takes
//! fields out of expositions in protobuf before these are compared.

mod paths;
mod protobuf;
mod tolerances;

use spin_pushgateway::exposition::names::NameScheme;

use super::compare::Difference;
use super::prototext::Field;
use super::request::{Path, Request};

/// Another reading of paths.
#[derive(Debug)]
pub(crate) struct Translation {
    /// A short name.
    pub(crate) id: &'static str,
    /// Why the gateway reads the path in another way.
    pub(crate) reason: &'static str,
    /// The path that means the same to the Pushgateway, if it is another one.
    pub(crate) translate: fn(&Path, NameScheme) -> Option<Path>,
}

/// A difference that is accepted.
#[derive(Debug)]
pub(crate) struct Tolerance {
    /// A short name.
    pub(crate) id: &'static str,
    /// Why the gateway behaves in another way.
    pub(crate) reason: &'static str,
    /// Whether this is such a difference. The last request is the one at hand.
    pub(crate) covers: fn(&Difference, &[Request]) -> bool,
    /// How it goes on.
    pub(crate) then: Then,
}

/// How a sequence goes on after a difference that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// With the next request: the two sides hold the same data.
    GoOn,
    /// The group of the request is not the same, and is deleted from both.
    Mend,
    /// Not at all: the two sides hold different data.
    PartWays,
}

/// A field that only one side exposes.
#[derive(Debug)]
pub(crate) struct Omission {
    /// A short name.
    pub(crate) id: &'static str,
    /// Why the gateway behaves in another way.
    pub(crate) reason: &'static str,
    /// Whether this is such a field.
    pub(crate) is_omitted: fn(&Field) -> bool,
}

/// What is intended between two sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intended {
    /// Applied one after the other.
    pub(crate) translations: &'static [Translation],
    /// The first that covers a difference counts. Those in front go first.
    pub(crate) tolerances: [&'static [Tolerance]; 2],
    /// Applied to both sides.
    pub(crate) omissions: &'static [Omission],
}

impl Intended {
    /// The differences between the gateway and the Pushgateway.
    pub(crate) fn of_the_gateway() -> Self {
        Self {
            translations: paths::TRANSLATIONS,
            tolerances: [&[], tolerances::TOLERANCES],
            omissions: protobuf::OMISSIONS,
        }
    }

    /// The same with UTF-8 names.
    pub(crate) fn of_the_gateway_with_utf8_names() -> Self {
        Self {
            tolerances: [tolerances::UTF8_NAMES, tolerances::TOLERANCES],
            ..Self::of_the_gateway()
        }
    }

    /// The same without the consistency check.
    pub(crate) fn of_the_unchecked_gateway() -> Self {
        Self {
            tolerances: [tolerances::UNCHECKED, tolerances::TOLERANCES],
            ..Self::of_the_gateway()
        }
    }

    /// The Pushgateway has nothing to differ in from itself, but it can get
    /// into a state in which each scrape fails with some error of several.
    pub(crate) fn of_the_pushgateway_itself() -> Self {
        Self {
            translations: &[],
            tolerances: [&[], tolerances::CHANCE],
            omissions: &[],
        }
    }
}
