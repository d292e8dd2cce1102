//! Charts as SVG, drawn here, so that the page needs no script and prints.

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::lang::eval::sanitise;

/// Escapes a text for HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What turns the line around or does not print.
            c if sanitise(c.encode_utf8(&mut [0; 4]), 1, true).is_empty() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The next round number from `most` on: 1, 2 or 5 times a power of ten.
fn round_up(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= most)
        .unwrap_or(most)
}

/// A number without needless decimals.
pub(super) fn short(n: f64) -> String {
    if n >= 1_000_000.0 {
        format!("{:.1}M", n / 1e6)
    } else if n >= 10_000.0 {
        format!("{:.0}k", n / 1e3)
    } else if n.fract() == 0.0 || n >= 100.0 {
        format!("{n:.0}")
    } else if n >= 1.0 {
        format!("{n:.1}")
    } else {
        format!("{n:.2}")
    }
}

/// Days between the first and the last that have their date below, at most: as many as are legible.
const DATES: usize = 5;

/// How many days a bar may stand for: some, some weeks, years.
const BAR_DAYS: [usize; 4] = [1, 7, 28, 364];
/// Bars that can still be told apart.
const MOST_BARS: usize = 400;

/// How many days each bar of so many stands for.
pub(super) fn bar_days(days: usize) -> usize {
    let fits = |each: &usize| days.div_ceil(*each) <= MOST_BARS;
    let found = BAR_DAYS.into_iter().find(fits);
    found.unwrap_or_else(|| days.div_ceil(MOST_BARS))
}

/// Sums of so many days each.
fn summed(values: &[u32], each: usize) -> Vec<u32> {
    let sum = |days: &[u32]| days.iter().fold(0_u32, |sum, day| sum.saturating_add(*day));
    values.chunks(each.max(1)).map(sum).collect()
}

/// Bars over time, with dates below: those of the first and the last day in full, between them some without the year.
/// `partial`: whether the first and the last are parts of days.
pub(super) fn days(
    values: &[u32],
    (from, to): (&str, &str),
    partial: (bool, bool),
    label: &str,
) -> String {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 150.0;
    let each = bar_days(values.len());
    let whole = values.len();
    let values = &summed(values, each);
    let most = round_up(f64::from(values.iter().copied().max().unwrap_or(0)));
    let step = WIDTH / values.len().max(1) as f64;
    let mut svg = open(WIDTH + 50.0, HEIGHT + 30.0, label);
    for share in [0.0, 0.5, 1.0] {
        let y = 8.0 + HEIGHT * (1.0 - share);
        let _ = write!(
            svg,
            "<line x1='42' x2='{}' y1='{y}' y2='{y}' class='grid'/><text x='38' y='{}' class='tick end'>{}</text>",
            WIDTH + 42.0,
            y + 4.0,
            short(most * share)
        );
    }
    let first = from.parse::<Date>().ok();
    let date_of = |day: usize| first?.checked_add((day as i64).days()).ok();
    for (day, value) in values.iter().enumerate() {
        let last = day + 1 == values.len();
        let date = date_of(day * each).map_or_else(
            || (day * each + 1).to_string(),
            |date| match date_of((day * each + each).min(whole) - 1) {
                Some(until) if until > date => format!("{date} – {until}"),
                _ => date.to_string(),
            },
        );
        let part = match each {
            1 => day == 0 && partial.0 || last && partial.1,
            _ => last && !whole.is_multiple_of(each),
        };
        let class = if part { "bar part" } else { "bar" };
        let height = HEIGHT * f64::from(*value) / most;
        let _ = write!(
            svg,
            "<rect x='{:.2}' y='{:.2}' width='{:.2}' height='{:.2}' class='{class}'><title>{}: {value}</title></rect>",
            42.0 + step * day as f64,
            8.0 + HEIGHT - height,
            (step - 0.6).max(0.4),
            height,
            date
        );
    }
    // Two days must be further apart than a date is wide.
    let inner = DATES.min(values.len().saturating_sub(2) / 2);
    for part in 1..=inner {
        let day = (values.len() - 1) * part / (inner + 1);
        let Some(date) = date_of(day * each) else {
            break;
        };
        // On a narrow screen, where letters are larger, only every other one fits.
        let class = if part % 2 == 1 { " beside" } else { "" };
        let _ = write!(
            svg,
            "<text x='{:.1}' y='{}' class='tick middle{class}'>{}</text>",
            42.0 + step * (day as f64 + 0.5),
            HEIGHT + 24.0,
            date.strftime(if each == 1 { "%m-%d" } else { "%Y-%m" })
        );
    }
    let _ = write!(
        svg,
        "<text x='42' y='{y}' class='tick'>{}</text><text x='{}' y='{y}' class='tick end'>{}</text></svg>",
        escape(from),
        WIDTH + 42.0,
        escape(to),
        y = HEIGHT + 24.0
    );
    svg
}

/// A line the size of a word.
pub(super) fn spark(values: &[u32]) -> String {
    let values = &summed(values, bar_days(values.len()));
    const WIDTH: f64 = 130.0;
    const HEIGHT: f64 = 22.0;
    // At most a point per pixel: the sum of the days it stands for.
    let per = values.len().div_ceil(65).max(1);
    let sums: Vec<u32> = values.chunks(per).map(|chunk| chunk.iter().sum()).collect();
    let most = f64::from(sums.iter().copied().max().unwrap_or(0).max(1));
    let points: Vec<String> = sums
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let x = WIDTH * at as f64 / (sums.len().max(2) - 1) as f64;
            format!(
                "{x:.1},{:.1}",
                HEIGHT - 2.0 - (HEIGHT - 4.0) * f64::from(*value) / most
            )
        })
        .collect();
    format!(
        "<svg viewBox='0 0 {WIDTH} {HEIGHT}' class='spark' aria-hidden='true'><polyline points='{}'/></svg>",
        points.join(" ")
    )
}

/// Horizontal bars: name, value, what stands behind it.
pub(super) fn bars(rows: &[(String, f64, String)], label: &str) -> String {
    let most = rows.iter().map(|row| row.1).fold(0.0, f64::max).max(1e-9);
    // No SVG: its words would shrink with it on a phone.
    let mut list = format!("<dl class='bars' aria-label='{}'>", escape(label));
    for (name, value, note) in rows {
        let _ = write!(
            list,
            "<dt>{}</dt><dd><i style='--s:{:.3}'></i><span>{}</span></dd>",
            escape(name),
            value / most,
            escape(note)
        );
    }
    list.push_str("</dl>");
    list
}

/// One line of a [`plane`].
pub(super) struct Line<'a> {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) class: &'a str,
}

/// Lines in a square from 0 to `x` and 0 to `y`.
pub(super) fn plane(
    lines: &[Line<'_>],
    x: (f64, f64, &str),
    y: (f64, f64, &str),
    marks: &[(f64, f64, String)],
    label: &str,
) -> String {
    const WIDTH: f64 = 300.0;
    const HEIGHT: f64 = 230.0;
    const LEFT: f64 = 52.0;
    let at = |px: f64, py: f64| {
        let across = (px - x.0) / (x.1 - x.0).max(1e-12);
        let up = (py - y.0) / (y.1 - y.0).max(1e-12);
        (
            LEFT + WIDTH * across.clamp(0.0, 1.0),
            8.0 + HEIGHT * (1.0 - up.clamp(0.0, 1.0)),
        )
    };
    let mut svg = open(WIDTH + LEFT + 16.0, HEIGHT + 50.0, label);
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (px, py) = (x.0 + (x.1 - x.0) * share, y.0 + (y.1 - y.0) * share);
        let (gx, gy) = at(px, py);
        let _ = write!(
            svg,
            "<line x1='{LEFT}' x2='{}' y1='{gy:.1}' y2='{gy:.1}' class='grid'/><text x='{}' y='{:.1}' class='tick end'>{}</text><text x='{gx:.1}' y='{}' class='tick middle'>{}</text>",
            LEFT + WIDTH,
            LEFT - 5.0,
            gy + 4.0,
            short(py),
            HEIGHT + 24.0,
            short(px)
        );
    }
    for line in lines {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|(px, py)| {
                let (gx, gy) = at(*px, *py);
                format!("{gx:.1},{gy:.1}")
            })
            .collect();
        let _ = write!(
            svg,
            "<polyline points='{}' class='line {}'/>",
            points.join(" "),
            line.class
        );
    }
    for (px, py, text) in marks {
        let (gx, gy) = at(*px, *py);
        let _ = write!(
            svg,
            "<circle cx='{gx:.1}' cy='{gy:.1}' r='3.5' class='mark'><title>{}</title></circle>",
            escape(text)
        );
    }
    let _ = write!(
        svg,
        "<text x='{}' y='{}' class='axis middle'>{}</text><text x='14' y='{}' class='axis middle' transform='rotate(-90 14 {})'>{}</text></svg>",
        LEFT + WIDTH / 2.0,
        HEIGHT + 44.0,
        escape(x.2),
        8.0 + HEIGHT / 2.0,
        8.0 + HEIGHT / 2.0,
        escape(y.2)
    );
    svg
}

/// A smooth top for an axis.
pub(super) fn top(values: impl Iterator<Item = f64>) -> f64 {
    round_up(values.fold(0.0, f64::max))
}

fn open(width: f64, height: f64, label: &str) -> String {
    format!(
        "<svg viewBox='0 0 {width} {height}' role='img' aria-label='{}'>",
        escape(label)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_say_their_day() {
        let svg = days(&[1, 2], ("2026-02-28", "2026-03-01"), (false, true), "x");
        assert_eq!(svg.matches("class='bar part'").count(), 1);
        assert_eq!(svg.matches("class='bar'").count(), 1);
        assert!(svg.contains("<title>2026-02-28: 1</title>"), "{svg}");
        assert!(svg.contains("<title>2026-03-01: 2</title>"), "{svg}");
        assert!(
            !svg.contains("class='tick middle"),
            "no room between: {svg}"
        );
        // A quarter of a year: the days between are told too, at equal distances, on a narrow screen
        // every other one.
        let svg = days(&[1; 91], ("2026-01-01", "2026-04-01"), (false, false), "x");
        for date in ["01-16", "01-31", "02-15", "03-02", "03-17"] {
            assert!(svg.contains(&format!("'>{date}</text>")), "{svg}");
        }
        assert_eq!(svg.matches("middle beside'").count(), 3, "{svg}");
    }

    #[test]
    fn bars_of_many_days_stand_for_several() {
        for (days, each) in [(400, 1), (401, 7), (2_800, 7), (2_801, 28), (75_972, 364)] {
            assert_eq!(bar_days(days), each, "{days}");
        }
        assert!(1_000_000_usize.div_ceil(bar_days(1_000_000)) <= MOST_BARS);
        let svg = days(&[1; 500], ("2026-01-01", "2027-05-15"), (true, true), "x");
        assert_eq!(svg.matches("<rect").count(), 72, "weeks");
        assert!(
            svg.contains("<title>2026-01-01 – 2026-01-07: 7</title>"),
            "{svg}"
        );
        // The last one has three days.
        assert!(
            svg.contains("class='bar part'><title>2027-05-13 – 2027-05-15: 3</title>"),
            "{svg}"
        );
        assert_eq!(svg.matches("bar part").count(), 1);
        assert!(spark(&[1; 75_972]).len() < 10_000);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(round_up(0.0), 1.0);
        assert_eq!(round_up(7.0), 10.0);
        assert_eq!(round_up(43.0), 50.0);
        assert_eq!(round_up(100.0), 100.0);
    }

    #[test]
    fn nothing_written_by_others_becomes_markup() {
        assert_eq!(escape("<b a='x'>&\""), "&lt;b a=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(escape("a\u{202e}\u{1b}[31m"), "a\u{fffd}\u{fffd}[31m");
        let svg = bars(&[("<x>".to_owned(), 1.0, "\"".to_owned())], "'");
        assert!(svg.contains("&lt;x&gt;") && !svg.contains("<x>"));
    }
}
