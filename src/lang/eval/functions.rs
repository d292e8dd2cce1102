//! The pure functions.

use std::cmp::Ordering;

use crate::lang::program::{CompareOp, Function};
use crate::lang::value::{LoginPoint, Place, Spot, Value};

use super::compare::compare;

/// The Earth's mean radius in metres (IUGG).
pub const EARTH_RADIUS: f64 = 6_371_008.8;

/// Elapsed time counts as at least so many milliseconds in a speed (language law 8): two logins in
/// the same second are no proof of infinite speed.
pub const MIN_ELAPSED: i64 = 60_000;

/// Calls a function; unknown when a needed argument is.
pub(in crate::lang) fn call(function: Function, args: &[Value]) -> Value {
    if let Some(unknown) = args.iter().find(|arg| !arg.is_known()) {
        return unknown.clone();
    }
    match (function, args) {
        (Function::Distance, [Value::Login(from), Value::Login(to)]) => {
            match haversine(&from.place, &to.place) {
                Some(metres) => Value::Distance(metres),
                None => Value::unknown(coordinates(from, to)),
            }
        }
        (Function::Speed, [Value::Login(from), Value::Login(to)]) => {
            match speed_between(from.spot(), to.spot()) {
                Some(speed) => Value::Speed(speed),
                None => Value::unknown(coordinates(from, to)),
            }
        }
        (Function::Min, [first, rest @ ..]) => extreme(first, rest, Ordering::Less),
        (Function::Max, [first, rest @ ..]) => extreme(first, rest, Ordering::Greater),
        (Function::Abs, [value]) => match value {
            Value::Number(n) => Value::Number(n.abs()),
            Value::Percent(n) => Value::Percent(n.abs()),
            Value::Distance(n) => Value::Distance(n.abs()),
            Value::Speed(n) => Value::Speed(n.abs()),
            Value::Duration(n) => Value::Duration(n.saturating_abs()),
            _ => wrong(),
        },
        (Function::Lower, [text]) => with(text, |text| Value::text(text.to_lowercase())),
        (Function::Length, [text]) => with(text, |text| Value::Number(text.chars().count() as f64)),
        (Function::Contains, [text, part]) => with(text, |text| {
            with(part, |part| Value::YesNo(text.contains(part)))
        }),
        (Function::Starts, [text, part]) => with(text, |text| {
            with(part, |part| Value::YesNo(text.starts_with(part)))
        }),
        (Function::BetweenHours, [Value::Number(hour), Value::Number(from), Value::Number(to)]) => {
            Value::YesNo(if from <= to {
                from <= hour && hour < to
            } else {
                hour >= from || hour < to
            })
        }
        (Function::HoursApart, [Value::Number(a), Value::Number(b)]) => {
            Value::Number(hours_apart(*a, *b))
        }
        _ => wrong(),
    }
}

/// How many hours lie between two hours of the day, around the clock: 0 to 12.
pub fn hours_apart(a: f64, b: f64) -> f64 {
    let apart = (a - b).rem_euclid(24.0);
    apart.min(24.0 - apart)
}

/// The great-circle distance in metres; `None` when a coordinate is missing or no number.
pub fn haversine(from: &Place, to: &Place) -> Option<f64> {
    great_circle((from.lat?, from.lon?), (to.lat?, to.lon?))
}

/// The same between two logins.
pub(super) fn metres_between(from: Spot, to: Spot) -> Option<f64> {
    great_circle((from.lat?, from.lon?), (to.lat?, to.lon?))
}

fn great_circle(from: (f64, f64), to: (f64, f64)) -> Option<f64> {
    // People mostly stay where they are; the formula says exactly the same.
    if from == to && from.0.is_finite() && from.1.is_finite() {
        return Some(0.0);
    }
    let (lat1, lon1) = (from.0.to_radians(), from.1.to_radians());
    let (lat2, lon2) = (to.0.to_radians(), to.1.to_radians());
    let a = ((lat2 - lat1) / 2.0).sin().powi(2)
        + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2.0).sin().powi(2);
    let metres = 2.0 * EARTH_RADIUS * a.clamp(0.0, 1.0).sqrt().asin();
    metres.is_finite().then_some(metres)
}

/// The speed between two logins in km/h; elapsed time counts as at least [`MIN_ELAPSED`].
pub fn speed_between(from: Spot, to: Spot) -> Option<f64> {
    let metres = metres_between(from, to)?;
    let elapsed = to
        .time
        .saturating_sub(from.time)
        .saturating_abs()
        .max(MIN_ELAPSED);
    Some(metres / 1_000.0 / (elapsed as f64 / 3_600_000.0))
}

/// Names the earlier or the present login as the one without coordinates.
fn coordinates(from: &LoginPoint, to: &LoginPoint) -> &'static str {
    let lacks = |point: &LoginPoint| point.place.lat.is_none() || point.place.lon.is_none();
    match (lacks(from), lacks(to)) {
        (true, false) => "previous.lat",
        _ => "login.lat",
    }
}

fn extreme(first: &Value, rest: &[Value], wanted: Ordering) -> Value {
    let op = match wanted {
        Ordering::Less => CompareOp::Less,
        _ => CompareOp::Greater,
    };
    let mut best = first;
    for value in rest {
        match compare(op, value, best) {
            Value::YesNo(true) => best = value,
            Value::YesNo(false) => {}
            unknown => return unknown,
        }
    }
    best.clone()
}

fn with(value: &Value, f: impl FnOnce(&str) -> Value) -> Value {
    value.characters().map_or_else(wrong, |text| f(text))
}

/// Arguments the checker would have refused.
fn wrong() -> Value {
    Value::unknown("arguments that fit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn point(time: i64, at: Option<(f64, f64)>) -> Value {
        Value::Login(Arc::new(LoginPoint {
            time,
            place: Place {
                lat: at.map(|at| at.0),
                lon: at.map(|at| at.1),
                ..Place::default()
            },
        }))
    }

    const BEIJING: Option<(f64, f64)> = Some((39.90, 116.40));
    const NEW_YORK: Option<(f64, f64)> = Some((40.71, -74.01));

    #[test]
    fn nowhere_is_no_distance_and_the_same_place_is_none_at_all() {
        for at in [(39.90, 116.40), (0.0, -0.0), (-90.0, 180.0)] {
            assert_eq!(great_circle(at, at), Some(0.0));
        }
        assert_eq!(great_circle((0.0, 0.0), (-0.0, -0.0)), Some(0.0));
        for not in [f64::NAN, f64::INFINITY] {
            assert_eq!(great_circle((not, 1.0), (not, 1.0)), None);
        }
    }

    #[test]
    fn beijing_and_new_york_are_eleven_thousand_kilometres_apart() {
        let Value::Distance(metres) =
            call(Function::Distance, &[point(0, BEIJING), point(0, NEW_YORK)])
        else {
            panic!("coordinates are known");
        };
        assert!((metres / 1_000.0 - 10_990.0).abs() < 20.0, "{metres}");
        let same = call(Function::Distance, &[point(0, BEIJING), point(0, BEIJING)]);
        assert_eq!(same, Value::Distance(0.0));
        let poles = [point(0, Some((90.0, 0.0))), point(0, Some((-90.0, 0.0)))];
        assert!(
            matches!(call(Function::Distance, &poles), Value::Distance(m) if (m - EARTH_RADIUS * std::f64::consts::PI).abs() < 1.0)
        );
    }

    #[test]
    fn a_speed_takes_a_minute_at_least() {
        let speed = |ms| match call(Function::Speed, &[point(0, BEIJING), point(ms, NEW_YORK)]) {
            Value::Speed(speed) => speed,
            other => panic!("{other:?}"),
        };
        assert_eq!(speed(0), speed(60_000));
        assert!(speed(61_000) < speed(60_000));
        assert!((speed(3_600_000) - 10_990.0).abs() < 20.0);
    }

    #[test]
    fn missing_coordinates_are_named() {
        let unknown = call(Function::Distance, &[point(0, None), point(0, BEIJING)]);
        assert_eq!(unknown, Value::unknown("previous.lat"));
        let unknown = call(Function::Speed, &[point(0, BEIJING), point(0, None)]);
        assert_eq!(unknown, Value::unknown("login.lat"));
    }

    #[test]
    fn hours_cross_midnight_and_are_half_open() {
        let between = |h: f64, from: f64, to: f64| {
            call(Function::BetweenHours, &[h, from, to].map(Value::Number)) == Value::YesNo(true)
        };
        assert!(between(9.0, 9.0, 18.0) && !between(18.0, 9.0, 18.0));
        assert!(between(23.0, 22.0, 6.0) && between(0.0, 22.0, 6.0) && !between(6.0, 22.0, 6.0));
        assert!(!between(21.0, 22.0, 6.0) && !between(5.0, 5.0, 5.0));
    }

    #[test]
    fn the_small_ones() {
        let n = Value::Number;
        assert_eq!(call(Function::Min, &[n(3.0), n(1.0), n(2.0)]), n(1.0));
        assert_eq!(call(Function::Max, &[n(3.0), n(1.0), n(4.0)]), n(4.0));
        assert_eq!(
            call(Function::Max, &[n(3.0), Value::unknown("x")]),
            Value::unknown("x")
        );
        assert_eq!(
            call(Function::Abs, &[Value::Duration(-5)]),
            Value::Duration(5)
        );
        assert_eq!(call(Function::Length, &[Value::text("锁定!")]), n(3.0));
        assert_eq!(
            call(Function::Lower, &[Value::text("AbC")]),
            Value::text("abc")
        );
        assert_eq!(
            call(Function::Contains, &[Value::text("abc"), Value::text("bc")]),
            Value::YesNo(true)
        );
        assert_eq!(
            call(Function::Starts, &[Value::text("abc"), Value::text("bc")]),
            Value::YesNo(false)
        );
    }
}
