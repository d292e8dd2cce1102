//! Signals: condition, exemption, weight, learning time.

use crate::lang::builtins::{Stage, Stages};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Learn, Signal};
use crate::lang::span::Span;
use crate::lang::syntax::{LOST_SIGNAL, ast};
use crate::lang::value::Type;

use super::Checker;
use super::codes as c;
use super::expr::poison;
use super::report::w;
use super::scope::{Place, Scope};
use crate::lang::diagnostics::nearest;

/// Weights beyond this are slips of the hand.
const MAX_WEIGHT: f64 = 1_000_000.0;
/// Logins a learning time may wait for.
const MAX_LOGINS: u32 = 10_000;

impl Checker<'_> {
    /// `when new_city`, `new_city in signals`: a signal is asked for by its name in quotes.
    pub(super) fn signal_as_value(&mut self, name: &ast::Ident) {
        let text = &name.name;
        let asked = format!("\"{text}\" in signals");
        let behind = self.sources.file(name.span.file).and_then(|file| {
            let behind = file.text.get(name.span.range().end..)?;
            Some(
                behind
                    .split_whitespace()
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        });
        let listed = behind.is_some_and(|next| next.starts_with("in ") || next == "not in");
        let by = match listed {
            true => format!("\"{text}\""),
            false => asked.clone(),
        };
        self.report.push(
            Diagnostic::error(
                c::NOT_A_VALUE,
                w(
                    format!("`{text}` 是信号，不是一个值"),
                    format!("`{text}` is a signal, not a value"),
                ),
                name.span,
                w("这是信号", "this is a signal"),
            )
            .with_help(w(
                format!("在 on login 里写 `{asked}`"),
                format!("write `{asked}` in on login"),
            ))
            .with_guess(
                w(format!("写成 `{by}`"), format!("write `{by}`")),
                name.span,
                by,
            ),
        );
    }

    pub(super) fn signal(&mut self, item: &ast::SignalItem) -> Option<Signal> {
        let title = self.plain(&item.title);
        let weight = match self.weight_in_words(&item.weight) {
            true => None,
            false => self.number_constant(&item.weight),
        };
        if weight.is_some_and(|weight| weight.abs() > MAX_WEIGHT) {
            self.out_of_range(
                item.weight.span,
                "分数最多一百万",
                "a weight is a million at most",
            );
        }
        let stages = Stages::of(Stage::Signal);
        let when = match &item.when {
            Some(when) => self.condition(when, &Scope::new(stages, Place::Signal)),
            None => {
                let name = &item.name.name;
                self.report.push(
                    Diagnostic::error(
                        c::SIGNAL_WHEN,
                        w(
                            format!("信号 `{name}` 没有 `when`"),
                            format!("signal `{name}` has no `when`"),
                        ),
                        item.name.span,
                        w("什么时候触发？", "when does it fire?"),
                    )
                    .with_help(w("写上 `when 条件`", "add `when condition`")),
                );
                poison(item.span)
            }
        };
        let except = item
            .except
            .as_ref()
            .map(|except| self.condition(except, &Scope::new(stages, Place::Except)));
        let learn = item.learn.as_ref().and_then(|learn| self.learn(learn));
        if when.ty == Type::Poison {
            return None;
        }
        Some(Signal {
            name: item.name.name.clone(),
            title: title?,
            weight: weight?,
            shadow: item.shadow,
            when,
            except,
            learn,
            span: item.span,
        })
    }

    fn learn(&mut self, learn: &ast::Learn) -> Option<Learn> {
        let duration = match &learn.duration {
            Some(duration) => Some(self.duration(duration, "days")?),
            None => None,
        };
        let logins = learn.logins.map(|logins| self.whole(logins, MAX_LOGINS));
        (duration.is_some() || logins.is_some()).then_some(Learn {
            duration,
            logins,
            both: learn.both,
        })
    }

    /// A signal's name that a condition compares `signals` with.
    pub(super) fn signal_in_condition(&mut self, name: &str, span: Span) {
        let Some(item) = self.signal_item(name, span) else {
            return;
        };
        if item.shadow {
            let place = item.name.span;
            self.report.push(
                Diagnostic::error(
                    c::SHADOW_SIGNAL,
                    w(
                        format!("影子信号 `{name}` 不能写在条件里"),
                        format!("the shadow signal `{name}` cannot stand in a condition"),
                    ),
                    span,
                    w("影子信号永远不算数", "shadow signals never count"),
                )
                .with_label(place, w("在这里定义为 shadow", "defined as shadow here"))
                .with_help(w(
                    "去掉它的 `shadow`，它才算数",
                    "drop its `shadow` to make it count",
                )),
            );
        }
    }

    /// The signal `name`; reports it when there is none.
    pub(super) fn signal_item(&mut self, name: &str, span: Span) -> Option<&ast::SignalItem> {
        if let Some(index) = self.items.signal_names.get(name) {
            return Some(self.items.signals[*index]);
        }
        if self.items.poisoned.contains(name) || self.items.poisoned.contains(LOST_SIGNAL) {
            return None;
        }
        let near = nearest(name, self.items.signal_names.keys().copied());
        let mut error = Diagnostic::error(
            c::UNKNOWN_SIGNAL,
            w(
                format!("没有 `{name}` 这个信号"),
                format!("there is no signal `{name}`"),
            ),
            span,
            w("没有定义", "not defined"),
        );
        if let Some(near) = near {
            let quoted = self.sources.slice(span).starts_with('"');
            let fixed = if quoted {
                format!("\"{near}\"")
            } else {
                near.to_owned()
            };
            error = error.with_nearest(near, span, fixed);
        }
        self.report.push(error);
        None
    }
}
