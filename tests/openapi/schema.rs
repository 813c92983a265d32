//! Checks JSON against the part of JSON Schema that `docs/openapi.yaml` uses.
//!
//! A keyword that is not known here fails the test, so that the file cannot say more than is checked. (A library for
//! all of JSON Schema builds for minutes.)

use serde_json::{Map, Value};

/// Checks a value. `document` is what references of the schema are looked up in.
///
/// The error says where in the value what is wrong.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = schema.as_object().ok_or("the schema is no object")?;
    keywords.iter().try_for_each(|(keyword, argument)| {
        check_keyword(document, keywords, keyword, argument, value)
            .map_err(|problem| prefixed("", &problem))
    })
}

/// What a reference stands for, or the value itself if it is none.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => reference
            .strip_prefix('#')
            .and_then(|pointer| document.pointer(pointer))
            .unwrap_or_else(|| panic!("nothing is at {reference}")),
        None => value,
    }
}

fn check_keyword(
    document: &Value,
    schema: &Map<String, Value>,
    keyword: &str,
    argument: &Value,
    value: &Value,
) -> Result<(), String> {
    let number = || argument.as_f64().expect("a number");
    let length = || usize::try_from(argument.as_u64().expect("a length")).expect("is small");
    let text = value.as_str();
    let elements = value.as_array();
    let is_fine = match keyword {
        "description" | "example" | "default" => true,
        "$ref" => {
            return check(
                document,
                resolve(document, &Value::Object(schema.clone())),
                value,
            );
        }
        "type" => match argument {
            Value::Array(names) => names.iter().any(|name| is_of_type(value, name)),
            name => is_of_type(value, name),
        },
        "const" => value == argument,
        "enum" => argument.as_array().expect("a list").contains(value),
        "minimum" => value.as_f64().is_none_or(|found| found >= number()),
        "maximum" => value.as_f64().is_none_or(|found| found <= number()),
        "minLength" => text.is_none_or(|text| text.chars().count() >= length()),
        "minItems" => elements.is_none_or(|elements| elements.len() >= length()),
        "maxItems" => elements.is_none_or(|elements| elements.len() <= length()),
        "format" => match argument.as_str() {
            Some("date-time") => text.is_none_or(is_date_time),
            Some("binary") => true,
            _ => panic!("unknown format {argument}"),
        },
        "required" => argument
            .as_array()
            .expect("a list")
            .iter()
            .all(|name| value.get(name.as_str().expect("a name")).is_some()),
        "items" | "prefixItems" => return check_elements(document, schema, keyword, value),
        "properties" | "additionalProperties" => {
            return check_members(document, schema, keyword, value);
        }
        "oneOf" => {
            let schemas = argument.as_array().expect("a list");
            let fitting = schemas
                .iter()
                .filter(|schema| check(document, schema, value).is_ok());
            fitting.count() == 1
        }
        _ => panic!("the schema has a keyword that is not checked: {keyword}"),
    };
    if is_fine {
        Ok(())
    } else {
        Err(format!("{value} is not of {keyword} {argument}"))
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("unknown type {name}"),
    }
}

fn check_elements(
    document: &Value,
    schema: &Map<String, Value>,
    keyword: &str,
    value: &Value,
) -> Result<(), String> {
    let first = schema.get("prefixItems").and_then(Value::as_array);
    let of_element = |at: usize| match keyword {
        "prefixItems" => first.and_then(|schemas| schemas.get(at)),
        _ if first.is_some_and(|schemas| at < schemas.len()) => None,
        _ => schema.get("items"),
    };
    for (at, element) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(schema) = of_element(at) {
            check(document, schema, element)
                .map_err(|problem| prefixed(&at.to_string(), &problem))?;
        }
    }
    Ok(())
}

fn check_members(
    document: &Value,
    schema: &Map<String, Value>,
    keyword: &str,
    value: &Value,
) -> Result<(), String> {
    let named = schema.get("properties").and_then(Value::as_object);
    for (name, member) in value.as_object().into_iter().flatten() {
        let own = named.and_then(|named| named.get(name));
        let wanted = match (keyword, own) {
            ("properties", own) => own,
            (_, Some(_)) => None,
            (_, None) => schema.get("additionalProperties"),
        };
        match wanted {
            Some(Value::Bool(true)) | None => {}
            Some(Value::Bool(false)) => return Err(prefixed(name, "is one too many")),
            Some(schema) => {
                check(document, schema, member).map_err(|problem| prefixed(name, &problem))?;
            }
        }
    }
    Ok(())
}

fn prefixed(name: &str, problem: &str) -> String {
    if name.is_empty() {
        problem.to_owned()
    } else {
        format!("{name}: {problem}")
    }
}

/// Whether a text is a time of RFC 3339 in UTC, as Go writes it: without a fraction, or with one that ends in no zero.
fn is_date_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else {
        return false;
    };
    let Some(fraction) = rest.strip_suffix('Z') else {
        return false;
    };
    fraction.is_empty()
        || fraction.strip_prefix('.').is_some_and(|digits| {
            (1..=9).contains(&digits.len()) && digits.chars().all(|c| c == '0')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_fit_is_found() {
        let document = json!({ "small": { "type": "integer", "maximum": 3 } });
        let cases = [
            (json!({ "$ref": "#/small" }), json!(3), json!(4)),
            (json!({ "type": "string" }), json!(""), json!(1)),
            (
                json!({ "type": ["number", "null"] }),
                json!(null),
                json!(""),
            ),
            (json!({ "const": "a" }), json!("a"), json!("b")),
            (json!({ "enum": ["a", "b"] }), json!("b"), json!("c")),
            (json!({ "minimum": 0 }), json!(0), json!(-1)),
            (json!({ "minLength": 1 }), json!("ä"), json!("")),
            (
                json!({ "minItems": 1, "maxItems": 1 }),
                json!([1]),
                json!([1, 2]),
            ),
            (
                json!({ "required": ["a"] }),
                json!({ "a": 1 }),
                json!({ "b": 1 }),
            ),
            (
                json!({ "items": { "$ref": "#/small" } }),
                json!([1, 2]),
                json!([1, 4]),
            ),
            (
                json!({ "prefixItems": [{ "type": "string" }], "items": { "$ref": "#/small" } }),
                json!(["a", 1]),
                json!(["a", "b"]),
            ),
            (
                json!({ "properties": { "a": { "$ref": "#/small" } }, "additionalProperties": false }),
                json!({ "a": 1 }),
                json!({ "a": 1, "b": 1 }),
            ),
            (
                json!({ "properties": { "a": {} }, "additionalProperties": { "$ref": "#/small" } }),
                json!({ "a": 9, "b": 1 }),
                json!({ "b": 9 }),
            ),
            (
                json!({ "oneOf": [{ "type": "number" }, { "$ref": "#/small" }] }),
                json!(4),
                json!(3),
            ),
            (
                json!({ "format": "date-time" }),
                json!("2026-11-23T03:50:20.5Z"),
                json!("2026-11-23 03:50:20Z"),
            ),
            (
                json!({ "format": "date-time" }),
                json!("0001-01-01T00:00:00Z"),
                json!("2026-11-23T03:50:20.Z"),
            ),
        ];
        for (schema, good, bad) in cases {
            assert_eq!(check(&document, &schema, &good), Ok(()), "{schema}");
            assert!(check(&document, &schema, &bad).is_err(), "{schema}");
        }
    }

    #[test]
    #[should_panic(expected = "not checked: multipleOf")]
    fn what_is_not_checked_is_said() {
        let _ = check(&json!({}), &json!({ "multipleOf": 2 }), &json!(3));
    }
}
