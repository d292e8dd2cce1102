//! Clauses that begin with a word that does not belong where they stand.

use super::{CARDS, Recover};
use crate::lang::diagnostics::{Diagnostic, Words, nearest};
use crate::lang::span::Span;
use crate::lang::syntax::lexer::{ITEMS, Kind};
use crate::lang::syntax::vocabulary::{Body, FOLLOWER_VERBS, TAKE_PROSE, alias};

/// What people call the end of a dialog nobody answers.
const ENDS: [&str; 8] = [
    "timeout",
    "on_timeout",
    "expired",
    "expire",
    "expiry",
    "超时",
    "过期",
    "到期",
];
/// What other languages have between two actions.
const WAITS: [&str; 7] = ["wait", "sleep", "delay", "pause", "after", "等待", "延时"];

impl Recover<'_> {
    /// `ask a: word` and its question below, as a `reply "…"`.
    pub(super) fn asked_by_reply(&mut self, from: usize, to: usize, next: usize) -> bool {
        let text = |at: usize| {
            matches!(
                self.tokens.get(at).map(|one| &one.kind),
                Some(Kind::Text(_))
            )
        };
        let fits = self.slice(from) == "ask"
            && self.slice(next) == "reply"
            && text(next + 1)
            && !(from..to).any(text);
        if !fits {
            return false;
        }
        let (reply, question) = (self.tokens[next], self.tokens[next + 1]);
        let gap = self.sink.span(self.tokens[to - 1].end, question.start);
        let span = self.sink.span(reply.start, reply.end);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "问题直接写在 `ask` 那一行后面，不用 `reply`",
                    "the question comes right behind its `ask`, without `reply`",
                ),
                span,
                Words::new("多余", "not needed"),
            )
            .with_fix(Words::new("去掉 `reply`", "remove `reply`"), gap, " "),
        );
        true
    }

    /// `reply { news`: the card's name behind its brace.
    pub(super) fn card_inside(&mut self, from: usize, to: usize) -> bool {
        let card = self.slice(from + 2).to_owned();
        let fits = self.slice(from) == "reply"
            && self.is(from + 1, "{")
            && CARDS.contains(&card.as_str())
            && !self.is(from + 3, ":")
            && from + 3 < to;
        if !fits {
            return false;
        }
        let (brace, name) = (self.tokens[from + 1], self.tokens[from + 2]);
        let span = self.sink.span(brace.start, name.end);
        let right = format!("{card} {{");
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{card}` 写在 `{{` 前面"),
                    format!("`{card}` stands before the `{{`"),
                ),
                span,
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_fix(Words::new("换过来", "swap them"), span, right),
        );
        let close = self.close_brace(from + 1, to);
        self.body(Body::Fields, from + 3, close);
        self.gaps.push((from, to));
        true
    }

    /// `invalid "…"` before any question.
    fn of_a_question(&mut self, at: usize, word: &str, span: Span) -> bool {
        let asks = Body::Dialog.continues(word) && Body::home(word).is_none();
        if !asks || !matches!(word, "invalid" | "unless" | "at") {
            return false;
        }
        let own = at == 0 || self.is(at - 1, "{") || self.is(at - 1, "}");
        if !own {
            return false;
        }
        self.sink.add(
            Diagnostic::error(
                "E0106",
                Words::new(
                    format!("`{word}` 前面没有问题"),
                    format!("there is no question before `{word}`"),
                ),
                span,
                Words::new("它写在 `ask` 的后面", "it stands behind its `ask`"),
            )
            .with_help(Words::new(
                "`ask phone: mobile \"您的手机号？\" invalid \"这不像手机号。\" at most 3 times`",
                "`ask phone: mobile \"Your phone?\" invalid \"No phone number.\" at most 3 times`",
            )),
        );
        true
    }

    /// `reply`, and below it the words without their quotes.
    pub(super) fn text_below(&mut self, from: usize, to: usize, next: usize, last: usize) -> bool {
        let prose = !self.slice(next).is_ascii()
            && (next..last)
                .all(|at| !matches!(self.tokens[at].kind, Kind::Text(_) | Kind::Block { .. }))
            && !(next..last).any(|at| matches!(self.slice(at), "{" | "}"));
        if to != from + 1 || !TAKE_PROSE.contains(&self.slice(from)) || !prose {
            return false;
        }
        let (start, end) = (self.tokens[next].start, self.tokens[last - 1].end);
        let span = self.sink.span(start, end);
        let words = &self.text[start..end];
        let by = format!(
            "\"{}\"",
            words.lines().map(str::trim).collect::<Vec<_>>().join("\\n")
        );
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new("文字要用引号引起来", "a text stands in quotes"),
                span,
                Words::new("这里少了引号", "the quotes are missing"),
            )
            .with_guess(Words::new("加上引号", "add the quotes"), span, by),
        );
        true
    }

    /// `小王 sends "…"`, `alice city 北京`: who, without what stands before.
    fn without_actor(&self, at: usize, word: &str) -> Option<&'static str> {
        const OF_LOGIN: [&str; 6] = ["city", "machine", "ip", "illegal", "wrong", "reported"];
        let next = self.slice(at + 1);
        match next {
            _ if alias(word).is_some() => None,
            verb if FOLLOWER_VERBS.contains(&verb) => Some("wechat"),
            setting if OF_LOGIN.contains(&setting) => Some("login"),
            _ => None,
        }
    }

    /// Reports a clause that begins with a word that does not belong here; says what was meant.
    pub(super) fn unknown(&mut self, body: Body, at: usize, word: &str) -> Option<&'static str> {
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        let clause = body.clause();
        if matches!(word, "else" | "elif" | "elsif") {
            use crate::lang::syntax::layout::{no_else, no_other_outcome};
            self.sink.add(match body {
                Body::Outcomes => no_other_outcome(span),
                _ => no_else(span),
            });
            return None;
        }
        if ITEMS.contains(&word) {
            self.sink.add(
                Diagnostic::error(
                    "E0106",
                    Words::new(
                        format!("`{word}` 不能写在花括号里面"),
                        format!("`{word}` cannot stand inside braces"),
                    ),
                    span,
                    Words::new("它要顶格写在最外层", "it belongs at column 0, outside"),
                )
                .with_help(Words::new(
                    "把它移到外面；如果前面少了 `}`，请补上",
                    "move it outside; if a `}` is missing before it, add one",
                )),
            );
            return None;
        }
        if body == Body::Dialog && self.of_a_question(at, word, span) {
            return None;
        }
        let before = at.checked_sub(1).map(|before| self.tokens[before]);
        if let Some(number) = before.filter(|before| before.kind == Kind::Number && token.first) {
            let gap = self.sink.span(number.end, token.start);
            self.sink.add(
                Diagnostic::error(
                    "E0105",
                    Words::new(
                        format!("`{word}` 断到了下一行"),
                        format!("`{word}` has slipped to the next line"),
                    ),
                    span,
                    Words::new("单位和数写在一行里", "a unit stands on its number's line"),
                )
                .with_guess(
                    Words::new("接到上一行", "join it to the line before"),
                    gap,
                    " ",
                ),
            );
            return None;
        }
        if body == Body::Story
            && let Some(who) = self.without_actor(at, word)
        {
            let here = self.sink.span(token.start, token.start);
            self.sink
                .add(unknown_clause(word, &clause, span).with_guess(
                    Words::new(
                        format!("是不是想写 `{who} {word}`"),
                        format!("did you mean `{who} {word}`"),
                    ),
                    here,
                    format!("{who} "),
                ));
            return None;
        }
        let goes_on = |near: &&str| body == Body::Dialog && matches!(*near, "invalid" | "unless");
        let also = ["invalid", "unless"].into_iter().filter(goes_on);
        let meant = alias(word)
            .filter(|alias| body.words().contains(alias))
            .or_else(|| nearest(word, body.words().iter().copied().chain(also)));
        let of_head = matches!(word, "when" | "even" | "continue");
        let home = Body::home(word).filter(|_| !(of_head && body == Body::Actions));
        let diagnostic = match (home, meant) {
            (Some(home), _) => {
                let own = home.clause();
                Diagnostic::error(
                    "E0106",
                    Words::new(
                        format!("`{word}` 不能写在这里"),
                        format!("`{word}` cannot stand here"),
                    ),
                    span,
                    Words::new(
                        format!("这里应是{}，`{word}` 是{}", clause.zh, own.zh),
                        format!(
                            "`{word}` is a kind of {}, here belongs a {}",
                            own.en, clause.en
                        ),
                    ),
                )
            }
            (None, _) if of_head => {
                self.part_of_the_head(at, word);
                return None;
            }
            (None, Some(meant)) => {
                // Of two words the first is the clause's; the second may be there already.
                let up = meant == "give" && self.slice(at + 1) != "up";
                let meant = if up { "give up" } else { meant };
                let over = meant == "hand" && self.slice(at + 1) != "over";
                let meant = if over { "hand over" } else { meant };
                let captcha = meant == "challenge" && self.slice(at + 1) != "captcha";
                let meant = if captcha { "challenge captcha" } else { meant };
                unknown_clause(word, &clause, span).with_guess(
                    Words::new(
                        format!("是不是想写 `{meant}`"),
                        format!("did you mean `{meant}`"),
                    ),
                    span,
                    meant,
                )
            }
            (None, _) if matches!(body, Body::Actions | Body::Dialog) && ENDS.contains(&word) => {
                unknown_clause(word, &clause, span).with_help(Words::new(
                    "到时间没人回答，对话自己结束，什么也不发；等多久写在对话的第一行：`dialog d expires 10 minutes {`",
                    "a dialog nobody answers ends by itself, and nothing is sent; how long it waits is said in its first line: `dialog d expires 10 minutes {`",
                ))
            }
            (None, None) if body == Body::Actions && WAITS.contains(&word) => {
                unknown_clause(word, &clause, span).with_help(Words::new(
                    "动作之间不等；过一会儿再发用 `send \"…\" after 10 minutes`",
                    "nothing waits between actions; what is sent later is `send \"…\" after 10 minutes`",
                ))
            }
            (None, None) => {
                let known: Vec<String> = body
                    .words()
                    .iter()
                    .map(|word| format!("`{word}`"))
                    .collect();
                unknown_clause(word, &clause, span).with_help(Words::new(
                    format!("这里可以写 {}", known.join(" ")),
                    format!("here may stand {}", known.join(" ")),
                ))
            }
        };
        self.sink.add(diagnostic);
        if home.is_some() { None } else { meant }
    }
}

fn unknown_clause(word: &str, clause: &Words, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0105",
        Words::new(format!("不认识 `{word}`"), format!("unknown word `{word}`")),
        span,
        Words::new(
            format!("这里应是一个{}", clause.zh),
            format!("here belongs a kind of {}", clause.en),
        ),
    )
}
