//! The regular expressions of triggers: parsed here, in words of both languages where they are wrong.

use regex_syntax::ast::ErrorKind as Ast;
use regex_syntax::hir::ErrorKind as Hir;

use crate::lang::analyze::typical::of_regex;
use crate::lang::diagnostics::{Diagnostic, Example, Words};
use crate::lang::program::Matcher;
use crate::lang::span::{Sources, Span};
use crate::lang::syntax::ast;
use crate::lang::value::Type;
use crate::text::{compile_regex, examine_regex, half_width_source, normalise};

use super::Checker;
use super::codes as c;
use super::report::w;
use super::rule::Names;

impl Checker<'_> {
    pub(super) fn regex(&mut self, text: &ast::Text) -> Option<(Matcher, Names)> {
        let source = self.plain(text)?;
        // What takes a message later is what is asked here: the same flags, the same bounds.
        let groups = match examine_regex(&source) {
            Ok(groups) => groups,
            Err(error) => {
                self.report
                    .push(wrong(&source, &error, text.span, self.sources));
                return None;
            }
        };
        let doubled = self.doubled_backslash(text, &source);
        for (slip, zh, en) in [
            (
                "\\b",
                "`\\b` 认不出中文的词",
                "`\\b` does not see Chinese words",
            ),
            (
                "\\d",
                "`\\d` 也包括其他文字的数字，写 `[0-9]`",
                "`\\d` takes digits of every script, write `[0-9]`",
            ),
        ] {
            if !doubled && source.contains(slip) {
                let found = Diagnostic::warning(
                    c::REGEX_SLIP,
                    w(zh, en),
                    text.span,
                    w(format!("这里有 `{slip}`"), format!("`{slip}` in here")),
                );
                self.report.push(betrayed(found, &source, slip));
                break;
            }
        }
        let mut names = Names::new();
        for name in &groups {
            let ident = ast::Ident {
                name: name.to_owned(),
                span: text.span,
            };
            if !self.capture_name(&ident) {
                return None;
            }
            names.insert(name.to_owned(), (Type::Text, text.span));
        }
        Some((Matcher::Matching(source), names))
    }
}

impl Checker<'_> {
    /// `\\\\d`, as it stands in the texts of programming languages: here it is a backslash and a letter, which
    /// nobody sends. Says whether that was told.
    fn doubled_backslash(&mut self, text: &ast::Text, source: &str) -> bool {
        let (_, Some(shown)) = singled(source) else {
            return false;
        };
        let (by, _) = singled(self.sources.slice(text.span));
        let found = Diagnostic::warning(
            c::REGEX_SLIP,
            w(
                "正则里的反斜杠只写一个",
                "a backslash in a regular expression is written once",
            ),
            text.span,
            w(
                format!("`{shown}` 等的是反斜杠这个字本身"),
                format!("`{shown}` waits for the very character `\\`"),
            ),
        );
        let how = w(format!("写成 `{by}`"), format!("write `{by}`"));
        self.report.push(found.with_guess(how, text.span, by));
        true
    }
}

/// A regular expression with single backslashes where two stand before what one makes special, digits as a
/// class of their own, and the first place that was so.
fn singled(source: &str) -> (String, Option<String>) {
    const SPECIAL: &str = "dDwWsSbB.+*?()[]{}|^$/-";
    let (mut out, mut first) = (String::new(), None);
    let mut rest = source;
    while let Some(at) = rest.find("\\\\") {
        out.push_str(&rest[..at]);
        // Backslashes themselves are written in pairs of pairs: those of an address, `\\\\\\\\server`.
        let run = rest[at..].len() - rest[at..].trim_start_matches('\\').len();
        if run > 2 {
            out.push_str(&rest[at..at + run]);
            rest = &rest[at + run..];
            continue;
        }
        let behind = &rest[at + 2..];
        match behind.chars().next().filter(|c| SPECIAL.contains(*c)) {
            Some(c) => {
                first.get_or_insert_with(|| format!("\\\\{c}"));
                match (c, out.rfind('[') > out.rfind(']')) {
                    ('d', false) => out.push_str("[0-9]"),
                    ('d', true) => out.push_str("0-9"),
                    (c, _) => out.extend(['\\', c]),
                }
                rest = &behind[c.len_utf8()..];
            }
            None => {
                out.push_str("\\\\");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    (out, first)
}

/// Adds a message that shows the slip, if the very expression confirms it: a word among Chinese ones is
/// not found, or digits that are none of ours are.
fn betrayed(found: Diagnostic, source: &str, slip: &str) -> Diagnostic {
    let (Some(typical), Ok(regex)) = (of_regex(source), compile_regex(source)) else {
        return found;
    };
    let boundary = slip == "\\b";
    let shown = if boundary {
        format!("说{typical}吧")
    } else {
        let foreign = |c: char| if c.is_ascii_digit() { '٣' } else { c };
        typical.chars().map(foreign).collect()
    };
    let fits = |text: &str| regex.is_match(normalise(text).text());
    if shown == typical || !fits(&typical) || fits(&shown) == boundary {
        return found;
    }
    let example = Example {
        given: vec![("message.text".to_owned(), format!("\"{shown}\""))],
        holds: !boundary,
    };
    let words = if boundary {
        w("不匹配", "it does not match")
    } else {
        w("也匹配", "it matches as well")
    };
    found.with_example(example, words)
}

/// What is wrong, where it is wrong.
fn wrong(source: &str, error: &regex::Error, span: Span, sources: &Sources) -> Diagnostic {
    let read = half_width_source(source);
    let parsed = regex_syntax::ParserBuilder::new()
        .case_insensitive(true)
        .build()
        .parse(&read);
    let (words, help, place) = match (error, &parsed) {
        (regex::Error::CompiledTooBig(_), _) => (too_large(), Some(shorter()), None),
        (_, Err(regex_syntax::Error::Parse(error))) => {
            let (words, help) = of_syntax(error.kind());
            (words, help, Some(*error.span()))
        }
        (_, Err(regex_syntax::Error::Translate(error))) => {
            let (words, help) = of_meaning(error.kind());
            (words, help, Some(*error.span()))
        }
        // It is read, and nested deeper than may be.
        _ => (
            w("括号套得太深", "nested too deeply"),
            Some(shorter()),
            None,
        ),
    };
    // What stands in the file is what was read unless characters were escaped or full-width.
    let exact = read == source && sources.slice(span) == format!("\"{source}\"");
    let place = place.filter(|place| exact && place.start.offset < place.end.offset);
    let place = place.map_or(span, |place| {
        let at = |offset: usize| span.start as usize + 1 + offset;
        Span::new(span.file, at(place.start.offset), at(place.end.offset))
    });
    let title = w("正则表达式不对", "the regular expression is wrong");
    let found = Diagnostic::error(c::BAD_REGEX, title, place, words);
    match help {
        Some(help) => found.with_help(help),
        None => found,
    }
}

fn too_large() -> Words {
    w("展开后太大", "too large when expanded")
}

fn shorter() -> Words {
    w(
        "拆成几条规则，或减少 `{…}` 里的次数",
        "split it into several rules, or repeat less in `{…}`",
    )
}

/// A mistake of writing, and what to do about it.
fn of_syntax(kind: &Ast) -> (Words, Option<Words>) {
    let close = |open: &str, close: &str| {
        w(
            format!("补上 `{close}`；要匹配 `{open}` 本身，写 `[{open}]`"),
            format!("add `{close}`; to match `{open}` itself write `[{open}]`"),
        )
    };
    match kind {
        Ast::ClassUnclosed => (
            w("`[` 没有闭合", "this `[` is not closed"),
            Some(w("补上 `]`", "add `]`")),
        ),
        Ast::GroupUnclosed => (
            w("`(` 没有闭合", "this `(` is not closed"),
            Some(close("(", ")")),
        ),
        Ast::GroupUnopened => (
            w("多了一个 `)`", "this `)` closes nothing"),
            Some(w(
                "去掉它；要匹配 `)` 本身，写 `[)]`",
                "leave it out; to match `)` itself write `[)]`",
            )),
        ),
        Ast::ClassRangeInvalid | Ast::RepetitionCountInvalid => (
            w("前面的比后面的大", "the first is larger than the second"),
            Some(w("把两头对调", "exchange the two")),
        ),
        Ast::ClassRangeLiteral | Ast::ClassEscapeInvalid => (
            w(
                "范围的两头要是单个字符",
                "a range goes from one character to another",
            ),
            Some(w(
                "要 `-` 本身，放在最后：`[a-z-]`",
                "for `-` itself put it last: `[a-z-]`",
            )),
        ),
        Ast::RepetitionMissing => (
            w(
                "前面没有可以重复的东西",
                "there is nothing before it to repeat",
            ),
            Some(w(
                "要匹配这个符号本身，放进方括号，如 `[*]`",
                "to match the sign itself put it in brackets, such as `[*]`",
            )),
        ),
        Ast::RepetitionCountUnclosed => (
            w("`{` 没有闭合", "this `{` is not closed"),
            Some(close("{", "}")),
        ),
        Ast::RepetitionCountDecimalEmpty | Ast::DecimalEmpty | Ast::DecimalInvalid => (
            w("次数要是一个数", "how often must be a number"),
            Some(w("如 `{3}`、`{1,4}`", "such as `{3}`, `{1,4}`")),
        ),
        Ast::EscapeUnrecognized | Ast::EscapeUnexpectedEof => (
            w("`\\` 后面不能是这个", "this cannot stand after `\\`"),
            Some(w(
                "要匹配符号本身，放进方括号，如 `[.]`",
                "to match a sign itself put it in brackets, such as `[.]`",
            )),
        ),
        Ast::EscapeHexEmpty | Ast::EscapeHexInvalid | Ast::EscapeHexInvalidDigit => {
            (w("不是一个字符的编码", "no code of a character"), None)
        }
        Ast::GroupNameDuplicate { .. } => (
            w("两个组同名", "two groups of one name"),
            Some(w("给其中一个改名", "rename one of them")),
        ),
        Ast::GroupNameEmpty | Ast::GroupNameInvalid | Ast::GroupNameUnexpectedEof => (
            w("组的名字不对", "the name of the group is wrong"),
            Some(w("写成 `(?<name>…)`", "write `(?<name>…)`")),
        ),
        Ast::UnsupportedBackreference | Ast::UnsupportedLookAround => (
            w(
                "没有反向引用和环视",
                "no back-references and no look-around",
            ),
            Some(w(
                "匹配时间要与文字长度成正比；用 `when` 或另一条规则代替",
                "matching takes linear time; use `when` or another rule instead",
            )),
        ),
        Ast::NestLimitExceeded(_) | Ast::CaptureLimitExceeded => {
            (w("括号太多", "too many parentheses"), Some(shorter()))
        }
        _ => (
            w("`(?` 或 `\\b{` 后面不对", "wrong after `(?` or `\\b{`"),
            Some(w(
                "可以用的有 `(?i)`、`(?:…)`、`(?<name>…)`",
                "there are `(?i)`, `(?:…)`, `(?<name>…)`",
            )),
        ),
    }
}

/// What is written right and means nothing.
fn of_meaning(kind: &Hir) -> (Words, Option<Words>) {
    match kind {
        Hir::UnicodePropertyNotFound | Hir::UnicodePropertyValueNotFound => (
            w("没有这一类字符", "there is no such class of characters"),
            Some(w("汉字是 `\\p{Han}`", "Chinese characters are `\\p{Han}`")),
        ),
        _ => (
            w("这样会匹配半个字符", "this would match half a character"),
            Some(w("去掉 `(?-u)`", "leave out `(?-u)`")),
        ),
    }
}
