//! `spin.toml`, as far as an HTTP application of one component needs it.
//!
//! What the local host cannot do is refused: an application must not run here in a way in which
//! it does not run on Spin. Build commands and descriptions have no effect on running it, and
//! are accepted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::document;
use crate::route::Route;
use crate::variables::{Declaration, Template, is_name};

/// An application that the local host can run.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The variables that `[variables]` declares.
    pub(crate) variables: BTreeMap<String, Declaration>,
    /// Where the component is mounted.
    pub(crate) route: Route,
    /// The component's name, as in `[component.NAME]`.
    pub(crate) id: String,
    /// The component's file.
    pub(crate) source: PathBuf,
    /// Environment variables for the component.
    pub(crate) environment: BTreeMap<String, String>,
    /// The key-value stores that the component may open.
    pub(crate) stores: Vec<String>,
    /// Where the component may send requests to.
    pub(crate) allowed_hosts: Vec<Template>,
    /// The component's variables, by name.
    pub(crate) component_variables: BTreeMap<String, Template>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    spin_manifest_version: u32,
    #[serde(rename = "application")]
    _application: Application,
    #[serde(default)]
    variables: BTreeMap<String, Declaration>,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "version")]
    _version: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "authors")]
    _authors: Option<Vec<String>>,
    #[serde(rename = "targets")]
    _targets: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpTrigger {
    #[serde(rename = "id")]
    _id: Option<String>,
    route: String,
    component: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Component {
    #[serde(rename = "description")]
    _description: Option<String>,
    source: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    key_value_stores: Vec<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<Template>,
    #[serde(default)]
    variables: BTreeMap<String, Template>,
    #[serde(rename = "build")]
    _build: Option<IgnoredAny>,
}

impl Manifest {
    /// Reads a manifest. Paths in it are relative to its folder.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let document = document::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::check(document, folder).with_context(|| path.display().to_string())
    }

    fn check(document: Document, folder: &Path) -> Result<Self> {
        let version = document.spin_manifest_version;
        ensure!(
            version == 2,
            "spin_manifest_version {version} is not supported, only 2"
        );
        for (name, declaration) in &document.variables {
            ensure!(is_name(name), "{name:?} is no variable name");
            ensure!(
                declaration.required != declaration.default.is_some(),
                "variable {name:?} must have either a default or required = true"
            );
        }
        let [trigger] = <[HttpTrigger; 1]>::try_from(document.trigger.http)
            .map_err(|all| anyhow::anyhow!("expected one [[trigger.http]], found {}", all.len()))?;
        let mut components = document.component;
        let component = components.remove(&trigger.component).with_context(|| {
            format!("the trigger's component {:?} is missing", trigger.component)
        })?;
        if let Some(other) = components.keys().next() {
            bail!("component {other:?} has no trigger; only one component is supported");
        }
        let id = trigger.component;
        let hosts = component.allowed_outbound_hosts.iter();
        let hosts = hosts.map(|template| ("allowed_outbound_hosts", template));
        for name in component.variables.keys() {
            ensure!(
                is_name(name),
                "component {id:?}: {name:?} is no variable name"
            );
        }
        let variables = component.variables.iter();
        let variables = variables.map(|(name, template)| (name.as_str(), template));
        for (name, template) in hosts.chain(variables) {
            for used in template.names() {
                ensure!(
                    document.variables.contains_key(used),
                    "component {id:?}: {name:?} uses {used:?}, which [variables] does not declare"
                );
            }
        }
        Ok(Self {
            variables: document.variables,
            route: Route::parse(&trigger.route)?,
            source: folder.join(component.source),
            environment: component.environment,
            stores: component.key_value_stores,
            allowed_hosts: component.allowed_outbound_hosts,
            component_variables: component.variables,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Manifest;
    use crate::document;
    use std::path::Path;

    const GOOD: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "probe"
        version = "0.1.0"
        authors = ["A <a@example.org>"]
        [variables]
        greeting = { default = "hello", description = "said first" }
        token = { required = true, secret = true }
        [[trigger.http]]
        route = "/pgw/..."
        component = "probe"
        [component.probe]
        source = "target/probe.wasm"
        key_value_stores = ["default"]
        allowed_outbound_hosts = []
        environment = { RUST_BACKTRACE = "1" }
        [component.probe.variables]
        line = "{{ greeting }}, {{ token }}"
        [component.probe.build]
        command = "cargo build"
        watch = ["src/**/*.rs"]
    "#;

    fn check(text: &str) -> Result<Manifest, String> {
        let document = document::parse(text).map_err(|e| e.to_string())?;
        Manifest::check(document, Path::new("app")).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn a_manifest_is_read() {
        let manifest = check(GOOD).expect("a good manifest");
        assert_eq!(manifest.id, "probe");
        assert_eq!(manifest.source, Path::new("app/target/probe.wasm"));
        assert_eq!(manifest.route.raw(), "/pgw/...");
        assert_eq!(manifest.stores, ["default"]);
        assert_eq!(manifest.environment["RUST_BACKTRACE"], "1");
        assert_eq!(
            manifest.variables["greeting"].default.as_deref(),
            Some("hello")
        );
        assert!(manifest.variables["token"].required);
        let names: Vec<_> = manifest.component_variables["line"].names().collect();
        assert_eq!(names, ["greeting", "token"]);
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        struct Case {
            name: &'static str,
            replace: &'static str,
            with: &'static str,
            want: &'static str,
        }
        let case = |name, replace, with, want| Case {
            name,
            replace,
            with,
            want,
        };
        let cases = [
            case(
                "an old version",
                "version = 2",
                "version = 1",
                "spin_manifest_version 1 is not supported",
            ),
            case(
                "an unknown table",
                "[variables]",
                "[outbound]\n[variables]",
                "7:10: unknown field `outbound`",
            ),
            case(
                "files",
                "allowed_outbound_hosts = []",
                "files = [\"a\"]",
                "unknown field `files`",
            ),
            case(
                "an undeclared variable in outbound hosts",
                "hosts = []",
                "hosts = [\"{{ other }}\"]",
                "\"allowed_outbound_hosts\" uses \"other\", which [variables] does not declare",
            ),
            case(
                "another trigger",
                "[[trigger.http]]",
                "[[trigger.redis]]",
                "unknown field `redis`",
            ),
            case(
                "a private route",
                "\"/pgw/...\"",
                "{ private = true }",
                "invalid type: map, expected a string",
            ),
            case(
                "two triggers",
                "[component.probe]",
                "[[trigger.http]]\nroute = \"/\"\ncomponent = \"b\"\n[component.probe]",
                "expected one [[trigger.http]], found 2",
            ),
            case(
                "no source",
                "source = \"target/probe.wasm\"",
                "",
                "missing field `source`",
            ),
            case(
                "a missing component",
                "component = \"probe\"",
                "component = \"other\"",
                "the trigger's component \"other\" is missing",
            ),
            case(
                "a spare component",
                "[component.probe]",
                "[component.spare]\nsource = \"a\"\n[component.probe]",
                "component \"spare\" has no trigger",
            ),
            case(
                "a remote source",
                "\"target/probe.wasm\"",
                "{ url = \"https://a\" }",
                "expected a string",
            ),
            case(
                "a variable without value",
                "{ required = true, secret = true }",
                "{ secret = true }",
                "\"token\" must have either a default or required = true",
            ),
            case(
                "a variable's name",
                "greeting = {",
                "Greeting = {",
                "\"Greeting\" is no variable name",
            ),
            case(
                "a template",
                "{{ greeting }}",
                "{{ greeting",
                "is no variable name",
            ),
            case(
                "an undeclared variable",
                "{{ token }}",
                "{{ other }}",
                "uses \"other\", which [variables] does not declare",
            ),
            case(
                "a bad route",
                "\"/pgw/...\"",
                "\"pgw\"",
                "route \"pgw\" must start",
            ),
        ];
        for Case {
            name,
            replace,
            with,
            want,
        } in cases
        {
            assert!(GOOD.contains(replace), "{name}");
            let error = check(&GOOD.replacen(replace, with, 1)).expect_err(name);
            assert!(error.contains(want), "{name}: {error}");
        }
    }
}
