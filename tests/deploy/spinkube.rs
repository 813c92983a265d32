//! `deploy/spinkube`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::crds::{Custom, SpinApp};
use crate::manifests::{self, Secrets, Source};

const FOLDER: &str = "deploy/spinkube";

fn application() -> Custom<SpinApp> {
    let application: Custom<SpinApp> = manifests::read(&format!("{FOLDER}/spinapp.yaml"));
    assert_eq!(
        (application.api_version.as_str(), application.kind.as_str()),
        ("core.spinkube.dev/v1alpha1", "SpinApp")
    );
    application
}

#[test]
fn the_store_is_redis_and_its_address_is_in_the_secret() {
    let stores = application()
        .spec
        .runtime_config
        .and_then(|config| config.key_value_stores);
    let stores = stores.expect("a store");
    assert_eq!(stores.len(), 1);
    assert_eq!(
        (stores[0].name.as_str(), stores[0].r#type.as_str()),
        ("default", "redis")
    );
    let options = stores[0].options.as_ref().expect("options");
    assert_eq!((options.len(), options[0].name.as_str()), (1, "url"));
    let source = options[0].value_from.as_ref().expect("a secret");
    let url = Secrets::of(FOLDER)
        .select(&source.secret_key_ref)
        .to_owned();
    assert!(url.starts_with("redis://"), "{url}");
}

#[test]
fn variables_and_secrets_are_those_that_there_are() {
    let secrets = Secrets::of(FOLDER);
    let settings = application().spec.variables.expect("variables");
    let variables: BTreeMap<_, _> = settings
        .iter()
        .map(|setting| {
            let from = setting.value_from.as_ref();
            let source = match from.and_then(|from| from.secret_key_ref.as_ref()) {
                Some(selector) => Source::Secret(secrets.select(selector)),
                None => Source::Plain(setting.value.as_deref().expect("a value")),
            };
            (setting.name.clone(), source)
        })
        .collect();
    manifests::check_variables(&variables);
    let monitor = manifests::monitor(FOLDER);
    let authorization = monitor.spec.endpoints[0].authorization.as_ref();
    secrets.select(&authorization.expect("a token").credentials);
}

#[test]
fn probes_ask_for_what_there_is() {
    let checks = application().spec.checks.expect("checks");
    let (readiness, liveness) = (
        checks.readiness.expect("one"),
        checks.liveness.expect("one"),
    );
    manifests::check_probes(&readiness.http_get.path, &[&liveness.http_get.path]);
}

#[test]
fn the_monitor_finds_the_service_that_the_operator_makes() {
    let monitor = manifests::monitor(FOLDER);
    let labels = monitor.spec.selector.match_labels.expect("labels");
    let name = application().metadata.name;
    assert_eq!(
        labels,
        BTreeMap::from([("core.spinkube.dev/app-name".to_owned(), name)])
    );
    let port = monitor.spec.endpoints[0].target_port.clone();
    assert_eq!(port, Some(IntOrString::String("http-app".to_owned())));
}

#[test]
fn everything_but_the_example_is_applied() {
    manifests::check_kustomization(FOLDER);
}
