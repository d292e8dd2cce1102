//! The two sides of a comparison: one type, or one error that says how to write what was meant.

use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::program::{Expr, ExprKind, HistoryFunction, HistoryQuery};
use crate::lang::span::Span;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::literal::{constant, from_text};
use super::report::w;

impl Checker<'_> {
    /// Both of one type, or one error.
    pub(super) fn unify(&mut self, left: Expr, right: Expr, op_span: Span) -> Option<(Expr, Expr)> {
        if left.ty == Type::Poison || right.ty == Type::Poison {
            return None;
        }
        if left.ty == right.ty {
            return Some((left, right));
        }
        if can_become(&right, &left.ty) {
            let right = self.want(right, &left.ty);
            return (right.ty != Type::Poison).then_some((left, right));
        }
        if can_become(&left, &right.ty) {
            let left = self.want(left, &right.ty);
            return (left.ty != Type::Poison).then_some((left, right));
        }
        let (a, b) = (&left.ty, &right.ty);
        let mut error = Diagnostic::error(
            c::DIFFERENT_TYPES,
            w(
                format!("{a:#}和{b:#}不能比较"),
                format!("{a} and {b} cannot be compared"),
            ),
            op_span,
            w("两边类型不同", "the sides have different types"),
        )
        .with_label(left.span, w(format!("这是{a:#}"), format!("this is {a}")))
        .with_label(right.span, w(format!("这是{b:#}"), format!("this is {b}")));
        if let Some((span, meant)) = self
            .meant(&right, &left)
            .map(|meant| (right.span, meant))
            .or_else(|| Some((left.span, self.meant(&left, &right)?)))
        {
            let words = w(format!("写成 `{meant}`"), format!("write `{meant}`"));
            let named = [&left, &right].into_iter().find(|one| one.span == span);
            let given = named.and_then(|one| self.given_in_let(one));
            error = match given {
                // What is wrong stands where the name is given, and may be meant so elsewhere.
                Some(place) => error
                    .with_label(place, w("它的值在这里", "its value stands here"))
                    .with_guess(words, place, meant),
                None => error.with_fix(words, span, meant),
            };
        } else if let Some(by) = self.in_list_instead(&left, &right, op_span) {
            let words = w(format!("写成 `{by}`"), format!("write `{by}`"));
            error = error.with_guess(words, left.span.to(right.span), by);
        } else if let Some(help) = said(a, b).or_else(|| said(b, a)) {
            error = error.with_help(help);
        } else {
            error = error.with_help(w(
                "比较的两边要是同一种值；文字加引号，数和单位不加",
                "both sides must be of one type; texts take quotes, numbers and units do not",
            ));
        }
        self.report.push(error);
        None
    }

    /// `sender.tags == "会员"`: whether it is in the list is meant.
    fn in_list_instead(&self, left: &Expr, right: &Expr, op_span: Span) -> Option<String> {
        let (list, item) = match (&left.ty, &right.ty) {
            (Type::List(of), ty) if **of == *ty => (left, right),
            (ty, Type::List(of)) if **of == *ty => (right, left),
            _ => return None,
        };
        let not = match self.sources.slice(op_span).trim() {
            "==" => "",
            "!=" => "not ",
            _ => return None,
        };
        let slice = |expr: &Expr| self.sources.slice(expr.span).trim();
        Some(format!("{} {not}in {}", slice(item), slice(list)))
    }

    /// Where the value of a name is written.
    fn given_in_let(&self, expr: &Expr) -> Option<Span> {
        let ExprKind::Let { name, .. } = &expr.kind else {
            return None;
        };
        let mut lets = self.items.lets.iter();
        let given = lets.find(|item| item.name.name == *name)?;
        Some(given.value.span)
    }

    /// How the constant `written` would be spelled as a value of the type of `like`: `"8"` as `8`,
    /// `22 hours` as `22` beside a number, `5` as `"5"` beside a text.
    fn meant(&self, written: &Expr, like: &Expr) -> Option<String> {
        let source = self.sources.slice(written.span).trim();
        match (constant(written)?, &like.ty) {
            (Value::Text(text), Type::YesNo) => match text.trim() {
                "yes" | "true" | "是" => Some("yes".to_owned()),
                "no" | "false" | "否" => Some("no".to_owned()),
                _ => None,
            },
            (Value::Text(text), Type::Number) if day_of_week(text.trim()).is_some() => {
                day_of_week(text.trim()).map(|day| day.to_string())
            }
            (Value::Text(text), ty) => {
                let text = text.trim();
                let (_, unit) = number(text)?;
                let right = if *ty == Type::Number {
                    unit.is_empty()
                } else {
                    let mut units = self.registry.units().iter();
                    units.any(|known| known.ty == *ty && known.words.contains(&unit))
                };
                right.then(|| text.to_owned())
            }
            // `days_since(…) >= 2 weeks`
            (Value::Duration(millis), Type::Number) if in_days(&self.queries, like) => {
                let days = millis as f64 / 86_400_000.0;
                Some(format!("{}", (days * 100.0).round() / 100.0))
            }
            (Value::Distance(_), Type::Speed) => {
                let (number, unit) = number(source)?;
                (unit == "km").then(|| format!("{number} km/h"))
            }
            (Value::Speed(_), Type::Distance) => {
                let (number, _) = number(source)?;
                Some(format!("{number} km"))
            }
            (Value::Duration(_) | Value::Percent(_), Type::Number)
            | (Value::Distance(_) | Value::Speed(_), Type::Number) => {
                let (number, unit) = number(source)?;
                (!unit.is_empty()).then(|| number.to_owned())
            }
            (Value::Number(_), Type::Text | Type::Code) => {
                let (number, unit) = number(source)?;
                unit.is_empty().then(|| format!("\"{number}\""))
            }
            _ => None,
        }
    }
}

/// Whether a number is one of days.
fn in_days(queries: &[HistoryQuery], expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::History(id) => {
            let query = queries.get(id.0 as usize);
            query.is_some_and(|query| query.function == HistoryFunction::DaysSince)
        }
        ExprKind::Let { value, .. } => in_days(queries, value),
        _ => false,
    }
}

/// The number of a day of the week, as `now.weekday` has it: 1 is Monday.
fn day_of_week(text: &str) -> Option<usize> {
    const DAYS: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let text = text.to_lowercase();
    let named = DAYS.iter().position(|day| text == *day || text == day[..3]);
    let chinese = || {
        let last = ["周", "星期", "礼拜"]
            .iter()
            .find_map(|week| text.strip_prefix(week))?;
        let days = ["一", "二", "三", "四", "五", "六", "日"];
        let sunday = (last == "天").then_some(6);
        days.iter().position(|day| *day == last).or(sunday)
    };
    named.or_else(chinese).map(|day| day + 1)
}

/// What to do where a text that was said is compared with a day or a number.
fn said(text: &Type, other: &Type) -> Option<Words> {
    match (text, other) {
        (Type::Text, Type::Date) => Some(w(
            "话里的日期是文字，没说年份时只有月和日，不能和日期比；和写在引号里的比：`day == \"2026-10-01\" or day == \"10-01\"`",
            "a date that was said is a text, of month and day alone where no year was said; compare it with what stands in quotes: `day == \"2026-10-01\" or day == \"10-01\"`",
        )),
        (Type::Time, Type::Number) => Some(w(
            "几点是 `login.hour`、`now.hour`（0 到 23），星期几是 `login.weekday`、`now.weekday`",
            "the hour is `login.hour`, `now.hour` (0 to 23), the day of the week `login.weekday`, `now.weekday`",
        )),
        (Type::Code, Type::Number) => Some(w(
            "验证码是一串数字，不是数：整个比较时加引号；要当数来算，用 `number` 取出来",
            "a code is a string of digits and no number: compare it with one in quotes; to reckon with it take it out by `number`",
        )),
        _ => None,
    }
}

/// A plain number and what stands behind it.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    number.parse::<f64>().ok()?;
    Some((number, unit.trim_start()))
}

/// Whether `want` would turn `expr` into a `ty` or say precisely what is missing.
pub(super) fn can_become(expr: &Expr, ty: &Type) -> bool {
    let fixed = constant(expr).is_some();
    match expr.ty {
        Type::Text => fixed && from_text("", ty).is_some(),
        Type::Number => {
            fixed
                && matches!(
                    ty,
                    Type::Percent | Type::Duration | Type::Distance | Type::Speed
                )
        }
        _ => false,
    }
}
