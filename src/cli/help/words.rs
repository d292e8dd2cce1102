//! The words of the rule language for `menshen help WORD`: actions, events, functions, their arguments,
//! extractors, fields, units and keywords, by their own names or by those people know them by.

use crate::lang::builtins::{Registry, STREAMS, event_called, words};
use crate::lang::diagnostics::Language;

/// Names of the platform's admin console, and of what people ask about, beside those the registry knows; and the words
/// of the language they lead to.
const CALLED: &[(&str, &str)] = &[
    ("被关注回复", "subscribe"),
    ("关注回复", "subscribe"),
    ("自定义菜单", "click"),
    ("关键词", "text containing starting with"),
    ("关键词回复", "text containing starting with"),
    ("全匹配", "text"),
    ("半匹配", "containing"),
    ("模糊匹配", "containing"),
    ("正则", "matching"),
    ("收到消息回复", "any"),
    ("自动回复", "any"),
    ("未知", "unknown"),
    ("缺失", "unknown"),
    ("null", "unknown"),
    ("否则", "otherwise"),
    ("条件", "when"),
    ("if", "when"),
    ("并且", "and"),
    ("或者", "or"),
    ("回复", "reply"),
    ("绑定", "bind"),
    ("解绑", "unbind"),
    ("锁定", "lock"),
    ("解锁", "unlock"),
    ("提醒", "alert"),
    ("验证码", "code"),
    ("图形验证", "challenge"),
    ("信号", "signal"),
    ("分量", "weight"),
    ("影子", "shadow"),
    ("学习期", "learn"),
    ("对话", "dialog"),
    ("列表", "list"),
    ("名单", "list"),
    ("故事", "test"),
    ("记住", "remember"),
    ("模板消息", "template"),
    ("转人工", "hand"),
    ("客服", "hand"),
    ("窗口", "within"),
];

/// Everything a name could mean that the language knows by it; nothing when it knows none.
pub fn pages(topic: &str, language: Language) -> Option<String> {
    let own = named(topic, language);
    let pages = match called(topic) {
        _ if !own.is_empty() => own,
        Some(meant) => meant
            .split(' ')
            .flat_map(|word| named(word, language))
            .collect(),
        None => Vec::new(),
    };
    (!pages.is_empty()).then(|| pages.join("\n"))
}

fn called(topic: &str) -> Option<&'static str> {
    let ours = CALLED.iter().find(|(called, _)| *called == topic);
    ours.map(|(_, word)| *word).or_else(|| event_called(topic))
}

/// Every name that has a page, for a suggestion.
pub fn known() -> impl Iterator<Item = String> {
    let registry = Registry::standard();
    let mut names: Vec<String> = Vec::new();
    names.extend(registry.actions().iter().map(|one| one.name.to_owned()));
    names.extend(registry.events().iter().map(|one| one.name.to_owned()));
    names.extend(registry.functions().iter().map(|one| one.name.to_owned()));
    names.extend(registry.extractors().iter().map(|one| one.name.to_owned()));
    names.extend(registry.fields().iter().map(|one| one.path.to_owned()));
    names.extend(words::KEYWORDS.iter().map(|(word, ..)| (*word).to_owned()));
    names.extend(CALLED.iter().map(|(word, _)| (*word).to_owned()));
    names.into_iter()
}

/// One page: how it is written, what it says, an example (or nothing).
fn page(form: &str, says: &str, example: &str) -> String {
    match example.trim_end() {
        "" => format!("{form}\n{says}\n"),
        example => format!("{form}\n{says}\n\n{example}\n"),
    }
}

fn named(topic: &str, language: Language) -> Vec<String> {
    let registry = Registry::standard();
    // `on text` is the trigger, also where `text` is something else besides.
    let (topic, trigger) = match topic.strip_prefix("on ") {
        Some(event) => (event.trim(), true),
        None => (topic, false),
    };
    let mut pages = Vec::new();
    for one in registry.events().iter().filter(|one| one.name == topic) {
        let says = language.pick(one.zh, one.en);
        pages.push(page(&format!("on {}", one.name), says, one.example));
    }
    if trigger {
        return pages;
    }
    let begins = |name: &str| name == topic || name.split(' ').next() == Some(topic);
    let actions = registry.actions().iter().filter(|one| begins(one.name));
    let actions: Vec<String> = actions
        .map(|one| page(one.name, language.pick(one.zh, one.en), one.example))
        .collect();
    let is_action = !actions.is_empty();
    pages.splice(0..0, actions);
    for one in registry.functions().iter().filter(|one| one.name == topic) {
        let says = language.pick(one.zh, one.en);
        pages.push(page(&one.signature(), says, one.example));
    }
    for one in registry.extractors().iter().filter(|one| one.name == topic) {
        pages.push(page(one.name, language.pick(one.zh, one.en), one.example));
    }
    for one in registry.fields().iter().filter(|one| one.path == topic) {
        let says = language.pick(one.zh, one.en);
        pages.push(page(one.path, says, &one.example()));
    }
    for unit in registry.units() {
        if unit.words.contains(&topic) {
            let says = language.pick(unit.zh, unit.en);
            pages.push(page(&unit.words.join("、"), says, ""));
        }
    }
    for (name, _, zh, en) in STREAMS.iter().filter(|(name, ..)| *name == topic) {
        pages.push(page(&format!("of: {name}"), language.pick(zh, en), ""));
    }
    pages.extend(argument(&registry, topic, language));
    // The line of a keyword only repeats what the page of an action shows with its example.
    for (_, form, zh, en) in words::uses(topic).filter(|_| !is_action) {
        pages.push(page(form, language.pick(zh, en), ""));
    }
    pages
}

/// A named argument of functions, such as `within`.
fn argument(registry: &Registry, topic: &str, language: Language) -> Option<String> {
    let takes = |one: &&crate::lang::builtins::FunctionSpec| {
        one.named.iter().any(|argument| argument.word() == topic)
    };
    let functions: Vec<_> = registry.functions().iter().filter(takes).collect();
    let first = functions.first()?;
    let argument = first
        .named
        .iter()
        .find(|argument| argument.word() == topic)?;
    let (zh, en) = argument.takes();
    let names: Vec<&str> = functions.iter().map(|one| one.name).collect();
    let written = format!("{topic}:");
    let example = functions.iter().find(|one| one.example.contains(&written));
    Some(page(
        &format!("{topic}: {}", language.pick(zh, en)),
        &match language {
            Language::Zh => format!("写在这些函数的括号里：{}", names.join("、")),
            Language::En => format!("in the brackets of {}", names.join(", ")),
        },
        example.map_or("", |one| one.example),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_page_in_both_languages() {
        for name in known() {
            for language in [Language::Zh, Language::En] {
                assert!(pages(&name, language).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn what_people_ask_for_is_found() {
        for (topic, shows) in [
            ("关注", "on subscribe"),
            ("菜单", "on click"),
            ("关键词", "on text containing"),
            ("半匹配", "on text containing"),
            ("未知", "X is unknown"),
            ("within", "count("),
            ("when", "on EVENT when CONDITION"),
            ("otherwise", "X otherwise Y"),
            ("known", "X is known"),
            ("days", "days"),
            ("failures", "of: failures"),
            ("late", "system is late"),
            ("lock account", "lock account"),
            ("on login", "on login"),
        ] {
            let said = pages(topic, Language::Zh).unwrap_or_default();
            assert!(said.contains(shows), "{topic}: {said}");
        }
        assert_eq!(pages("on nothing", Language::En), None);
        assert_eq!(pages("", Language::En), None);
    }

    #[test]
    fn no_name_people_use_hides_one_of_the_language() {
        for (called, meant) in CALLED {
            assert!(named(called, Language::Zh).is_empty(), "{called}");
            for word in meant.split(' ') {
                assert!(!named(word, Language::Zh).is_empty(), "{word}");
            }
        }
    }
}
