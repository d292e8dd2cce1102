//! The registry printed: what rules can say, for people and as JSON.
//!
//! Everything comes from the tables of [`super::builtins`]; nothing is described twice.

pub mod examples;

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::builtins::{
    BY_KEYS, CARDS, CallSpec, FunctionKind, LIST_TYPES, OutcomeSpec, Registry, ResultType, STREAMS,
    Stages,
};
use super::diagnostics::Language;

/// The schema for people, in sections of one line per entry with its description.
pub fn text(registry: &Registry, language: Language) -> String {
    let mut out = String::new();
    let pick = |zh: &str, en: &str| language.pick(zh, en).to_owned();
    let mut section = |title: String, rows: Vec<(String, String)>| {
        let _ = writeln!(out, "{title}");
        let width = rows
            .iter()
            .map(|(left, _)| left.chars().count())
            .max()
            .unwrap_or(0)
            .min(46);
        for (left, right) in rows {
            let _ = writeln!(out, "  {left:width$}  {right}");
        }
        out.push('\n');
    };
    let events = registry.events().iter().map(|event| {
        let matches = event
            .matches
            .map(|what| format!(" ({what})"))
            .unwrap_or_default();
        (
            format!("on {}{matches}", event.name),
            pick(event.zh, event.en),
        )
    });
    section(pick("事件", "Events"), events.collect());
    let fields = registry.fields().iter().map(|field| {
        let (zh, en) = stages(field.stages);
        let mut notes = vec![pick(&zh, &en)];
        if !field.only.is_empty() {
            notes = vec![field.only.join(" ")];
        }
        if field.row {
            notes.push(pick("过去的登录也有", "past logins too"));
        }
        if field.proof {
            notes.push(pick("不会未知", "never unknown"));
        }
        if !field.shown {
            notes.push(pick("不能写进文字", "never in a text"));
        }
        let left = format!("{}: {}", field.path, field.ty);
        (
            left,
            format!("{} [{}]", pick(field.zh, field.en), notes.join("; ")),
        )
    });
    section(pick("字段", "Fields"), fields.collect());
    let functions = registry.functions().iter().map(|function| {
        let result = match &function.result {
            ResultType::Always(ty) => ty.to_string(),
            ResultType::OfFirst => pick("与第一个值相同", "that of the first value"),
        };
        let text = format!("{} → {result}", pick(function.zh, function.en));
        (
            function.signature(),
            format!("{text}\n      {}", function.example),
        )
    });
    section(pick("函数", "Functions"), functions.collect());
    let streams = STREAMS
        .iter()
        .map(|(name, _, zh, en)| ((*name).to_owned(), pick(zh, en)));
    section(pick("登录流", "Streams"), streams.collect());
    let keys: Vec<&str> = BY_KEYS.iter().map(|(name, _)| *name).collect();
    section(
        pick("by: 的键", "Keys of by:"),
        vec![(keys.join(" "), String::new())],
    );
    let units = registry.units().iter().map(|unit| {
        (
            unit.words.join(", "),
            format!("{} [{}]", pick(unit.zh, unit.en), unit.ty),
        )
    });
    section(pick("单位", "Units"), units.collect());
    let extractors = registry.extractors().iter().map(|spec| {
        (
            format!("{}: {}", spec.name, spec.ty),
            pick(spec.zh, spec.en),
        )
    });
    section(pick("提取器", "Extractors"), extractors.collect());
    let types: Vec<&str> = LIST_TYPES.iter().map(|(name, _)| *name).collect();
    section(
        pick("列表的类型", "Types of lists"),
        vec![(types.join(" "), String::new())],
    );
    let actions = registry.actions().iter().map(|action| {
        let (zh, en) = stages(action.stages);
        let mut text = format!("{} [{}]", pick(action.zh, action.en), pick(&zh, &en));
        outcomes(&mut text, &action.outcomes, language);
        if action.needs_account {
            text.push_str(&pick(
                "\n      unbound（条件不能证明有账号时）",
                "\n      unbound (where the condition does not prove an account)",
            ));
        }
        (action.name.to_owned(), text)
    });
    section(
        pick("动作和结果", "Actions and outcomes"),
        actions.collect(),
    );
    let cards = CARDS.iter().map(|(name, fields)| {
        let fields: Vec<String> = fields
            .iter()
            .map(|field| {
                if field.needed {
                    field.name.to_owned()
                } else {
                    format!("[{}]", field.name)
                }
            })
            .collect();
        (format!("reply {name}"), fields.join(" "))
    });
    section(pick("卡片回复", "Card replies"), cards.collect());
    if !registry.calls().is_empty() {
        let calls = registry.calls().iter().map(|call| {
            let mut text = call.doc.clone();
            outcomes(&mut text, &call.outcomes, language);
            (format!("call {}", signature(call)), text)
        });
        section(pick("登记的动作", "Registered actions"), calls.collect());
    }
    out
}

/// The schema as JSON: one array per table, each entry with its example.
pub fn json(registry: &Registry) -> Value {
    let events: Vec<Value> = registry
        .events()
        .iter()
        .map(|event| json!({ "name": event.name, "stage": names(event.stages()), "matches": event.matches, "zh": event.zh, "en": event.en, "example": event.example }))
        .collect();
    let fields: Vec<Value> = registry
        .fields()
        .iter()
        .map(|field| {
            json!({
                "path": field.path, "type": field.ty.to_string(), "stages": names(field.stages), "events": field.only,
                "past": field.row.then(|| field.bare()), "never_unknown": field.proof, "in_texts": field.shown,
                "zh": field.zh, "en": field.en, "example": field.example(),
            })
        })
        .collect();
    let functions: Vec<Value> = registry
        .functions()
        .iter()
        .map(|function| {
            let result = match &function.result {
                ResultType::Always(ty) => ty.to_string(),
                ResultType::OfFirst => "same as the first value".to_owned(),
            };
            let named: Vec<&str> = function.named.iter().map(|named| named.word()).collect();
            json!({
                "name": function.name, "signature": function.signature(), "history": matches!(function.kind, FunctionKind::History(_)),
                "named": named, "needs_window": function.needs_window, "type": result, "stages": names(function.stages),
                "zh": function.zh, "en": function.en, "example": function.example,
            })
        })
        .collect();
    let streams: Vec<Value> = STREAMS
        .iter()
        .map(|(name, _, zh, en)| json!({ "name": name, "zh": zh, "en": en, "example": examples::stream(name) }))
        .collect();
    let units: Vec<Value> = registry.units().iter().map(|unit| json!({ "words": unit.words, "type": unit.ty.to_string(), "zh": unit.zh, "en": unit.en, "example": examples::unit(unit) })).collect();
    let extractors: Vec<Value> = registry
        .extractors()
        .iter()
        .map(|spec| json!({ "name": spec.name, "type": spec.ty.to_string(), "zh": spec.zh, "en": spec.en, "example": spec.example }))
        .collect();
    let actions: Vec<Value> = registry
        .actions()
        .iter()
        .map(|action| {
            json!({
                "name": action.name, "stages": names(action.stages), "outcomes": outcome_values(&action.outcomes),
                "unbound_unless_proven": action.needs_account, "zh": action.zh, "en": action.en, "example": action.example,
            })
        })
        .collect();
    let cards: Vec<Value> = CARDS
        .iter()
        .map(|(name, fields)| {
            let fields: Vec<Value> = fields
                .iter()
                .map(|field| json!({ "name": field.name, "needed": field.needed }))
                .collect();
            json!({ "name": name, "fields": fields, "example": examples::card(name) })
        })
        .collect();
    let calls: Vec<Value> = registry
        .calls()
        .iter()
        .map(|call| {
            let params: Vec<Value> = call.params.iter().map(|(name, ty)| json!({ "name": name, "type": ty.to_string() })).collect();
            json!({ "name": call.name, "params": params, "open": call.open, "outcomes": outcome_values(&call.outcomes), "doc": call.doc })
        })
        .collect();
    let keys: Vec<&str> = BY_KEYS.iter().map(|(name, _)| *name).collect();
    let types: Vec<&str> = LIST_TYPES.iter().map(|(name, _)| *name).collect();
    let lists: Vec<Value> = types
        .iter()
        .map(|name| json!({ "type": name, "example": examples::list(name) }))
        .collect();
    json!({
        "events": events, "fields": fields, "functions": functions, "streams": streams, "by": keys, "units": units,
        "extractors": extractors, "list_types": types, "lists": lists, "actions": actions, "cards": cards, "calls": calls,
    })
}

fn stages(stages: Stages) -> (String, String) {
    if stages == Stages::ALL {
        return ("所有事件".to_owned(), "all events".to_owned());
    }
    stages.words()
}

fn names(stages: Stages) -> Vec<String> {
    stages
        .iter()
        .map(|stage| format!("{stage:?}").to_lowercase())
        .collect()
}

fn outcomes(text: &mut String, outcomes: &[OutcomeSpec], language: Language) {
    for outcome in outcomes {
        let brings: Vec<String> = outcome
            .brings
            .iter()
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        let brings = if brings.is_empty() {
            String::new()
        } else {
            format!(" {{ {} }}", brings.join(", "))
        };
        let optional = match (outcome.optional, language) {
            (false, _) => "",
            (true, Language::Zh) => "（可以不答）",
            (true, Language::En) => " (need not be answered)",
        };
        let _ = write!(text, "\n      {}{brings}{optional}", outcome.name);
    }
}

fn outcome_values(outcomes: &[OutcomeSpec]) -> Vec<Value> {
    let value = |outcome: &OutcomeSpec| {
        let brings: Vec<Value> = outcome
            .brings
            .iter()
            .map(|(name, ty)| json!({ "name": name, "type": ty.to_string() }))
            .collect();
        json!({ "name": outcome.name, "brings": brings, "optional": outcome.optional })
    };
    outcomes.iter().map(value).collect()
}

fn signature(call: &CallSpec) -> String {
    let mut params: Vec<String> = call
        .params
        .iter()
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    if call.open {
        params.push("…".to_owned());
    }
    if params.is_empty() {
        return call.name.clone();
    }
    format!("{} with {}", call.name, params.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_printed_in_both_forms() {
        let mut registry = Registry::standard();
        registry.register_call(CallSpec::webhook("desk")).unwrap();
        let value = json(&registry);
        for language in [Language::Zh, Language::En] {
            let text = text(&registry, language);
            for field in registry.fields() {
                assert!(text.contains(&format!("{}: {}", field.path, field.ty)));
            }
            for action in registry.actions() {
                assert!(text.contains(action.name));
                for outcome in &action.outcomes {
                    assert!(text.contains(&outcome.name));
                }
            }
            assert!(text.contains("call desk with …"));
        }
        assert_eq!(
            value["fields"].as_array().map(Vec::len),
            Some(registry.fields().len())
        );
        assert_eq!(
            value["functions"].as_array().map(Vec::len),
            Some(registry.functions().len())
        );
        assert_eq!(
            value["actions"].as_array().map(Vec::len),
            Some(registry.actions().len())
        );
        assert_eq!(value["calls"][0]["name"], "desk");
    }
}
