//! The bounds that handlers check, written into `/openapi.json`: from the constants they check with, so
//! that a generated client and the server think alike.
//!
//! What a schema cannot say (bytes of a text, say) stays in the descriptions.

use serde_json::{Map, Value, json};

use super::captchas::MAX_TOKEN_CHARS;
use super::idempotency::MAX_KEY_CHARS;
use super::locks::MAX_REASON_CHARS;
use super::login::{MAX_ACCOUNT_CHARS, MAX_PASSWORD_CHARS, MAX_TEXT_CHARS};
use super::{accounts, alerts, events, outbox};
use crate::accounts::{MAX_ID_BYTES, MAX_NAME_CHARS};

/// The texts of bodies: schema, property, fewest and most characters.
const TEXTS: &[(&str, &str, usize, usize)] = &[
    ("AccountBody", "account", 1, MAX_ID_BYTES),
    ("AccountBody", "password", 1, MAX_PASSWORD_CHARS),
    ("PatchBody", "name", 1, MAX_NAME_CHARS),
    ("PasswordBody", "password", 1, MAX_PASSWORD_CHARS),
    ("LockBody", "reason", 0, MAX_REASON_CHARS),
    ("UnlockBody", "reason", 0, MAX_REASON_CHARS),
    ("LoginBody", "account", 1, MAX_ACCOUNT_CHARS),
    ("LoginBody", "password", 0, MAX_PASSWORD_CHARS),
    ("LoginBody", "machine", 0, MAX_TEXT_CHARS),
    ("LoginBody", "channel", 0, MAX_TEXT_CHARS),
    ("AttemptBody", "account", 1, MAX_ACCOUNT_CHARS),
    ("AttemptBody", "machine", 0, MAX_TEXT_CHARS),
    ("AttemptBody", "channel", 0, MAX_TEXT_CHARS),
    ("Place", "country", 0, MAX_TEXT_CHARS),
    ("Place", "region", 0, MAX_TEXT_CHARS),
    ("Place", "city", 0, MAX_TEXT_CHARS),
    ("Place", "isp", 0, MAX_TEXT_CHARS),
    ("CaptchaFor", "account", 0, MAX_ACCOUNT_CHARS),
    ("CaptchaFor", "machine", 0, MAX_TOKEN_CHARS),
    ("AnswerBody", "account", 0, MAX_ACCOUNT_CHARS),
    ("AnswerBody", "machine", 0, MAX_TOKEN_CHARS),
];

/// The numbers of bodies: schema, property, least and most.
const NUMBERS: &[(&str, &str, i32, i32)] =
    &[("Place", "lat", -90, 90), ("Place", "lon", -180, 180)];

/// The addresses of bodies.
const ADDRESSES: &[&str] = &[
    "LoginBody",
    "AttemptBody",
    "MachineBody",
    "CaptchaFor",
    "AnswerBody",
];

/// How much a page holds at most.
const PAGES: &[(&str, u32)] = &[
    ("/v1/accounts", accounts::MAX_PAGE),
    ("/v1/alerts", alerts::MAX_PAGE),
    ("/v1/events", events::MAX_PAGE),
    ("/v1/outbox", outbox::MAX_PAGE),
];

/// Texts without control characters.
const NO_CONTROLS: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// What load balancers ask with HEAD as well.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Visible ASCII with blanks only inside, as a header's value comes in.
const HEADER_TEXT: &str = "^[!-~]([ -~]*[!-~])?$";

/// Adds every bound. What could not be found is returned: a renamed schema must not lose its bounds.
pub(crate) fn add_bounds(document: &mut Value) -> Vec<String> {
    let mut lost = Vec::new();
    for &(schema, property, least, most) in TEXTS {
        let place = format!("/components/schemas/{schema}/properties/{property}");
        let mut bounds = json!({ "maxLength": most });
        if least > 0 {
            bounds["minLength"] = json!(least);
        }
        if property != "password" {
            bounds["pattern"] = json!(NO_CONTROLS);
        }
        add(document, &place, bounds, &mut lost);
    }
    for &(schema, property, least, most) in NUMBERS {
        let place = format!("/components/schemas/{schema}/properties/{property}");
        let bounds = json!({ "minimum": least, "maximum": most });
        add(document, &place, bounds, &mut lost);
    }
    // 32 bits without a sign, which the format's name would deny.
    let number = json!({ "minimum": 0, "maximum": u32::MAX, "format": "int64" });
    let asn = "/components/schemas/Place/properties/asn";
    add(document, asn, number, &mut lost);
    for schema in ADDRESSES {
        let place = format!("/components/schemas/{schema}/properties/ip");
        let either = json!({ "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] });
        add(document, &place, either, &mut lost);
    }
    let blank = json!({ "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]+$" });
    let account = "/components/schemas/AccountBody/properties/account";
    add(document, account, blank, &mut lost);

    let given =
        |name: &str| json!({ "properties": { name: { "type": "string" } }, "required": [name] });
    let [plain, hashed] = ["password", "password_hash"].map(given);
    let both = json!({ "not": { "allOf": [plain, hashed] } });
    add(document, "/components/schemas/AccountBody", both, &mut lost);
    let one = json!({ "oneOf": [plain, hashed] });
    add(document, "/components/schemas/PasswordBody", one, &mut lost);

    for &(path, most) in PAGES {
        let limits = parameters(document, path, "limit");
        if limits.is_empty() {
            lost.push(format!("{path}?limit"));
        }
        for limit in limits {
            limit.extend(object(json!({ "minimum": 1, "maximum": most })));
        }
    }
    for path in PROBES {
        let place = format!("/paths/{}", path.replace('/', "~1"));
        let Some(item) = document.pointer_mut(&place) else {
            lost.push(place);
            continue;
        };
        item["head"] = without_body(item["get"].clone());
    }
    each_operation(document, |operation| {
        for key in named(operation, "Idempotency-Key") {
            key.extend(object(json!({
                "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": HEADER_TEXT,
            })));
        }
        // A body that may be missing is still none that may be `null`.
        if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema")
            && let Some(body) = without_null(schema)
        {
            *schema = body;
        }
    });
    lost
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// What a schema that allows `null` and one other thing says of the other.
fn without_null(schema: &Value) -> Option<Value> {
    let options = schema["oneOf"].as_array()?;
    let (nulls, others): (Vec<&Value>, Vec<&Value>) =
        options.iter().partition(|option| option["type"] == "null");
    match (&nulls[..], &others[..]) {
        ([_], [other]) => Some((*other).clone()),
        _ => None,
    }
}

/// The same operation as `HEAD`.
fn without_body(mut operation: Value) -> Value {
    let name = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = json!(format!("{name}Head"));
    let responses = operation["responses"].as_object_mut();
    for response in responses.into_iter().flat_map(|all| all.values_mut()) {
        if let Some(response) = response.as_object_mut() {
            response.remove("content");
        }
    }
    operation
}

fn add(document: &mut Value, place: &str, more: Value, lost: &mut Vec<String>) {
    match document.pointer_mut(place).and_then(Value::as_object_mut) {
        Some(schema) => schema.extend(object(more)),
        None => lost.push(place.to_owned()),
    }
}

fn each_operation(document: &mut Value, mut change: impl FnMut(&mut Value)) {
    let paths = document["paths"].as_object_mut();
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    for item in items.filter_map(Value::as_object_mut) {
        item.values_mut().for_each(&mut change);
    }
}

/// The schemas of a path's parameters of this name.
fn parameters<'d>(
    document: &'d mut Value,
    path: &str,
    name: &str,
) -> Vec<&'d mut Map<String, Value>> {
    let item = document["paths"].get_mut(path);
    let operations = item.and_then(Value::as_object_mut);
    operations
        .into_iter()
        .flat_map(|operations| operations.values_mut())
        .flat_map(|operation| named(operation, name))
        .collect()
}

/// The schemas of an operation's parameters of this name.
fn named<'d>(operation: &'d mut Value, name: &str) -> Vec<&'d mut Map<String, Value>> {
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    parameters
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["name"] == name)
        .filter_map(|parameter| parameter.get_mut("schema")?.as_object_mut())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::document;

    #[test]
    fn every_bound_finds_its_place() {
        let mut document = document();
        assert_eq!(add_bounds(&mut document), Vec::<String>::new());
    }

    #[test]
    fn the_document_says_what_the_handlers_check() {
        let document = document();
        let schema = |place: &str| document.pointer(place).unwrap_or(&Value::Null);
        let account = schema("/components/schemas/LoginBody/properties/account");
        assert_eq!(
            (&account["minLength"], &account["maxLength"]),
            (&json!(1), &json!(128))
        );
        let body = "/requestBody/content/application~1json/schema";
        for path in ["lock", "unlock", "verification-code"] {
            let path = format!("/paths/~1v1~1accounts~1{{account}}~1{path}/post{body}");
            assert!(
                schema(&path)["$ref"].is_string(),
                "{path}: {}",
                schema(&path)
            );
        }
        let limit = &schema("/paths/~1v1~1accounts/get/parameters")[1]["schema"];
        assert_eq!(
            (&limit["minimum"], &limit["maximum"]),
            (&json!(1), &json!(500))
        );
        let keys = document.to_string().matches("Idempotency-Key\"").count();
        let bounded = document
            .to_string()
            .matches(&format!("\"maxLength\":{MAX_KEY_CHARS}"))
            .count();
        assert_eq!(keys, bounded);
    }
}
