//! What a sweep is asked for: a constant and the values to try, and why that cannot be done.

use super::MAX_VARIANTS;
use crate::bot::ruleset::LoadError;
use crate::lang::diagnostics::Language;

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The `let`'s name.
    pub name: String,
    /// First value.
    pub from: f64,
    /// Last value.
    pub to: f64,
    /// From one to the next.
    pub step: f64,
    /// The unit written after the numbers; empty where there was none.
    pub unit: String,
}

/// Why a sweep cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// It goes nowhere.
    #[error(
        "--sweep {0}: the first value must not exceed the last, and the step must be more than 0"
    )]
    Range(String),
    /// Units that are not the constant's.
    #[error(
        "`let {name}` is in {wanted:?}, the sweep in {given:?}; write the numbers alone, or that unit"
    )]
    Unit {
        /// The constant.
        name: String,
        /// Its unit.
        wanted: String,
        /// What was written.
        given: String,
    },
    /// Not `NAME=A..B/S`.
    #[error(
        "{0:?} is no sweep; write NAME=FROM..TO/STEP, e.g. budget=40..90/5, all amounts in the unit of the constant or without any"
    )]
    Syntax(String),
    /// No such constant.
    #[error("there is no `let {name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The same constant in two sweeps.
    #[error("--sweep names `let {0}` twice: one range a constant")]
    Twice(String),
    /// Not a number.
    #[error("`let {0}` is no number or amount with a unit")]
    NotANumber(String),
    /// Ctrl-C.
    #[error("stopped before any login was judged")]
    Stopped,
    /// Too many.
    #[error("more than {MAX_VARIANTS} combinations, which is the most at a time")]
    TooMany,
    /// A value makes rules that do not compile.
    #[error("with {values} the rules do not compile:\n{}", .error.report(Language::En))]
    Wrong {
        /// Which value.
        values: String,
        /// What `menshen check` would say.
        error: Box<LoadError>,
    },
}

impl SweepError {
    /// The same in a language.
    pub fn said(&self, language: Language) -> String {
        if language == Language::En {
            return self.to_string();
        }
        match self {
            Self::Range(text) => {
                format!("--sweep {text}：第一个值不能大于最后一个，步长要大于 0")
            }
            Self::Unit {
                name,
                wanted,
                given,
            } => format!(
                "`let {name}` 的单位是 {wanted:?}，这里写的是 {given:?}；只写数字，或用那个单位"
            ),
            Self::Syntax(text) => {
                format!(
                    "{text:?} 不是可试的范围；写成 名字=从..到/步长，例如 budget=40..90/5，三个量都用常量的单位，或者都不写单位"
                )
            }
            Self::Unknown { name, known } => format!("没有 `let {name}`；有的是：{known}"),
            Self::Twice(name) => format!("--sweep 两次都是 `let {name}`：一个常量只写一个范围"),
            Self::NotANumber(name) => format!("`let {name}` 不是数字，也不是带单位的量"),
            Self::Stopped => "还没有判断任何登录就停了".to_owned(),
            Self::TooMany => format!("组合超过 {MAX_VARIANTS} 个，一次最多这么多"),
            Self::Wrong { values, error } => {
                format!("{values} 时规则编译不过：\n{}", error.report(language))
            }
        }
    }
}

impl Parameter {
    /// Reads `NAME=A..B/S`; the numbers may have the constant's unit.
    pub fn parse(text: &str) -> Result<Self, SweepError> {
        let wrong = || SweepError::Syntax(text.to_owned());
        let (name, range) = text.split_once('=').ok_or_else(wrong)?;
        let (from, rest) = range.split_once("..").ok_or_else(wrong)?;
        // A unit may have a slash of its own: 500 km/h..1500 km/h/500 km/h.
        let is_amount = |text: &str| amount(text).0.parse::<f64>().is_ok();
        let mut slashes = rest
            .match_indices('/')
            .map(|(at, _)| (&rest[..at], &rest[at + 1..]));
        let (to, step) = slashes
            .find(|(to, step)| is_amount(to) && is_amount(step))
            .ok_or_else(wrong)?;
        let mut unit = "";
        let mut number = |text| -> Result<f64, SweepError> {
            let (digits, own) = amount(text);
            if unit.is_empty() {
                unit = own;
            }
            let number = digits.parse::<f64>().ok().filter(|n| n.is_finite());
            number
                .filter(|_| own.is_empty() || one(own) == one(unit))
                .ok_or_else(wrong)
        };
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong());
        }
        if step <= 0.0 || to < from {
            return Err(SweepError::Range(text.to_owned()));
        }
        Ok(Self {
            name,
            from,
            to,
            step,
            unit: unit.to_owned(),
        })
    }

    pub(super) fn values(&self) -> Vec<f64> {
        let count = ((self.to - self.from) / self.step + 1e-9).floor() as usize + 1;
        (0..count.min(MAX_VARIANTS + 1))
            .map(|at| self.from + self.step * at as f64)
            .collect()
    }
}

/// A unit in the singular, as both may be written.
pub(super) fn one(unit: &str) -> &str {
    unit.strip_suffix('s')
        .filter(|one| one.len() > 1)
        .unwrap_or(unit)
}

/// A number, and the unit behind it.
pub(super) fn amount(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
        .unwrap_or(text.len());
    (&text[..digits], text[digits..].trim())
}

/// A number without a tail of rounding.
pub(in crate::backtest) fn shown(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_the_constant() {
        for text in [
            "u=30 days..90 days/30 days",
            "u = 30..90/30days",
            "u=30days..90/30",
        ] {
            let parameter = Parameter::parse(text).unwrap();
            assert_eq!(
                (parameter.values(), &*parameter.unit),
                (vec![30., 60., 90.], "days")
            );
        }
        let speed = Parameter::parse("v=500 km/h..1500 km/h/500 km/h").unwrap();
        assert_eq!(speed.values(), [500., 1000., 1500.]);
        assert_eq!(speed.unit, "km/h");
        assert!(Parameter::parse("v=500 km/h..1500 km/h/500 km").is_err());
        assert!(matches!(
            Parameter::parse("u=30 days..90 hours/1"),
            Err(SweepError::Syntax(_))
        ));
    }

    #[test]
    fn sweeps_are_read() {
        let parameter = Parameter::parse("budget=40..90/5").unwrap();
        assert_eq!(
            parameter.values(),
            [40., 45., 50., 55., 60., 65., 70., 75., 80., 85., 90.]
        );
        let tenths = Parameter::parse("x=0..1/0.1").unwrap().values();
        assert_eq!(tenths.len(), 11);
        assert_eq!(shown(tenths[3]), "0.3");
        for wrong in [
            "budget", "=1..2/1", "b=1..2", "b=2..1/1", "b=1..2/0", "b=x..2/1",
        ] {
            assert!(Parameter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
