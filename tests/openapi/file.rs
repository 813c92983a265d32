//! The file: its operations, and what they say of an answer.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::schema::{self, resolve};
use crate::support::client::Response;

/// The keys of a path that are methods.
const METHODS: [&str; 8] = [
    "delete", "get", "head", "options", "patch", "post", "put", "trace",
];

/// `docs/openapi.yaml`.
#[derive(Debug)]
pub(crate) struct Description(Value);

/// What can be asked of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    description: &'a Description,
    /// The path, with names in braces.
    pub(crate) path: &'a str,
    /// The method, in lower case.
    method: &'a str,
    item: &'a Value,
}

impl Description {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        let text = include_str!("../../docs/openapi.yaml");
        Self(serde_saphyr::from_str(text).expect("the file is YAML"))
    }

    /// The version of the gateway that the file says it describes.
    pub(crate) fn version(&self) -> &str {
        self.0["info"]["version"].as_str().expect("a version")
    }

    /// The paths, with names in braces.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.0["paths"].as_object().expect("paths");
        paths.keys().map(String::as_str)
    }

    /// All operations.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.paths().flat_map(move |path| {
            METHODS.into_iter().filter_map(move |method| {
                self.0["paths"][path].get(method)?;
                Some(self.operation(method, path))
            })
        })
    }

    /// The operation of this method, in lower case, on this path, as the file writes it.
    pub(crate) fn operation<'a>(&'a self, method: &'a str, path: &'a str) -> Operation<'a> {
        let item = &self.0["paths"][path];
        assert!(item.get(method).is_some(), "{method} {path} is in the file");
        Operation {
            description: self,
            path,
            method,
            item,
        }
    }

    /// The path with an example for each name in it.
    pub(crate) fn example_of(&self, path: &str) -> String {
        let parameters = self.0["paths"][path]["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        parameters.fold(path.to_owned(), |target, parameter| {
            let parameter = resolve(&self.0, parameter);
            let name = parameter["name"].as_str().expect("a name");
            let example = parameter["example"].as_str().unwrap_or("x");
            target.replace(&format!("{{{name}}}"), example)
        })
    }

    /// The methods of a path, as `Allow` lists them.
    pub(crate) fn allow(&self, path: &str) -> String {
        let operations = self.operations().filter(|operation| operation.path == path);
        let methods: BTreeSet<_> = operations.map(|operation| operation.method()).collect();
        methods.into_iter().collect::<Vec<_>>().join(", ")
    }
}

impl Operation<'_> {
    /// The method, as it goes out.
    pub(crate) fn method(&self) -> String {
        self.method.to_uppercase()
    }

    /// A target that is a good one.
    pub(crate) fn target(&self) -> String {
        self.description.example_of(self.path)
    }

    fn definition(&self) -> &Value {
        &self.item[self.method]
    }

    /// The name that is unlike any other's.
    pub(crate) fn id(&self) -> &str {
        self.definition()["operationId"].as_str().expect("an id")
    }

    /// The statuses that an answer can have.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let responses = self.definition()["responses"]
            .as_object()
            .expect("responses");
        let statuses = responses.keys().map(|status| status.parse());
        statuses.collect::<Result<_, _>>().expect("statuses")
    }

    /// The tokens that are good for it: none, or `push`, `scrape` or `admin`.
    pub(crate) fn right(&self) -> Option<&str> {
        let requirements = self.definition()["security"].as_array()?;
        requirements
            .iter()
            .find_map(|requirement| requirement["bearer"][0].as_str())
    }

    /// Checks that the answer is one of those that the file says.
    pub(crate) fn check(&self, answer: &Response) -> Result<(), String> {
        let document = &self.description.0;
        let responses = &self.definition()["responses"];
        let wanted = responses
            .get(answer.status.to_string())
            .ok_or("the status is not in the file")?;
        let wanted = resolve(document, wanted);
        for (name, header) in wanted["headers"].as_object().into_iter().flatten() {
            let found = answer.header(&name.to_lowercase());
            let found = found.ok_or_else(|| format!("the header {name} is missing"))?;
            let found = match header["schema"]["type"].as_str() {
                Some("integer") => found.parse::<u64>().map(Value::from).unwrap_or_default(),
                _ => Value::from(found),
            };
            schema::check(document, &header["schema"], &found)?;
        }
        let Some(contents) = wanted["content"].as_object() else {
            return if answer.body.is_empty() {
                Ok(())
            } else {
                Err("no body is expected".to_owned())
            };
        };
        let found = answer.header("content-type").unwrap_or_default();
        let essence = found.split(';').next().unwrap_or_default();
        let content = contents.get(essence);
        let content = content.ok_or_else(|| format!("the type {found:?} is not in the file"))?;
        let body = if essence == "application/json" {
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?
        } else {
            Value::from(answer.text())
        };
        schema::check(document, &content["schema"], &body)
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path)
    }
}
