//! Compiles the rules of a backtest: a whole set, or one file out of a set.
//!
//! A backtest asks only what rules say of logins. When a file does not stand alone because its dialogs or
//! answers to messages use names of its neighbours (`rules/guard.rules` cancels with words of
//! `binding.rules`), these are left out, which is said. What judges logins is never left out.

use super::Args;
use crate::bot::ruleset::{self, Ruleset};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::span::{FileId, Sources, Span};
use crate::lang::syntax::{self, ast::Item};

/// Events whose rules a backtest runs, or without which a rule set that alerts is refused.
const LOGIN_SIDE: [&str; 4] = ["attempt", "failure", "login", "undeliverable"];

/// Compiles `sources`; `name` says in messages where they are from.
pub(super) fn compile(
    name: &str,
    sources: Sources,
    registry: &Registry,
    args: &Args,
) -> Result<Ruleset, Failure> {
    let of_logins = of_logins(&sources);
    let language: Language = args.lang.lang.into();
    let error = match ruleset::compile(sources, registry) {
        Ok(loaded) => return Ok(loaded.ruleset),
        Err(error) => error,
    };
    if let Some(Ok(loaded)) = of_logins.map(|sources| ruleset::compile(sources, registry)) {
        output::remark(&match language {
            Language::Zh => format!(
                "menshen: {name} 单独不成一套（用到别的文件里的名字）：只取判断登录的规则，对话和消息规则没有用"
            ),
            Language::En => format!(
                "menshen: {name} does not stand alone (it uses names of other files): only what judges logins was taken, no dialogs and answers to messages"
            ),
        });
        return Ok(loaded.ruleset);
    }
    let hint = match language {
        Language::Zh => "如果名字定义在别的文件里，请给整个文件夹，例如 menshen backtest rules/",
        Language::En => {
            "if the names are defined in other files, give the whole folder, as in menshen backtest rules/"
        }
    };
    let report = error.report(language);
    Err(Failure::failed(match report.contains(UNKNOWN_NAME) {
        true => format!("{}\n{hint}", report.trim_end()),
        false => report,
    }))
}

/// Codes of names that are not defined begin so.
const UNKNOWN_NAME: &str = "E02";

/// The same sources without dialogs, stories and answers to messages, every line where it was. `None`
/// when there are none, or the text is wrong in itself.
fn of_logins(sources: &Sources) -> Option<Sources> {
    let mut less = sources.clone();
    let mut any = false;
    for (at, file) in less.files.iter_mut().enumerate() {
        let parsed = syntax::parse(FileId(u32::try_from(at).ok()?), &file.text);
        if !parsed.diagnostics.is_empty() {
            return None;
        }
        let mut text = file.text.to_string();
        for span in parsed.file.items.iter().filter_map(of_chats) {
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
        let less = of_logins(&Sources::single("a.rules", text)).expect("less");
        let left = less.files[0].text.to_string();
        assert_eq!(left.len(), text.len());
        assert_eq!(left.lines().count(), text.lines().count());
        assert!(!left.contains("elsewhere") && left.contains("signal a \"甲\""));
        assert_eq!(left.find("on login"), text.find("on login"));
        assert!(ruleset::compile(less, &Registry::standard()).is_ok());
        let judging = "let budget = 60\n";
        assert!(of_logins(&Sources::single("a.rules", judging)).is_none());
    }
}
