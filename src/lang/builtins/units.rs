//! The closed table of units.

use crate::lang::value::{Type, Value};

/// One unit.
#[derive(Debug, Clone)]
pub struct UnitSpec {
    /// How it may be written; the first is what fixes and documentation use.
    pub words: &'static [&'static str],
    /// Not accepted, but recognised and answered with the right word.
    pub slips: &'static [&'static str],
    /// What a number with it is.
    pub ty: Type,
    /// How many of the type's own unit it is: milliseconds, metres, km/h, fractions.
    pub factor: f64,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl UnitSpec {
    /// The constant `number` of this unit.
    pub fn value(&self, number: f64) -> Value {
        let amount = number * self.factor;
        match self.ty {
            // Durations of more than 292 million years saturate.
            #[allow(clippy::cast_possible_truncation, reason = "as saturates")]
            Type::Duration => Value::Duration(amount.round() as i64),
            Type::Distance => Value::Distance(amount),
            Type::Speed => Value::Speed(amount),
            Type::Percent => Value::Percent(amount),
            _ => Value::Number(amount),
        }
    }
}

pub(super) fn table() -> Vec<UnitSpec> {
    let unit = |words, slips, ty, factor, zh, en| UnitSpec {
        words,
        slips,
        ty,
        factor,
        zh,
        en,
    };
    let time = |words, slips, factor, zh, en| unit(words, slips, Type::Duration, factor, zh, en);
    vec![
        time(
            &["seconds", "second"],
            &["s", "sec", "secs", "秒", "秒钟"],
            1e3,
            "秒",
            "seconds",
        ),
        time(
            &["minutes", "minute"],
            &["min", "mins", "分", "分钟"],
            60e3,
            "分钟",
            "minutes",
        ),
        time(
            &["hours", "hour"],
            &["h", "hr", "hrs", "小时", "个小时"],
            3600e3,
            "小时",
            "hours",
        ),
        time(&["days", "day"], &["d", "天", "日"], 86_400e3, "天", "days"),
        time(
            &["weeks", "week"],
            &["w", "周", "星期"],
            604_800e3,
            "周",
            "weeks",
        ),
        unit(
            &["meters", "meter"],
            &["metres", "metre", "米"],
            Type::Distance,
            1.0,
            "米",
            "metres",
        ),
        unit(
            &["km"],
            &[
                "kilometers",
                "kilometres",
                "kilometer",
                "kilometre",
                "KM",
                "公里",
                "千米",
            ],
            Type::Distance,
            1e3,
            "公里",
            "kilometres",
        ),
        unit(
            &["km/h"],
            &["kmh", "kph", "公里/小时"],
            Type::Speed,
            1.0,
            "公里每小时",
            "kilometres per hour",
        ),
        unit(
            &["%"],
            &["percent", "％"],
            Type::Percent,
            0.01,
            "百分之",
            "per cent",
        ),
    ]
}
