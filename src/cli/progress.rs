//! A sign of life on standard error for anything that takes over a second, on terminals only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// What is quicker shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the sign moves.
const TICK: Duration = Duration::from_millis(120);

/// A bar with rate and time left, on terminals only; shows nothing in the first second. It takes one line
/// of the terminal, however narrow.
#[derive(Debug)]
pub struct Bar(Option<ProgressBar>);

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
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        Self(Some(drawn(what, total, unit, ProgressDrawTarget::stderr())))
    }

    /// So many steps are done.
    pub fn set(&self, done: u64) {
        if let Some(bar) = &self.0
            && bar.elapsed() >= PATIENCE
        {
            bar.set_position(done);
        }
    }

    /// Takes it off the screen.
    pub fn finish(&self) {
        if let Some(bar) = &self.0 {
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
