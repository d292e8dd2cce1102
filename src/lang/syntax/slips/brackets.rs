//! What a line does, in other signs than braces: `on text "a" (reply "x")`, `on text "a" => {`,
//! `done reply "x"`, `回复："x"`, `reply "x" {account.name}`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;
use crate::lang::syntax::repair::Edit;
use crate::lang::syntax::vocabulary::{Body, OUTCOMES, TAKE_TEXT, alias};

/// Other brackets, in pairs.
const PAIRS: [(&str, &str); 6] = [
    ("(", ")"),
    ("[", "]"),
    ("（", "）"),
    ("【", "】"),
    ("［", "］"),
    ("〔", "〕"),
];
/// What stands before a block elsewhere.
const BEFORE_BLOCK: [&str; 9] = ["=>", "->", "→", "⇒", ":", "：", "then", "do", "="];

impl Slips<'_> {
    /// Whether a line that begins with this word may have a block.
    fn takes_block(word: &str) -> bool {
        matches!(word, "on" | "done" | "give" | "cancel") || OUTCOMES.contains(&word)
    }

    /// `on text "a" (reply "x")`
    pub(super) fn bracketed(&mut self, at: usize) -> bool {
        if !Self::takes_block(self.word_at(at)) {
            return false;
        }
        let end = self.line_end(at);
        if end < at + 4 {
            return false;
        }
        let last = end - 1;
        let opens = |open: &usize| {
            let action = self.word_at(open + 1);
            let close = PAIRS.iter().find(|(sign, _)| *sign == self.word_at(*open));
            let next = &self.tokens[open + 2];
            let follows = matches!(next.kind, Kind::Text(_) | Kind::Block { .. })
                || (next.kind == Kind::Word
                    && !matches!(self.slice(next), "or" | "and" | "in" | "is" | "not"));
            close.is_some_and(|(_, close)| *close == self.word_at(last))
                && Body::Actions.words().contains(&action)
                && follows
        };
        let Some(open) = (at + 1..end - 2).find(opens) else {
            return false;
        };
        let (first, close) = (&self.tokens[open], &self.tokens[last]);
        let (from, to) = (first.start, close.end);
        let inner = self.tokens[open + 1].start;
        let behind = self.tokens[last - 1].end;
        let edits = [Edit::new(from, inner, "{ "), Edit::new(behind, to, " }")];
        let by = self.changed(from, to, &edits);
        let span = self.sink.span(from, to);
        let signs = format!("{}{}", self.word_at(open), self.word_at(last));
        self.sink.add(
            Diagnostic::error(
                "E0110",
                Words::new("这里要用花括号 `{ … }`", "the braces `{ … }` belong here"),
                span,
                Words::new(format!("不是 `{signs}`"), format!("not `{signs}`")),
            )
            .with_fix(Words::new("改成 `{ }`", "write `{ }`"), span, by),
        );
        self.mended.extend([from, close.start]);
        self.edits.extend(edits);
        true
    }

    /// `on text "a" => {`
    pub(super) fn before_block(&mut self, at: usize) {
        let word = self.word_at(at);
        if !matches!(word, "on" | "done" | "give" | "cancel") {
            return;
        }
        let end = self.line_end(at);
        let found = (at + 2..end).find(|open| {
            self.word_at(*open) == "{" && BEFORE_BLOCK.contains(&self.word_at(open - 1))
        });
        let Some(open) = found else { return };
        let (before, sign, brace) = (
            &self.tokens[open - 2],
            &self.tokens[open - 1],
            &self.tokens[open],
        );
        let shown = self.slice(sign).to_owned();
        let (from, to, start) = (before.end, brace.start, sign.start);
        let span = self.sink.span(sign.start, sign.end);
        let gap = self.sink.span(from, to);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{{` 前面不用 `{shown}`"),
                    format!("the `{{` comes without `{shown}` before it"),
                ),
                span,
                Words::new("多余", "not needed"),
            )
            .with_fix(
                Words::new(format!("去掉 `{shown}`"), format!("remove `{shown}`")),
                gap,
                " ",
            ),
        );
        self.mended.insert(start);
        self.edit(from, to, " ");
    }

    /// `回复："x"`, `reply： "x"`
    pub(super) fn said(&mut self, at: usize) {
        let word = self.word_at(at).to_owned();
        let known = alias(&word).filter(|known| TAKE_TEXT.contains(known));
        let taken = TAKE_TEXT.contains(&word.as_str());
        let sign = self.word_at(at + 1).to_owned();
        // Those behind the right word are told with what stands behind them, and by what is said of `=`.
        let fits = match (known, taken) {
            (Some(_), _) => matches!(sign.as_str(), ":" | "：" | "=" | "＝"),
            (None, true) => sign == "＝",
            _ => false,
        };
        let text = self.tokens.get(at + 2);
        let text = text.filter(|text| matches!(text.kind, Kind::Text(_) | Kind::Block { .. }));
        let Some(text) = text.filter(|text| fits && !text.first) else {
            return;
        };
        let right = known.unwrap_or(&word).to_owned();
        let token = &self.tokens[at];
        let (start, end, to) = (token.start, token.end, text.start);
        let colon = (self.tokens[at + 1].start, self.tokens[at + 1].end);
        let (span, by) = match known {
            Some(_) => (self.sink.span(start, to), format!("{right} ")),
            None => (self.sink.span(end, to), " ".to_owned()),
        };
        let found = match known {
            Some(_) => Diagnostic::error(
                "E0105",
                Words::new(format!("不认识 `{word}`"), format!("unknown word `{word}`")),
                self.sink.span(start, end),
                Words::new(
                    format!("写 `{right}`，后面直接写文字"),
                    format!("write `{right}`, with the text right behind"),
                ),
            )
            .with_guess(
                Words::new(
                    format!("是不是想写 `{right}`"),
                    format!("did you mean `{right}`"),
                ),
                span,
                by,
            ),
            None => Diagnostic::error(
                "E0101",
                Words::new(
                    format!("`{word}` 后面直接写文字，不用 `{sign}`"),
                    format!("the text comes right after `{word}`, without `{sign}`"),
                ),
                self.sink.span(colon.0, colon.1),
                Words::new("多余", "not needed"),
            )
            .with_fix(
                Words::new(format!("去掉 `{sign}`"), format!("remove `{sign}`")),
                span,
                by,
            ),
        };
        self.sink.add(found);
        self.mended.insert(colon.0);
        match known {
            Some(_) => self.edit(start, to, format!("{right} ")),
            None => self.edit(end, to, " "),
        }
    }

    /// `reply "x" {account.name}`, `reply ${account.name}`: a value in braces outside the quotes.
    pub(super) fn value_outside(&mut self, at: usize) {
        if !TAKE_TEXT.contains(&self.word_at(at)) {
            return;
        }
        let line = self.tokens[at].line;
        let goes_on = |next: usize| {
            let token = self.tokens.get(next).filter(|token| token.line == line);
            token.is_some_and(|token| !matches!(token.kind, Kind::Comment | Kind::WrongComment))
        };
        let mut text = String::new();
        let (mut next, mut holes) = (at + 1, 0);
        while goes_on(next) {
            if self.is_text_at(next) {
                let part = self.word_at(next);
                let inner = part
                    .strip_prefix('"')
                    .and_then(|part| part.strip_suffix('"'));
                let Some(inner) = inner else { return };
                text.push_str(inner);
                next += 1;
                continue;
            }
            let Some((path, behind)) = self.hole(next) else {
                break;
            };
            text.push_str(&format!("{{{path}}}"));
            holes += 1;
            next = behind;
        }
        let closed = self.word_at(next) == "}" && !goes_on(next + 1);
        let over = !goes_on(next) || closed;
        if holes == 0 || !over || !goes_on(next - 1) {
            return;
        }
        let (from, to) = (self.tokens[at + 1].start, self.tokens[next - 1].end);
        let right = format!("\"{text}\"");
        let span = self.sink.span(from, to);
        self.sink.add(
            Diagnostic::error(
                "E0101",
                Words::new(
                    "花括号里的值写在引号里面",
                    "a value in braces stands inside the quotes",
                ),
                span,
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_fix(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                span,
                right.clone(),
            )
            .with_help(crate::lang::syntax::mistakes::how_to_join()),
        );
        let starts = self.tokens[at + 1..next].iter().map(|token| token.start);
        let starts: Vec<usize> = starts.collect();
        self.mended.extend(starts);
        self.edit(from, to, right);
    }

    /// `{account.name}`, `${account.name}`, `{{account.name}}`: the path, and the token behind it.
    fn hole(&self, at: usize) -> Option<(String, usize)> {
        let open = at + usize::from(matches!(self.word_at(at), "$" | "#"));
        let doubled = self.word_at(open) == "{" && self.word_at(open + 1) == "{";
        let mut next = open + 1 + usize::from(doubled);
        if self.word_at(open) != "{" {
            return None;
        }
        let mut path = String::new();
        loop {
            let word = self.tokens.get(next)?;
            if word.kind != Kind::Word || word.first {
                return None;
            }
            path.push_str(self.slice(word));
            next += 1;
            if self.word_at(next) != "." {
                break;
            }
            path.push('.');
            next += 1;
        }
        let closed = self.word_at(next) == "}" && (!doubled || self.word_at(next + 1) == "}");
        // `{ forward }` would be an action.
        let value = path.contains('.') || !Body::Actions.words().contains(&path.as_str());
        (closed && value).then_some((path, next + 1 + usize::from(doubled)))
    }
}
