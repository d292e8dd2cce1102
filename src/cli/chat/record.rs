//! `menshen chat --record FILE`: what was said and done, as a story that can be run again.
//!
//! The chat tells what happened line by line ([`Recorder::step`]); what the bot answered becomes what
//! the story expects. Nothing is written before the chat ends, and then in one piece.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use super::places::place;
pub use crate::bot::stories::record::quoted;
use crate::cli::failure::Failure;
use crate::cli::record::StoryFile;
use crate::lang::diagnostics::Language;
use crate::sandbox::{Channel, Entry, Side};

/// Pauses shorter than this are those of somebody typing, in minutes.
const PAUSE: u64 = 1;
/// Most lines of one story; a longer chat is cut there, and says so.
const MAX_LINES: usize = 5_000;

/// Collects the lines of one story.
#[derive(Debug)]
pub struct Recorder {
    file: StoryFile,
    lines: Vec<String>,
    places: BTreeSet<String>,
    last: Instant,
}

impl Recorder {
    /// A story that goes to the end of `file`, which need not exist.
    pub fn new(file: &Path, language: Language) -> Result<Self, Failure> {
        Ok(Self {
            file: StoryFile::new(file, language.pick("聊天记录", "chat"), language)?,
            lines: Vec::new(),
            places: BTreeSet::new(),
            last: Instant::now(),
        })
    }

    /// One line of the chat: the story's steps for it, and what the phone showed of it.
    pub fn step(&mut self, steps: Vec<Step>, shown: &[Entry], user: &str) {
        if self.lines.len() > MAX_LINES {
            return;
        }
        let minutes = self.last.elapsed().as_secs() / 60;
        self.last = Instant::now();
        if minutes >= PAUSE && !steps.is_empty() {
            self.lines.push(format!("after {minutes} minutes"));
        }
        let mut spoke = false;
        for step in steps {
            match step {
                Step::Spoke(line) => {
                    spoke = true;
                    self.lines.push(line);
                }
                Step::Did(line) => self.lines.push(line),
                Step::Place { name, lat, lon } => {
                    if self.places.insert(name.clone()) {
                        // Rules ask for the country, too.
                        let (known, _) = place(&name);
                        let country = known["country"].as_str().map(quoted);
                        let country = country.map(|it| format!(" country {it}"));
                        let country = country.unwrap_or_default();
                        self.lines
                            .push(format!("place {name} {lat} {lon}{country}"));
                    }
                }
            }
        }
        let bot = |entry: &&Entry| entry.from == Side::Bot;
        if spoke {
            let reply = shown
                .iter()
                .filter(bot)
                .find(|entry| entry.channel == Channel::Reply);
            self.lines.push(match reply {
                None => "expect no reply".to_owned(),
                Some(entry) => match entry.kind.as_str() {
                    "text" => format!("expect reply {}", quoted(&entry.text)),
                    "transfer_customer_service" => "expect reply customer service".to_owned(),
                    kind => format!("expect reply {kind}"),
                },
            });
        }
        for entry in shown.iter().filter(bot) {
            let by = match entry.channel {
                Channel::Custom => "message",
                Channel::Template => "template",
                _ => continue,
            };
            self.lines.push(format!("expect alert to {user} by {by}"));
        }
    }

    /// Writes the story. `None` when nothing was said.
    pub fn finish(self) -> Result<Option<String>, Failure> {
        if self.lines.len() <= 1 {
            return Ok(None);
        }
        self.file.append(&self.lines).map(Some)
    }
}

/// What one line of the chat is in a story.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A WeChat user did it: a reply is expected.
    Spoke(String),
    /// Somebody else did it, or it is expected.
    Did(String),
    /// A place of a login; introduced once.
    Place {
        /// Its name.
        name: String,
        /// Latitude.
        lat: f64,
        /// Longitude.
        lon: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::span::FileId;

    #[test]
    fn texts_are_quoted_as_the_language_reads_them() {
        let said = "他说“好”：\"{x}\" \\ 完\n第二行";
        let story = format!(
            "test \"引号\" {{\n    wechat 小王 sends {}\n}}\n",
            quoted(said)
        );
        let parsed = crate::lang::syntax::parse(FileId(0), &story);
        assert!(parsed.diagnostics.is_empty(), "{story}");
    }
}
