//! Configuration: Spin variables, read into types.
//!
//! Every default makes the gateway behave as the Pushgateway does, but for the limits, which the Pushgateway does not
//! have and without which one request could take the process down.

use std::fmt;

/// What can be configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The largest body of a push, in bytes, before and after decompression.
    pub max_push_bytes: usize,
    /// The largest entry that is stored, in bytes. Stores have limits of their own.
    pub max_entry_bytes: usize,
    /// The Pushgateway's `--push.disable-consistency-check`.
    pub push_disable_consistency_check: bool,
}

/// A variable that has a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: &'static str,
    expected: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "variable {} is set to something else than {}",
            self.variable, self.expected
        )
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// The names of all variables.
    pub const VARIABLES: [&str; 3] = [
        "max_push_bytes",
        "max_entry_bytes",
        "push_disable_consistency_check",
    ];

    /// Reads the values of [`Self::VARIABLES`]. One that is absent or empty has its default.
    ///
    /// # Errors
    ///
    /// A value is malformed. Values are not repeated in the error.
    pub fn read(mut value: impl FnMut(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut value = |name| value(name).filter(|value| !value.is_empty());
        let mut bytes = |variable, default| match value(variable) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|bytes| *bytes > 0)
                .ok_or(ConfigError {
                    variable,
                    expected: "a number of bytes above zero",
                }),
        };
        Ok(Self {
            max_push_bytes: bytes("max_push_bytes", 16 << 20)?,
            max_entry_bytes: bytes("max_entry_bytes", 64 << 20)?,
            push_disable_consistency_check: match value("push_disable_consistency_check").as_deref()
            {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => {
                    let expected = "true or false";
                    return Err(ConfigError {
                        variable: "push_disable_consistency_check",
                        expected,
                    });
                }
            },
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_push_bytes: 16 << 20,
            max_entry_bytes: 64 << 20,
            push_disable_consistency_check: false,
        }
    }
}
