//! Texts and values put together in other languages' ways: `"a" + name`, `"a" .. name`, `"%s" % name`,
//! `f"…"`, `"…".format(name)`, `concat("a", name)`. Here one text holds all of it, values in braces.

use super::neighbours::Stuck;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::{Kind, Token};
use crate::lang::syntax::vocabulary::{TAKE_TEXT, is_clause};

/// What joins two texts elsewhere.
const JOINS: [&str; 9] = ["+", ".", "..", "&", ",", "%", "<<", "++", "~"];
/// Functions of other languages that make a text.
const MAKERS: [&str; 10] = [
    "concat", "format", "join", "str", "string", "sprintf", "printf", "text", "String", "f",
];
/// Parts of one text: more is another mistake.
const MAX_PARTS: usize = 32;

/// One of the things that are joined.
enum Part {
    /// What stands between the quotes.
    Text(String),
    /// A name or path.
    Value(String),
}

impl Stuck<'_> {
    /// The diagnostic, when a text was to be put together.
    pub(super) fn joined(&self) -> Option<Diagnostic> {
        let clause = self.text_clause()?;
        let from = clause + 1;
        if self.at < from {
            return None;
        }
        let end = self.clause_end(from);
        if self.at >= end {
            return None;
        }
        let sign = self.shown_sign(from);
        let parts = self.parts(from, end);
        // One text that is right: something else is wrong with the line.
        if let Some((text, _)) = &parts
            && *text == self.text[self.inside[from].start..self.inside[end - 1].end]
        {
            return None;
        }
        let whole = self.span(from, end.checked_sub(1)?);
        let here = self.span(self.at, self.at);
        let found = Diagnostic::error(
            "E0101",
            match &sign {
                Some(sign) => Words::new(
                    format!("文字不用 `{sign}` 连接"),
                    format!("texts are not joined by `{sign}`"),
                ),
                None => Words::new(
                    "文字和值写在一对引号里",
                    "a text and its values stand in one pair of quotes",
                ),
            },
            here,
            Words::new("写在一对引号里", "write one text"),
        )
        .with_help(how());
        Some(match parts {
            Some((text, sure)) => {
                let words = Words::new(format!("写成 `{text}`"), format!("write `{text}`"));
                if sure {
                    found.with_fix(words, whole, text)
                } else {
                    found.with_guess(words, whole, text)
                }
            }
            None => found,
        })
    }

    /// The word of the clause that takes the text the grammar got stuck in, or behind.
    fn text_clause(&self) -> Option<usize> {
        let at = (0..=self.at.min(self.inside.len().checked_sub(1)?))
            .rev()
            .take(MAX_PARTS)
            .find(|at| {
                let word = self.slice(*at);
                (TAKE_TEXT.contains(&word) || word == "invalid") && self.begins(*at)
            })?;
        let next = at + 1;
        // Images, cards and stories have texts of another kind.
        let made = self.is_text(next)
            || self.slice(next) == "$"
            || (self.is_text(next + 1) && self.touching(next))
            || (self.kind(next) == Some(&Kind::Word) && self.makes_text(next));
        (made && !self.inside[next].first).then_some(at)
    }

    fn begins(&self, at: usize) -> bool {
        let token = self.inside[at];
        token.first || at == 0 || self.slice(at - 1) == "{" || self.slice(at) == "invalid"
    }

    /// Whether the token at `at` ends where the next one begins.
    fn touching(&self, at: usize) -> bool {
        let pair = self.inside.get(at).zip(self.inside.get(at + 1));
        pair.is_some_and(|(a, b)| a.end == b.start)
    }

    /// `account.name`, `account.name + "…"`, `concat(…)`, where a text belongs.
    fn makes_text(&self, at: usize) -> bool {
        if self.slice(at + 1) == "(" && self.touching(at) && self.slice(at).is_ascii() {
            return true;
        }
        let Some(last) = self.path_end(at) else {
            return false;
        };
        let next = self.slice(last + 1);
        let alone = self
            .inside
            .get(last + 1)
            .is_none_or(|next| next.first || self.slice(last + 1) == "}");
        (alone && last > at) || (JOINS.contains(&next) && !self.inside[last + 1].first)
    }

    /// The last token of the name or path that begins at `at`.
    fn path_end(&self, at: usize) -> Option<usize> {
        let word = |at: usize| self.kind(at) == Some(&Kind::Word) && self.slice(at).is_ascii();
        if !word(at) || is_clause(self.slice(at)) && self.slice(at + 1) != "." {
            return None;
        }
        let mut last = at;
        while self.slice(last + 1) == "." && self.touching(last) && word(last + 2) {
            last += 2;
        }
        Some(last)
    }

    /// The token behind the last one of the text that is put together: of the clause's line, before `}`.
    fn clause_end(&self, from: usize) -> usize {
        let mut round = 0i32;
        let mut end = from;
        while let Some(token) = self.inside.get(end) {
            let sign = self.slice(end);
            let over = end > from && token.first && round == 0;
            let behind = round == 0
                && (matches!(sign, "}" | "{")
                    || (end > from
                        && token.kind == Kind::Word
                        && matches!(
                            sign,
                            "after" | "for" | "at" | "unless" | "invalid" | "if" | "when" | "even"
                        )));
            if over || (behind && !self.is_hole(end)) {
                break;
            }
            match sign {
                "(" => round += 1,
                ")" => round -= 1,
                _ => {}
            }
            end += 1;
        }
        end
    }

    /// `{account.name}`, `${account.name}` or `{{account.name}}` outside a text: its first brace, or one of its last.
    fn is_hole(&self, at: usize) -> bool {
        match self.slice(at) {
            "{" => {
                let inner = if self.slice(at + 1) == "{" {
                    at + 2
                } else {
                    at + 1
                };
                self.path_end(inner)
                    .is_some_and(|last| self.slice(last + 1) == "}")
            }
            "}" => (1..=MAX_PARTS)
                .map_while(|back| at.checked_sub(back))
                .find(|at| {
                    !matches!(self.slice(*at), "}" | ".") && self.kind(*at) != Some(&Kind::Word)
                })
                .is_some_and(|open| self.slice(open) == "{" && self.is_hole(open)),
            _ => false,
        }
    }

    /// What the parts are joined by, when that is a sign.
    fn shown_sign(&self, from: usize) -> Option<String> {
        let sign = self.slice(self.at);
        let joins = JOINS.contains(&sign) && self.at > from;
        if !joins {
            return None;
        }
        let twice = sign == "." && self.slice(self.at + 1) == "." && self.touching(self.at);
        let called = sign == "." && self.slice(self.at + 1) == "format";
        Some(match (twice, called) {
            (true, _) => "..".to_owned(),
            (_, true) => ".format".to_owned(),
            _ => sign.to_owned(),
        })
    }

    /// The one text that is meant, and whether nothing else can be.
    fn parts(&self, from: usize, end: usize) -> Option<(String, bool)> {
        let mut parts: Vec<Part> = Vec::new();
        let mut at = from;
        let mut sure = true;
        if end > from + 1 && MAKERS.contains(&self.slice(from)) && self.slice(from + 1) == "(" {
            // `concat("a", name)`
            if self.slice(end - 1) != ")"
                || self.slice(from) != "concat" && self.slice(from) != "str"
            {
                return None;
            }
            return self.listed(from + 2, end - 1).map(|text| (text, false));
        }
        if let Some(formatted) = self.formatted(from, end) {
            return Some((formatted, false));
        }
        while at < end && parts.len() < MAX_PARTS {
            let sign = self.slice(at);
            if self.is_text(at) {
                // Another text right behind one may have been meant for something else.
                sure &= !matches!(parts.last(), Some(Part::Text(_))) || self.before_is_join(at);
                parts.push(Part::Text(self.body(at)?));
                at += 1;
            } else if matches!(sign, "f" | "F" | "r" | "b" | "u" | "$" | "@")
                && self.is_text(at + 1)
                && self.touching(at)
            {
                at += 1;
            } else if sign == "{" || sign == "$" {
                let open = if sign == "$" { at + 1 } else { at };
                let inner = if self.slice(open + 1) == "{" {
                    open + 2
                } else {
                    open + 1
                };
                let last = self.path_end(inner)?;
                parts.push(Part::Value(self.written(inner, last)));
                at = last + 1;
                while self.slice(at) == "}" && at < end {
                    at += 1;
                }
                sure = false;
            } else if MAKERS.contains(&sign) && self.slice(at + 1) == "(" {
                // `str(name)`
                let last = self.path_end(at + 2)?;
                if self.slice(last + 1) != ")" {
                    return None;
                }
                parts.push(Part::Value(self.written(at + 2, last)));
                at = last + 2;
            } else if let Some(last) = self.path_end(at) {
                parts.push(Part::Value(self.written(at, last)));
                at = last + 1;
            } else if JOINS.contains(&sign) {
                sure &= !matches!(sign, "," | "%" | "~" | "<<");
                at += 1;
            } else {
                return None;
            }
        }
        (at == end && !parts.is_empty()).then(|| (together(&parts), sure))
    }

    fn before_is_join(&self, at: usize) -> bool {
        at.checked_sub(1)
            .is_some_and(|at| JOINS.contains(&self.slice(at)))
    }

    /// Texts and paths between commas.
    fn listed(&self, mut at: usize, end: usize) -> Option<String> {
        let mut parts = Vec::new();
        while at < end {
            if self.is_text(at) {
                parts.push(Part::Text(self.body(at)?));
                at += 1;
            } else {
                let last = self.path_end(at)?;
                parts.push(Part::Value(self.written(at, last)));
                at = last + 1;
            }
            match self.slice(at) {
                "," => at += 1,
                _ if at == end => {}
                _ => return None,
            }
        }
        (!parts.is_empty()).then(|| together(&parts))
    }

    /// `"您好 %s" % account.name`, `"您好 {}".format(account.name)`
    fn formatted(&self, from: usize, end: usize) -> Option<String> {
        let text = self.is_text(from).then(|| self.body(from)).flatten()?;
        let (marks, mut at): (&[&str], usize) = match (self.slice(from + 1), self.slice(from + 2)) {
            ("%" | ",", _) => (&["%s", "%d", "%v"], from + 2),
            (".", "format") => (&["{}"], from + 3),
            _ => return None,
        };
        let mut end = end;
        if self.slice(at) == "(" && self.slice(end.checked_sub(1)?) == ")" {
            at += 1;
            end -= 1;
        }
        let mut values = Vec::new();
        while at < end {
            let last = self.path_end(at)?;
            values.push(self.written(at, last));
            at = last + 1;
            if self.slice(at) == "," {
                at += 1;
            }
        }
        let mut left = text;
        let mut made = String::new();
        let mut values = values.into_iter();
        loop {
            let next = marks
                .iter()
                .filter_map(|mark| Some((left.find(mark)?, mark.len())))
                .min();
            let Some((place, length)) = next else { break };
            made.push_str(&left[..place]);
            made.push_str(&format!("{{{}}}", values.next()?));
            left = left[place + length..].to_owned();
        }
        (values.next().is_none() && !made.is_empty()).then(|| format!("\"{made}{left}\""))
    }

    /// What stands between the quotes of a text that is written as it should be.
    fn body(&self, at: usize) -> Option<String> {
        let token: &Token = self.inside.get(at)?;
        let Kind::Text(quotes) = &token.kind else {
            return None;
        };
        let plain = quotes.closed
            && quotes.open.is_none()
            && quotes.close.is_none()
            && quotes.inner.is_empty();
        let text = self.slice(at);
        plain.then(|| text[1..text.len() - 1].to_owned())
    }

    fn written(&self, from: usize, to: usize) -> String {
        (from..=to).map(|at| self.slice(at)).collect()
    }
}

fn together(parts: &[Part]) -> String {
    let parts: String = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(path) => format!("{{{path}}}"),
        })
        .collect();
    format!("\"{parts}\"")
}

/// How values come into a text.
pub(in crate::lang) fn how() -> Words {
    Words::new(
        "要放进一个值就在引号里写 `{名字}`，如 `reply \"您好，{account.name}。\"`",
        "a value stands in braces inside the quotes: `reply \"Hello {account.name}.\"`",
    )
}
