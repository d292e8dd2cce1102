//! Items: `let`, `list`, `extractor`, `on`, `signal`, `dialog`, `test`.

use pest::iterators::Pair;

use super::{Kids, Lower};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::span::Span;
use crate::lang::syntax::ast::{
    AskClause, CancelClause, CancelWords, DialogItem, Expr, ExprKind, ExtractorItem, Ident, Item,
    Learn, LetItem, ListItem, ListSource, Matcher, RuleItem, SignalItem, TestItem, Text, Trigger,
    WithCapture,
};
use crate::lang::syntax::grammar::Rule;

impl Lower<'_> {
    /// Any item.
    pub(super) fn item(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        Some(match pair.as_rule() {
            Rule::let_item => Item::Let(self.let_item(&pair)?),
            Rule::list_item => Item::List(self.list_item(&pair)?),
            Rule::extractor_item => Item::Extractor(self.extractor_item(&pair)?),
            Rule::rule_item => Item::Rule(self.rule_item(&pair)?),
            Rule::signal_item => Item::Signal(self.signal_item(&pair)?),
            Rule::dialog_item => Item::Dialog(self.dialog_item(&pair)?),
            Rule::test_item => Item::Test(self.test_item(&pair)?),
            _ => return None,
        })
    }

    fn let_item(&mut self, pair: &Pair<'_, Rule>) -> Option<LetItem> {
        let mut kids = Kids::of(pair.clone());
        Some(LetItem {
            name: self.ident(&kids.seek(Rule::ident)?),
            value: self.expr(&kids.seek(Rule::expr)?)?,
            span: self.span(pair),
        })
    }

    fn list_item(&mut self, pair: &Pair<'_, Rule>) -> Option<ListItem> {
        let mut kids = Kids::of(pair.clone());
        let name = self.ident(&kids.seek(Rule::ident)?);
        let ty = kids.take(Rule::list_type).map(|ty| self.ident(&ty));
        let source = kids.next()?;
        let rule = source.as_rule();
        let mut inner = Kids::of(source);
        let source = if rule == Rule::list_inline {
            ListSource::Inline(self.exprs(&inner.seek(Rule::list_lit)?)?)
        } else {
            ListSource::File(self.text(&inner.seek(Rule::text)?))
        };
        Some(ListItem {
            name,
            ty,
            source,
            span: self.span(pair),
        })
    }

    fn extractor_item(&mut self, pair: &Pair<'_, Rule>) -> Option<ExtractorItem> {
        let mut kids = Kids::of(pair.clone());
        Some(ExtractorItem {
            name: self.ident(&kids.seek(Rule::ident)?),
            pattern: self.pattern_text(&kids.seek(Rule::text)?),
            span: self.span(pair),
        })
    }

    fn rule_item(&mut self, pair: &Pair<'_, Rule>) -> Option<RuleItem> {
        let mut kids = Kids::of(pair.clone());
        let head = kids.seek(Rule::rule_head)?;
        let mut triggers: Vec<Trigger> = Vec::new();
        let (mut when, mut even, mut goes_on) = (None::<Expr>, None::<Span>, None::<Span>);
        for part in Kids::of(head.clone()).rest() {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::trigger => triggers.push(self.trigger(&part)?),
                Rule::bare_trigger => {
                    let text = Kids::of(part).seek(Rule::text)?;
                    let previous = triggers.last()?.clone();
                    if previous.matcher == Matcher::Always && previous.event.name == "text" {
                        self.no_text(previous.span);
                    }
                    let matcher = match previous.matcher {
                        Matcher::Containing(_) => Matcher::Containing(self.text(&text)),
                        Matcher::Starting(_) => Matcher::Starting(self.text(&text)),
                        Matcher::Matching(_) => Matcher::Matching(self.raw_text(&text)),
                        _ => Matcher::Pattern(self.pattern_text(&text)),
                    };
                    triggers.push(Trigger {
                        event: previous.event,
                        matcher,
                        stand_in: false,
                        span,
                    });
                }
                Rule::when_part => {
                    let expr = self.expr(&Kids::of(part).seek(Rule::expr)?)?;
                    match &when {
                        Some(first) => self.twice("when", first.span, span),
                        None => when = Some(expr),
                    }
                }
                Rule::even_part => match even {
                    Some(first) => self.twice("even in dialog", first, span),
                    None => even = Some(span),
                },
                Rule::k_continue => match goes_on {
                    Some(first) => self.twice("continue", first, span),
                    None => goes_on = Some(span),
                },
                _ => {}
            }
        }
        Some(RuleItem {
            triggers,
            when,
            even_in_dialog: even.is_some(),
            continues: goes_on.is_some(),
            body: self.block(&kids.seek(Rule::block)?)?,
            head: self.span(&head),
            span: self.span(pair),
        })
    }

    /// `on text or "b"`: what takes every text has no alternatives.
    fn no_text(&mut self, event: Span) {
        self.sink.add(
            Diagnostic::error(
                "E0134",
                Words::new(
                    "`text` 后面少了文字",
                    "a text is missing after `text`",
                ),
                event,
                Words::new("后面应有文字", "a text belongs after this"),
            )
            .with_help(Words::new(
                "例如 `on text \"绑定\" or \"bind\"`；`on text` 后面什么都不写，就是所有文字",
                "such as `on text \"绑定\" or \"bind\"`; `on text` with nothing behind it is every text",
            )),
        );
    }

    pub(super) fn trigger(&mut self, pair: &Pair<'_, Rule>) -> Option<Trigger> {
        let mut kids = Kids::of(pair.clone());
        let event = self.word(&kids.next()?);
        kids.take(Rule::k_alert);
        let matcher = match kids.next() {
            None => Matcher::Always,
            Some(part) => {
                let rule = part.as_rule();
                let span = self.span(&part);
                let mut inner = Kids::of(part);
                match rule {
                    Rule::match_in => Matcher::InList(self.ident(&inner.seek(Rule::ident)?)),
                    Rule::match_with => Matcher::With(
                        inner
                            .rest()
                            .filter(|kid| kid.as_rule() == Rule::with_capture)
                            .map(|kid| {
                                let mut kids = Kids::of(kid);
                                Some(WithCapture {
                                    name: self.ident(&kids.seek(Rule::ident)?),
                                    extractor: self
                                        .extractor_use(&kids.seek(Rule::extractor_use)?)?,
                                })
                            })
                            .collect::<Option<_>>()?,
                    ),
                    Rule::match_matching => {
                        Matcher::Matching(self.raw_text(&inner.seek(Rule::text)?))
                    }
                    _ => {
                        let text = self.pattern_text(&inner.seek(Rule::text)?);
                        self.scene(&event, rule, &text, span);
                        match rule {
                            Rule::match_containing => Matcher::Containing(text),
                            Rule::match_starting => Matcher::Starting(text),
                            _ => Matcher::Pattern(text),
                        }
                    }
                }
            }
        };
        Some(Trigger {
            event,
            matcher,
            stand_in: false,
            span: self.span(pair),
        })
    }

    /// The value a QR code carries is announced by the word `scene`, and only there.
    fn scene(&mut self, event: &Ident, rule: Rule, text: &Text, span: Span) {
        let carries = matches!(event.name.as_str(), "subscribe" | "scan");
        let said = rule == Rule::match_scene;
        if carries == said || rule == Rule::match_containing || rule == Rule::match_starting {
            return;
        }
        let diagnostic = if carries {
            Diagnostic::error(
                "E0132",
                Words::new(
                    format!("`{}` 后面少了 `scene`", event.name),
                    format!("`scene` is missing after `{}`", event.name),
                ),
                text.span,
                Words::new("二维码的场景值", "the scene of a QR code"),
            )
            .with_fix(
                Words::new("加上 `scene`", "add `scene`"),
                Span {
                    end: text.span.start,
                    ..text.span
                },
                "scene ",
            )
        } else {
            Diagnostic::error(
                "E0132",
                Words::new(
                    format!("`{}` 没有 `scene`", event.name),
                    format!("`{}` has no `scene`", event.name),
                ),
                span,
                Words::new(
                    "只有 `subscribe` 和 `scan` 带场景值",
                    "only `subscribe` and `scan` carry one",
                ),
            )
        };
        self.sink.add(diagnostic);
    }

    fn signal_item(&mut self, pair: &Pair<'_, Rule>) -> Option<SignalItem> {
        let mut kids = Kids::of(pair.clone());
        let mut head = Kids::of(kids.seek(Rule::signal_head)?);
        let name = self.ident(&head.seek(Rule::ident)?);
        let title = self.text(&head.seek(Rule::text)?);
        let weight = self.expr(&head.seek(Rule::expr)?)?;
        let mut item = SignalItem {
            name,
            title,
            weight,
            shadow: head.seek(Rule::k_shadow).is_some(),
            when: None,
            except: None,
            learn: None,
            span: self.span(pair),
        };
        let parts: Vec<_> = kids.rest().collect();
        self.one_per_line(&parts);
        for part in parts {
            let span = self.span(&part);
            let rule = part.as_rule();
            if rule == Rule::learn_part {
                let learn = self.learn(&part)?;
                match &item.learn {
                    Some(first) => self.twice("learn", first.span, span),
                    None => item.learn = Some(learn),
                }
                continue;
            }
            let expr = self.expr(&Kids::of(part).seek(Rule::expr)?)?;
            let (word, slot) = match rule {
                Rule::when_part => ("when", &mut item.when),
                Rule::except_part => ("except", &mut item.except),
                _ => return None,
            };
            match slot {
                Some(first) => {
                    let first = first.span;
                    self.twice(word, first, span);
                }
                None => *slot = Some(expr),
            }
        }
        Some(item)
    }

    pub(super) fn learn(&mut self, pair: &Pair<'_, Rule>) -> Option<Learn> {
        let mut learn = Learn {
            duration: None,
            logins: None,
            both: false,
            span: self.span(pair),
        };
        for part in Kids::of(pair.clone()).rest() {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::k_and => learn.both = true,
                Rule::learn_logins => {
                    let logins = self.uint(&Kids::of(part).seek(Rule::uint)?);
                    match learn.logins {
                        Some((_, first)) => self.twice("logins", first, span),
                        None => learn.logins = Some(logins),
                    }
                }
                Rule::learn_time => {
                    let written = part.as_str().trim().to_owned();
                    let duration = self.primary(&Kids::of(part).next()?)?;
                    let bare = matches!(duration.kind, ExprKind::Number { unit: None, .. });
                    match &learn.duration {
                        Some(_) if bare && learn.logins.is_none() => {
                            self.logins_meant(&written, span)
                        }
                        Some(first) => self.twice("learn until", first.span, span),
                        None => learn.duration = Some(duration),
                    }
                }
                _ => {}
            }
        }
        Some(learn)
    }

    /// `learn until 7 days and 3`
    fn logins_meant(&mut self, written: &str, number: Span) {
        let right = format!("{written} logins");
        self.sink.add(
            Diagnostic::error(
                "E0303",
                Words::new(
                    format!("`{written}` 缺少单位"),
                    format!("`{written}` has no unit"),
                ),
                number,
                Words::new(format!("{written} 什么？"), format!("{written} what?")),
            )
            .with_fix(
                Words::new(format!("写成 `{right}`"), format!("write `{right}`")),
                number,
                right.clone(),
            ),
        );
    }

    fn dialog_item(&mut self, pair: &Pair<'_, Rule>) -> Option<DialogItem> {
        let mut kids = Kids::of(pair.clone());
        let head_pair = kids.seek(Rule::dialog_head)?;
        let head_span = self.span(&head_pair);
        let mut head = Kids::of(head_pair);
        let name = self.ident(&head.seek(Rule::ident)?);
        let expires = match head.seek(Rule::expr) {
            Some(expr) => Some(self.expr(&expr)?),
            None => None,
        };
        let mut item = DialogItem {
            name,
            expires,
            asks: Vec::new(),
            cancel: None,
            give_up: None,
            done: None,
            head: head_span,
            span: self.span(pair),
        };
        let parts: Vec<_> = kids.rest().collect();
        self.one_per_line(&parts);
        for part in parts {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::ask_clause => item.asks.push(self.ask(&part)?),
                Rule::cancel_clause => {
                    let cancel = self.cancel(&part)?;
                    match &item.cancel {
                        Some(first) => self.twice("cancel", first.span, span),
                        None => item.cancel = Some(cancel),
                    }
                }
                rule => {
                    let block = self.block(&Kids::of(part).seek(Rule::block)?)?;
                    let (word, slot) = match rule {
                        Rule::give_up_clause => ("give up", &mut item.give_up),
                        Rule::done_clause => ("done", &mut item.done),
                        _ => return None,
                    };
                    match slot {
                        Some(first) => {
                            let first = first.span;
                            self.twice(word, first, span);
                        }
                        None => *slot = Some(block),
                    }
                }
            }
        }
        Some(item)
    }

    pub(super) fn ask(&mut self, pair: &Pair<'_, Rule>) -> Option<AskClause> {
        let mut kids = Kids::of(pair.clone());
        let mut ask = AskClause {
            slot: self.ident(&kids.seek(Rule::ident)?),
            extractor: self.extractor_use(&kids.seek(Rule::extractor_use)?)?,
            question: self.text(&kids.seek(Rule::text)?),
            unless: None,
            invalid: None,
            at_most: None,
            span: self.span(pair),
        };
        for part in kids.rest() {
            let span = self.span(&part);
            let rule = part.as_rule();
            let mut inner = Kids::of(part);
            match rule {
                Rule::ask_unless => {
                    let expr = self.expr(&inner.seek(Rule::expr)?)?;
                    match &ask.unless {
                        Some(first) => self.twice("unless", first.span, span),
                        None => ask.unless = Some(expr),
                    }
                }
                Rule::ask_invalid => {
                    let text = self.text(&inner.seek(Rule::text)?);
                    match &ask.invalid {
                        Some(first) => self.twice("invalid", first.span, span),
                        None => ask.invalid = Some(text),
                    }
                }
                Rule::ask_at_most => {
                    let times = self.uint(&inner.seek(Rule::uint)?);
                    match ask.at_most {
                        Some((_, first)) => self.twice("at most", first, span),
                        None => ask.at_most = Some(times),
                    }
                }
                _ => return None,
            }
        }
        Some(ask)
    }

    fn cancel(&mut self, pair: &Pair<'_, Rule>) -> Option<CancelClause> {
        let mut kids = Kids::of(pair.clone());
        let words = Kids::of(kids.seek(Rule::cancel_head)?)
            .rest()
            .find(|kid| matches!(kid.as_rule(), Rule::ident | Rule::cancel_texts))?;
        let words = if words.as_rule() == Rule::ident {
            CancelWords::List(self.ident(&words))
        } else {
            let texts = Kids::of(words).rest();
            CancelWords::Inline(
                texts
                    .filter(|kid| kid.as_rule() == Rule::text)
                    .map(|text| self.text(&text))
                    .collect(),
            )
        };
        Some(CancelClause {
            words,
            block: self.block(&kids.seek(Rule::block)?)?,
            span: self.span(pair),
        })
    }

    fn test_item(&mut self, pair: &Pair<'_, Rule>) -> Option<TestItem> {
        let mut kids = Kids::of(pair.clone());
        let mut head = Kids::of(kids.seek(Rule::test_head)?);
        let name = self.text(&head.seek(Rule::text)?);
        let steps: Vec<_> = kids.rest().collect();
        self.one_per_line(&steps);
        Some(TestItem {
            name,
            steps: steps
                .iter()
                .map(|step| self.step(step))
                .collect::<Option<_>>()?,
            span: self.span(pair),
        })
    }

    /// `14 days`: the value of a plain number pair, wherever one is wanted as an expression.
    pub(super) fn simple(&mut self, pair: &Pair<'_, Rule>) -> Option<Expr> {
        let inner = Kids::of(pair.clone()).next()?;
        let expr = self.primary(&inner)?;
        Some(match expr.kind {
            ExprKind::Group(inner) => *inner,
            _ => expr,
        })
    }
}
