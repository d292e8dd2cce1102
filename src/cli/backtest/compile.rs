//! Compiles the rules of a backtest: a whole set, or one file out of a set.
//!
//! A backtest asks only what rules say of logins. When a file does not stand alone because its dialogs or
//! answers to messages use names of its neighbours (`rules/guard.rules` cancels with words of
//! `binding.rules`), those that do are left out, which is said. What judges logins is never left out.

use std::sync::Arc;

use super::Args;
use crate::backtest::sweep::OF_DELIVERY;
use crate::bot::ruleset::{self, LoadError, Ruleset};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::lang;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::{Diagnostic, Language, Severity};
use crate::lang::span::{FileId, Sources, Span};
use crate::lang::syntax::{self, ast::Item};

/// Events whose rules a backtest runs, or without which a rule set that alerts is refused.
const LOGIN_SIDE: [&str; 4] = ["attempt", "failure", "login", "undeliverable"];

/// Rounds in which items are left out: what an item that went was used by goes in the next one.
const ROUNDS: usize = 8;

/// Compiles `sources`; `name` says in messages where they are from.
pub(super) fn compile(
    name: &str,
    mut sources: Sources,
    registry: &Registry,
    args: &Args,
) -> Result<Ruleset, Failure> {
    let language: Language = args.lang.lang;
    let mut first: Option<LoadError> = None;
    for _ in 0..ROUNDS {
        let error = match ruleset::compile(sources.clone(), registry) {
            Ok(loaded) => {
                if first.is_some() {
                    left_out(name, language);
                }
                return Ok(loaded.ruleset);
            }
            Err(error) => error,
        };
        if let Some(ruleset) = undelivered(&sources, &error, registry) {
            if first.is_some() {
                left_out(name, language);
            }
            not_to_go_live(name, language);
            return Ok(ruleset);
        }
        let less = without_wrong_talk(&sources, &error);
        first.get_or_insert(error);
        match less {
            Some(less) => sources = less,
            None => break,
        }
    }
    let elsewhere = first.as_ref().is_some_and(|error| match error {
        LoadError::Wrong { diagnostics, .. } => {
            let names = |found: &&Diagnostic| found.code.starts_with(UNKNOWN_NAME);
            let mut names = diagnostics.iter().filter(names);
            names.any(|found| found.code != UNKNOWN_FUNCTION)
        }
        _ => false,
    });
    let report = first.map_or_else(String::new, |error| error.report(language));
    let hint = match language {
        Language::Zh => "如果名字定义在别的文件里，请给整个文件夹，例如 menshen backtest rules/",
        Language::En => {
            "if the names are defined in other files, give the whole folder, as in menshen backtest rules/"
        }
    };
    output::remark(report.trim_end());
    Err(Failure::failed(match elsewhere {
        true => hint.to_owned(),
        false => match language {
            Language::Zh => format!("{name} 里的规则有错"),
            Language::En => format!("the rules of {name} are not in order"),
        },
    }))
}

fn left_out(name: &str, language: Language) {
    output::remark(&match language {
        Language::Zh => format!(
            "menshen: {name} 单独不成一套（用到别的文件里的名字）：判断登录的规则都在，用到那些名字的对话和消息规则略去了"
        ),
        Language::En => format!(
            "menshen: {name} does not stand alone (it uses names of other files): all that judges logins is there, dialogs and answers to messages that use those names were left out"
        ),
    });
}

fn not_to_go_live(name: &str, language: Language) {
    output::remark(&match language {
        Language::Zh => format!(
            "menshen: {name} 这样还不能上线（提醒怎么送到、怎么回复没有写全，见 `menshen check`）；判断登录用不到这些，照样回测"
        ),
        Language::En => format!(
            "menshen: {name} cannot go live as it is (how alerts arrive and are answered is not said, see `menshen check`); judging logins does not need that"
        ),
    });
}

/// The rules when nothing is wrong but how alerts reach people: whoever tries a signal need not have
/// written that yet.
fn undelivered(sources: &Sources, error: &LoadError, registry: &Registry) -> Option<Ruleset> {
    let LoadError::Wrong { diagnostics, .. } = error else {
        return None;
    };
    let mut errors = diagnostics.iter();
    if !errors.all(|found| found.severity != Severity::Error || OF_DELIVERY.contains(&found.code)) {
        return None;
    }
    let compiled = lang::compile_despite(Arc::new(sources.clone()), registry, &OF_DELIVERY);
    compiled.program.map(Ruleset::new)
}

/// Codes of names that are not defined begin so.
const UNKNOWN_NAME: &str = "E02";
/// No other file gives functions.
const UNKNOWN_FUNCTION: &str = "E0211";

/// The same sources without the dialogs, stories and answers to messages that are wrong, every line where
/// it was. `None` when nothing of that kind is wrong, or a text cannot be read.
fn without_wrong_talk(sources: &Sources, error: &LoadError) -> Option<Sources> {
    let LoadError::Wrong { diagnostics, .. } = error else {
        return None;
    };
    let errors = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    let places: Vec<Span> = errors.map(|found| found.primary.span).collect();
    let mut less = sources.clone();
    let mut any = false;
    for (at, file) in less.files.iter_mut().enumerate() {
        let id = FileId(u32::try_from(at).ok()?);
        let parsed = syntax::parse(id, &file.text);
        if !parsed.diagnostics.is_empty() {
            return None;
        }
        let mut text = file.text.to_string();
        for span in parsed.file.items.iter().filter_map(of_chats) {
            let inside = |place: &Span| {
                place.file == id && span.start <= place.start && place.start < span.end
            };
            if !places.iter().any(inside) {
                continue;
            }
            let range = span.start as usize..span.end as usize;
            let blank = blank(text.get(range.clone())?);
            text.replace_range(range, &blank);
            any = true;
        }
        file.text = text.into();
    }
    any.then_some(less)
}

/// Where an item stands that has nothing to do with logins.
fn of_chats(item: &Item) -> Option<Span> {
    match item {
        Item::Dialog(dialog) => Some(dialog.span),
        Item::Test(test) => Some(test.span),
        Item::Rule(rule) => {
            let mut events = rule.triggers.iter().map(|trigger| &trigger.event.name);
            let login = |event: &String| LOGIN_SIDE.contains(&event.as_str());
            (!events.any(login)).then_some(rule.span)
        }
        _ => None,
    }
}

/// As many bytes and lines of nothing.
fn blank(text: &str) -> String {
    let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
    text.bytes().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_judges_logins_stays_where_it_was() {
        let text = "let budget = 60\n\nsignal a \"甲\" weight 90 {\n    when new(login.city, within: 9 days)\n}\n\non text \"锁定\" {\n    start elsewhere\n}\n\non login when suspicion >= budget {\n    note \"x\"\n}\n";
        let sources = Sources::single("a.rules", text);
        let registry = Registry::standard();
        let error = ruleset::compile(sources.clone(), &registry).expect_err("no such dialog");
        let less = without_wrong_talk(&sources, &error).expect("less");
        let left = less.files[0].text.to_string();
        assert_eq!(left.len(), text.len());
        assert_eq!(left.lines().count(), text.lines().count());
        assert!(!left.contains("elsewhere") && left.contains("signal a \"甲\""));
        assert_eq!(left.find("on login"), text.find("on login"));
        assert!(ruleset::compile(less, &registry).is_ok());
        let judging = Sources::single("a.rules", &text.replace("9 days", "usual"));
        let error = ruleset::compile(judging.clone(), &registry).expect_err("no such let");
        let less = without_wrong_talk(&judging, &error).expect("the dialog goes all the same");
        let error = ruleset::compile(less.clone(), &registry).expect_err("still wrong");
        assert!(without_wrong_talk(&less, &error).is_none());
    }
}
