//! Values of a prompt template's fields that the platform would refuse, with the whole message, for
//! being of the wrong kind. A field's kind is its name without the digits: `time7` is a time. Limits of
//! length are looked at where the template is read.

use jiff::tz::TimeZone;

use super::report::w;
use crate::lang::diagnostics::Words;
use crate::lang::eval::display;
use crate::lang::program::{Expr, ExprKind, Template, TemplatePart};
use crate::lang::value::{Type, Value};

/// A value of a field that is refused.
pub(super) struct Misfit<'v> {
    /// Why.
    pub(super) why: Words,
    /// The path that does not fit and, where one can be told, a value of it that shows so.
    pub(super) example: Option<(&'v Expr, String)>,
}

/// Why this value never fits the field; `None` where it may.
pub(super) fn misfit<'v>(field: &str, value: &'v Template) -> Option<Misfit<'v>> {
    let kind = field.trim_end_matches(|c: char| c.is_ascii_digit());
    let (only, zh, en): (fn(char) -> bool, _, _) = match kind {
        "number" => (
            |c| c.is_ascii_digit() || matches!(c, '.' | '-'),
            "这种字段只能是数字",
            "this kind of field takes digits only",
        ),
        "letter" => (
            |c| c.is_ascii_alphabetic(),
            "这种字段只能是字母",
            "this kind of field takes letters only",
        ),
        "character_string" => (
            |c| matches!(c, ' '..='~'),
            "这种字段只能是字母、数字和半角符号，不能有汉字",
            "this kind of field takes letters, digits and ASCII signs, no Chinese",
        ),
        "phone_number" => (
            |c| c.is_ascii_digit() || matches!(c, '+' | '-' | '*' | ' ' | '(' | ')'),
            "这种字段只能是电话号码",
            "this kind of field takes a phone number",
        ),
        "phrase" => (
            |c| matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}'),
            "这种字段只能是汉字",
            "this kind of field takes Chinese characters only",
        ),
        "time" => (
            |c| c.is_ascii_digit() || "-/.: 年月日~".contains(c),
            "这种字段只能是时间，例如 `login.time`",
            "this kind of field takes a time, such as `login.time`",
        ),
        "date" => (
            |c| c.is_ascii_digit() || "-/.年月日~ ".contains(c),
            "这种字段只能是日期，例如 `login.date`",
            "this kind of field takes a date, such as `login.date`",
        ),
        _ => return None,
    };
    let fits = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.chars().all(only),
        // No text the language knows of (a city, an isp) is a time or a number.
        TemplatePart::Value(Expr {
            kind: ExprKind::Field(_),
            ty: Type::Text,
            ..
        }) => !matches!(kind, "time" | "date" | "number" | "phone_number"),
        TemplatePart::Value(expr) => match kind {
            "number" => !matches!(expr.ty, Type::Percent | Type::Time | Type::Place | Type::Ip),
            "time" => !matches!(expr.ty, Type::Number | Type::Place | Type::Ip | Type::Date),
            "date" => !matches!(expr.ty, Type::Number | Type::Place | Type::Ip | Type::Time),
            "character_string" | "letter" | "phone_number" => expr.ty != Type::Place,
            "phrase" => !matches!(expr.ty, Type::Number | Type::Time | Type::Ip | Type::Date),
            _ => true,
        },
    };
    let wrong = value.parts.iter().find(|part| !fits(part))?;
    let example = match wrong {
        TemplatePart::Literal(_) => None,
        // What is shown was refused by the very test of the field's characters.
        TemplatePart::Value(expr) => typical(&expr.ty)
            .filter(|text| !text.chars().all(only))
            .map(|text| (expr, text)),
    };
    Some(Misfit {
        why: w(zh, en),
        example,
    })
}

/// A value of a type as it would read.
fn typical(ty: &Type) -> Option<String> {
    let value = match ty {
        Type::Text => Value::text("北京"),
        Type::Number => Value::Number(1.5),
        Type::Percent => Value::Percent(0.5),
        Type::Time => Value::Time(1_767_574_800_000),
        Type::Date => Value::text("2026-01-05"),
        Type::Ip => Value::Ip([203, 0, 113, 7].into()),
        _ => return None,
    };
    Some(display(&value, &TimeZone::UTC))
}
