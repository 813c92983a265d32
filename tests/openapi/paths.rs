//! Every path and method of the code is in the file, and the other way round.

use std::collections::BTreeSet;

use http::Method;
use spin_pushgateway::routes::{self, Paths, Route};

use crate::file::Description;
use crate::support::client::Body;
use crate::support::gateway::Options;

/// Whether a path of the file is one of those that a template of the code stands for.
fn fits(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in template.split('/') {
        let Some(part) = parts.next() else {
            return false;
        };
        if wanted.ends_with("...}") {
            return true;
        }
        if part != wanted && !(wanted.starts_with('{') && part.starts_with('{')) {
            return false;
        }
    }
    parts.next().is_none()
}

#[test]
fn every_path_of_the_code_is_in_the_file_and_no_other() {
    let description = Description::read();
    let templates = routes::templates().map(str::to_owned);
    let telemetry = Paths::new("", "", "").telemetry();
    let templates: Vec<String> = templates.chain([telemetry]).collect();
    for template in &templates {
        assert!(
            description.paths().any(|path| fits(template, path)),
            "{template} is not in the file"
        );
    }
    for path in description.paths() {
        let fitting = templates.iter().filter(|template| fits(template, path));
        assert_eq!(fitting.count(), 1, "{path} is a path of the code");
    }
}

#[test]
fn every_path_has_the_methods_that_the_file_says() {
    let description = Description::read();
    let paths = Paths::new("", "", "");
    for path in description.paths() {
        let target = description.example_of(path);
        let allow = description.allow(path);
        for method in [
            Method::DELETE,
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
            Method::POST,
            Method::PUT,
            Method::TRACE,
        ] {
            let route = routes::route(&method, &target, &paths);
            let is_described = allow.split(", ").any(|name| name == method.as_str());
            match route {
                Route::NotFound => panic!("{target} is not found"),
                Route::MethodNotAllowed(methods) => {
                    assert!(!is_described, "{method} {target}");
                    assert_eq!(methods, allow, "{target}");
                }
                Route::Options(methods) | Route::ApiOptions(methods) => {
                    assert_eq!(methods, allow, "{target}");
                }
                _ => assert!(is_described, "{method} {target}"),
            }
        }
    }
}

#[test]
fn other_methods_and_paths_are_refused_as_the_file_says() {
    let description = Description::read();
    let gateway = Options::new().start();
    let mut client = gateway.client();
    for path in description.paths() {
        let target = description.example_of(path);
        let allow = description.allow(path);
        for method in ["DELETE", "GET", "PATCH", "POST", "PUT", "BREW"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = client
                .send(method, &target, &[], Body::None)
                .expect("an answer");
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_eq!(answer.header("allow"), Some(&*allow), "{method} {target}");
        }
        for other in [format!("/no{target}"), format!("{target}/no/such//path")] {
            let answer = client.get(&other).expect("an answer");
            assert!([404, 405].contains(&answer.status), "{other}: {answer:?}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let description = Description::read();
    let ids: Vec<String> = description
        .operations()
        .map(|operation| operation.id().to_owned())
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert_eq!(description.version(), env!("CARGO_PKG_VERSION"));
}
