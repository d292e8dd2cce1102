//! A sign of life on standard error: on a terminal for anything that takes over a second, elsewhere a line now and
//! then for what takes longer.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// What is quicker shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the sign moves.
const TICK: Duration = Duration::from_millis(120);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);

/// How far a long computation is, with its rate. On a terminal a bar with the time left, which shows nothing in the
/// first second and takes one line, however narrow the terminal; elsewhere, as in the log of a scheduled
/// job, a line every five seconds.
#[derive(Debug)]
pub struct Bar(Face);

#[derive(Debug)]
enum Face {
    Terminal(ProgressBar),
    Log(Log),
}

/// What is written where there is no terminal.
#[derive(Debug)]
struct Log {
    what: String,
    total: u64,
    unit: Unit,
    begun: Instant,
    written: Mutex<Instant>,
}

impl Log {
    /// The line that is due when `done` is done at `now`.
    fn line(&self, done: u64, now: Instant) -> Option<String> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(*written) < LINE {
            return None;
        }
        *written = now;
        let rate = done as f64 / now.duration_since(self.begun).as_secs_f64();
        let total = (self.total > 0).then_some(self.total);
        Some(format!(
            "{} {}",
            self.what,
            far(done, total, rate, self.unit)
        ))
    }
}

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Steps,
    Bytes,
}

impl Bar {
    /// A bar of `total` steps; of unknown length when 0.
    pub fn new(what: &str, total: u64) -> Self {
        Self::of(what, total, Unit::Steps)
    }

    /// The same of bytes.
    pub fn of_bytes(what: &str, total: u64) -> Self {
        Self::of(what, total, Unit::Bytes)
    }

    fn of(what: &str, total: u64, unit: Unit) -> Self {
        let face = match std::io::stderr().is_terminal() {
            true => Face::Terminal(drawn(what, total, unit, ProgressDrawTarget::stderr())),
            false => {
                let begun = Instant::now();
                Face::Log(Log {
                    what: what.to_owned(),
                    total,
                    unit,
                    begun,
                    written: Mutex::new(begun),
                })
            }
        };
        Self(face)
    }

    /// So many steps are done.
    pub fn set(&self, done: u64) {
        match &self.0 {
            Face::Terminal(bar) if bar.elapsed() >= PATIENCE => bar.set_position(done),
            Face::Terminal(_) => {}
            Face::Log(log) => {
                if let Some(line) = log.line(done, Instant::now()) {
                    eprintln!("{line}");
                }
            }
        }
    }

    /// Takes it off the screen.
    pub fn finish(&self) {
        if let Face::Terminal(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn drawn(what: &str, total: u64, unit: Unit, target: ProgressDrawTarget) -> ProgressBar {
    let bar = ProgressBar::with_draw_target((total > 0).then_some(total), target);
    let form = match total {
        0 => "{spinner} {msg} {done} {elapsed}",
        _ => "{msg} {wide_bar} {done} {eta}",
    };
    if let Ok(style) = ProgressStyle::with_template(form) {
        let done = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // Fails only when the terminal does.
            let _ = out.write_str(&far(state.pos(), state.len(), state.per_sec(), unit));
        };
        bar.set_style(style.with_key("done", done));
    }
    bar.set_message(what.to_owned());
    bar
}

/// How far it is: `12.3M/70M 5.7M/s`.
fn far(done: u64, total: Option<u64>, rate: f64, unit: Unit) -> String {
    let of = |n: f64| match unit {
        Unit::Steps => short(n),
        Unit::Bytes => format!("{}B", short(n)),
    };
    let total = total.map_or_else(String::new, |total| format!("/{}", of(total as f64)));
    format!("{}{total} {}/s", of(done as f64), of(rate))
}

/// A number in at most five characters.
fn short(n: f64) -> String {
    let (size, letter) = match n {
        n if n >= 999_500_000.0 => (n / 1e9, "G"),
        n if n >= 999_500.0 => (n / 1e6, "M"),
        n if n >= 999.5 => (n / 1e3, "k"),
        n => return format!("{n:.0}"),
    };
    match size < 9.95 {
        true => format!("{size:.1}{letter}"),
        false => format!("{size:.0}{letter}"),
    }
}

/// Runs `work` with a sign of life that says `what`.
pub fn during<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    let what = what.to_owned();
    let sign = std::thread::spawn(move || {
        if waiting.recv_timeout(PATIENCE) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(TICK);
        let _ = waiting.recv();
        bar.finish_and_clear();
    });
    let result = work();
    drop(done);
    let _ = sign.join();
    result
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn numbers_that_move_are_short() {
        for (n, text) in [
            (0.0, "0"),
            (999.4, "999"),
            (999.6, "1.0k"),
            (5_731_797.396_9, "5.7M"),
            (70_000_000.0, "70M"),
            (999_600_000.0, "1.0G"),
        ] {
            assert_eq!(short(n), text);
        }
        let told = far(12_300_000, Some(70_000_000), 5_731_797.396_9, Unit::Steps);
        assert_eq!(told, "12M/70M 5.7M/s");
        assert_eq!(far(1_500, None, 10.4, Unit::Bytes), "1.5kB 10B/s");
    }

    #[test]
    fn a_log_gets_a_line_every_five_seconds() {
        let begun = Instant::now();
        let log = Log {
            what: "判断".to_owned(),
            total: 1_000,
            unit: Unit::Steps,
            begun,
            written: Mutex::new(begun),
        };
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(log.line(100, after(4)), None);
        assert_eq!(
            log.line(100, after(5)).as_deref(),
            Some("判断 100/1.0k 20/s")
        );
        assert_eq!(log.line(110, after(9)), None);
        assert_eq!(
            log.line(200, after(10)).as_deref(),
            Some("判断 200/1.0k 20/s")
        );
    }

    /// Takes down every line that is drawn.
    #[derive(Debug, Clone)]
    struct Screen(u16, Arc<Mutex<Vec<String>>>);

    impl Screen {
        fn take(&self, text: &str) -> std::io::Result<()> {
            self.1.lock().expect("not poisoned").push(text.to_owned());
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            self.0
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.take(text)
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.take(text)
        }
        fn clear_line(&self) -> std::io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_takes_one_line_of_any_terminal() {
        for (what, width) in [("写出判断", 80), ("simulating", 45), ("读取", 36)] {
            let screen = Screen(width, Arc::default());
            let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
            let bar = drawn(what, 5_000_000_000, Unit::Steps, target);
            for done in 1..50 {
                bar.set_position(done * 100_000_000);
                bar.force_draw();
            }
            let lines = screen.1.lock().expect("not poisoned").clone();
            assert!(
                lines.iter().any(|line| line.contains("4.9G/5.0G")),
                "{lines:?}"
            );
            for line in lines {
                assert!(line.width() <= usize::from(width), "{line:?}");
            }
        }
    }
}
