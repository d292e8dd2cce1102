//! The forms of what comes out: decisions line by line, the report against its schema.

use std::path::Path;

use serde_json::Value;

use crate::{done, folder, menshen, report, rules};

#[test]
fn decisions_are_a_line_for_every_login_in_order() {
    let folder = folder();
    let arguments = ["backtest", "rules", "--logins", "logins.csv"];
    let lines = |name: &str, threads: &str| -> Vec<Value> {
        let more = ["--decisions", name, "--threads", threads];
        done(&menshen(folder.path(), &[&arguments[..], &more].concat()));
        let text = std::fs::read_to_string(folder.path().join(name)).expect("written");
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON")
    };
    let said = lines("1.ndjson", "1");
    assert_eq!(lines("3.ndjson", "3"), said, "threads change nothing");
    let told = report(
        folder.path(),
        &[&arguments[..], &["--warm-up", "0", "--format", "json"]].concat(),
    );
    assert_eq!(told["input"]["logins"], said.len());
    let numbers: Vec<u64> = said
        .iter()
        .filter_map(|line| line["number"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=said.len() as u64).collect::<Vec<_>>());
    let challenged = said.iter().filter(|line| line["verdict"] == "challenge");
    assert_eq!(told["figures"]["totals"]["challenged"], challenged.count());
    let (good, bad): (Vec<_>, Vec<_>) = said.iter().partition(|line| line["success"] == true);
    assert!(
        good.iter()
            .all(|line| line["signals"].as_array().is_some_and(|all| all.len() == 2))
    );
    assert!(
        bad.iter()
            .all(|line| line["signals"] == serde_json::json!([]))
    );
}

#[test]
fn reports_have_the_documented_form() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backtest-report.schema.json");
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let folder = folder();
    std::fs::write(folder.path().join("old.rules"), rules(40)).expect("written");
    let plain = [
        "backtest",
        "rules",
        "--logins",
        "logins.csv",
        "--format",
        "json",
    ];
    let more = [
        "--against",
        "old.rules",
        "--sweep",
        "budget=10..40/10",
        "--max-prompts-per-day",
        "1000",
    ];
    // Also where no label says anything.
    let text = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    let bare = text.replacen("label_attack", "said", 1);
    std::fs::write(folder.path().join("bare.csv"), bare).expect("written");
    let mut bare = [&plain[..], &more[..]].concat();
    bare[3] = "bare.csv";
    for arguments in [plain.to_vec(), [&plain[..], &more[..]].concat(), bare] {
        let told = report(folder.path(), &arguments);
        fits(&told, &schema);
        let mut broken = told.clone();
        broken["figures"]["totals"]["logins"] = "many".into();
        assert!(wrong(&broken, &schema, &schema, "$").is_some());
        broken = told;
        broken["surprise"] = 1.into();
        assert!(wrong(&broken, &schema, &schema, "$").is_some());
    }
}

/// Asserts that a report is as its schema says.
pub(crate) fn fits(told: &Value, schema: &Value) {
    assert_eq!(wrong(told, schema, schema, "$"), None);
}

/// Where a value is not as its schema says, for the words the schema uses; unknown words are wrong.
fn wrong(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    let rules = schema.as_object()?;
    rules.iter().find_map(|(word, rule)| match word.as_str() {
        "$schema" | "$comment" | "$defs" | "title" | "description" | "required" => None,
        "$ref" => {
            let path = rule.as_str()?.trim_start_matches('#');
            match root.pointer(path) {
                Some(there) => wrong(value, there, root, at),
                None => Some(format!("{at}: no {path}")),
            }
        }
        "anyOf" => rule
            .as_array()?
            .iter()
            .all(|one| wrong(value, one, root, at).is_some())
            .then(|| format!("{at}: none of them")),
        "const" => (value != rule).then(|| format!("{at}: not {rule}")),
        "enum" => (!rule.as_array()?.contains(value)).then(|| format!("{at}: not of {rule}")),
        "minimum" => (value.as_f64() < rule.as_f64() && !value.is_null())
            .then(|| format!("{at}: less than {rule}")),
        "type" => {
            let is = |name: &Value| match name.as_str() {
                Some("object") => value.is_object(),
                Some("array") => value.is_array(),
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                Some("number") => value.is_number(),
                Some("integer") => value.is_i64() || value.is_u64(),
                Some("null") => value.is_null(),
                _ => false,
            };
            let fits = rule
                .as_array()
                .map_or_else(|| is(rule), |some| some.iter().any(is));
            (!fits).then(|| format!("{at}: {value} is no {rule}"))
        }
        "items" => value
            .as_array()?
            .iter()
            .enumerate()
            .find_map(|(index, item)| wrong(item, rule, root, &format!("{at}[{index}]"))),
        "properties" => {
            let known = rule.as_object()?;
            let value = value.as_object()?;
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            if let Some(name) = required
                .iter()
                .filter_map(Value::as_str)
                .find(|name| !value.contains_key(*name))
            {
                return Some(format!("{at}: no {name}"));
            }
            known.iter().find_map(|(name, rule)| {
                wrong(value.get(name)?, rule, root, &format!("{at}.{name}"))
            })
        }
        "additionalProperties" if rule.is_object() => value
            .as_object()?
            .iter()
            .find_map(|(name, item)| wrong(item, rule, root, &format!("{at}.{name}"))),
        "additionalProperties" => {
            let known = schema["properties"].as_object()?;
            let extra = value
                .as_object()?
                .keys()
                .find(|name| !known.contains_key(*name))?;
            Some(format!("{at}: {extra} is not documented"))
        }
        other => Some(format!("{at}: {other} is not understood here")),
    })
}
