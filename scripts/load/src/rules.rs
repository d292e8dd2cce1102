//! Whoever writes rules while the bot is pushed to, on a thread of its own: what the author does must not keep the
//! pushes' clock waiting.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Problem;

/// How often the bot is asked which generation runs, with and without reloads.
const LOOK: Duration = Duration::from_millis(20);

/// The rules of a running bot.
#[derive(Debug)]
pub struct Rules {
    /// The file that lies beside the shipped ones.
    pub file: PathBuf,
    pub process: Pid,
    pub port: u16,
}

/// A file of `rules` rules; another one for each `version`.
pub fn text(version: usize, rules: usize) -> String {
    (0..rules)
        .map(|n| format!("on text \"词{n}号\" {{\n    reply \"第{version}版\"\n}}\n\n"))
        .collect()
}

impl Rules {
    /// Which generation runs.
    pub fn generation(&self) -> Result<u64, Problem> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let request = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("menshen_rules_generation "));
        Ok(line.ok_or("no menshen_rules_generation")?.trim().parse()?)
    }

    /// Puts `text` in the file's place and waits until it runs.
    fn load(&self, text: &str) -> Result<(), Problem> {
        let before = self.generation()?;
        let new = self.file.with_extension("new");
        std::fs::write(&new, text)?;
        std::fs::rename(&new, &self.file)?;
        kill_process(self.process, Signal::HUP)?;
        while self.generation()? == before {
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Loads other rules, one as soon as the ones before run, and looks which run until it is told to end.
pub struct Author {
    over: Arc<AtomicBool>,
    work: JoinHandle<Result<Vec<f64>, Problem>>,
}

impl Author {
    pub fn begin(rules: Rules, texts: Vec<String>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let work = std::thread::spawn(move || {
            let mut took = Vec::new();
            for text in &texts {
                let begun = Instant::now();
                rules.load(text)?;
                took.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            while !told.load(Ordering::Relaxed) {
                rules.generation()?;
                std::thread::sleep(LOOK);
            }
            Ok(took)
        });
        Self { over, work }
    }

    /// Waits for the last of them and says how long each took, in milliseconds and steps of [`LOOK`].
    pub fn end(self) -> Result<Vec<f64>, Problem> {
        self.over.store(true, Ordering::Relaxed);
        self.work.join().map_err(|_| "the author panicked")?
    }
}
