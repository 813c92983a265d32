//! Application variables: where their values come from, and the templates that use them.
//!
//! Spin knows more sources: a `.env` file, and the providers of its runtime configuration.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::{self, Deserializer};

/// A variable that the manifest's `[variables]` declares.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declaration {
    /// The value when nobody sets one.
    pub(crate) default: Option<String>,
    /// Whether somebody must set one.
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// Whether a text is a variable's name for Spin: lower-case words of letters and digits, joined
/// by single underscores, beginning with a letter.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('_').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// The values of all declared variables.
///
/// `--variable` wins over the environment's `SPIN_VARIABLE_NAME`, which wins over the manifest's
/// default. Setting an undeclared variable is an error (Spin ignores it), and so is a required
/// variable without a value.
pub(crate) fn resolve(
    declared: &BTreeMap<String, Declaration>,
    environment: impl Fn(&str) -> Option<String>,
    overrides: &[(String, String)],
) -> Result<BTreeMap<String, String>> {
    for (name, _) in overrides {
        ensure!(
            declared.contains_key(name),
            "--variable {name}: the manifest declares no such variable"
        );
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let overridden = overrides.iter().rev().find(|(key, _)| key == name);
            let variable = format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase());
            let value = overridden
                .map(|(_, value)| value.clone())
                .or_else(|| environment(&variable))
                .or_else(|| declaration.default.clone())
                .with_context(|| {
                    format!(
                        "variable {name:?} is required: set {variable}, or --variable {name}=VALUE"
                    )
                })?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// A text with `{{ name }}` in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Parses a template: `{{` opens a variable's name, `}}` closes it, all else is literal.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                bail!("template {text:?} opens \"{{{{\" without \"}}}}\"");
            };
            let name = name.trim();
            ensure!(
                is_name(name),
                "template {text:?}: {name:?} is no variable name"
            );
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The variables that the template uses.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with the values filled in. A variable without a value becomes nothing; a manifest
    /// with one is refused when it is read.
    pub(crate) fn render(&self, values: &BTreeMap<String, String>) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Variable(name) => values.get(name).map_or("", String::as_str),
            })
            .collect()
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Template;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Template, E> {
                Template::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Declaration, Template, is_name, resolve};
    use std::collections::BTreeMap;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|&(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }

    #[test]
    fn names_are_lower_case_words() {
        for name in ["a", "a1", "web_route_prefix", "a_1"] {
            assert!(is_name(name), "{name}");
        }
        for text in ["", "A", "1a", "_a", "a_", "a__b", "a-b", "a b", "é"] {
            assert!(!is_name(text), "{text}");
        }
    }

    #[test]
    fn flag_wins_over_environment_wins_over_default() {
        let declared = |default: Option<&str>, required| {
            let declaration = Declaration {
                default: default.map(str::to_owned),
                required,
                ..Declaration::default()
            };
            BTreeMap::from([("a_b".to_owned(), declaration)])
        };
        struct Case {
            name: &'static str,
            default: Option<&'static str>,
            environment: Option<&'static str>,
            flags: &'static [(&'static str, &'static str)],
            want: Option<&'static str>,
        }
        let cases = [
            Case {
                name: "only a default",
                default: Some("d"),
                environment: None,
                flags: &[],
                want: Some("d"),
            },
            Case {
                name: "environment over default",
                default: Some("d"),
                environment: Some("e"),
                flags: &[],
                want: Some("e"),
            },
            Case {
                name: "flag over environment",
                default: Some("d"),
                environment: Some("e"),
                flags: &[("a_b", "f")],
                want: Some("f"),
            },
            Case {
                name: "the last flag of several",
                default: None,
                environment: None,
                flags: &[("a_b", "f"), ("a_b", "g")],
                want: Some("g"),
            },
            Case {
                name: "an empty value is a value",
                default: Some("d"),
                environment: Some(""),
                flags: &[],
                want: Some(""),
            },
            Case {
                name: "required, and nobody sets it",
                default: None,
                environment: None,
                flags: &[],
                want: None,
            },
            Case {
                name: "an undeclared one",
                default: Some("d"),
                environment: None,
                flags: &[("c", "f")],
                want: None,
            },
        ];
        for case in cases {
            let environment = |name: &str| {
                assert_eq!(name, "SPIN_VARIABLE_A_B");
                case.environment.map(str::to_owned)
            };
            let declared = declared(case.default, case.default.is_none());
            let values = resolve(&declared, environment, &pairs(case.flags));
            let got = values.ok().map(|values| values["a_b"].clone());
            assert_eq!(got.as_deref(), case.want, "{}", case.name);
        }
    }

    #[test]
    fn templates_take_values() {
        let values = BTreeMap::from_iter(pairs(&[("a", "1"), ("b_c", "{{ a }}")]));
        let cases = [
            ("", Some("")),
            ("x", Some("x")),
            ("{{ a }}", Some("1")),
            ("{{a}}-{{  b_c }}.", Some("1-{{ a }}.")),
            ("} {", Some("} {")),
            ("}}", Some("}}")),
            ("{{ a", None),
            ("{{ A }}", None),
            ("{{ }}", None),
        ];
        for (text, want) in cases {
            let got = Template::parse(text).ok().map(|t| t.render(&values));
            assert_eq!(got.as_deref(), want, "{text}");
        }
    }
}
