//! Checks requests and answers against the OpenAPI document: an undocumented route, status, media type
//! or field is a failure. A keyword this does not know is a failure too, so that nothing passes unseen.

use serde_json::Value;

/// Panics unless the exchange is as documented. Requests are checked when they were accepted.
pub fn check_exchange(
    document: &Value,
    method: &str,
    path: &str,
    request: Option<(&str, &str)>,
    status: u16,
    content_type: Option<&str>,
    body: &str,
) {
    let path = path.split('?').next().unwrap();
    let operation = operation(document, method, path)
        .unwrap_or_else(|| panic!("{method} {path} is not documented"));
    let place = format!("{method} {path} {status}");
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{place}: undocumented status; body {body}"
    );
    check_content(document, &place, &response["content"], content_type, body);
    if (200..300).contains(&status)
        && let Some((kind, text)) = request
    {
        let content = &operation["requestBody"]["content"];
        check_content(
            document,
            &format!("{place} request"),
            content,
            Some(kind),
            text,
        );
    }
}

fn operation<'d>(document: &'d Value, method: &str, path: &str) -> Option<&'d Value> {
    let paths = document["paths"].as_object()?;
    let method = method.to_lowercase();
    let fits = |template: &str| {
        let (mut wanted, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(part), Some(text)) if part == text => {}
                (Some(part), Some(text)) if part.starts_with('{') && !text.is_empty() => {}
                _ => return false,
            }
        }
    };
    // A literal path goes before a template, as in the router.
    paths
        .get(path)
        .or_else(|| {
            paths
                .iter()
                .find(|(template, item)| fits(template) && item.get(&method).is_some())
                .map(|(_, item)| item)
        })?
        .get(&method)
}

fn check_content(
    document: &Value,
    place: &str,
    content: &Value,
    content_type: Option<&str>,
    body: &str,
) {
    let Some(content) = content.as_object() else {
        assert!(
            body.is_empty(),
            "{place}: a body where none is documented: {body}"
        );
        return;
    };
    let kind = content_type
        .and_then(|text| text.split(';').next())
        .unwrap_or_else(|| panic!("{place}: no content type"));
    let media = content
        .get(kind)
        .unwrap_or_else(|| panic!("{place}: undocumented media type {kind}"));
    let values: Vec<Value> = match kind {
        "application/json" | "application/problem+json" => {
            vec![
                serde_json::from_str(body)
                    .unwrap_or_else(|error| panic!("{place}: {error}: {body}")),
            ]
        }
        "application/x-ndjson" if media["schema"]["type"] != "string" => body
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        _ => vec![Value::String(body.to_owned())],
    };
    for value in values {
        if let Err(error) = check(document, &media["schema"], &value, "") {
            panic!("{place}: {error}\n{body}");
        }
    }
}

/// Checks a value against a JSON Schema (the part of 2020-12 that the document uses).
pub fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(schema) = schema.as_object() else {
        return match schema {
            Value::Bool(true) => Ok(()),
            other => Err(format!("{at}: no schema: {other}")),
        };
    };
    for (keyword, wanted) in schema {
        match keyword.as_str() {
            "description" | "title" | "default" | "example" | "examples" | "format" => {}
            "properties" | "additionalProperties" => {}
            "propertyNames" => {}
            "$ref" => {
                let name = wanted.as_str().unwrap();
                let target = document
                    .pointer(name.strip_prefix('#').unwrap())
                    .ok_or_else(|| format!("{at}: {name} leads nowhere"))?;
                check(document, target, value, at)?;
            }
            "type" => {
                let fits = match wanted {
                    Value::String(one) => is_type(value, one),
                    Value::Array(many) => {
                        many.iter().any(|one| is_type(value, one.as_str().unwrap()))
                    }
                    _ => false,
                };
                if !fits {
                    return Err(format!("{at}: expected {wanted}, found {value}"));
                }
            }
            "enum" => {
                if !wanted.as_array().unwrap().contains(value) {
                    return Err(format!("{at}: {value} is not one of {wanted}"));
                }
            }
            "required" => {
                for name in wanted.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        return Err(format!("{at}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, wanted, item, &format!("{at}/{index}"))?;
                }
            }
            "oneOf" | "anyOf" => {
                let options = wanted.as_array().unwrap();
                if !options
                    .iter()
                    .any(|option| check(document, option, value, at).is_ok())
                {
                    return Err(format!("{at}: {value} fits none of {wanted}"));
                }
            }
            "allOf" => {
                for option in wanted.as_array().unwrap() {
                    check(document, option, value, at)?;
                }
            }
            "minimum" => {
                if value
                    .as_f64()
                    .is_some_and(|value| value < wanted.as_f64().unwrap())
                {
                    return Err(format!("{at}: {value} is below {wanted}"));
                }
            }
            "maximum" => {
                if value
                    .as_f64()
                    .is_some_and(|value| value > wanted.as_f64().unwrap())
                {
                    return Err(format!("{at}: {value} is above {wanted}"));
                }
            }
            "minLength" | "maxLength" => {
                let wanted = wanted.as_u64().unwrap() as usize;
                let short = keyword == "minLength";
                if value.as_str().is_some_and(|text| {
                    let chars = text.chars().count();
                    if short {
                        chars < wanted
                    } else {
                        chars > wanted
                    }
                }) {
                    return Err(format!("{at}: {keyword} is {wanted}"));
                }
            }
            "pattern" => {
                let pattern = regex::Regex::new(wanted.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                    return Err(format!("{at}: {value} does not match {wanted}"));
                }
            }
            "not" => {
                if check(document, wanted, value, at).is_ok() {
                    return Err(format!("{at}: {value} fits what it must not"));
                }
            }
            other => return Err(format!("{at}: the keyword {other} is not checked")),
        }
    }
    if let Some(object) = value.as_object() {
        let empty = serde_json::Map::new();
        let known = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        for (name, inner) in object {
            let at = format!("{at}/{name}");
            match (known.get(name), schema.get("additionalProperties")) {
                (Some(property), _) => check(document, property, inner, &at)?,
                (None, Some(Value::Bool(false))) => return Err(format!("{at} is not documented")),
                (None, Some(more)) => check(document, more, inner, &at)?,
                // Answers may not grow fields that nobody wrote down.
                (None, None) if !known.is_empty() => return Err(format!("{at} is not documented")),
                (None, None) => {}
            }
        }
    }
    Ok(())
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
