//! Lines that stand where nothing of the kind may: at column 0, outside every item, an item indented.

use super::{Chunk, Layout, Open, extra_brace};
use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::span::Span;
use crate::lang::syntax::lexer::{ITEMS, Kind};
use crate::lang::syntax::vocabulary::{EVENTS, OUTCOMES, alias, is_clause};

impl Layout<'_> {
    /// Something at column 0 that is neither an item keyword nor a closing brace.
    pub(super) fn odd_line(
        &mut self,
        at: usize,
        word: &str,
        is_word: bool,
        open: Option<&mut Open>,
    ) -> Option<Open> {
        let token = self.tokens[at];
        let clause = is_word && is_clause(word);
        // No item begins with a name and a brace, or a name and a colon: an outcome or a field that should be
        // indented, while what it belongs to is open.
        let going_on = open.as_ref().is_some_and(|open| open.goes_on());
        let outcome = OUTCOMES.contains(&word) || !EVENTS.contains(&word);
        let inner = is_word
            && going_on
            && match self.slice(at + 1) {
                "{" => outcome && !matches!(word, "default" | "fallback" | "otherwise"),
                ":" => true,
                _ => false,
            };
        if inner && let Some(open) = open {
            self.indented(at, open);
            return None;
        }
        if is_word
            && !going_on
            && let Some((last, by, sure)) = self.begun_otherwise(at, word)
        {
            let span = self.sink.span(token.start, self.tokens[last].end);
            let words = Words::new(format!("改成 `{by}`"), format!("write `{by}`"));
            let found = if last == at {
                unknown_item(word, span)
            } else {
                in_order(&by, span)
            };
            self.sink.add(if sure {
                found.with_fix(words, span, by.clone())
            } else {
                found.with_guess(words, span, by.clone())
            });
            self.edit(token.start, self.tokens[last].end, by);
            return Some(Open::default());
        }
        if is_word && let Some(by) = self.without_on(at, word) {
            let span = self.sink.span(token.start, token.end);
            self.sink.add(unknown_item(word, span).with_guess(
                Words::new(format!("是不是想写 `{by}`"), format!("did you mean `{by}`")),
                span,
                by.clone(),
            ));
            self.edit(token.start, token.end, by);
            return Some(Open::default());
        }
        let meant = if is_word && !clause {
            alias(word)
                .filter(|alias| ITEMS.contains(alias))
                .or_else(|| nearest(word, ITEMS))
        } else {
            None
        };
        if let Some(meant) = meant {
            let span = self.sink.span(token.start, token.end);
            self.sink.add(unknown_item(word, span).with_guess(
                Words::new(
                    format!("是不是想写 `{meant}`"),
                    format!("did you mean `{meant}`"),
                ),
                span,
                meant,
            ));
            self.edit(token.start, token.end, meant);
            return Some(Open::default());
        }
        if let Some(open) = open {
            if open.dropped {
                return None;
            }
            if open.goes_on() {
                self.indented(at, open);
                return None;
            }
        }
        if clause || !is_word {
            self.outside(at, word, is_word);
        } else {
            let span = self.sink.span(token.start, token.end);
            let found = match word {
                "else" | "elif" | "elsif" => self.else_of_its_own(at, span),
                _ => unknown_item(word, span),
            };
            self.sink.add(found);
        }
        Some(Open {
            dropped: true,
            ..Open::default()
        })
    }

    /// `else {` below the rule it belongs to.
    fn else_of_its_own(&self, at: usize, span: Span) -> Diagnostic {
        let begins = |inner: &usize| {
            self.tokens[*inner].first
                && self.lines.indents[*inner] == 0
                && self.slice(*inner) != "}"
        };
        match (0..at).rev().find(begins) {
            Some(from) => self.as_rule(no_else(span), from, at),
            None => no_else(span),
        }
    }

    /// A line at column 0 that should be indented; those of an item are one mistake.
    fn indented(&mut self, at: usize, open: &mut Open) {
        let token = self.tokens[at];
        let here = self.sink.span(token.start, token.start);
        let span = self.sink.span(token.start, token.end);
        let known = open.reported.filter(|at| *at < self.sink.found.len());
        if let Some(known) = known {
            self.sink.found[known].add_place(span);
        } else {
            open.reported = Some(self.sink.found.len());
            self.sink.add(
                Diagnostic::error(
                    "E0104",
                    Words::new("这一行要缩进", "this line must be indented"),
                    span,
                    Words::new(
                        "顶格的行只能是一条规则的开头",
                        "only items start at column 0",
                    ),
                )
                .with_fix(Words::new("缩进四格", "indent by four"), here, "    "),
            );
        }
        self.edit(token.start, token.start, "    ");
    }

    /// `text on "…" {`, `confirm dialog {`: the first two words in the wrong order; `offices: network from`,
    /// `limit = 5`: without `list` or `let`. The last token of what should be replaced, by what, and whether
    /// nothing else could be meant.
    fn begun_otherwise(&self, at: usize, word: &str) -> Option<(usize, String, bool)> {
        if is_clause(word) && !EVENTS.contains(&word) {
            return None;
        }
        let next = self.tokens.get(at + 1).filter(|next| !next.first)?;
        let item = self.slice(at + 1);
        let third = self.tokens.get(at + 2).filter(|third| !third.first)?;
        let text = matches!(third.kind, Kind::Text(_));
        // `listfaces = […]`, where rules say `faces`
        let parted = ["list", "let"].into_iter().find_map(|keyword| {
            let name = word.strip_prefix(keyword)?;
            let used = (0..self.tokens.len()).any(|at| self.slice(at) == name);
            (used && matches!(item, ":" | "=")).then(|| format!("{keyword} {name}"))
        });
        if let Some(parted) = parted {
            return Some((at, parted, false));
        }
        match item {
            "on" if EVENTS.contains(&word) => Some((at + 1, format!("on {word}"), true)),
            "dialog" | "signal" | "list" | "let" | "extractor" if next.kind == Kind::Word => {
                Some((at + 1, format!("{item} {word}"), true))
            }
            ":" if third.kind == Kind::Word && matches!(self.slice(at + 3), "from" | "=" | "[") => {
                Some((at, format!("list {word}"), true))
            }
            "=" if self.slice(at + 2) == "[" => Some((at, format!("list {word}"), false)),
            // A text may be an extractor's pattern as well.
            "=" if !text => Some((at, format!("let {word}"), false)),
            _ => None,
        }
    }

    /// `any { … }`, `text "…" { … }`: an event without its `on`; or what others call `on any`.
    fn without_on(&self, at: usize, word: &str) -> Option<String> {
        let next = self.slice(at + 1);
        let begins = next == "{"
            || matches!(
                self.tokens.get(at + 1).map(|next| &next.kind),
                Some(Kind::Text(_))
            )
            || matches!(
                next,
                "when" | "with" | "containing" | "starting" | "matching" | "scene" | "in" | "alert"
            );
        let opens = self.line_of(at).trim_end().ends_with('{');
        match word {
            _ if !begins || !opens => None,
            "default" | "fallback" | "otherwise" => Some("on any".to_owned()),
            event if EVENTS.contains(&event) => Some(format!("on {event}")),
            _ => None,
        }
    }

    pub(super) fn indented_item(&mut self, at: usize, word: &str) {
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        let indent = self.sink.span(token.line, token.start);
        self.sink.add(
            Diagnostic::error(
                "E0103",
                Words::new(
                    format!("`{word}` 要顶格写"),
                    format!("`{word}` must start at column 0"),
                ),
                span,
                Words::new("这一行缩进了", "this line is indented"),
            )
            .with_fix(Words::new("去掉缩进", "remove the indent"), indent, ""),
        );
        self.edit(token.line, token.start, "");
    }

    /// `let a = 1 let b = 2`: the second item stands on the line of the first.
    pub(super) fn item_behind(&mut self, at: usize, first: Option<&Chunk>) {
        let (before, token) = (self.tokens[at - 1], self.tokens[at]);
        let here = self.sink.span(token.start, token.end);
        let start = first.map_or(before.start, |first| self.tokens[first.from].start);
        let gap = self.sink.span(before.end, token.start);
        self.sink.add(
            Diagnostic::error(
                "E0107",
                Words::new(
                    format!("`{0}` 写在了另一条的后面", self.slice(at)),
                    format!("this `{0}` stands behind another item", self.slice(at)),
                ),
                here,
                Words::new("应另起一行", "this belongs on a line of its own"),
            )
            .with_label(
                self.sink.span(start, before.end),
                Words::new("前一条在这里", "the item before it"),
            )
            .with_fix(Words::new("另起一行", "start a new line"), gap, "\n"),
        );
        self.edit(before.end, token.start, "\n");
    }

    pub(super) fn outside(&mut self, at: usize, word: &str, is_word: bool) {
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        let shown = if is_word || token.kind == Kind::Punct {
            word.to_owned()
        } else {
            "\"…\"".to_owned()
        };
        let diagnostic = if word == "}" {
            extra_brace(span).with_fix(Words::new("去掉它", "remove it"), span, "")
        } else if word == "else" {
            no_else(span)
        } else if let Some(on) = self.late_on(at, word) {
            crate::lang::syntax::mistakes::late_trigger(on)
        } else {
            Diagnostic::error(
                "E0106",
                Words::new(
                    format!("`{shown}` 不在任何一条规则里"),
                    format!("`{shown}` stands outside every item"),
                ),
                span,
                Words::new("前面没有它所属的规则", "nothing it could belong to"),
            )
            .with_help(Words::new(
                "子句写在 `on`、`signal`、`dialog`、`test` 的花括号里",
                "clauses stand in the braces of `on`, `signal`, `dialog` or `test`",
            ))
        };
        self.sink.add(diagnostic);
    }

    /// The `on` of `when bound on text "…" {`.
    fn late_on(&self, at: usize, word: &str) -> Option<Span> {
        let after = self.tokens.get(at + 1..)?.iter();
        let on = after
            .take_while(|token| word == "when" && !token.first)
            .find(|token| &self.text[token.start..token.end] == "on")?;
        Some(self.sink.span(on.start, on.end))
    }
}

/// E0102: the words that begin an item, in the wrong order.
fn in_order(right: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0102",
        Words::new("这两个词的次序反了", "these two words have changed places"),
        span,
        Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
    )
}

/// E0102.
fn unknown_item(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0102",
        Words::new(
            format!("不认识顶格的 `{word}`"),
            format!("unknown word `{word}` at column 0"),
        ),
        span,
        Words::new(
            "顶格只能写 `let` `list` `on` `signal` `dialog` `test` `extractor`",
            "at column 0 stand `let` `list` `on` `signal` `dialog` `test` `extractor`",
        ),
    )
}

/// E0120 among the outcomes of an action.
pub(in crate::lang::syntax) fn no_other_outcome(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0120",
        Words::new("没有 `else`", "there is no `else`"),
        span,
        Words::new("每种结果各写一次", "each outcome is answered by its name"),
    )
    .with_help(Words::new(
        "去掉它，其余的结果各写名字和回答，如 `unbound { reply \"请先绑定。\" }`；有哪些结果见手册里的动作表",
        "remove it and write each other outcome with its answer, such as `unbound { reply \"Bind first.\" }`; the manual's table of actions has them all",
    ))
}

/// E0120.
pub(in crate::lang::syntax) fn no_else(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0120",
        Words::new("没有 `else`", "there is no `else`"),
        span,
        Words::new("规则里没有这个写法", "not a part of this language"),
    )
    .with_help(Words::new(
        "在后面再写一条同样触发、不带 `when` 的规则：先写的规则先答",
        "write a second rule with the same trigger and no `when` after it: the first match answers",
    ))
}
