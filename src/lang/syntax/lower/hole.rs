//! Braces in texts: `{account.name}`, `{phone: mobile}`, and what people write for them.
//!
//! A brace that was meant as one is reported once, and what stands in it is understood all the same,
//! so that its use elsewhere is no second mistake.

use pest::iterators::{Pair, Pairs};
use unicode_normalization::UnicodeNormalization;

use super::stray::{not_closed, wrong_end};
use super::text::Char;
use super::{Kids, Lower};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::ast::{ExtractorArg, ExtractorUse, Ident, Path, TextPart};
use crate::lang::syntax::grammar::{self, Rule};
use crate::lang::syntax::layout::LOST_NAME;
use crate::lang::syntax::mistakes::RESERVED;
use crate::lang::syntax::vocabulary::{EXTRACTORS, usual_name};

/// What a brace is.
pub(super) enum Brace {
    /// The first of a hole; where the text goes on. Nothing when what it says is not known.
    Hole(Option<TextPart>, usize),
    /// Reported, and no part of the text.
    Lost,
    /// A character like others; reported if it should not be.
    Plain,
}

/// A stretch in braces.
#[derive(Clone, Copy)]
struct Hole {
    /// First byte of the opening brace.
    open: usize,
    /// One past it.
    inside: usize,
    /// First byte of the closing brace.
    stop: usize,
    /// One past it.
    end: usize,
}

impl Lower<'_> {
    /// What the brace at `at` is.
    pub(super) fn brace(&mut self, chars: &[Char], at: usize) -> Brace {
        let brace = chars[at];
        // Whatever comes first ends it, so that looking for the end is not repeated.
        let mut line = chars[at + 1..].iter().take_while(|c| c.c != '\n');
        let next = line
            .position(|c| matches!(c.c, '{' | '}' | '｛' | '｝'))
            .map(|next| at + 1 + next);
        let close = next.filter(|&next| matches!(chars[next].c, '}' | '｝'));
        let hole = close.map(|close| Hole {
            open: brace.start,
            inside: brace.end,
            stop: chars[close].start,
            end: chars[close].end,
        });
        match (brace.c, hole, close) {
            ('{', Some(hole), Some(close)) if chars[close].c == '}' => {
                Brace::Hole(self.hole(hole), close + 1)
            }
            ('{' | '｛', Some(hole), Some(close)) => {
                let alike = brace.c == '｛' && chars[close].c == '｝';
                match self.wide_hole(hole, alike) {
                    Some(part) => Brace::Hole(Some(part), close + 1),
                    None if brace.c == '{' => self.unclosed_hole(chars, at),
                    None => Brace::Plain,
                }
            }
            ('{', ..) => match self
                .doubled(chars, at, next)
                .or_else(|| self.left_open(chars, at))
            {
                Some((part, next)) => Brace::Hole(Some(part), next),
                None => self.unclosed_hole(chars, at),
            },
            ('}', ..) => {
                self.lone_brace(chars, at);
                Brace::Plain
            }
            _ => Brace::Plain,
        }
    }

    /// `{{n}}`, as templates of other languages have it.
    fn doubled(
        &mut self,
        chars: &[Char],
        at: usize,
        next: Option<usize>,
    ) -> Option<(TextPart, usize)> {
        let second = next.filter(|&next| next == at + 1 && chars[next].c == '{')?;
        let mut inner = chars[second + 1..].iter().take_while(|c| c.c != '\n');
        let close = second + 1 + inner.position(|c| matches!(c.c, '{' | '}' | '｛' | '｝'))?;
        let pair = chars.get(close).zip(chars.get(close + 1));
        let (first, last) = pair.filter(|(a, b)| a.c == '}' && b.c == '}')?;
        let (inside, stop) = (chars[second].end, first.start);
        let outer = self.text;
        let body = outer.get(inside..stop)?.trim();
        let span = self.stretch(chars[at].start, last.end);
        let part = understood(body, span)?;
        let fixed = format!("{{{body}}}");
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new("花括号只要一层", "one pair of braces is enough"),
                span,
                Words::new(format!("应是 `{fixed}`"), format!("should be `{fixed}`")),
            )
            .with_fix(
                Words::new(format!("写成 `{fixed}`"), format!("write `{fixed}`")),
                span,
                fixed,
            ),
        );
        Some((part, close + 2))
    }

    /// `买 {n: number` up to the end: what it takes out is known all the same.
    fn left_open(&mut self, chars: &[Char], at: usize) -> Option<(TextPart, usize)> {
        let code = |c: &&Char| c.c.is_ascii() && !matches!(c.c, '\n' | '"' | '{' | '}');
        let mut last = at + chars[at + 1..].iter().take_while(code).count();
        let outer = self.text;
        // The longest stretch that is a name with its extractor.
        while last > at {
            let body = outer.get(chars[at].end..chars[last].end)?;
            let name = body.trim_end_matches(char::is_whitespace) == body;
            let span = self.stretch(chars[at].start, chars[last].end);
            if name
                && body.contains(':')
                && let Some(part) = understood(body, span)
            {
                let closed = format!("{{{body}}}");
                let open = self.stretch(chars[at].start, chars[at].end);
                let odd = usize::from(wrong_end(chars, last + 1));
                let whole = self.stretch(chars[at].start, chars[last + odd].end);
                self.sink.add(not_closed(open).with_guess(
                    Words::new(format!("写成 `{closed}`"), format!("write `{closed}`")),
                    whole,
                    closed.clone(),
                ));
                return Some((part, last + odd + 1));
            }
            last -= 1;
        }
        None
    }

    /// `{my-name: word}`
    fn dashed(&mut self, body: &str, span: Span) -> Option<TextPart> {
        let name = body.split(':').next().unwrap_or_default().trim();
        if !name.contains('-') {
            return None;
        }
        let right = body.replacen(name, &name.replace('-', "_"), 1);
        let part = understood(&right, span)?;
        let right = format!("{{{right}}}");
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new(
                    format!("`{name}` 不能当名字：名字里没有 `-`"),
                    format!("`{name}` is no name: names have no `-`"),
                ),
                span,
                Words::new(format!("写 `{right}`"), format!("write `{right}`")),
            )
            .with_guess(
                Words::new(
                    format!("写成 `{right}`，用到它的地方也要改"),
                    format!("write `{right}`, here and where it is used"),
                ),
                span,
                right,
            ),
        );
        Some(part)
    }

    /// `{n number}`, `{n=number}`: a name and its extractor without the colon.
    fn without_colon(&mut self, body: &str, span: Span) -> Option<TextPart> {
        let body = body.trim();
        let name: String = body
            .chars()
            .take_while(|c| grammar::continues_name(*c))
            .collect();
        let extractor = body[name.len()..].trim_start();
        // Another sign between them, or a word.
        let sign = |c: char| "=:|,/;-<>~@".contains(c);
        let extractor = extractor.trim_start_matches(sign).trim_start();
        let extractor = ["as ", "is ", "in "]
            .iter()
            .find_map(|word| extractor.strip_prefix(word))
            .map_or(extractor, str::trim_start);
        let kind = extractor.split('(').next().unwrap_or_default().trim();
        if !EXTRACTORS.contains(&kind) {
            return None;
        }
        let right = format!("{name}: {extractor}");
        let part = understood(&right, span)?;
        let right = format!("{{{right}}}");
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new(
                    "名字和提取器之间要写冒号 `:`",
                    "a `:` stands between name and extractor",
                ),
                span,
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_guess(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                span,
                right,
            ),
        );
        Some(part)
    }

    /// `｛n｝`, or one brace of each kind; `None` when it is no name, or may be plain text.
    fn wide_hole(&mut self, hole: Hole, alike: bool) -> Option<TextPart> {
        let outer = self.text;
        let body = outer.get(hole.inside..hole.stop)?;
        let narrow: String = body.nfkc().collect();
        // `｛通知｝` in a reply may be decoration. The names of the language are Latin, and nobody
        // decorates a name with its extractor.
        let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_. ".contains(c);
        if alike && !narrow.contains(':') && !narrow.chars().all(code) {
            return None;
        }
        let span = self.stretch(hole.open, hole.end);
        let part = understood(&narrow, span)?;
        let fixed = format!("{{{narrow}}}");
        self.sink.add(
            Diagnostic::error(
                "E0116",
                Words::new("花括号是全角的", "these braces are full-width"),
                span,
                Words::new(format!("应是 `{fixed}`"), format!("should be `{fixed}`")),
            )
            .with_fix(Words::new("改成半角", "make them half-width"), span, fixed)
            .with_help(Words::new(
                "要显示花括号本身，写 `\\{` 和 `\\}`",
                "to show braces, write `\\{` and `\\}`",
            )),
        );
        Some(part)
    }

    /// What stands between two half-width braces.
    fn hole(&mut self, hole: Hole) -> Option<TextPart> {
        let outer = self.text;
        let (inside, stop) = (hole.inside, hole.stop);
        let body = &outer[inside..stop];
        let span = self.stretch(hole.open, hole.end);
        let narrow: String = body.nfkc().collect();
        if let Ok(pairs) = grammar::parse(Rule::hole_only, body) {
            self.base += inside;
            let part = self.hole_parts(pairs, span);
            self.base -= inside;
            return part;
        }
        if narrow != body
            && let Some(part) = understood(&narrow, span)
        {
            self.sink.add(
                Diagnostic::error(
                    "E0116",
                    Words::new(
                        "花括号里用了全角符号",
                        "full-width characters inside the braces",
                    ),
                    span,
                    Words::new("这里要用半角", "these must be half-width"),
                )
                .with_fix(
                    Words::new("改成半角", "make them half-width"),
                    self.stretch(inside, stop),
                    narrow,
                ),
            );
            return Some(part);
        }
        if let Some(part) = self.dashed(&narrow, span) {
            return Some(part);
        }
        if let Some(part) = self.without_colon(&narrow, span) {
            return Some(part);
        }
        if let Some(part) = self
            .round_bracket(&narrow, span)
            .or_else(|| self.digits_apart(&narrow, span))
            .or_else(|| self.nameless(&narrow, span))
        {
            return Some(part);
        }
        // Quotes inside the text were told already.
        let quoted = body.contains('"')
            && self.sink.found.iter().any(|one| {
                let told = one.primary.span;
                matches!(one.code, "E0114" | "E0124")
                    && span.start <= told.end
                    && told.start <= span.end
            });
        // What it would have been called is known where a colon follows.
        match narrow.split_once(':') {
            Some((name, _)) => self.sink.poisoned.push(name.trim().to_owned()),
            None if narrow.contains('(') => self.sink.poisoned.push(LOST_NAME.to_owned()),
            None => {}
        }
        if quoted {
            return None;
        }
        let word = body.split([':', '：']).next().unwrap_or_default().trim();
        let diagnostic = if body.trim().is_empty() {
            Diagnostic::error(
                "E0124",
                Words::new("花括号里什么也没有", "nothing inside the braces"),
                span,
                Words::new("这里应有一个名字", "a name belongs here"),
            )
            .with_guess(
                Words::new("要显示花括号本身，加反斜杠", "to show braces, escape them"),
                span,
                "\\{\\}",
            )
        } else if RESERVED.contains(&word) {
            crate::lang::syntax::mistakes::reserved(word, span)
        } else {
            Diagnostic::error(
                "E0124",
                Words::new(
                    "花括号里只能写一个名字",
                    "only a name can stand inside the braces",
                ),
                span,
                Words::new(
                    "应是 `{account.name}` 或 `{phone: mobile}` 这样",
                    "should be like `{account.name}` or `{phone: mobile}`",
                ),
            )
            .with_help(Words::new(
                "要算的东西先用 `let` 起名，它每次用到都重新算，记数的在 `remember` 以后显示记住的名字；要显示花括号本身，写 `\\{` 和 `\\}`",
                "name what is to be computed with `let`, worked out anew wherever it is used: a counter is shown by its own name behind `remember`; to show braces, write `\\{` and `\\}`",
            ))
        };
        self.sink.add(diagnostic);
        None
    }

    /// `{size: one_of(sizes}`
    fn round_bracket(&mut self, body: &str, span: Span) -> Option<TextPart> {
        let open = body.contains('(') && !body.contains(')');
        let right = format!("{})", body.trim_end());
        let part = understood(&right, span).filter(|_| open)?;
        let right = format!("{{{right}}}");
        self.sink.add(
            Diagnostic::error(
                "E0135",
                Words::new("括号 `(` 没有闭合", "this `(` is not closed"),
                span,
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_fix(Words::new("补上 `)`", "add `)`"), span, right),
        );
        Some(part)
    }

    /// `{num: digits 6}`, `{num: digits[6]}`
    fn digits_apart(&mut self, body: &str, span: Span) -> Option<TextPart> {
        let (name, kind) = body.split_once(':')?;
        let count = kind.trim().strip_prefix("digits")?;
        let count = count.trim_matches(|c: char| !c.is_ascii_digit());
        let right = format!("{}: digits({count})", name.trim());
        let part = understood(&right, span)?;
        let right = format!("{{{right}}}");
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new("几位数字写在括号里", "how many digits stands in brackets"),
                span,
                Words::new(format!("应是 `{right}`"), format!("should be `{right}`")),
            )
            .with_guess(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                span,
                right,
            ),
        );
        Some(part)
    }

    /// `{one_of(sizes)}`: an extractor without the name for what it takes out.
    fn nameless(&mut self, body: &str, span: Span) -> Option<TextPart> {
        let kind = body.split('(').next().unwrap_or_default().trim();
        if !body.contains('(') || !EXTRACTORS.contains(&kind) {
            return None;
        }
        let right = format!("{}: {}", usual_name(kind), body.trim());
        let part = understood(&right, span)?;
        self.sink.poisoned.push(LOST_NAME.to_owned());
        let right = format!("{{{right}}}");
        self.sink.add(
            Diagnostic::error(
                "E0124",
                Words::new("提取器前面要写名字", "a name comes before the extractor"),
                span,
                Words::new(
                    format!("应是 `{right}` 这样"),
                    format!("should be like `{right}`"),
                ),
            )
            .with_guess(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                span,
                right,
            ),
        );
        Some(part)
    }

    fn hole_parts(&mut self, pairs: Pairs<'_, Rule>, span: Span) -> Option<TextPart> {
        let hole = pairs
            .into_iter()
            .find(|pair| pair.as_rule() == Rule::hole)?;
        let mut kids = Kids::of(hole);
        let path = self.path(&kids.seek(Rule::path)?);
        let extractor = match kids.take(Rule::extractor_use) {
            Some(pair) => Some(self.extractor_use(&pair)?),
            None => None,
        };
        Some(TextPart::Hole {
            path,
            extractor,
            span,
        })
    }
}

/// The hole that `body` says; all of it stands at `span`, because characters may have been mended.
pub(super) fn understood(body: &str, span: Span) -> Option<TextPart> {
    let mut pairs = grammar::parse(Rule::hole_only, body).ok()?;
    let mut kids = Kids::of(pairs.find(|pair| pair.as_rule() == Rule::hole)?);
    let ident = |pair: &Pair<'_, Rule>| Ident {
        name: pair.as_str().trim().nfkc().collect(),
        span,
    };
    let parts = kids.seek(Rule::path)?.into_inner();
    let path = Path {
        parts: parts.map(|part| ident(&part)).collect(),
        span,
    };
    let extractor = match kids.take(Rule::extractor_use) {
        Some(pair) => {
            let mut kids = Kids::of(pair);
            let name = ident(&kids.seek(Rule::ident)?);
            let args = kids.rest().map(|kid| match kid.as_rule() {
                Rule::uint => ExtractorArg::Number(kid.as_str().trim().parse().unwrap_or(1), span),
                _ => ExtractorArg::Name(ident(&kid)),
            });
            Some(ExtractorUse {
                name,
                args: args.collect(),
                span,
            })
        }
        None => None,
    };
    Some(TextPart::Hole {
        path,
        extractor,
        span,
    })
}
