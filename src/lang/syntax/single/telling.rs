//! What is said of a change that explains the mistakes of a stretch.

use super::changes::{Change, What};
use super::{Single, Tried};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::layout::extra_brace;
use crate::lang::syntax::repair::Edit;

impl Tried<'_> {
    /// A stretch of this text in the author's.
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.start + start, self.start + end)
    }

    /// A line without its blanks.
    fn line_span(&self, at: usize) -> Span {
        let Some(line) = self.lines.get(at) else {
            return self.span(0, 0);
        };
        let start = line.code_start();
        self.span(start, line.code_end().max(start))
    }

    /// The first sign that a change replaces.
    fn sign_span(&self, edit: &Edit) -> Span {
        let replaced = &self.text[edit.start..edit.end];
        let first = replaced.chars().next().unwrap_or('"');
        let length: usize = replaced
            .chars()
            .take_while(|c| *c == first)
            .map(char::len_utf8)
            .sum();
        self.span(edit.start, edit.start + length)
    }

    pub(super) fn told(&self, change: Change) -> Single {
        let Change { edit, kind, line } = change;
        let place = self.line_span(line);
        let change = self.span(edit.start, edit.end);
        let error = |code, zh: &str, en: &str, label: Words| {
            Diagnostic::error(code, Words::new(zh, en), place, label)
        };
        let diagnostic = match kind {
            What::NoOpen => error(
                "E0110",
                "少了开头的花括号 `{`",
                "the opening brace `{` is missing",
                Words::new("这一行末尾应有 `{`", "a `{` belongs at its end"),
            )
            .with_fix(Words::new("补上 `{`", "add `{`"), change, edit.by.clone()),
            What::NoClose => error(
                "E0108",
                "花括号没有闭合",
                "this block is not closed",
                Words::new("这个 `{` 没有对应的 `}`", "this `{` has no `}`"),
            )
            .with_label(
                change,
                Words::new("多半应在这里闭合", "probably to be closed here"),
            )
            .with_fix(Words::new("补上 `}`", "add `}`"), change, edit.by.clone()),
            What::Extra => {
                let sign = &self.text[edit.start..edit.end];
                let found = if sign == "}" {
                    extra_brace(change)
                } else {
                    Diagnostic::error(
                        "E0109",
                        Words::new("多了一个 `{`", "a `{` too many"),
                        change,
                        Words::new("没有对应的 `}`", "no `}` belongs to it"),
                    )
                };
                found.with_fix(Words::new("去掉它", "remove it"), change, "")
            }
            What::Stray => {
                let sign = &self.text[edit.start..edit.end];
                Diagnostic::error(
                    "E0106",
                    Words::new(
                        format!("花括号后面多了 `{sign}`"),
                        format!("`{sign}` stands after the brace"),
                    ),
                    change,
                    Words::new("不该在这里", "does not belong here"),
                )
                .with_fix(Words::new("去掉它", "remove it"), change, "")
            }
            What::NoTextBegin => error(
                "E0112",
                "文字块没有开头",
                "the first line of this text block is missing",
                Words::new("这几行不属于任何东西", "these lines belong to nothing"),
            )
            .with_guess(
                Words::new("在前面补上 `reply \"\"\"`", "add `reply \"\"\"` before it"),
                change,
                edit.by.clone(),
            ),
            What::NoTextSign => error(
                "E0112",
                "文字块少了开头的 `\"\"\"`",
                "the `\"\"\"` that begins this text block is missing",
                Words::new("后面应有 `\"\"\"`", "`\"\"\"` belongs after this"),
            )
            .with_fix(
                Words::new("补上 `\"\"\"`", "add `\"\"\"`"),
                change,
                edit.by.clone(),
            ),
            What::NoAsk => {
                let word = self.lines[line]
                    .code()
                    .split(' ')
                    .next()
                    .unwrap_or_default();
                error(
                    "E0127",
                    &format!("同一个问题的 `{word}` 写了两次"),
                    &format!("`{word}` is given twice for one question"),
                    Words::new("第二次在这里", "given again here"),
                )
                .with_help(Words::new(
                    "如果这里是另一个问题，它的 `ask` 那一行不见了；不然只留一个",
                    "if this is about another question, its `ask` line is missing; otherwise keep one of them",
                ))
            }
            What::NoTextEnd => error(
                "E0112",
                "文字块没有闭合",
                "this text block is not closed",
                Words::new("后面应有 `\"\"\"`", "`\"\"\"` belongs after this"),
            )
            .with_fix(
                Words::new("补上 `\"\"\"`", "add `\"\"\"`"),
                change,
                edit.by.clone(),
            ),
            What::Twice => error(
                "E0127",
                "这一行写了两次",
                "this line stands here twice",
                Words::new("和上一行一样", "the same as the line before"),
            )
            .with_fix(Words::new("去掉一行", "remove one of them"), change, ""),
            What::TokenTwice => {
                let word = self.text[edit.start..edit.end].trim();
                Diagnostic::error(
                    "E0101",
                    Words::new(
                        format!("`{word}` 写了两遍"),
                        format!("`{word}` stands here twice"),
                    ),
                    self.span(edit.end - word.len(), edit.end),
                    Words::new("多了一个", "one too many"),
                )
                .with_fix(Words::new("去掉一个", "remove one of them"), change, "")
            }
            What::NoMatching => error(
                "E0101",
                "正则表达式写在 `matching` 后面",
                "a regular expression stands behind `matching`",
                Words::new("这里是一条正则表达式", "here is one"),
            )
            .with_fix(
                Words::new("补上 `matching`", "add `matching`"),
                change,
                edit.by.clone(),
            ),
            What::NoText => error(
                "E0134",
                "`on` 后面少了 `text`",
                "`text` is missing after `on`",
                Words::new("先说是什么消息", "what comes is said first"),
            )
            .with_fix(
                Words::new("补上 `text`", "add `text`"),
                change,
                edit.by.clone(),
            ),
            What::RunTogether => error(
                "E0101",
                "两个词连在了一起",
                "two words run together",
                Words::new("中间少了空格", "a blank is missing"),
            )
            .with_label(change, Words::new("在这里分开", "they part here"))
            .with_fix(
                Words::new("补上空格", "add a blank"),
                change,
                edit.by.clone(),
            ),
            What::OtherOpener => Diagnostic::error(
                "E0110",
                Words::new("这里要用花括号 `{`", "a brace `{` belongs here"),
                change,
                Words::new("不是这种括号", "not this bracket"),
            )
            .with_fix(Words::new("改成 `{`", "write `{`"), change, "{"),
            What::NoKind => error(
                "E0134",
                "`reply` 后面少了回复的种类",
                "what kind of reply this is, is missing after `reply`",
                Words::new(
                    "应是 `reply news {`、`reply music {` 或 `reply video {`",
                    "should be `reply news {`, `reply music {` or `reply video {`",
                ),
            ),
            What::Swapped => error(
                "E0106",
                "这一行和下一行的次序反了",
                "this line and the next have changed places",
                Words::new("应在下一行后面", "belongs behind the next line"),
            )
            .with_guess(Words::new("换过来", "swap them"), change, edit.by.clone()),
            What::Broken => error(
                "E0101",
                "一句话断成了两行",
                "this is broken over two lines",
                Words::new("下一行还是这一句", "the next line goes on with it"),
            )
            .with_fix(
                Words::new("写在一行里", "write it on one line"),
                change,
                edit.by.clone(),
            ),
            What::NoBraces => error(
                "E0110",
                "少了花括号 `{ … }`",
                "the braces `{ … }` are missing",
                Words::new("这一行末尾应有 `{`", "a `{` belongs at its end"),
            )
            .with_label(
                self.span(edit.end, edit.end),
                Words::new("这后面应有 `}`", "a `}` belongs behind this"),
            )
            .with_guess(
                Words::new("补上 `{ }`", "add `{ }`"),
                change,
                edit.by.clone(),
            ),
            What::OtherTextSigns => error(
                "E0115",
                "文字块要用三个半角双引号 `\"\"\"`",
                "a text block is quoted with three `\"`",
                Words::new("这里是别的引号", "other quotes"),
            )
            .with_fix(
                Words::new("换成 `\"\"\"`", "use `\"\"\"`"),
                change,
                edit.by.clone(),
            ),
            What::OtherBrackets => error(
                "E0110",
                "这里要用花括号 `{ … }`",
                "braces `{ … }` belong here",
                Words::new("这一行末尾应是 `{`", "a `{` belongs at its end"),
            )
            .with_fix(
                Words::new("改成 `{ }`", "write `{ }`"),
                change,
                edit.by.clone(),
            ),
            What::OtherClose => Diagnostic::error(
                "E0108",
                Words::new("这里要用 `}` 结束", "a block ends with `}`"),
                self.sign_span(&edit),
                Words::new("应是 `}`", "should be `}`"),
            )
            .with_fix(Words::new("改成 `}`", "write `}`"), change, edit.by.clone()),
            What::ShortTextSigns => Diagnostic::error(
                "E0112",
                Words::new(
                    "几行的文字要用三个引号 `\"\"\"`",
                    "a text of several lines is quoted with three `\"`",
                ),
                self.sign_span(&edit),
                Words::new("应是 `\"\"\"`", "should be `\"\"\"`"),
            )
            .with_fix(
                Words::new("写成 `\"\"\"`", "write `\"\"\"`"),
                change,
                edit.by.clone(),
            ),
            What::TextOverLines => error(
                "E0112",
                "几行的文字要用三个引号 `\"\"\"`",
                "a text of several lines is quoted with three `\"`",
                Words::new("这段文字到下面才结束", "this text goes on below"),
            )
            .with_guess(
                Words::new("写成 `\"\"\"` 的文字块", "make it a text block"),
                change,
                edit.by.clone(),
            ),
            What::HeadAway(orphan) => error(
                "E0106",
                "这一行离开了它的内容",
                "this line stands away from what belongs to it",
                Words::new("这是一条的开头", "the first line of an item"),
            )
            .with_label(
                self.line_span(orphan),
                Words::new("它应在这一行前面", "it belongs before this"),
            )
            .with_guess(
                Words::new("移过去", "move it there"),
                change,
                edit.by.clone(),
            ),
            What::NoHead(_) => error(
                "E0110",
                "这几行前面少了带 `{` 的一行",
                "a line with `{` is missing before these",
                Words::new(
                    "从这里开始不属于任何东西",
                    "belongs to nothing from here on",
                ),
            ),
        };
        let poisoned = match kind {
            What::NoHead(poisoned) => poisoned,
            _ => None,
        };
        Single {
            stand_in: matches!(kind, What::NoHead(_) | What::NoAsk),
            lost: self.text[edit.start..edit.end].to_owned(),
            edit: Edit::new(self.start + edit.start, self.start + edit.end, edit.by),
            diagnostic,
            poisoned,
        }
    }
}
