//! `deploy/kubernetes` and the `Dockerfile`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, Probe, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::manifests::{self, Secrets, Source};
use crate::support::files;

const FOLDER: &str = "deploy/kubernetes";

fn deployment() -> Deployment {
    manifests::read(&format!("{FOLDER}/deployment.yaml"))
}

fn service() -> Service {
    manifests::read(&format!("{FOLDER}/service.yaml"))
}

fn template() -> PodTemplateSpec {
    deployment().spec.expect("a specification").template
}

fn pod() -> PodSpec {
    template().spec.expect("a specification")
}

fn container() -> Container {
    let mut containers = pod().containers;
    assert_eq!(containers.len(), 1);
    containers.remove(0)
}

/// The container's only port: its name and number.
fn port() -> (String, i32) {
    let ports = container().ports.expect("a port");
    assert_eq!(ports.len(), 1);
    (
        ports[0].name.clone().expect("a name"),
        ports[0].container_port,
    )
}

/// The argument after this one, in the entry point of the image or in the container's.
fn argument(name: &str) -> String {
    let arguments: Vec<String> = serde_json::from_str(&instruction("ENTRYPOINT")).expect("JSON");
    let arguments: Vec<_> = arguments
        .into_iter()
        .chain(container().args.expect("arguments"))
        .collect();
    let at = arguments.iter().position(|argument| argument == name);
    arguments[at.expect("the argument") + 1].clone()
}

/// What follows this word in the last stage of the Dockerfile.
fn instruction(word: &str) -> String {
    let file = files::read("Dockerfile");
    let (_, last) = file.rsplit_once("\nFROM ").expect("a stage");
    let line = last.lines().find_map(|line| line.strip_prefix(word));
    line.expect("the instruction").trim().to_owned()
}

#[test]
fn selectors_meet_labels_and_ports_meet_ports() {
    let labels = template()
        .metadata
        .and_then(|meta| meta.labels)
        .expect("labels");
    let selected = |selector: BTreeMap<String, String>| {
        !selector.is_empty()
            && selector
                .iter()
                .all(|pair| labels.iter().any(|label| label == pair))
    };
    let spec = deployment().spec.expect("a specification");
    assert!(selected(spec.selector.match_labels.expect("labels")));
    for spread in pod().topology_spread_constraints.expect("a constraint") {
        let selector = spread
            .label_selector
            .and_then(|selector| selector.match_labels);
        assert!(selected(selector.expect("labels")));
    }

    let service = service();
    let spec = service.spec.expect("a specification");
    assert!(selected(spec.selector.expect("labels")));
    let ports = spec.ports.expect("a port");
    assert_eq!(ports.len(), 1);
    assert_eq!(ports[0].target_port, Some(IntOrString::String(port().0)));
    assert_eq!(ports[0].port, port().1);

    let monitor = manifests::monitor(FOLDER);
    let endpoint = &monitor.spec.endpoints[0];
    assert_eq!(endpoint.port, ports[0].name);
    let selector = monitor.spec.selector.match_labels.expect("labels");
    assert_eq!(service.metadata.labels, Some(selector));
}

#[test]
fn the_container_listens_where_probes_and_the_service_look() {
    assert_eq!(argument("--listen"), format!("0.0.0.0:{}", port().1));
    assert_eq!(instruction("EXPOSE"), port().1.to_string());
    let container = container();
    let path = |probe: Option<Probe>| {
        let get = probe
            .and_then(|probe| probe.http_get)
            .expect("an HTTP probe");
        assert_eq!(get.port, IntOrString::String(port().0));
        get.path.expect("a path")
    };
    manifests::check_probes(
        &path(container.readiness_probe),
        &[
            &path(container.liveness_probe),
            &path(container.startup_probe),
        ],
    );
}

#[test]
fn variables_and_secrets_are_those_that_there_are() {
    let secrets = Secrets::of(FOLDER);
    let environment = container().env.expect("variables");
    let variables = environment.iter().map(|variable| {
        let name = variable
            .name
            .strip_prefix("SPIN_VARIABLE_")
            .expect("a variable of Spin");
        let from = variable.value_from.as_ref();
        let source = match from.and_then(|from| from.secret_key_ref.as_ref()) {
            Some(selector) => Source::Secret(secrets.select(selector)),
            None => Source::Plain(variable.value.as_deref().expect("a value")),
        };
        (name.to_ascii_lowercase(), source)
    });
    manifests::check_variables(&variables.collect());
    let monitor = manifests::monitor(FOLDER);
    let authorization = monitor.spec.endpoints[0].authorization.as_ref();
    secrets.select(&authorization.expect("a token").credentials);
}

#[test]
fn what_the_arguments_name_is_mounted() {
    let mounts = container().volume_mounts.expect("mounts");
    let volumes = pod().volumes.expect("volumes");
    for mount in &mounts {
        assert!(
            volumes.iter().any(|volume| volume.name == mount.name),
            "{}",
            mount.name
        );
    }
    // The root is read-only, so what is written must be on a volume.
    for written in [argument("--state-dir"), "/tmp".to_owned()] {
        let mount = mounts.iter().find(|mount| mount.mount_path == written);
        assert!(
            mount.is_some_and(|mount| mount.read_only != Some(true)),
            "{written}"
        );
    }
    let secret = volumes
        .iter()
        .find_map(|volume| volume.secret.as_ref())
        .expect("a secret");
    let item = &secret.items.as_ref().expect("items")[0];
    Secrets::of(FOLDER).get(secret.secret_name.as_deref().expect("a name"), &item.key);
    assert_eq!(
        argument("--runtime-config-file"),
        format!("/config/{}", item.path)
    );
    assert!(mounts.iter().any(|mount| mount.mount_path == "/config"));
}

#[test]
fn nothing_runs_as_root_or_could_become_it() {
    let user = pod().security_context.expect("a context");
    assert_eq!(user.run_as_non_root, Some(true));
    let number = user.run_as_user.expect("a number");
    assert_ne!(number, 0);
    assert_eq!(instruction("USER"), format!("{number}:{number}"));
    let context = container().security_context.expect("a context");
    assert_eq!(
        (
            context.allow_privilege_escalation,
            context.read_only_root_filesystem
        ),
        (Some(false), Some(true))
    );
    let dropped = context
        .capabilities
        .and_then(|capabilities| capabilities.drop);
    assert_eq!(dropped, Some(vec!["ALL".to_owned()]));
}

#[test]
fn the_image_has_the_component_where_the_manifest_looks_for_it() {
    let manifest = files::read("spin.toml");
    let source = manifest
        .lines()
        .find_map(|line| line.strip_prefix("source = "))
        .expect("a component")
        .trim_matches('"');
    let file = files::read("Dockerfile");
    // Everything that `make build` has built, which is one component.
    let (folder, name) = source.rsplit_once('/').expect("a folder");
    assert!(name.ends_with(".wasm"), "{name}");
    let copied = format!("COPY --from=component /source/{folder}/*.wasm /app/{folder}/\n");
    assert!(file.contains(&copied), "{copied}");
    assert!(file.contains("RUN make build\n"));
    assert!(file.contains("COPY spin.toml /app/\n"));
    assert_eq!(argument("--from"), "/app/spin.toml");

    let package = files::read("Cargo.toml");
    let rust = package
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""));
    let rust = rust.expect("a version").trim_end_matches('"');
    assert!(file.contains(&format!("ARG RUST_VERSION={rust}\n")));
}

#[test]
fn everything_but_the_example_is_applied() {
    manifests::check_kustomization(FOLDER);
}
