//! An item that does not parse is looked at clause by clause, so that each of its mistakes is
//! reported, once, where it stands; what is left of it without those clauses goes on to the checker.

mod conditions;
mod dialogs;
mod remains;
mod unknown;

pub(super) use remains::Rest;

use super::grammar::{self, Failure, Rule};
use super::lexer::{Kind, Token};
use super::lower;
use super::mistakes::{self, Place};
use super::repair::Sink;
use super::vocabulary::Body;
use crate::lang::diagnostics::{Diagnostic, Words};

/// Reports what is wrong with the item `start..end`; `failure` is the whole item's. What is left of the
/// item, if that can be told.
pub(super) fn item(
    text: &str,
    tokens: &[Token],
    start: usize,
    end: usize,
    failure: &Failure,
    sink: &mut Sink,
) -> Option<Rest> {
    let from = tokens.partition_point(|token| token.start < start);
    let to = tokens.partition_point(|token| token.start < end);
    let tokens: Vec<&Token> = tokens[from..to]
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Comment | Kind::WrongComment))
        .collect();
    let mut recover = Recover {
        text,
        tokens,
        sink,
        gaps: Vec::new(),
        head: None,
    };
    let before = recover.sink.found.len();
    recover.item();
    if recover.sink.found.len() == before {
        let place = Place {
            start,
            end: recover.tokens.last().map_or(end, |last| last.end),
            head: false,
            body: None,
        };
        let diagnostic = mistakes::explain(
            text,
            &recover.tokens,
            place,
            start + failure.at,
            failure,
            recover.sink,
        );
        recover.sink.add(diagnostic);
        return None;
    }
    recover.rest(start, end)
}

/// Replies that have fields.
const CARDS: [&str; 3] = ["news", "music", "video"];

struct Recover<'a> {
    text: &'a str,
    tokens: Vec<&'a Token>,
    sink: &'a mut Sink,
    /// Tokens of clauses that were reported, from and to.
    gaps: Vec<(usize, usize)>,
    /// Where the body opens, when the item's own head was reported.
    head: Option<usize>,
}

impl Recover<'_> {
    fn slice(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .map_or("", |token| &self.text[token.start..token.end])
    }

    fn is(&self, at: usize, sign: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == Kind::Punct)
            && self.slice(at) == sign
    }

    fn item(&mut self) {
        let (entry, body) = match self.slice(0) {
            "on" => (Rule::rule_head_only, Body::Actions),
            "signal" => (Rule::signal_head_only, Body::Signal),
            "dialog" => (Rule::dialog_head_only, Body::Dialog),
            "test" => (Rule::test_head_only, Body::Story),
            _ => return,
        };
        let all = self.tokens.len();
        self.braced(entry, Some(body), 0, all, entry == Rule::rule_head_only);
    }

    /// Something with a head and a body: `from..to` are its tokens.
    fn braced(&mut self, head: Rule, body: Option<Body>, from: usize, to: usize, rule_head: bool) {
        let Some(open) = self.open_brace(from, to) else {
            let before = self.sink.found.len();
            self.parse(head, from, to, rule_head);
            if self.sink.found.len() == before {
                self.no_body(from, to);
            }
            self.gaps.push((from, to));
            return;
        };
        if !self.parse(head, from, open, rule_head) {
            if from == 0 {
                self.head = Some(open);
            } else {
                self.gaps.push((from, to));
            }
        }
        let close = self.close_brace(open, to);
        if let Some(body) = body {
            self.body(body, open + 1, close);
        }
        if close + 1 < to {
            let clause = matches!(
                head,
                Rule::cancel_head_only | Rule::give_up_head_only | Rule::ask_only
            );
            match clause && self.is(close + 1, "{") && self.tokens[close + 1].first {
                true => self.block_in_dialog(close + 1),
                false => self.trailing(close + 1),
            }
            self.gaps.push((close + 1, to));
        }
    }

    fn no_body(&mut self, from: usize, to: usize) {
        let Some(last) = to.checked_sub(1).and_then(|at| self.tokens.get(at)) else {
            return;
        };
        let here = self.sink.span(last.end, last.end);
        let span = self.sink.span(self.tokens[from].start, last.end);
        let found = Diagnostic::error(
            "E0110",
            Words::new("少了花括号 `{ … }`", "the braces `{ … }` are missing"),
            span,
            Words::new("后面应有 `{`", "a `{` belongs after this"),
        );
        // `on text "a"`, and `on text "b" {` on the next line: both may be meant to do what stands there.
        let event = self.slice(from + 1);
        let head = format!("on {event} ");
        let below = self.text[last.end..].trim_start_matches([' ', '\t', '\r']);
        let next = below.strip_prefix('\n').unwrap_or_default();
        let other = next.strip_prefix(head.as_str());
        let other = other.filter(|_| self.slice(from) == "on");
        let text = event == "text" && matches!(last.kind, Kind::Text(_)) && to == from + 3;
        self.sink.add(match other {
            Some(other) if text && other.starts_with('"') => {
                let gap = self.sink.span(last.end, self.text.len() - other.len());
                found.with_guess(
                    Words::new(
                        "两种都做下面的事，就用 `or` 连起来",
                        "join them by `or` where both do what stands below",
                    ),
                    gap,
                    " or ",
                )
            }
            Some(_) => found.with_help(Words::new(
                format!("和下一条做一样的事，就写成一条：`on {event} … or {event} … {{`；不一样，就写上自己的 `{{ … }}`"),
                format!("where both do what stands below, write one rule: `on {event} … or {event} … {{`; else give it a `{{ … }}` of its own"),
            )),
            None => found.with_guess(Words::new("补上 `{ }`", "add `{ }`"), here, " {\n}"),
        });
    }

    fn open_brace(&self, from: usize, to: usize) -> Option<usize> {
        (from..to).find(|&at| self.is(at, "{"))
    }

    fn close_brace(&self, open: usize, to: usize) -> usize {
        let mut depth = 0i32;
        for at in open..to {
            if self.is(at, "{") {
                depth += 1;
            } else if self.is(at, "}") {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
        }
        to
    }

    fn trailing(&mut self, at: usize) {
        let token = self.tokens[at];
        let span = self.sink.span(token.start, token.end);
        let shown = self.slice(at);
        let diagnostic = if matches!(shown, "else" | "elif" | "elsif") {
            super::layout::no_else(span)
        } else if shown == "}" {
            super::layout::extra_brace(span)
        } else {
            let shown = shown.lines().next().unwrap_or_default();
            let prose = !shown.is_ascii() && token.kind == Kind::Word;
            let here = self.sink.span(token.start, token.start);
            let found = Diagnostic::error(
                "E0106",
                Words::new(
                    format!("`{shown}` 写在了花括号后面"),
                    format!("`{shown}` stands after the closing brace"),
                ),
                span,
                Words::new("这里应另起一行", "a new line belongs here"),
            );
            match prose {
                true => found.with_guess(
                    Words::new("说明写在 `#` 后面", "a remark follows a `#`"),
                    here,
                    "# ",
                ),
                false => found,
            }
        };
        self.sink.add(diagnostic);
    }

    /// Parses the tokens `from..to` as `entry`; reports the failure, or what lowering finds.
    fn parse(&mut self, entry: Rule, from: usize, to: usize, rule_head: bool) -> bool {
        let (Some(first), Some(last)) =
            (self.tokens.get(from), self.tokens.get(to.wrapping_sub(1)))
        else {
            return true;
        };
        if from >= to {
            return true;
        }
        let (start, end) = (first.start, last.end);
        let part = &self.text[start..end];
        match grammar::parse(entry, part) {
            Ok(pairs) => {
                lower::examine(pairs, part, start, self.sink);
                true
            }
            Err(failure) => {
                let place = Place {
                    start,
                    end,
                    head: rule_head,
                    body: None,
                };
                let at = start + failure.at;
                let diagnostic =
                    mistakes::explain(self.text, &self.tokens, place, at, &failure, self.sink);
                self.sink.add(diagnostic);
                false
            }
        }
    }

    fn body(&mut self, body: Body, from: usize, to: usize) {
        let clauses = self.clauses(body, from, to);
        let mut asked = false;
        let mut told = 0;
        for (index, &(start, end)) in clauses.iter().enumerate() {
            if self.sink.full() {
                self.sink.dropped += 1;
                self.gaps.push((start, to));
                return;
            }
            if std::mem::take(&mut asked) || told > index {
                continue;
            }
            if body == Body::Dialog {
                let actions = self.actions_in_dialog(&clauses, index);
                told = index + actions;
                if actions > 0 {
                    continue;
                }
            }
            if let Some(&(next, last)) = clauses.get(index + 1)
                && self.text_below(start, end, next, last)
            {
                self.gaps.push((start, last));
                asked = true;
                continue;
            }
            let next = clauses.get(index + 1).filter(|_| body == Body::Dialog);
            if let Some(&(next, last)) = next
                && self.asked_by_reply(start, end, next)
            {
                self.gaps.push((start, last));
                asked = true;
                continue;
            }
            self.clause(body, start, end);
        }
    }

    /// Cuts a body where clauses begin.
    fn clauses(&self, body: Body, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut starts = Vec::new();
        let mut depth = 0i32;
        // Of the braces alone, since the last start.
        let mut braces = 0i32;
        for at in from..to {
            let token = self.tokens[at];
            let word = token.kind == Kind::Word;
            if at == from || (depth == 0 && token.first && word && self.begins(body, at)) {
                starts.push(at);
                braces = 0;
            }
            if token.kind == Kind::Punct {
                match self.slice(at) {
                    "(" | "[" => depth += 1,
                    ")" | "]" => depth = (depth - 1).max(0),
                    "{" => {
                        depth += 1;
                        braces += 1;
                    }
                    "}" => {
                        depth -= 1;
                        braces -= 1;
                    }
                    _ => {}
                }
            }
            // A keyword at the start of a line ends whatever bracket was left open.
            let known = body.words().contains(&self.slice(at + 1));
            let next_first = self.tokens.get(at + 1).is_some_and(|next| next.first);
            if depth > 0 && known && next_first && at + 1 < to && braces == 0 {
                depth = 0;
            }
        }
        let ends = starts.iter().skip(1).copied().chain([to]);
        starts.iter().copied().zip(ends).collect()
    }

    fn begins(&self, body: Body, at: usize) -> bool {
        let word = self.slice(at);
        if body.words().contains(&word) {
            return true;
        }
        if body.continues(word) {
            return false;
        }
        let before = self.tokens[at - 1];
        let connects = match before.kind {
            Kind::Punct => !matches!(self.slice(at - 1), "}" | ")" | "]" | "%"),
            Kind::Word => matches!(
                self.slice(at - 1),
                "and" | "or" | "not" | "in" | "is" | "when" | "except" | "otherwise" | "unless"
            ),
            _ => false,
        };
        !connects
    }

    fn clause(&mut self, body: Body, from: usize, to: usize) {
        let word = self.slice(from).to_owned();
        let known = body.words().is_empty() || body.words().contains(&word.as_str());
        let is_word = self.tokens[from].kind == Kind::Word;
        if is_word && !known {
            let meant = self.unknown(body, from, &word);
            self.gaps.push((from, to));
            // What stands in its braces is looked at as if it had been written right.
            if let Some(open) = self.open_brace(from, to) {
                let close = self.close_brace(open, to);
                if let Some((_, Some(inner))) = meant.map(|meant| self.nested(body, meant, from)) {
                    self.body(inner, open + 1, close);
                }
            }
            return;
        }
        let whole = match body {
            Body::Actions => Rule::action_only,
            Body::Outcomes => Rule::arm_only,
            Body::Fields => Rule::field_only,
            Body::Alert => Rule::alert_part_only,
            Body::Signal => Rule::signal_part_only,
            Body::Dialog => Rule::dialog_part_only,
            Body::Story => Rule::step_only,
        };
        let (start, end) = (self.tokens[from].start, self.tokens[to - 1].end);
        let part = &self.text[start..end];
        let failure = match grammar::parse(whole, part) {
            Ok(pairs) => {
                lower::examine(pairs, part, start, self.sink);
                return;
            }
            Err(failure) => failure,
        };
        let before = self.sink.found.len();
        if body == Body::Actions && self.card_inside(from, to) {
            return;
        }
        let (head, inner) = self.nested(body, &word, from);
        if self.open_brace(from, to).is_some() && inner.is_some() {
            self.braced(head, inner, from, to, false);
        }
        if self.sink.found.len() == before {
            let place = Place {
                start,
                end,
                head: false,
                body: Some(body),
            };
            let at = start + failure.at;
            let diagnostic =
                mistakes::explain(self.text, &self.tokens, place, at, &failure, self.sink);
            self.sink.add(diagnostic);
            self.gaps.push((from, to));
        }
    }

    /// `reply nws { title: …`: fields stand in the braces, however the card is misspelt.
    fn fields(&self, from: usize) -> bool {
        self.is(from + 2, "{") && self.tokens[from + 3..].len() > 1 && self.is(from + 4, ":")
    }

    /// The rule of a clause's head, and what stands in its braces.
    fn nested(&self, body: Body, word: &str, from: usize) -> (Rule, Option<Body>) {
        match (body, word) {
            (Body::Actions, "alert") => (Rule::alert_head_only, Some(Body::Alert)),
            (Body::Actions, "reply")
                if CARDS.contains(&self.slice(from + 1)) || self.fields(from) =>
            {
                (Rule::card_head_only, Some(Body::Fields))
            }
            (Body::Actions, _) => (Rule::action_only, Some(Body::Outcomes)),
            (Body::Outcomes, _) => (Rule::arm_head_only, Some(Body::Actions)),
            (Body::Alert, "template") => (Rule::template_head_only, Some(Body::Fields)),
            (Body::Dialog, "cancel") => (Rule::cancel_head_only, Some(Body::Actions)),
            (Body::Dialog, "give") => (Rule::give_up_head_only, Some(Body::Actions)),
            (Body::Dialog, "done") => (Rule::done_head_only, Some(Body::Actions)),
            (Body::Alert, _) => (Rule::alert_part_only, None),
            (Body::Dialog, _) => (Rule::ask_only, None),
            (Body::Signal, _) => (Rule::signal_part_only, None),
            (Body::Fields, _) => (Rule::field_only, None),
            (Body::Story, _) => (Rule::step_only, None),
        }
    }
}
