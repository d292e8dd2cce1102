//! `menshen chat --record FILE`: what was said and done, as a story that can be run again.
//!
//! The chat tells what happened line by line ([`Recorder::step`]); what the bot answered becomes what
//! the story expects. Nothing is written before the chat ends, and then in one piece.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use super::places::place;
use crate::bot::stories::START;
pub use crate::bot::stories::record::quoted;
use crate::cli::failure::Failure;
use crate::cli::record::StoryFile;
use crate::env::{DAY, HOUR, MINUTE, Millis};
use crate::lang::diagnostics::Language;
use crate::lang::span::Sources;
use crate::lang::syntax::{LexemeKind, lexemes};
use crate::sandbox::{Channel, Entry, Side};

/// Pauses shorter than this are those of somebody typing, in minutes.
const PAUSE: u64 = 1;
/// Most lines of one story; a longer chat is cut there, and says so.
const MAX_LINES: usize = 5_000;
/// The longest time a rule file can say is ten years.
const MAX_AHEAD: Millis = 3_650 * DAY;

/// What asks for the time of what happens: names, last parts of paths and a function.
const CLOCK: [&str; 8] = [
    "now",
    "time",
    "hour",
    "weekday",
    "date",
    "between_hours",
    "hours_apart",
    "followed",
];

/// Collects the lines of one story.
#[derive(Debug)]
pub struct Recorder {
    file: StoryFile,
    /// What sets the story's clock to the chat's, where rules look at it.
    clock: Option<String>,
    lines: Vec<String>,
    places: BTreeSet<String>,
    /// What the story's information system answers by now; nothing was said of it.
    system: Option<String>,
    last: Instant,
}

impl Recorder {
    /// A story that goes to the end of `file`, which need not exist, of a chat that begins `now`.
    pub fn new(
        file: &Path,
        language: Language,
        rules: &Sources,
        now: Millis,
    ) -> Result<Self, Failure> {
        let looked_at = rules.files.iter().any(|file| reads_clock(&file.text));
        Ok(Self {
            file: StoryFile::new(file, language.pick("聊天记录", "chat"), language)?,
            clock: looked_at.then(|| begun(now)).flatten(),
            lines: Vec::new(),
            places: BTreeSet::new(),
            system: None,
            last: Instant::now(),
        })
    }

    /// What the information system answered to one line of the chat: it has to answer so in the story too. A
    /// queued call, whose answer is for nobody, may be among them.
    pub fn answered(&mut self, answers: &[String], steps: &[Step], shown: &[Entry]) {
        if !steps.iter().any(|step| matches!(step, Step::Spoke(_))) {
            return;
        }
        let mut all = answers.iter();
        let told = |answer: &&String| shown.iter().any(|entry| entry.text.contains(&**answer));
        let Some(answer) = all.clone().find(told).or_else(|| all.next_back()) else {
            return;
        };
        if self.system.as_ref() != Some(answer) {
            self.lines
                .push(format!("system answers {}", quoted(answer)));
            self.system = Some(answer.clone());
        }
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
        let lines: Vec<String> = self.clock.into_iter().chain(self.lines).collect();
        self.file.append(&lines).map(Some)
    }
}

/// The line after which the story's clock shows what the chat's did. `None` when it does already.
fn begun(now: Millis) -> Option<String> {
    // A clock that stands before the stories' beginning keeps at least the hour and the weekday.
    let ahead = match now - START {
        ahead if (0..MAX_AHEAD).contains(&ahead) => ahead,
        ahead => ahead.rem_euclid(7 * DAY),
    };
    let parts = [
        (ahead / DAY, "days"),
        (ahead % DAY / HOUR, "hours"),
        (ahead % HOUR / MINUTE, "minutes"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    (!parts.is_empty()).then(|| format!("after {}", parts.join(" + ")))
}

/// Whether rules of a file, other than its stories, ask what time it is.
fn reads_clock(text: &str) -> bool {
    let mut story = false;
    for token in lexemes(text) {
        let said = &text[token.start..token.end];
        let column0 = token.first && (token.start == 0 || text[..token.start].ends_with('\n'));
        if column0 && token.kind == LexemeKind::Word {
            story = said == "test";
        }
        let asks = match token.kind {
            LexemeKind::Word => CLOCK.contains(&said),
            // What a text shows of it.
            LexemeKind::Text | LexemeKind::Block => {
                let holes = said.split('{').skip(1);
                holes
                    .filter_map(|hole| hole.split_once('}'))
                    .any(|(path, _)| path.split('.').any(|part| CLOCK.contains(&part.trim())))
            }
            _ => false,
        };
        if asks && !story {
            return true;
        }
    }
    false
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
