//! Words, names and values of stories, and what is said when they are wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::check::Checker;
use crate::lang::check::codes as c;
use crate::lang::check::report::{quoted, w};
use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::span::{FileId, Span};
use crate::lang::syntax::ast;

impl Checker<'_> {
    pub(super) fn settings(
        &mut self,
        settings: &[(ast::Ident, ast::Text)],
        known: &[&str],
    ) -> Option<std::collections::BTreeMap<String, String>> {
        let mut found = std::collections::BTreeMap::new();
        for (name, text) in settings {
            if !known.contains(&name.name.as_str()) || found.contains_key(&name.name) {
                return self.bad_word(name, known);
            }
            let value = if name.name == "code" {
                self.code(text)?
            } else {
                self.plain(text)?
            };
            found.insert(name.name.clone(), value);
        }
        Some(found)
    }

    /// The number of an autonomous system.
    pub(super) fn asn(&mut self, text: &str, settings: &[(ast::Ident, ast::Text)]) -> Option<u32> {
        let number = text.trim_start_matches(['A', 'a', 'S', 's']).parse().ok();
        if number.is_none() {
            let span = settings
                .iter()
                .find(|(name, _)| name.name == "asn")
                .map(|(_, text)| text.span)
                .unwrap_or_default();
            self.bad_story(span, "asn 是一个数", "an asn is a number");
        }
        number
    }

    pub(super) fn code(&mut self, text: &ast::Text) -> Option<String> {
        let code = self.plain(text)?;
        if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
            return Some(code);
        }
        self.bad_story(text.span, "验证码是 6 位数字", "a code is six digits");
        None
    }

    pub(super) fn introduce(&mut self, known: &mut BTreeSet<String>, name: &ast::Ident) {
        if !known.insert(name.name.clone()) {
            self.bad_story(name.span, "这个名字已经有了", "this name is taken");
        }
    }

    pub(super) fn introduced(
        &mut self,
        known: &BTreeSet<String>,
        name: &ast::Ident,
        zh: &str,
        en: &str,
    ) -> Option<()> {
        if known.contains(&name.name) {
            return Some(());
        }
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        self.unknown_in_story(name, &names, zh, en)
    }

    pub(super) fn unknown_in_story<T>(
        &mut self,
        name: &ast::Ident,
        known: &[&str],
        zh: &str,
        en: &str,
    ) -> Option<T> {
        let text = &name.name;
        let mut error = Diagnostic::error(
            c::STORY_NAME,
            w(
                format!("故事里还没有叫 `{text}` 的{zh}"),
                format!("the story has no {en} `{text}` so far"),
            ),
            name.span,
            w("还没有出现过", "not introduced yet"),
        );
        error = match nearest(text, known.iter().copied()) {
            Some(near) => error.with_nearest(near, name.span, near),
            None if known.is_empty() => error,
            None => error.with_help(w(
                format!("有：{}", quoted(known, "、")),
                format!("there are: {}", quoted(known, ", ")),
            )),
        };
        self.report.push(error);
        None
    }

    pub(super) fn bad_word<T>(&mut self, word: &ast::Ident, known: &[&str]) -> Option<T> {
        let text = &word.name;
        let twice = known.contains(&text.as_str());
        let (title, label) = if twice {
            (
                w(
                    format!("`{text}` 写了两次"),
                    format!("`{text}` is said twice"),
                ),
                w("又写了一次", "said again"),
            )
        } else {
            (
                w(
                    format!("故事里不能写 `{text}`"),
                    format!("`{text}` cannot stand here in a story"),
                ),
                w("不认识", "unknown"),
            )
        };
        let mut error = Diagnostic::error(c::STORY_WORD, title, word.span, label);
        if !twice {
            error = error.with_help(w(
                format!("可以写：{}", quoted(known, "、")),
                format!("one of: {}", quoted(known, ", ")),
            ));
            if let Some(near) = nearest(text, known.iter().copied()) {
                error = error.with_guess(
                    w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                    word.span,
                    near,
                );
            }
        }
        self.report.push(error);
        None
    }

    /// Reports go by file and name: two stories of one name in a file could not be told apart.
    pub(super) fn story_once(
        &mut self,
        name: &str,
        span: Span,
        told: &mut BTreeMap<(FileId, String), Span>,
    ) {
        let key = (span.file, name.to_owned());
        let Some(first) = told.get(&key) else {
            told.insert(key, span);
            return;
        };
        let error = Diagnostic::error(
            c::STORY_VALUE,
            w(
                format!("有两个故事叫“{name}”"),
                format!("two stories are called “{name}”"),
            ),
            span,
            w("又叫这个名字", "the same name again"),
        )
        .with_label(*first, w("先有这一个", "the first one"))
        .with_help(w("换一个名字", "give it another name"));
        self.report.push(error);
    }

    pub(super) fn bad_story(&mut self, span: Span, zh: &str, en: &str) {
        self.report.push(Diagnostic::error(
            c::STORY_VALUE,
            w(zh, en),
            span,
            w("这里不对", "not this"),
        ));
    }
}
