//! Which metric and label names are valid.

/// The rule that names must follow.
///
/// The Pushgateway follows [`Legacy`](Self::Legacy) unless `--push.enable-utf8-names` is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameScheme {
    /// Metric names are `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names the same without `:`.
    #[default]
    Legacy,
    /// Every name that is not empty.
    Utf8,
}

impl NameScheme {
    /// Whether this may be the name of a metric.
    #[must_use]
    pub fn is_metric_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy(name, |byte| byte == b':' || is_label_byte(byte)),
            Self::Utf8 => !name.is_empty(),
        }
    }

    /// Whether this may be the name of a label.
    ///
    /// Names that begin with `__` are reserved in some places and not in others: that is not looked at here.
    #[must_use]
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy(name, is_label_byte),
            Self::Utf8 => !name.is_empty(),
        }
    }
}

/// Whether a name is not empty, has only such bytes and does not start with a digit.
fn is_legacy(name: &str, allows: impl Fn(u8) -> bool) -> bool {
    name.bytes()
        .next()
        .is_some_and(|first| !first.is_ascii_digit())
        && name.bytes().all(allows)
}

/// Whether a byte may stand in a legacy label name.
fn is_label_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_as_their_scheme_says() {
        // name, legacy metric, legacy label, UTF-8 metric and label
        let cases = [
            ("", false, false, false),
            ("a", true, true, true),
            ("A9_z", true, true, true),
            ("_", true, true, true),
            ("__x", true, true, true),
            ("a:b", true, false, true),
            (":", true, false, true),
            ("9a", false, false, true),
            ("a-b", false, false, true),
            ("a.b", false, false, true),
            ("a b", false, false, true),
            ("ä", false, false, true),
            ("a\0", false, false, true),
        ];
        for (name, metric, label, utf8) in cases {
            assert_eq!(NameScheme::Legacy.is_metric_name(name), metric, "{name:?}");
            assert_eq!(NameScheme::Legacy.is_label_name(name), label, "{name:?}");
            assert_eq!(NameScheme::Utf8.is_metric_name(name), utf8, "{name:?}");
            assert_eq!(NameScheme::Utf8.is_label_name(name), utf8, "{name:?}");
        }
    }
}
