//! What a place wants: a type, a constant, a duration; and how it says so.

use unicode_normalization::UnicodeNormalization;

use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::program::{Expr, ExprKind};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::syntax::day::day;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::expr::{konst, poison};
use super::literal::{constant, from_text, network};
use super::report::w;
use super::scope::Scope;

/// Uses of one name of the wrong type that get a label.
const MAX_ALIKE: usize = 19;

/// Longest duration a rule may say: ten years, past what any history keeps.
const MAX_DURATION: i64 = 3660 * 86_400_000;

impl Checker<'_> {
    /// The expression as a `ty`: itself, a text that stands for one, or one error and poison.
    pub(super) fn want(&mut self, expr: Expr, ty: &Type) -> Expr {
        if expr.ty == *ty || expr.ty == Type::Poison || *ty == Type::Poison {
            return expr;
        }
        if expr.ty == Type::Text
            && let Some(Value::Text(text)) = constant(&expr)
            && let Some(meant) = from_text(&text, ty)
        {
            if let Some(value) = meant {
                return konst(value, ty.clone(), expr.span);
            }
            let found = Diagnostic::error(
                c::BAD_LITERAL,
                w(format!("这不是一个{ty:#}"), format!("this is no {ty}")),
                expr.span,
                w(format!("这里要{ty:#}"), format!("{ty} is wanted here")),
            );
            let network = *ty == Type::Ip && network(&text).is_some();
            // `10.0.0.0／8`
            let narrow: String = text.nfkc().collect();
            if *narrow != *text
                && !narrow.contains(['"', '\\'])
                && matches!(from_text(&narrow, ty), Some(Some(_)))
            {
                let right = format!("\"{narrow}\"");
                self.report
                    .push(found.with_guess(written_as(&right), expr.span, right));
                return poison(expr.span);
            }
            // `2026/10/1`
            let whole =
                |(length, right): (usize, String)| (length == text.trim().len()).then_some(right);
            if let Some(right) = day(text.trim()).and_then(whole)
                && *ty == Type::Date
                && matches!(from_text(&right, ty), Some(Some(_)))
            {
                let right = format!("\"{right}\"");
                self.report
                    .push(found.with_guess(written_as(&right), expr.span, right));
                return poison(expr.span);
            }
            let found = match *ty == Type::Date {
                true => found.with_help(w(
                    "日期写成 `2026-10-01`，年月日齐全",
                    "a date is written `2026-10-01`, with its year",
                )),
                false => found,
            };
            self.report.push(match network {
                true => found.with_help(w(
                    format!("一段地址写 `in [\"{text}\"]`"),
                    format!("a network is written `in [\"{text}\"]`"),
                )),
                false => found,
            });
            return poison(expr.span);
        }
        let units = || self.registry.units().iter().any(|unit| unit.ty == *ty);
        if expr.ty == Type::Number && constant(&expr).is_some() && units() {
            self.missing_unit(&expr, ty);
            return poison(expr.span);
        }
        if *ty == Type::YesNo {
            self.no_condition(&expr);
        } else {
            self.wrong_type(&expr, &format!("{ty:#}"), &ty.to_string());
            self.no_text(&expr, ty);
            self.without_quotes(&expr, ty);
            self.other_unit(&expr, ty);
        }
        poison(expr.span)
    }

    /// A number has a unit that does not fit: those that do, or that none does.
    fn other_unit(&mut self, expr: &Expr, ty: &Type) {
        let span = expr.span;
        let written = self.sources.slice(span).trim();
        let digits = written
            .trim_end_matches(|c: char| !c.is_ascii_digit())
            .trim();
        let plain = digits.parse::<f64>().is_ok();
        let all = self.units_of(ty);
        if constant(expr).is_none() || !plain {
            return;
        }
        let bare = *ty == Type::Number && digits != written;
        if all.is_empty() && !bare {
            return;
        }
        self.report.amend(c::WRONG_TYPE, |found| {
            if found.primary.span != span || !found.help.is_empty() {
                return found;
            }
            if bare {
                return found.with_guess(written_as(digits), span, digits);
            }
            found.with_help(w(
                format!("这里能用的单位：{}", all.join("、")),
                format!("the units that fit here: {}", all.join(", ")),
            ))
        });
    }

    /// What is compared as a whole stands where a text is wanted.
    fn no_text(&mut self, expr: &Expr, ty: &Type) {
        let written = self.sources.slice(expr.span).trim();
        let help = match (&expr.ty, ty) {
            (Type::Code, Type::Text) => w(
                format!(
                    "`{written}` 只能整个比较：`{written} == \"123456\"`；只看前几位就在触发词里写明，如 `\"查12{{rest: digits(4)}}\"`"
                ),
                format!(
                    "`{written}` is compared as a whole: `{written} == \"123456\"`; where the first digits matter they stand in the trigger, as in `\"find 12{{rest: digits(4)}}\"`"
                ),
            ),
            (Type::Phone, Type::Text) => w(
                format!(
                    "手机号存成 `+8613800138000` 这样，只能整个比较：`{written} == \"13800138000\"`，或者和 `list 名字: phone` 比"
                ),
                format!(
                    "a phone is kept as `+8613800138000` and compared as a whole: `{written} == \"13800138000\"`, or with a `list NAME: phone`"
                ),
            ),
            (Type::Ip, Type::Text) => w(
                format!("地址按网段比：`{written} in [\"10.0.0.0/8\"]`"),
                format!("addresses are compared by networks: `{written} in [\"10.0.0.0/8\"]`"),
            ),
            (Type::Machine | Type::Account, Type::Text) => w(
                format!("`{written}` 只能整个比较：`{written} == \"…\"`"),
                format!("`{written}` is compared as a whole: `{written} == \"…\"`"),
            ),
            _ => return,
        };
        let span = expr.span;
        self.report.amend(c::WRONG_TYPE, |found| {
            match found.primary.span == span && found.help.is_empty() {
                true => found.with_help(help.clone()),
                false => found,
            }
        });
    }

    /// A value stands where a condition is wanted: perhaps it was to be asked for, or is a switch.
    fn no_condition(&mut self, expr: &Expr) {
        self.wrong_type(expr, "一个条件（是或否）", &Type::YesNo.to_string());
        let written = self.sources.slice(expr.span).trim();
        let (right, help) = match constant(expr) {
            Some(_) => (
                None,
                w(
                    "当开关用就写 `let 名字 = yes` 或 `no`；不然写出和什么比，如 `… >= 1`",
                    "for a switch write `let NAME = yes` or `no`; else say what it is compared with, as in `… >= 1`",
                ),
            ),
            None => (
                Some(format!("{written} is known")),
                w(
                    format!("问有没有值写 `{written} is known`；不然写出和什么比"),
                    format!(
                        "whether it has a value is asked by `{written} is known`; else say what it is compared with"
                    ),
                ),
            ),
        };
        let span = expr.span;
        let simple = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        self.report.amend(c::WRONG_TYPE, |found| {
            if found.primary.span != span || !found.help.is_empty() {
                return found;
            }
            let found = found.with_help(help.clone());
            match &right {
                Some(right) if written.chars().all(simple) => found.with_guess(
                    w(format!("写成 `{right}`"), format!("write `{right}`")),
                    span,
                    right.clone(),
                ),
                _ => found,
            }
        });
    }

    /// The units of a type, as fixes write them.
    fn units_of(&self, ty: &Type) -> Vec<&'static str> {
        let units = self.registry.units().iter();
        let own = units.filter(|unit| unit.ty == *ty);
        own.map(|unit| unit.words[0]).collect()
    }

    /// The unit that is usual where the number stands; durations may be of any length elsewhere.
    fn unit_for(&self, ty: &Type) -> Option<&'static str> {
        if *ty == Type::Duration {
            return self.usual_unit;
        }
        let units = self.units_of(ty);
        // The second of a family is the everyday one: kilometres.
        units.get(1).or(units.first()).copied()
    }

    fn missing_unit(&mut self, expr: &Expr, ty: &Type) {
        let unit = self.unit_for(ty);
        if let ExprKind::Let { name, .. } = &expr.kind {
            return self.missing_in_let(expr, name, ty, unit);
        }
        let written = self.sources.slice(expr.span).trim();
        // Half of something is 50%, in most other languages.
        let share = match constant(expr) {
            Some(Value::Number(share)) if *ty == Type::Percent && share > 0.0 && share <= 1.0 => {
                Some(format!("{}%", (share * 1e6).round() / 1e4))
            }
            _ => None,
        };
        let found = match share {
            Some(share) => no_unit(
                written,
                expr.span,
                w("这里要百分比", "a percentage is wanted here"),
            )
            .with_help(w(
                format!(
                    "一半写 `50%`：`{written}` 是 `{share}`；真是百分之 {written} 就写 `{written}%`"
                ),
                format!("a half is `50%`: `{written}` is `{share}`; or is `{written}%` meant?"),
            ))
            .with_guess(written_as(&share), expr.span, share),
            None => {
                let all = self.units_of(ty);
                let found = no_unit(written, expr.span, what(written));
                match unit.map(|unit| with_unit(written, unit)) {
                    Some(fixed) => found
                        .with_help(w(
                            format!("写成 `{fixed}`？单位有：{}", all.join("、")),
                            format!("`{fixed}`? the units are: {}", all.join(", ")),
                        ))
                        .with_guess(written_as(&fixed), expr.span, fixed),
                    None => found.with_help(w(
                        format!("在数后面写上单位：{}", all.join("、")),
                        format!("put a unit behind the number: {}", all.join(", ")),
                    )),
                }
            }
        };
        self.report.push(found);
    }

    /// `let usual = 60`, where a duration is wanted: the unit belongs to the number.
    fn missing_in_let(&mut self, expr: &Expr, name: &str, ty: &Type, unit: Option<&str>) {
        let items = self.items;
        let given = items.lets.iter().find(|item| item.name.name == *name);
        let Some(given) = given else { return };
        let place = given.value.span;
        let number = self.sources.slice(place).trim().to_owned();
        let mut known = false;
        self.report.amend(c::MISSING_UNIT, |mut told| {
            if told.primary.span == place {
                known = true;
                told.add_place(expr.span);
            }
            told
        });
        if known {
            return;
        }
        let all = self.units_of(ty);
        let found = no_unit(name, place, what(&number))
            .with_label(expr.span, w("在这里要单位", "a unit is wanted here"));
        let Some(fixed) = unit.map(|unit| with_unit(&number, unit)) else {
            self.report.push(found.with_help(w(
                format!("在数后面写上单位：{}", all.join("、")),
                format!("put a unit behind the number: {}", all.join(", ")),
            )));
            return;
        };
        let found = found.with_help(w(
            format!("例如 `let {name} = {fixed}`；单位有：{}", all.join("、")),
            format!(
                "for example `let {name} = {fixed}`; the units are: {}",
                all.join(", ")
            ),
        ));
        let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        self.report.push(if plain {
            found.with_guess(written_as(&fixed), place, fixed)
        } else {
            found
        });
    }

    pub(super) fn wrong_type(&mut self, expr: &Expr, zh: &str, en: &str) {
        let found = &expr.ty;
        // A name that was given the wrong value is one mistake, however often it is used.
        if let ExprKind::Let { .. } = &expr.kind {
            let (sources, mut known) = (self.sources, false);
            let title = w(format!("这里要{zh}"), format!("{en} is wanted here"));
            self.report.amend(c::WRONG_TYPE, |mut told| {
                let same = sources.slice(told.primary.span) == sources.slice(expr.span);
                if known || !same || told.title != title {
                    return told;
                }
                known = true;
                if told.secondary.len() >= MAX_ALIKE {
                    return told;
                }
                told.add_place(expr.span);
                told
            });
            if known {
                return;
            }
        }
        self.report.push(Diagnostic::error(
            c::WRONG_TYPE,
            w(format!("这里要{zh}"), format!("{en} is wanted here")),
            expr.span,
            w(format!("这是{found:#}"), format!("this is {found}")),
        ));
    }

    pub(super) fn out_of_range(&mut self, span: Span, zh: &str, en: &str) {
        self.report.push(Diagnostic::error(
            c::OUT_OF_RANGE,
            w(zh, en),
            span,
            w("这个数不行", "this number cannot be"),
        ));
    }

    /// The value of a constant of type `ty`.
    pub(super) fn constant(&mut self, expr: &ast::Expr, ty: &Type) -> Option<Value> {
        let checked = self.expr(expr, &Scope::constants());
        let checked = self.want(checked, ty);
        if checked.ty == Type::Poison {
            return None;
        }
        let value = constant(&checked);
        if value.is_none() {
            self.report.push(
                Diagnostic::error(
                    c::NOT_CONSTANT,
                    w("这里要一个固定的值", "a constant is wanted here"),
                    expr.span,
                    w(
                        "这要等事件发生才知道",
                        "this is known only when the event happens",
                    ),
                )
                .with_help(w(
                    "写一个数，或者 `let` 定义的常量",
                    "write a number, or a `let` that is one",
                )),
            );
        }
        value
    }

    /// A constant duration in milliseconds, above zero; `usual` is the unit that is offered where there is none.
    pub(super) fn duration(&mut self, expr: &ast::Expr, usual: &'static str) -> Option<i64> {
        self.usual_unit = Some(usual);
        let value = self.constant(expr, &Type::Duration);
        self.usual_unit = None;
        let Value::Duration(millis) = value? else {
            return None;
        };
        if millis <= 0 {
            self.out_of_range(expr.span, "时长要大于零", "a duration must be above zero");
            return None;
        }
        if millis > MAX_DURATION {
            self.out_of_range(expr.span, "时长最多十年", "a duration is ten years at most");
            return None;
        }
        Some(millis)
    }
}

/// E0303 of a number or a name.
fn no_unit(shown: &str, span: Span, label: Words) -> Diagnostic {
    Diagnostic::error(
        c::MISSING_UNIT,
        w(
            format!("`{shown}` 缺少单位"),
            format!("`{shown}` has no unit"),
        ),
        span,
        label,
    )
}

fn what(number: &str) -> Words {
    w(format!("{number} 什么？"), format!("{number} what?"))
}

/// The number with its unit, as the formatter writes it.
fn with_unit(number: &str, unit: &str) -> String {
    let joined = if unit == "%" { "" } else { " " };
    format!("{number}{joined}{unit}")
}

fn written_as(right: &str) -> Words {
    w(format!("写成 `{right}`"), format!("write `{right}`"))
}
