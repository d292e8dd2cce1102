//! First lines of rules whose triggers are written otherwise: `on text "a" or containing "b"`,
//! `on text "a" or on text "b"`, `on text in "a", "b"`, `on text equals "a"`, `on keyword "a"`.

use super::Slips;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::vocabulary::{EVENTS, EXTRACTORS};

/// How a text is looked at, besides as a whole.
const WAYS: [&str; 6] = ["containing", "starting", "matching", "in", "with", "scene"];
/// What other tools call a message.
const MESSAGES: [&str; 10] = [
    "keyword",
    "keywords",
    "msg",
    "say",
    "says",
    "receive",
    "消息",
    "文字",
    "关键词",
    "文本",
];
/// What says elsewhere that a text is the whole message.
const WHOLE: [&str; 9] = [
    "equals",
    "equal",
    "eq",
    "exactly",
    "等于",
    "是",
    "为",
    "全匹配",
    "完全匹配",
];

impl Slips<'_> {
    /// The head of a rule that begins at `at`.
    pub(super) fn head(&mut self, at: usize) {
        let token = &self.tokens[at];
        if token.start != token.line || self.word_at(at) != "on" {
            return;
        }
        let end = self.line_end(at);
        if MESSAGES.contains(&self.word_at(at + 1)) && self.is_text_at(at + 2) {
            let word = self.word_at(at + 1);
            let title = Words::new(
                format!("没有 `{word}` 这个事件：收到文字是 `text`"),
                format!("there is no event `{word}`: a text that comes is `text`"),
            );
            self.written("E0208", (at + 1, at + 1), "text", title, false);
        }
        let over = |at: &usize| matches!(self.word_at(*at), "{" | "when" | "even" | "continue");
        let end = (at..end).find(over).unwrap_or(end);
        let mut event = None;
        let mut next = at + 1;
        while next < end {
            let word = self.word_at(next);
            if EVENTS.contains(&word) && matches!(self.word_at(next - 1), "on" | "or") {
                event = Some(word.to_owned());
            }
            next = self.trigger(next, end, event.as_deref());
        }
    }

    /// Looks at the token at `at` of a head; where to go on.
    fn trigger(&mut self, at: usize, end: usize, event: Option<&str>) -> usize {
        let word = self.word_at(at);
        let next = self.word_at(at + 1);
        let joins = matches!(word, "or" | "," | "，" | "或" | "或者");
        if joins && next == "on" && at + 2 < end {
            let title = Words::new(
                "几种触发用 `or` 连起来，`on` 只写一次",
                "triggers are joined by `or`, `on` stands once",
            );
            self.written("E0101", (at, at + 1), "or", title, true);
            return at + 2;
        }
        if joins
            && WAYS.contains(&next)
            && at + 2 < end
            && let Some(event) = event
        {
            let by = format!("or {event} {next}");
            let title = Words::new(
                format!("换一种比法要再写事件：`or {event} {next} …`"),
                format!("another way to match names its event again: `or {event} {next} …`"),
            );
            self.written("E0101", (at, at + 1), &by, title, true);
            return at + 2;
        }
        if matches!(word, "containing" | "starting" | "matching") && takes_out(next) {
            let title = Words::new(
                format!("`{word}` 后面是固定的文字，不能取出什么"),
                format!("a fixed text follows `{word}`, nothing is taken out of it"),
            );
            self.taken_out(at, title);
            return at + 2;
        }
        if event.is_none() || !(word == "in" || WHOLE.contains(&word)) || !self.is_text_at(at + 1) {
            return at + 1;
        }
        if WHOLE.contains(&word) {
            let title = Words::new(
                format!("触发词直接写在事件后面，不用 `{word}`"),
                format!("what is matched follows the event, without `{word}`"),
            );
            self.written("E0101", (at, at), "", title, true);
            return at + 1;
        }
        // `text in "a", "b"`
        let mut last = at + 1;
        while matches!(self.word_at(last + 1), "," | "，" | "、" | "or")
            && self.is_text_at(last + 2)
        {
            last += 2;
        }
        let texts: Vec<&str> = (at + 1..=last)
            .step_by(2)
            .map(|at| self.word_at(at))
            .collect();
        let by = texts.join(" or ");
        let title = Words::new(
            "`in` 后面是列表的名字；几种说法直接用 `or` 连起来",
            "the name of a list follows `in`; a few texts are joined by `or`",
        );
        self.written("E0101", (at, last), &by, title, true);
        last + 1
    }

    /// `on text starting "查{x: word}"`
    fn taken_out(&mut self, at: usize, title: Words) {
        let text = self.word_at(at + 1).to_owned();
        let (start, end) = (self.tokens[at].start, self.tokens[at + 1].end);
        let span = self.sink.span(start, end);
        let place = self.sink.span(self.tokens[at + 1].start, end);
        self.sink.add(
            Diagnostic::error(
                "E0309",
                title,
                place,
                Words::new("这里取出一部分", "a part is taken out here"),
            )
            .with_help(Words::new(
                "整句的样子直接写在 `text` 后面，`{名字: rest}` 接住剩下的话；只找手机号之类，写 `on text with phone: mobile`",
                "a whole message is written right after `text`, `{name: rest}` takes what is left; only to find a phone or the like write `on text with phone: mobile`",
            ))
            .with_guess(
                Words::new(format!("写成 `text {text}`"), format!("write `text {text}`")),
                span,
                text.clone(),
            ),
        );
        self.done_with(at, at + 1);
        self.edit(start, end, text);
    }
}

/// Whether a text has `{name: extractor}`.
fn takes_out(text: &str) -> bool {
    let mut holes = text.split('{').skip(1);
    holes.any(|hole| {
        let named = hole
            .split_once('}')
            .and_then(|(inside, _)| inside.split_once(':'));
        named.is_some_and(|(name, extractor)| {
            let kind = extractor.split('(').next().unwrap_or_default().trim();
            !name.trim().is_empty() && EXTRACTORS.contains(&kind)
        })
    })
}
