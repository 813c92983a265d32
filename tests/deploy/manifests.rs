//! Reading manifests, so that nothing in them goes unnoticed.

use std::collections::BTreeMap;
use std::fs;

use k8s_openapi::api::core::v1::{Secret, SecretKeySelector};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spin_pushgateway::config::Config;
use spin_pushgateway::routes::{self, Paths, Route};

use crate::crds::{Custom, Kustomization, ServiceMonitor};
use crate::support::files;

/// A file of one manifest.
///
/// It must hold nothing that its type does not know: types of Kubernetes drop such fields, as the API does, so it is
/// written again and compared.
pub(crate) fn read<T: DeserializeOwned + Serialize>(file: &str) -> T {
    let text = files::read(file);
    let written: Value =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let manifest: T =
        serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{file}: {error}"));
    let known = serde_json::to_value(&manifest).expect("a manifest is JSON");
    assert_eq!(
        without_nulls(known),
        written,
        "{file} has what its type has not"
    );
    manifest
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// The ServiceMonitor of a folder.
pub(crate) fn monitor(folder: &str) -> Custom<ServiceMonitor> {
    let monitor: Custom<ServiceMonitor> = read(&format!("{folder}/servicemonitor.yaml"));
    assert_eq!(
        (monitor.api_version.as_str(), monitor.kind.as_str()),
        ("monitoring.coreos.com/v1", "ServiceMonitor")
    );
    assert_eq!(monitor.spec.endpoints.len(), 1);
    monitor
}

/// The example Secret of a folder: its name and what it holds.
pub(crate) struct Secrets {
    name: String,
    values: BTreeMap<String, String>,
}

impl Secrets {
    pub(crate) fn of(folder: &str) -> Self {
        let secret: Secret = read(&format!("{folder}/secret.example.yaml"));
        Self {
            name: secret.metadata.name.expect("a name"),
            values: secret.string_data.expect("values"),
        }
    }

    pub(crate) fn get(&self, name: &str, key: &str) -> &str {
        assert_eq!(name, self.name);
        self.values
            .get(key)
            .unwrap_or_else(|| panic!("the example has no {key}"))
    }

    pub(crate) fn select(&self, selector: &SecretKeySelector) -> &str {
        self.get(&selector.name, &selector.key)
    }
}

/// Where a variable gets its value from.
pub(crate) enum Source<'a> {
    Plain(&'a str),
    Secret(&'a str),
}

/// The component must accept these variables, and must refuse to work with what the example Secret holds.
pub(crate) fn check_variables(variables: &BTreeMap<String, Source<'_>>) {
    let unknown = variables
        .keys()
        .find(|name| !Config::VARIABLES.contains(&name.as_str()));
    assert_eq!(unknown, None);
    for name in ["push_tokens", "scrape_tokens", "admin_tokens"] {
        assert!(
            matches!(variables.get(name), Some(Source::Secret(_))),
            "{name}"
        );
    }
    let with = |secret: Option<&str>| {
        Config::read(|name| {
            Some(match variables.get(name)? {
                Source::Plain(value) => (*value).to_owned(),
                Source::Secret(example) => secret.unwrap_or(example).to_owned(),
            })
        })
    };
    assert!(with(Some("0123456789abcdef")).is_ok());
    let error = with(None).expect_err("the example is not safe as it stands");
    assert!(error.to_string().contains("_tokens"), "{error}");
}

/// Probes ask for what there is.
pub(crate) fn check_probes(ready: &str, healthy: &[&str]) {
    let paths = Paths::new("", "", "");
    let get = http::Method::GET;
    assert!(matches!(routes::route(&get, ready, &paths), Route::Ready));
    for path in healthy {
        assert!(matches!(routes::route(&get, path, &paths), Route::Healthy));
    }
}

/// What a folder gives to `kubectl apply -k`: everything in it but the example Secret.
pub(crate) fn check_kustomization(folder: &str) {
    let list: Kustomization = read(&format!("{folder}/kustomization.yaml"));
    let mut listed = list.resources;
    listed.extend(["kustomization.yaml", "secret.example.yaml"].map(str::to_owned));
    listed.sort();
    let mut there: Vec<String> = fs::read_dir(files::path(folder))
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    there.sort();
    assert_eq!(listed, there);
}
