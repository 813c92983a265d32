//! Custom resources of the manifests. No package carries these types: they are written by hand, after the definitions
//! of the projects, without what an author does not write (status, volumes).
//!
//! A field that is not here is an error, so a misspelt one is found. Whoever uses a further field adds it here, after
//! a look at the definition.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use k8s_openapi::api::core::v1::{EnvVarSource, LocalObjectReference, SecretKeySelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::{Deserialize, Serialize};

/// A resource.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Custom<Spec> {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

/// What an author writes of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// `SpinApp`, core.spinkube.dev/v1alpha1.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SpinApp {
    pub(crate) image: String,
    /// The operator refuses an application without, unless there is a default.
    pub(crate) executor: String,
    /// At least one, unless `enable_autoscaling`.
    pub(crate) replicas: Option<NonZeroU32>,
    pub(crate) enable_autoscaling: Option<bool>,
    pub(crate) image_pull_secrets: Option<Vec<LocalObjectReference>>,
    pub(crate) checks: Option<Checks>,
    pub(crate) runtime_config: Option<RuntimeConfig>,
    pub(crate) variables: Option<Vec<Setting<EnvVarSource>>>,
    pub(crate) resources: Option<Resources>,
    pub(crate) components: Option<Vec<String>>,
    pub(crate) service_account_name: Option<String>,
    pub(crate) service_annotations: Option<BTreeMap<String, String>>,
    pub(crate) deployment_annotations: Option<BTreeMap<String, String>>,
    pub(crate) pod_annotations: Option<BTreeMap<String, String>>,
    pub(crate) pod_labels: Option<BTreeMap<String, String>>,
    pub(crate) invocation_limits: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checks {
    pub(crate) readiness: Option<Probe>,
    pub(crate) liveness: Option<Probe>,
}

/// Has no port: the operator knows it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Probe {
    pub(crate) http_get: HttpGet,
    pub(crate) initial_delay_seconds: Option<u32>,
    pub(crate) timeout_seconds: Option<NonZeroU32>,
    pub(crate) period_seconds: Option<NonZeroU32>,
    pub(crate) success_threshold: Option<NonZeroU32>,
    pub(crate) failure_threshold: Option<NonZeroU32>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HttpGet {
    pub(crate) path: String,
    pub(crate) http_headers: Option<Vec<BTreeMap<String, String>>>,
}

/// The other kinds of stores that it may have are of no use here.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RuntimeConfig {
    /// Makes everything else be ignored.
    pub(crate) load_from_secret: Option<String>,
    pub(crate) key_value_stores: Option<Vec<KeyValueStore>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyValueStore {
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) options: Option<Vec<Setting<OptionSource>>>,
}

/// A name with a value, or where to find one.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Setting<Source> {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) value_from: Option<Source>,
}

/// Without the ConfigMap that it could be: a URL may hold a password.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct OptionSource {
    pub(crate) secret_key_ref: SecretKeySelector,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resources {
    pub(crate) limits: Option<BTreeMap<String, Quantity>>,
    pub(crate) requests: Option<BTreeMap<String, Quantity>>,
}

/// `ServiceMonitor`, monitoring.coreos.com/v1, as far as scraping one Service needs it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ServiceMonitor {
    pub(crate) selector: LabelSelector,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) job_label: Option<String>,
    pub(crate) sample_limit: Option<u64>,
    pub(crate) body_size_limit: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Endpoint {
    /// The name of a port of the Service.
    pub(crate) port: Option<String>,
    /// The name or number of a port of its pods.
    pub(crate) target_port: Option<IntOrString>,
    pub(crate) path: Option<String>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) interval: Option<String>,
    pub(crate) scrape_timeout: Option<String>,
    pub(crate) honor_labels: Option<bool>,
    pub(crate) honor_timestamps: Option<bool>,
    pub(crate) authorization: Option<Authorization>,
    pub(crate) relabelings: Option<Vec<Relabeling>>,
    pub(crate) metric_relabelings: Option<Vec<Relabeling>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    Http,
    Https,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authorization {
    /// Anything but basic; Bearer if it is left out.
    pub(crate) r#type: Option<String>,
    pub(crate) credentials: SecretKeySelector,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Relabeling {
    pub(crate) source_labels: Option<Vec<String>>,
    pub(crate) separator: Option<String>,
    pub(crate) target_label: Option<String>,
    pub(crate) regex: Option<String>,
    pub(crate) modulus: Option<u64>,
    pub(crate) replacement: Option<String>,
    pub(crate) action: Option<Action>,
}

/// The operator takes them with a capital, too.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Replace,
    Keep,
    Drop,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
    KeepEqual,
    DropEqual,
}

/// `Kustomization`, kustomize.config.k8s.io/v1beta1, as far as it is used.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Kustomization {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) resources: Vec<String>,
}
