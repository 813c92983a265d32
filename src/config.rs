//! Configuration: Spin variables, read into types.
//!
//! Every default makes the gateway behave as the Pushgateway does, but for the limits, which the Pushgateway does not
//! have and without which one request could take the process down.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crate::auth::Tokens;
use crate::duration::{self, Nanos};
use crate::exposition::names::NameScheme;
use crate::exposition::openmetrics::Support;
use crate::forward::Target;
use crate::lifetime::Lifetimes;
use crate::limits::{GroupLimits, PushLimits};
use crate::routes::Paths;

/// How long forwarding a push may take, in nanoseconds, unless it is set.
const FORWARD_TIMEOUT: Nanos = 10_000_000_000;

/// What can be configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The largest body of a push, in bytes, before and after decompression.
    pub max_push_bytes: usize,
    /// The largest entry that is stored, in bytes. Stores have limits of their own.
    pub max_entry_bytes: usize,
    /// What one push may hold.
    pub push_limits: PushLimits,
    /// How many groups there may be.
    pub group_limits: GroupLimits,
    /// How long what is pushed is shown.
    pub lifetimes: Lifetimes,
    /// Whether pushes are checked against what other groups hold. The Pushgateway's
    /// `--push.disable-consistency-check` turns it off.
    pub consistency_check: bool,
    /// Which names may be pushed. The Pushgateway's `--push.enable-utf8-names`.
    pub names: NameScheme,
    /// Whether OpenMetrics is understood when it is pushed.
    pub push_openmetrics: Support,
    /// Whether a scrape that asks for OpenMetrics gets it.
    pub web_openmetrics: Support,
    /// Whether everything can be wiped by one request: to those with an admin token where there are such, else as the
    /// Pushgateway's `--web.enable-admin-api`. (See [`Tokens::offer_administration`].)
    pub admin_api: bool,
    /// Who may do what.
    pub tokens: Tokens,
    /// Where what is pushed is forwarded to, if it is.
    pub forward: Option<Target>,
    /// The URL under which the gateway is reached, as it was set. The Pushgateway's `--web.external-url`.
    pub external_url: String,
    /// Where everything is. The Pushgateway's `--web.route-prefix`, `--web.external-url` and `--web.telemetry-path`.
    pub paths: Paths,
}

/// A variable that has a value it cannot have, or none that the host would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    variable: &'static str,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// The value is not what is expected.
    Malformed(Cow<'static, str>),
    /// The host says this in place of a value.
    Untold(String),
}

/// Does not repeat the value, which may be secret.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.variable;
        match &self.problem {
            Problem::Malformed(expected) => {
                write!(
                    f,
                    "variable {variable} is set to something else than {expected}"
                )
            }
            Problem::Untold(reason) => write!(f, "variable {variable} cannot be read: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    fn malformed(variable: &'static str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self {
            variable,
            problem: Problem::Malformed(expected.into()),
        }
    }
}

impl Config {
    /// The names of all variables. `spin.toml` declares them.
    pub const VARIABLES: [&str; 24] = [
        "max_push_bytes",
        "max_entry_bytes",
        "max_series_per_push",
        "max_families_per_push",
        "max_labels_per_series",
        "max_label_bytes",
        "max_groups",
        "max_groups_per_job",
        "group_ttl",
        "max_group_ttl",
        "push_disable_consistency_check",
        "push_enable_utf8_names",
        "push_enable_openmetrics",
        "web_enable_openmetrics",
        "web_enable_admin_api",
        "web_route_prefix",
        "web_external_url",
        "web_telemetry_path",
        "push_tokens",
        "scrape_tokens",
        "admin_tokens",
        "forward_remote_write_url",
        "forward_token",
        "forward_timeout",
    ];

    /// Asks a host for all of [`Self::VARIABLES`] and reads them. It answers with a value, with `None` for a variable
    /// that does not exist, or with what went wrong.
    ///
    /// # Errors
    ///
    /// A value is malformed, or the host does not tell it.
    pub async fn ask(
        host: impl AsyncFn(&'static str) -> Result<Option<String>, String>,
    ) -> Result<Self, ConfigError> {
        let mut values = HashMap::new();
        for variable in Self::VARIABLES {
            let value = host(variable).await.map_err(|reason| ConfigError {
                variable,
                problem: Problem::Untold(reason),
            })?;
            values.extend(value.map(|value| (variable, value)));
        }
        Self::read(|variable| values.get(variable).cloned())
    }

    /// Reads the values of [`Self::VARIABLES`]. One that is absent or empty has its default.
    ///
    /// # Errors
    ///
    /// A value is malformed.
    pub fn read(value: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(&value);
        let tokens = variables.tokens()?;
        let external_url = variables.text("web_external_url");
        let support = |is_on| if is_on { Support::On } else { Support::Off };
        Ok(Self {
            max_push_bytes: variables.bytes("max_push_bytes", 16 << 20)?,
            max_entry_bytes: variables.bytes("max_entry_bytes", 64 << 20)?,
            push_limits: PushLimits {
                max_series_per_push: variables.limit("max_series_per_push")?,
                max_families_per_push: variables.limit("max_families_per_push")?,
                max_labels_per_series: variables.limit("max_labels_per_series")?,
                max_label_bytes: variables.limit("max_label_bytes")?,
            },
            group_limits: GroupLimits {
                max_groups: variables.limit("max_groups")?,
                max_groups_per_job: variables.limit("max_groups_per_job")?,
            },
            lifetimes: Lifetimes {
                group_ttl: variables.duration("group_ttl")?,
                max_group_ttl: variables.duration("max_group_ttl")?,
            },
            consistency_check: !variables.switch("push_disable_consistency_check")?,
            names: if variables.switch("push_enable_utf8_names")? {
                NameScheme::Utf8
            } else {
                NameScheme::Legacy
            },
            push_openmetrics: support(variables.switch("push_enable_openmetrics")?),
            web_openmetrics: support(variables.switch("web_enable_openmetrics")?),
            admin_api: tokens.offer_administration(variables.switch("web_enable_admin_api")?),
            tokens,
            forward: variables.target()?,
            paths: Paths::new(
                &variables.text("web_route_prefix"),
                &external_url,
                &variables.text("web_telemetry_path"),
            ),
            external_url,
        })
    }
}

/// Where values come from.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn get(&self, variable: &str) -> Option<String> {
        (self.0)(variable).filter(|value| !value.is_empty())
    }

    fn bytes(&self, variable: &'static str, default: usize) -> Result<usize, ConfigError> {
        let bytes = self.positive(variable, "a number of bytes above zero")?;
        Ok(bytes.unwrap_or(default))
    }

    fn limit(&self, variable: &'static str) -> Result<Option<usize>, ConfigError> {
        self.positive(variable, "a number above zero")
    }

    fn positive(
        &self,
        variable: &'static str,
        expected: &'static str,
    ) -> Result<Option<usize>, ConfigError> {
        let Some(text) = self.get(variable) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| ConfigError::malformed(variable, expected))?;
        Ok(Some(number))
    }

    fn duration(&self, variable: &'static str) -> Result<Option<Nanos>, ConfigError> {
        let Some(text) = self.get(variable) else {
            return Ok(None);
        };
        let expected = "a duration above zero, such as 48h or 1d12h";
        let duration = duration::parse(&text);
        let duration = duration.ok_or_else(|| ConfigError::malformed(variable, expected))?;
        Ok(Some(duration))
    }

    fn switch(&self, variable: &'static str) -> Result<bool, ConfigError> {
        match self.get(variable).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ConfigError::malformed(variable, "true or false")),
        }
    }

    fn tokens(&self) -> Result<Tokens, ConfigError> {
        Tokens::read(|variable| self.text(variable)).map_err(|(variable, error)| {
            let expected = format!("tokens, separated by commas: {error}");
            ConfigError::malformed(variable, expected)
        })
    }

    fn target(&self) -> Result<Option<Target>, ConfigError> {
        let wrong = ConfigError::malformed;
        let timeout = match self.get("forward_timeout") {
            None => FORWARD_TIMEOUT,
            Some(text) => duration::parse(&text)
                .ok_or_else(|| wrong("forward_timeout", "a duration such as 10s"))?,
        };
        let Some(url) = self.get("forward_remote_write_url") else {
            return Ok(None);
        };
        let expected = "a URL that begins with http:// or https://, without user and password";
        let url =
            Target::parse_url(&url).ok_or_else(|| wrong("forward_remote_write_url", expected))?;
        let target = Target::new(url, timeout);
        let Some(token) = self.get("forward_token") else {
            return Ok(Some(target));
        };
        let expected = "a token that can stand in a header";
        let target = target.with_token(&token);
        target
            .ok_or_else(|| wrong("forward_token", expected))
            .map(Some)
    }

    fn text(&self, variable: &str) -> String {
        self.get(variable).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::testing::block_on;

    fn read(values: &[(&str, &str)]) -> Result<Config, String> {
        let value = |name: &str| {
            values
                .iter()
                .find(|(have, _)| *have == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::read(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_is_asked_for_every_variable() {
        let asked = RefCell::new(Vec::new());
        let config = block_on(Config::ask(async |variable| {
            asked.borrow_mut().push(variable);
            Ok((variable == "max_groups").then(|| "7".to_owned()))
        }));
        assert_eq!(config.expect("valid").group_limits.max_groups, Some(7));
        assert_eq!(asked.into_inner(), Config::VARIABLES);
        let error = block_on(Config::ask(async |variable| match variable {
            "push_tokens" => Err("the vault is shut".to_owned()),
            _ => Ok(None),
        }));
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err("variable push_tokens cannot be read: the vault is shut".to_owned())
        );
    }

    #[test]
    fn without_variables_it_is_the_pushgateway() {
        let config = read(&[("web_enable_admin_api", "")]).expect("defaults");
        assert!(config.consistency_check && !config.admin_api);
        assert_eq!(config.names, NameScheme::Legacy);
        assert_eq!(
            (config.push_openmetrics, config.web_openmetrics),
            (Support::Off, Support::Off)
        );
        assert_eq!(config.lifetimes, Lifetimes::default());
        assert_eq!(config.paths, Paths::new("", "", ""));
    }

    #[test]
    fn values_are_read_or_refused() {
        let config = read(&[
            ("max_push_bytes", "1000"),
            ("push_disable_consistency_check", "true"),
            ("push_enable_utf8_names", "true"),
            ("web_enable_openmetrics", "true"),
            ("web_enable_admin_api", "false"),
            ("group_ttl", "48h"),
        ])
        .expect("valid");
        assert_eq!(
            (config.max_push_bytes, config.consistency_check),
            (1000, false)
        );
        assert_eq!(
            (config.names, config.web_openmetrics),
            (NameScheme::Utf8, Support::On)
        );
        assert_eq!(config.lifetimes.group_ttl, Some(172_800_000_000_000));
        for value in ["0", "-1", "16M", "secret"] {
            let error = read(&[("max_entry_bytes", value)]).expect_err("is malformed");
            assert_eq!(
                error,
                "variable max_entry_bytes is set to something else than a number of bytes above zero"
            );
        }
        let error = read(&[("group_ttl", "48")]).expect_err("is malformed");
        assert_eq!(
            error,
            "variable group_ttl is set to something else than a duration above zero, such as 48h or 1d12h"
        );
        let error = read(&[("web_enable_admin_api", "yes")]).expect_err("is malformed");
        assert_eq!(
            error,
            "variable web_enable_admin_api is set to something else than true or false"
        );
    }

    #[test]
    fn lists_of_tokens_are_read_or_refused() {
        let config = read(&[("push_tokens", "hunter2"), ("web_enable_admin_api", "true")]);
        let config = config.expect("valid");
        assert_ne!(config.tokens, Tokens::default());
        assert!(!config.admin_api);
        assert!(!format!("{config:?}").contains("hunter2"));
        for variable in ["push_tokens", "scrape_tokens", "admin_tokens"] {
            let error = read(&[(variable, "hunter2,")]).expect_err("is malformed");
            let want = format!(
                "variable {variable} is set to something else than tokens, separated by commas: entry 2 is empty"
            );
            assert_eq!(error, want);
        }
    }

    #[test]
    fn forwarding_is_off_without_a_url() {
        let forward = |values: &[(&str, &str)]| read(values).map(|config| config.forward);
        assert_eq!(forward(&[("forward_token", "hunter2")]), Ok(None));
        let url = ("forward_remote_write_url", "https://h/write");
        let target = forward(&[url]).expect("valid").expect("is on");
        assert_eq!(
            (target.timeout, target.has_token()),
            (10_000_000_000, false)
        );
        let token = ("forward_token", "hunter2");
        let target = forward(&[url, token, ("forward_timeout", "1s500ms")]);
        let target = target.expect("valid").expect("is on");
        assert_eq!((target.timeout, target.has_token()), (1_500_000_000, true));
        let wrong = [
            ("forward_remote_write_url", "hunter2"),
            ("forward_remote_write_url", "http://a:hunter2@h"),
            ("forward_token", "hunter2\n"),
            ("forward_timeout", "hunter2"),
        ];
        for (variable, value) in wrong {
            let error = forward(&[(variable, value), url]).expect_err("is malformed");
            assert!(error.starts_with(&format!("variable {variable} is set to")));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_manifest_declares_every_variable() {
        let manifest = include_str!("../spin.toml");
        for variable in Config::VARIABLES {
            assert!(
                manifest.contains(&format!("\n{variable} = {{ default =")),
                "{variable}"
            );
            assert!(
                manifest.contains(&format!("\n{variable} = \"{{{{ {variable} }}}}\"")),
                "{variable}"
            );
        }
    }
}
