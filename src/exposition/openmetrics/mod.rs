//! OpenMetrics.

/// Whether OpenMetrics is spoken. The Pushgateway does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// It is text like any other.
    #[default]
    Off,
    /// It is read and written.
    On,
}
