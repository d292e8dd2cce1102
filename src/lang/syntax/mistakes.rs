//! Says what is wrong where the grammar got stuck.
//!
//! The grammar gives a place and what would have fitted there; the tokens round the place tell the
//! typical mistakes apart. What is left gets the plain "X cannot stand here, expected …".

mod borrowed;
mod brackets;
mod forms;
mod habits;
mod hours;
mod joined;
mod named;
mod neighbours;
mod outside;
mod patterns;
mod said;
mod spare;
mod stories;
mod units;

pub(in crate::lang) use joined::how as how_to_join;

use brackets::unclosed_bracket;

use super::grammar::{Expected, Failure, Rule, describe};
use super::lexer::{Kind, Token};
use super::repair::Sink;
use super::vocabulary::Body;
use crate::lang::diagnostics::{Diagnostic, Words, nearest};

/// How many expected things are named.
const MAX_EXPECTED: usize = 12;
/// Words that cannot be names.
pub(super) const RESERVED: [&str; 9] = [
    "and",
    "or",
    "not",
    "no",
    "in",
    "is",
    "otherwise",
    "when",
    "yes",
];

/// The stretch that was parsed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its first byte in the text.
    pub(super) start: usize,
    /// One past its last.
    pub(super) end: usize,
    /// It is the head of an `on` rule.
    pub(super) head: bool,
    /// What the clause stands among.
    pub(super) body: Option<Body>,
}

/// The diagnostic for a failure at byte `at` of `text`.
pub(super) fn explain(
    text: &str,
    tokens: &[&Token],
    place: Place,
    at: usize,
    failure: &Failure,
    sink: &Sink,
) -> Diagnostic {
    let inside: Vec<&Token> = tokens
        .iter()
        .copied()
        .filter(|token| token.start >= place.start && token.end <= place.end)
        .collect();
    let slice = |token: &Token| &text[token.start..token.end];
    if place.body == Some(Body::Story)
        && let Some(evident) = stories::evident(text, &inside, sink)
    {
        return evident;
    }
    let index = inside.iter().position(|token| token.end > at);
    let stuck_at = |at: usize| neighbours::Stuck {
        text,
        inside: &inside,
        at,
        failure,
        sink,
        head: place.head,
    };
    let before = match index {
        Some(0) => None,
        Some(index) => inside.get(index - 1),
        None => inside.last(),
    };
    let here = index.and_then(|index| inside.get(index)).copied();
    if let Some(open) = open_bracket(text, &inside, at)
        && let (Some(before), Some(here)) = (before, here)
        && let Some(comma) = no_comma(slice(open), before, here, sink)
    {
        return comma;
    }
    if let Some(open) = open_bracket(text, &inside, at)
        && here.is_none_or(|here| here.first || slice(here) == "{" || slice(here) == "}")
    {
        return unclosed_bracket(text, open, &inside, before.copied(), sink);
    }
    let Some(here) = here else {
        let short = too_short(text, place, before.copied(), failure, sink);
        let stuck = stuck_at(inside.len());
        return match stuck.form(place).filter(|_| short.fixes.is_empty()) {
            Some(form) => short.with_help(form),
            None => short,
        };
    };
    let word = slice(here);
    let span = sink.span(here.start, here.end);
    let wants = |rule: Rule| failure.expected.contains(&rule);
    if here.kind == Kind::Word {
        if matches!(word, "else" | "elif" | "elsif") {
            return super::layout::no_else(span);
        }
        if place.head && word == "when" && before.is_some_and(|before| slice(before) == "on") {
            return no_trigger(span);
        }
        if word == "not" && before.is_some_and(|before| slice(before) == "is") {
            let known = index.and_then(|index| inside.get(index + 1)).copied();
            if let Some(known) = known.filter(|known| matches!(slice(known), "known" | "unknown")) {
                return is_not(slice(known), sink.span(here.start, known.end));
            }
        }
        let of_text = place.head && keywords(failure).any(|known| known == "containing");
        if matches!(word, "contains" | "like" | "matches") && wants(Rule::op_in) && !of_text {
            let found = infix(word, span);
            return match index {
                Some(at) => stuck_at(at).contained(found),
                None => found,
            };
        }
        let name = (wants(Rule::ident) || wants(Rule::event_name) || wants(Rule::path))
            && !wants(Rule::expr);
        // `ask what: in drinks`
        let listed = word == "in" && before.is_some_and(|before| slice(before) == ":");
        if name && RESERVED.contains(&word) && !listed {
            return reserved(word, span);
        }
    }
    if let Some(at) = index
        && let Some(tagged) = stuck_at(at).tagged()
    {
        return tagged;
    }
    if place.head
        && inside
            .iter()
            .any(|token| token.end <= at && slice(token) == "when")
        && (matches!(here.kind, Kind::Text(_)) || (here.kind == Kind::Word && event(word)))
    {
        return late_trigger(span);
    }
    if here.kind == Kind::Word && !here.first && before.is_some_and(ends_clause) {
        let clause = place.body.is_some_and(|body| body.words().contains(&word))
            && !keywords(failure).any(|known| known == word);
        if clause && let Some(before) = before {
            let before = sink.span(place.start, before.end);
            let indent = super::lower::indent_at(text, place.start);
            return super::lower::several_on_a_line(span, before, indent);
        }
    }
    if let Some(at) = index
        && let Some(evident) = neighbours::evident(&stuck_at(at))
    {
        return evident;
    }
    let mut diagnostic = unexpected(word, here, span, failure);
    if here.kind == Kind::Word
        && let Some(meant) = nearest(word, keywords(failure))
    {
        // `until10`: the number stays.
        let number = word
            .strip_prefix(meant)
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let meant = match number {
            Some(number) => format!("{meant} {number}"),
            None => meant.to_owned(),
        };
        diagnostic = diagnostic.with_guess(
            Words::new(
                format!("是不是想写 `{meant}`"),
                format!("did you mean `{meant}`"),
            ),
            span,
            meant,
        );
    }
    match stuck_at(index.unwrap_or_default()).form(place) {
        Some(form) => diagnostic.with_help(form),
        None => diagnostic,
    }
}

/// Whether a clause may end with this token.
fn ends_clause(token: &&Token) -> bool {
    !matches!(token.kind, Kind::Punct)
}

fn event(word: &str) -> bool {
    matches!(
        word,
        "text" | "image" | "voice" | "video" | "click" | "scan" | "view" | "login" | "attempt"
    )
}

fn keywords(failure: &Failure) -> impl Iterator<Item = &'static str> + '_ {
    failure
        .expected
        .iter()
        .filter_map(|rule| match describe(*rule) {
            Expected::Word(word) => Some(word),
            _ => None,
        })
}

/// The innermost `(` or `[` that is open at byte `at`.
fn open_bracket<'a>(text: &str, tokens: &[&'a Token], at: usize) -> Option<&'a Token> {
    let mut open = Vec::new();
    for token in tokens.iter().filter(|token| token.end <= at) {
        if token.kind != Kind::Punct {
            continue;
        }
        match &text[token.start..token.end] {
            "(" | "[" => open.push(*token),
            ")" | "]" => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// `["a" "b"]`: two texts of a list without the comma between them.
fn no_comma(open: &str, before: &Token, here: &Token, sink: &Sink) -> Option<Diagnostic> {
    let text = |token: &Token| matches!(token.kind, Kind::Text(_));
    if open != "[" || !text(before) || !text(here) {
        return None;
    }
    let gap = sink.span(before.end, before.end);
    Some(
        Diagnostic::error(
            "E0101",
            Words::new("两项之间少了逗号", "a comma is missing between two entries"),
            sink.span(before.start, before.end),
            Words::new("后面应有 `,`", "`,` belongs after this"),
        )
        .with_fix(Words::new("补上逗号", "add the comma"), gap, ","),
    )
}

fn too_short(
    text: &str,
    place: Place,
    before: Option<&Token>,
    failure: &Failure,
    sink: &Sink,
) -> Diagnostic {
    let end = before.map_or(place.end, |token| token.end);
    let shown = before.map_or("", |token| &text[token.start..token.end]);
    let shown = shown.lines().next().unwrap_or_default();
    let only: Vec<&'static str> = keywords(failure).collect();
    let expected = expected(failure);
    let span = match before {
        Some(token) => sink.span(token.start, token.end),
        None => sink.span(end, end),
    };
    let found = Diagnostic::error(
        "E0134",
        Words::new(
            format!("`{shown}` 后面还缺东西"),
            format!("something is missing after `{shown}`"),
        ),
        span,
        Words::new(
            format!("后面应是{}{}", gap(&expected.zh), expected.zh),
            format!("expected {} after this", expected.en),
        ),
    );
    // Nothing else can follow the number.
    match only.as_slice() {
        ["times"] => {
            let here = sink.span(end, end);
            found.with_fix(Words::new("补上 `times`", "add `times`"), here, " times")
        }
        // A comma or word too many at the end.
        _ if matches!(shown, "," | "，" | "、" | "or" | "and" | "with") => {
            let from = text[..end - shown.len()].trim_end().len();
            found.with_guess(spare::removed(shown), sink.span(from, end), "")
        }
        _ => found,
    }
}

fn unexpected(
    word: &str,
    here: &Token,
    span: crate::lang::span::Span,
    failure: &Failure,
) -> Diagnostic {
    let expected = expected(failure);
    let (zh, en) = match here.kind {
        Kind::Text(_) | Kind::Block { .. } => ("这段文字".to_owned(), "this text".to_owned()),
        _ => (format!("`{word}`"), format!("`{word}`")),
    };
    Diagnostic::error(
        "E0101",
        Words::new(
            format!("这里不能写{}{zh}", gap(&zh)),
            format!("{en} cannot stand here"),
        ),
        span,
        Words::new(
            format!("这里应是{}{}", gap(&expected.zh), expected.zh),
            format!("expected {}", expected.en),
        ),
    )
}

/// A blank between Chinese and code, none between Chinese and Chinese.
fn gap(text: &str) -> &'static str {
    if text.starts_with('`') { " " } else { "" }
}

fn no_trigger(span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0122",
        Words::new("`on` 后面先写事件", "the event comes right after `on`"),
        span,
        Words::new(
            "这里应是 `text`、`login` 等事件",
            "an event such as `text` or `login`",
        ),
    )
    .with_help(Words::new(
        "`on 事件 when 条件 { … }`，如 `on text \"锁定\" when bound {`",
        "`on EVENT when CONDITION { … }`, such as `on text \"lock\" when bound {`",
    ))
}

fn is_not(known: &str, span: crate::lang::span::Span) -> Diagnostic {
    let right = if known == "known" { "unknown" } else { "known" };
    let title = Words::new(
        format!("没有 `is not {known}` 这个写法"),
        format!("there is no `is not {known}`"),
    );
    written_otherwise(title, span, right)
}

/// E0101 where it is certain how the language writes what stands at `span`.
fn written_otherwise(title: Words, span: crate::lang::span::Span, right: &str) -> Diagnostic {
    Diagnostic::error(
        "E0101",
        title,
        span,
        Words::new(format!("这里写 `{right}`"), format!("write `{right}`")),
    )
    .with_fix(
        Words::new(format!("改成 `{right}`"), format!("write `{right}`")),
        span,
        right,
    )
}

fn infix(word: &str, span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0101",
        Words::new(
            format!("`{word}` 不是运算符"),
            format!("`{word}` is no operator"),
        ),
        span,
        Words::new("这里应是运算符", "an operator belongs here"),
    )
    .with_help(Words::new(
        "列表里有没有写 `\"vip\" in sender.tags`，文字里有没有写 `contains(login.agent, \"curl\")`",
        "for lists write `\"vip\" in sender.tags`, for texts `contains(login.agent, \"curl\")`",
    ))
}

pub(super) fn late_trigger(span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0122",
        Words::new(
            "触发的事件要写在条件前面",
            "the trigger comes before the condition",
        ),
        span,
        Words::new("移到 `when` 前面", "move it before `when`"),
    )
    .with_help(Words::new(
        "`on 事件 when 条件 { … }`，如 `on text \"锁定\" when bound {`",
        "`on EVENT when CONDITION { … }`, such as `on text \"lock\" when bound {`",
    ))
}

/// E0126.
pub(super) fn reserved(word: &str, span: crate::lang::span::Span) -> Diagnostic {
    Diagnostic::error(
        "E0126",
        Words::new(
            format!("`{word}` 是保留字，不能当名字"),
            format!("`{word}` is reserved and cannot be a name"),
        ),
        span,
        Words::new("这里应是一个名字", "a name belongs here"),
    )
    .with_help(Words::new(
        "保留字只有 `and or not in is otherwise when yes no`",
        "reserved are only `and or not in is otherwise when yes no`",
    ))
}

/// The list of what would have fitted.
fn expected(failure: &Failure) -> Words {
    let mut zh: Vec<String> = Vec::new();
    let mut en: Vec<String> = Vec::new();
    let mut operators = None;
    let mut add = |one: String, other: String| {
        if !zh.contains(&one) {
            zh.push(one);
            en.push(other);
        }
    };
    for rule in &failure.expected {
        match describe(*rule) {
            Expected::Word(word) => add(format!("`{word}`"), format!("`{word}`")),
            Expected::Kind("运算符", other) => operators = Some(("运算符", other)),
            Expected::Kind("结尾", _) | Expected::Hidden => {}
            Expected::Kind(one, other) => add(one.to_owned(), other.to_owned()),
        }
    }
    if let Some((one, other)) = operators {
        add(one.to_owned(), other.to_owned());
    }
    if zh.is_empty() {
        return Words::new("这个子句的结尾", "the end of this clause");
    }
    let join = |mut list: Vec<String>, comma: &str, or: &str, more: &str| {
        if list.len() > MAX_EXPECTED {
            list.truncate(MAX_EXPECTED);
            return format!("{}{more}", list.join(comma));
        }
        let last = list.pop().unwrap_or_default();
        if list.is_empty() {
            last
        } else {
            format!("{}{or}{last}", list.join(comma))
        }
    };
    Words::new(join(zh, "、", " 或 ", " 等"), join(en, ", ", " or ", ", …"))
}
