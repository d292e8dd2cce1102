//! Hours and numbers that lie between two others, as people write them: `22..6`, `between 22 and 6`, `9:00`.

use super::neighbours::Stuck;
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::syntax::lexer::Kind;

impl Stuck<'_> {
    /// `login.hour in 22..6`, `login.hour between 22 and 6`, `login.hour > 22:00`
    pub(super) fn hours(&self) -> Option<Diagnostic> {
        let at = self.at;
        let number = |at: usize| self.kind(at) == Some(&Kind::Number);
        let of = |path: usize, from: usize, to: usize, last: usize| {
            let first = self.path_start(path);
            let path: String = (first..=path).map(|at| self.slice(at)).collect();
            let (from, to) = (self.slice(from), self.slice(to));
            let hour = path.ends_with("hour");
            let right = if hour {
                format!("between_hours({path}, {from}, {to})")
            } else {
                format!("{path} >= {from} and {path} <= {to}")
            };
            let span = self.span(first, last);
            let found = self.told(
                "两个数之间这样写",
                "what lies between two numbers is written like this",
                span,
            );
            let words = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
            // Numbers from one to another hold both; of hours the last is the one at which it is over.
            let over = Words::new(
                format!("{to} 点整起不算；{to} 点那一小时也要算，就往后写一个钟点"),
                format!(
                    "from {to}:00 on it no longer holds; for that hour too, write one hour more"
                ),
            );
            let found = if hour { found.with_help(over) } else { found };
            Some(found.with_guess(words, span, right))
        };
        let back = |count: usize| at.checked_sub(count);
        match self.slice(at) {
            "between" if number(at + 1) && self.slice(at + 2) == "and" && number(at + 3) => {
                of(back(1)?, at + 1, at + 3, at + 3)
            }
            "." if number(back(1)?) && self.slice(at + 1) == "." && number(at + 2) => {
                (self.before(2) == "in").then(|| of(back(3)?, at - 1, at + 2, at + 2))?
            }
            ":" => back(1)
                .filter(|at| self.time_at(*at))
                .map(|at| self.time_of_day(at)),
            _ => None,
        }
    }

    /// Whether a time such as `9:00` begins at a token.
    fn time_at(&self, at: usize) -> bool {
        let number = |at: usize| self.kind(at) == Some(&Kind::Number);
        let colon = |at: usize| matches!(self.slice(at), ":" | "：");
        // `9:00:00` is one of them.
        let inside = at.checked_sub(1).is_some_and(colon);
        let minutes = number(at + 2) && self.slice(at + 2).len() == 2;
        number(at) && colon(at + 1) && minutes && !inside
    }

    /// `now.hour >= 9:00`, where no time of the day can stand; one change for all of the line.
    fn time_of_day(&self, at: usize) -> Diagnostic {
        let (hour, minutes) = (self.slice(at), self.slice(at + 2));
        let times: Vec<usize> = (at..self.inside.len())
            .filter(|at| self.time_at(*at))
            .collect();
        let full = times.iter().all(|at| self.slice(at + 2) == "00");
        let label = if full {
            Words::new("钟点是 0 到 23 的数", "hours are numbers from 0 to 23")
        } else {
            Words::new(
                "钟点是 0 到 23 的数，几分问不到",
                "hours are numbers from 0 to 23, minutes cannot be asked",
            )
        };
        let found = Diagnostic::error(
            "E0101",
            Words::new(
                format!("没有 `{hour}:{minutes}` 这样的时刻"),
                format!("there is no time of the day such as `{hour}:{minutes}`"),
            ),
            self.span(at, at + 2),
            label,
        );
        let found = match times.last() {
            Some(last) if full => {
                let mut right = String::new();
                for (index, time) in times.iter().enumerate() {
                    let number = self.slice(*time).trim_start_matches('0');
                    right.push_str(if number.is_empty() { "0" } else { number });
                    if let Some(next) = times.get(index + 1) {
                        let between = self.inside[time + 2].end..self.inside[*next].start;
                        right.push_str(&self.text[between]);
                    }
                }
                let words = Words::new(format!("写成 `{right}`"), format!("write `{right}`"));
                found.with_guess(words, self.span(at, last + 2), right)
            }
            _ => found,
        };
        let path = self.hour_asked();
        found.with_help(Words::new(
            format!("钟点问 `{path} >= 22`，跨过午夜写 `between_hours({path}, 22, 6)`"),
            format!(
                "the hour is asked by `{path} >= 22`, across midnight by `between_hours({path}, 22, 6)`"
            ),
        ))
    }

    /// The hour this line asks about; that of the message or login, where it names none.
    fn hour_asked(&self) -> String {
        let last = (0..self.inside.len()).find(|at| {
            self.slice(*at) == "hour" && at.checked_sub(1).is_some_and(|dot| self.slice(dot) == ".")
        });
        let login = (0..self.inside.len()).any(|at| self.slice(at) == "login");
        let other = if login { "login.hour" } else { "now.hour" };
        last.map_or_else(
            || other.to_owned(),
            |last| {
                (self.path_start(last)..=last)
                    .map(|at| self.slice(at))
                    .collect()
            },
        )
    }
}
