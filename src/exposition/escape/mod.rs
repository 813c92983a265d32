//! Escaping of names for readers that know legacy names only.
//!
//! The [schemes](EscapingScheme) are those of Prometheus. They can make equal what was not, `m.x` and `m_x` for
//! example, and a scrape with both is refused as a whole. The Pushgateway does not care; here [`NameMap`] finds
//! another name for the one that came to it by escaping.

mod map;

use std::borrow::Cow;

pub use map::{NameMap, escape_family};

use super::names::NameScheme;

/// How names that are not legacy ones are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EscapingScheme {
    /// As they are, in quotes.
    AllowUtf8,
    /// With an underscore for each character that is not allowed. What the Pushgateway does unless asked otherwise.
    #[default]
    Underscores,
    /// With `_dot_` for each dot, and two underscores for every other such character and for each underscore.
    Dots,
    /// With `U__` before the name, the code of each such character between underscores, and two underscores for one.
    Values,
}

impl EscapingScheme {
    /// The scheme of this name in an `Accept` header.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "allow-utf-8" => Some(Self::AllowUtf8),
            "underscores" => Some(Self::Underscores),
            "dots" => Some(Self::Dots),
            "values" => Some(Self::Values),
            _ => None,
        }
    }

    /// The name in `Accept` and `Content-Type` headers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }
}

/// Escapes the name of a metric. Legacy names are left as they are.
///
/// ```
/// use spin_pushgateway::exposition::escape::{EscapingScheme, escape_metric_name};
/// assert_eq!(escape_metric_name("m.x_y", EscapingScheme::Underscores), "m_x_y");
/// assert_eq!(escape_metric_name("m.x_y", EscapingScheme::Dots), "m_dot_x__y");
/// assert_eq!(escape_metric_name("m.x_y", EscapingScheme::Values), "U__m_2e_x__y");
/// ```
#[must_use]
pub fn escape_metric_name(name: &str, scheme: EscapingScheme) -> Cow<'_, str> {
    if NameScheme::Legacy.is_metric_name(name) {
        return Cow::Borrowed(name);
    }
    escape(name, scheme, |c| is_label_char(c) || c == ':')
}

/// Escapes the name of a label. Legacy names are left as they are.
///
/// A colon is escaped like everything else that a legacy label name cannot have. Prometheus' own implementation takes
/// it for allowed, as it is in names of metrics, and writes what its parser refuses.
#[must_use]
pub fn escape_label_name(name: &str, scheme: EscapingScheme) -> Cow<'_, str> {
    if NameScheme::Legacy.is_label_name(name) {
        return Cow::Borrowed(name);
    }
    escape(name, scheme, is_label_char)
}

fn escape(name: &str, scheme: EscapingScheme, is_allowed: impl Fn(char) -> bool) -> Cow<'_, str> {
    let mut escaped = String::with_capacity(name.len() + 8);
    match scheme {
        EscapingScheme::AllowUtf8 => return Cow::Borrowed(name),
        EscapingScheme::Values => escaped.push_str("U__"),
        EscapingScheme::Underscores | EscapingScheme::Dots => {}
    }
    for (index, c) in name.char_indices() {
        let is_allowed = is_allowed(c) && !(index == 0 && c.is_ascii_digit());
        match (scheme, c) {
            (EscapingScheme::Dots | EscapingScheme::Values, '_') => escaped.push_str("__"),
            _ if is_allowed => escaped.push(c),
            (EscapingScheme::Dots, '.') => escaped.push_str("_dot_"),
            (EscapingScheme::Dots, _) => escaped.push_str("__"),
            (EscapingScheme::Values, _) => escaped.push_str(&format!("_{:x}_", u32::from(c))),
            (EscapingScheme::Underscores | EscapingScheme::AllowUtf8, _) => escaped.push('_'),
        }
    }
    Cow::Owned(escaped)
}

fn is_label_char(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// The most hexadecimal digits that the code of a character has.
const MAX_CODE_DIGITS: usize = 6;

/// Undoes [`EscapingScheme::Values`], for label names in URLs.
///
/// A name that does not start with `U__`, or is not escaped as it should be after that, is left as it is. The result
/// can be empty. Codes of six digits are understood; Go's implementation stops at five, although it writes six.
#[must_use]
pub fn unescape_name(name: &str) -> Cow<'_, str> {
    match name.strip_prefix("U__").and_then(unescape_values) {
        Some(unescaped) => Cow::Owned(unescaped),
        None => Cow::Borrowed(name),
    }
}

/// `escaped = *(character / "__" / "_" 1*6HEXDIG "_")`, the character being no underscore.
fn unescape_values(mut escaped: &str) -> Option<String> {
    let mut name = String::with_capacity(escaped.len());
    while let Some((text, rest)) = escaped.split_once('_') {
        name.push_str(text);
        let (code, rest) = rest.split_once('_')?;
        escaped = rest;
        if code.is_empty() {
            name.push('_');
            continue;
        }
        // Checked first, since the conversion would allow a sign.
        let is_code = code.len() <= MAX_CODE_DIGITS && code.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u32::from_str_radix(code, 16).ok().filter(|_| is_code)?;
        name.push(char::from_u32(number)?);
    }
    name.push_str(escaped);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_escaped_as_by_prometheus() {
        // name, underscores, dots, values
        let cases = [
            ("plain_name", "plain_name", "plain_name", "plain_name"),
            ("with:colon", "with:colon", "with:colon", "with:colon"),
            ("m.x_y", "m_x_y", "m_dot_x__y", "U__m_2e_x__y"),
            ("1a", "_a", "__a", "U___31_a"),
            ("a1.b:c", "a1_b:c", "a1_dot_b:c", "U__a1_2e_b:c"),
            ("l.a b", "l_a_b", "l_dot_a__b", "U__l_2e_a_20_b"),
            ("ü", "_", "__", "U___fc_"),
            ("花火", "__", "____", "U___82b1__706b_"),
            ("\u{10ffff}", "_", "__", "U___10ffff_"),
        ];
        for (name, underscores, dots, values) in cases {
            let escaped = |scheme| escape_metric_name(name, scheme);
            assert_eq!(escaped(EscapingScheme::AllowUtf8), name, "{name:?}");
            assert_eq!(
                escaped(EscapingScheme::Underscores),
                underscores,
                "{name:?}"
            );
            assert_eq!(escaped(EscapingScheme::Dots), dots, "{name:?}");
            assert_eq!(escaped(EscapingScheme::Values), values, "{name:?}");
        }
    }

    #[test]
    fn colons_in_labels_are_escaped() {
        for (scheme, want) in [
            (EscapingScheme::AllowUtf8, "a:b_c"),
            (EscapingScheme::Underscores, "a_b_c"),
            (EscapingScheme::Dots, "a__b__c"),
            (EscapingScheme::Values, "U__a_3a_b__c"),
        ] {
            assert_eq!(escape_label_name("a:b_c", scheme), want);
        }
    }

    #[test]
    fn names_are_unescaped_where_that_is_possible() {
        let cases = [
            ("plain", "plain"),
            ("U__m_2e_x__y", "m.x_y"),
            ("U__m_2E_x", "m.x"),
            ("U__", ""),
            ("U______x", "__x"),
            ("U__job", "job"),
            ("U__a_0b7_", "a·"),
            ("U___10ffff_", "\u{10ffff}"),
            ("U___82b1__706b_", "花火"),
            ("U_a_2e_", "U_a_2e_"),
            ("u__a_2e_", "u__a_2e_"),
            ("U__a_", "U__a_"),
            ("U__a_b", "U__a_b"),
            ("U__a_2g_", "U__a_2g_"),
            ("U__a_+2_", "U__a_+2_"),
            ("U__a_d800_", "U__a_d800_"),
            ("U__a_110000_", "U__a_110000_"),
            ("U__a_0000b7_", "a·"),
            ("U__a_00000b7_", "U__a_00000b7_"),
        ];
        for (name, want) in cases {
            assert_eq!(unescape_name(name), want, "{name}");
        }
    }

    #[test]
    fn schemes_have_the_names_of_headers() {
        for name in ["allow-utf-8", "underscores", "dots", "values"] {
            let scheme = EscapingScheme::of_name(name).expect(name);
            assert_eq!(scheme.name(), name);
        }
        assert_eq!(EscapingScheme::of_name("Dots"), None);
    }

    proptest! {
        #[test]
        fn values_can_be_undone(name: String) {
            if !NameScheme::Legacy.is_label_name(&name) {
                let escaped = escape_label_name(&name, EscapingScheme::Values);
                prop_assert_eq!(unescape_name(&escaped), name.as_str());
            }
        }

        #[test]
        fn escaped_names_are_legacy_names(name in ".+") {
            for scheme in [EscapingScheme::Underscores, EscapingScheme::Dots, EscapingScheme::Values] {
                let label = escape_label_name(&name, scheme);
                prop_assert!(NameScheme::Legacy.is_label_name(&label));
                let metric = escape_metric_name(&name, scheme);
                prop_assert!(NameScheme::Legacy.is_metric_name(&metric));
            }
        }

        #[test]
        fn anything_is_unescaped_or_left(name in "U__[_0-9a-fA-Fx.]{0,20}") {
            let _ = unescape_name(&name);
        }
    }
}
