//! Values as people read them: in replies, prompts and explanations.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lang::program::{ExprKind, Name, Program, Template, TemplatePart};
use crate::lang::value::{Place, Value};

use super::evaluate::eval;
use super::facts::{Facts, NoObserver};
use super::telling::{Telling, Words};

/// What an unknown value prints.
pub const UNKNOWN: &str = "未知";

/// Longest value in a text, in characters; a longer one ends in `…`.
pub const MAX_VALUE_CHARS: usize = 64;

/// Names outcomes bring whose value is a text of several lines made by the host or by the
/// information system; they are cut at [`MAX_LONG_CHARS`] and keep their line breaks.
const LONG_NAMES: [&str; 2] = ["answer", "alert_list"];

/// Longest such text, in characters: what fits into one reply of 2,048 bytes in Chinese.
pub(in crate::lang) const MAX_LONG_CHARS: usize = 680;

/// Fills a template. Values lose `<` and `>` (WeChat reads links there), control and direction
/// characters, and everything past [`MAX_VALUE_CHARS`]; phones are masked; times stand in `zone`.
pub fn render<F: Facts + ?Sized>(
    template: &Template,
    program: &Program,
    facts: &mut F,
    zone: &TimeZone,
) -> String {
    let mut out = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(text) => out.push_str(text),
            TemplatePart::Value(expr) => {
                let value = eval(expr, program, facts, &mut NoObserver);
                let long = matches!(&expr.kind, ExprKind::Name(Name::Outcome(name)) if LONG_NAMES.contains(&name.as_str()));
                let text = display(&value, zone);
                if long {
                    out.push_str(&sanitise(&text, MAX_LONG_CHARS, true));
                } else {
                    out.push_str(&sanitise(&text, MAX_VALUE_CHARS, false));
                }
            }
        }
    }
    out
}

/// Makes a foreign text harmless in a WeChat text: no markup, no control or direction characters,
/// at most `most` characters. Line breaks stay only when `lines`; otherwise blanks stand for them.
pub fn sanitise(text: &str, most: usize, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut count = 0;
    for c in text.chars() {
        let c = match c {
            '<' => '＜',
            '>' => '＞',
            '\n' if lines => '\n',
            '\r' => continue,
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() => continue,
            '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' => continue,
            c => c,
        };
        if count == most {
            out.pop();
            out.push('…');
            break;
        }
        out.push(c);
        count += 1;
    }
    out
}

/// A value in words: 未知, 是, 2026-01-05 09:00, 30 分钟, 500 公里, 2%, 138****8000.
pub fn display(value: &Value, zone: &TimeZone) -> String {
    let mut out = String::new();
    display_to(&mut out, value, zone.into());
    out
}

/// The same, in the words of an explanation.
pub fn told(value: &Value, telling: Telling<'_>) -> String {
    let mut out = String::new();
    display_to(&mut out, value, telling);
    out
}

/// The same, appended to a longer text.
pub(super) fn display_to(out: &mut String, value: &Value, telling: Telling<'_>) {
    let (zone, words) = (telling.zone, telling.words);
    // Writing to a String does not fail.
    let _ = match value {
        Value::Unknown(_) => out.write_str(words.unknown),
        Value::Text(text) | Value::Code(text) | Value::Account(text) | Value::Alert(text) => {
            out.write_str(text)
        }
        Value::Phone(phone) => out.write_str(&mask_phone(phone)),
        Value::Machine(machine) => {
            out.extend(machine.chars().take(8));
            Ok(())
        }
        Value::Number(n) => number(out, *n, 4),
        Value::Percent(share) => number(out, share * 100.0, 2).and_then(|()| out.write_str("%")),
        Value::YesNo(true) => out.write_str(words.yes),
        Value::YesNo(false) => out.write_str(words.no),
        Value::Duration(ms) => duration(out, *ms, words),
        Value::Time(ms) => time(out, *ms, zone, words),
        Value::Distance(metres) if metres.abs() < 1_000.0 => {
            number(out, *metres, 0).and_then(|()| out.write_str(words.metres))
        }
        Value::Distance(metres) => {
            let km = metres / 1_000.0;
            number(out, km, usize::from(km.abs() < 10.0))
                .and_then(|()| out.write_str(words.kilometres))
        }
        Value::Speed(speed) => number(out, *speed, usize::from(speed.abs() < 10.0))
            .and_then(|()| out.write_str(words.kilometres_an_hour)),
        Value::Ip(ip) => write!(out, "{}", ip.to_canonical()),
        Value::Network(net) => write!(out, "{net}"),
        Value::Place(of) => out.write_str(&place(of, words)),
        Value::Login(login) => time(out, login.time, zone, words)
            .and_then(|()| write!(out, " {}", place(&login.place, words))),
        Value::List(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index > 0 { words.and } else { "" });
                display_to(out, entry, telling);
            }
            Ok(())
        }
    };
}

/// `+8613800138000` → `138****8000`; anything else keeps its last two characters.
pub fn mask_phone(phone: &str) -> String {
    let local = phone.strip_prefix("+86").unwrap_or(phone);
    if local.len() == 11 && local.is_ascii() {
        return format!("{}****{}", &local[..3], &local[7..]);
    }
    let tail: String = local
        .chars()
        .skip(local.chars().count().saturating_sub(2))
        .collect();
    format!("****{tail}")
}

/// Without needless zeros; `places` decimals at most.
fn number(out: &mut String, n: f64, places: usize) -> std::fmt::Result {
    // Most numbers are counts, and below this every whole number is exact.
    if n.fract() == 0.0 && n.abs() < 1e15 {
        return write!(out, "{}", n as i64);
    }
    let start = out.len();
    write!(out, "{n:.places$}")?;
    if out[start..].contains('.') {
        let kept = out[start..].trim_end_matches('0').trim_end_matches('.');
        out.truncate(start + kept.len());
    }
    if &out[start..] == "-0" {
        out.replace_range(start.., "0");
    }
    Ok(())
}

/// The two largest units.
fn duration(out: &mut String, ms: i64, words: &Words) -> std::fmt::Result {
    const UNITS: [u64; 4] = [86_400_000, 3_600_000, 60_000, 1_000];
    let [.., seconds, milliseconds] = words.time;
    let mut left = ms.unsigned_abs();
    out.push_str(if ms < 0 { "-" } else { "" });
    let mut written = 0;
    for (unit, name) in UNITS.into_iter().zip(words.time) {
        let n = left / unit;
        left %= unit;
        if n > 0 && written < 2 {
            write!(out, "{}{n}{name}", if written > 0 { " " } else { "" })?;
            written += 1;
        } else if written > 0 {
            break;
        }
    }
    match (written, left) {
        (0, 0) => write!(out, "0{seconds}"),
        (0, ms) => write!(out, "{ms}{milliseconds}"),
        _ => Ok(()),
    }
}

fn time(out: &mut String, ms: i64, zone: &TimeZone, words: &Words) -> std::fmt::Result {
    match Timestamp::from_millisecond(ms) {
        Ok(at) => {
            let local = zone.to_offset(at).to_datetime(at);
            let (year, month, day) = (local.year(), local.month(), local.day());
            let (hour, minute) = (local.hour(), local.minute());
            write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
        }
        Err(_) => out.write_str(words.unknown),
    }
}

/// Country, region and city, each once.
fn place(place: &Place, words: &Words) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in [&place.country, &place.region, &place.city]
        .into_iter()
        .flatten()
    {
        if !part.is_empty() && parts.last() != Some(&part.as_str()) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        words.unknown.to_owned()
    } else {
        parts.join(" ")
    }
}
