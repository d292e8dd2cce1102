//! A rule for each stream, unit, type of list and card, compiled and run by `tests/builtins.rs` as the
//! examples of the registry are.

use crate::lang::builtins::{CARDS, UnitSpec};
use crate::lang::value::Type;

/// A rule that counts a stream.
pub fn stream(name: &str) -> String {
    format!("on login when count({name}, within: 1 hour) >= 3 {{\n    note \"例子\"\n}}\n")
}

/// A rule that says an amount in a unit, by its first word.
pub fn unit(unit: &UnitSpec) -> String {
    let word = unit.words[0];
    let condition = match unit.ty {
        Type::Duration => format!("since(successes) >= 5 {word}"),
        Type::Distance => format!("distance(previous, login) >= 5 {word}"),
        Type::Speed => format!("speed(previous, login) >= 5 {word}"),
        // A percentage is joined to its number.
        _ => format!("share(login.hour, within: 90 days) < 5{word}"),
    };
    format!("on login when {condition} {{\n    note \"例子\"\n}}\n")
}

/// A list of a type, and a rule that looks into it; `None` for a type no list may have.
pub fn list(ty: &str) -> Option<String> {
    let (entries, rule) = match ty {
        "text" => (
            "\"你好\", \"您好\"",
            "on text in example {\n    reply \"好\"\n}\n",
        ),
        "number" => (
            "6, 7",
            "on login when login.weekday in example {\n    note \"周末\"\n}\n",
        ),
        "date" => (
            "\"2026-01-05\"",
            "on login when now.date in example {\n    note \"放假\"\n}\n",
        ),
        "network" => (
            "\"192.0.2.0/24\"",
            "on login when login.ip in example {\n    note \"办公室\"\n}\n",
        ),
        "ip" => (
            "\"192.0.2.1\"",
            "on login when login.ip in example {\n    note \"办公室\"\n}\n",
        ),
        "phone" => (
            "\"13800138000\"",
            "on text with phone: mobile when phone in example {\n    reply \"好\"\n}\n",
        ),
        "machine" => (
            "\"pc-1\"",
            "on login when login.machine in example {\n    note \"认识\"\n}\n",
        ),
        "account" => (
            "\"alice\"",
            "on login when login.account in example {\n    note \"管理员\"\n}\n",
        ),
        _ => return None,
    };
    Some(format!("list example: {ty} = [{entries}]\n\n{rule}"))
}

/// A rule that replies a card with all its fields; `None` for one that is none.
pub fn card(name: &str) -> Option<String> {
    let (_, fields) = CARDS.iter().find(|(card, _)| *card == name)?;
    let mut rule = format!("on text \"例子\" {{\n    reply {name} {{\n");
    for field in *fields {
        let value = match field.name {
            "url" | "hq_url" | "picture" => "https://example.com/a",
            "media" | "thumb" => "MEDIA_ID",
            _ => "例子",
        };
        rule.push_str(&format!("        {}: \"{value}\"\n", field.name));
    }
    rule.push_str("    }\n}\n");
    Some(rule)
}
