//! `menshen record`: a stretch of the event log as a story, and the files such stories go to.
//!
//! What happened is read from the store, through its server when one runs; nothing is changed there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::control::{Request, perform};
use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::setup::{DataArgs, Reach};
use crate::bot::stories::record::{item, quoted};
use crate::env::{Env, Millis, parse_rfc3339};
use crate::lang::diagnostics::Language;

/// Make a story of what happened to an account: a stretch of the event log that `menshen test` runs again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The story has the account's logins with the signals that fired, bindings, locks, alerts and the
owner's answers, at the same hours and weekdays. What people wrote is not kept, so it has stand-ins
that do the same under the shipped rules. Account, OpenIDs, phone, codes, machines and addresses are
stand-ins too. It begins with an empty history: take the stretch as long as the rules look back.

Examples:
  menshen record rules/incident.rules --account alice
  menshen record rules/incident.rules --account alice --from 2026-11-01T00:00:00+08:00
  menshen record incident.rules --openid oABC123 --data .menshen-dev")]
pub struct Args {
    /// The rule file the story goes to the end of; made when there is none
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose, by the information system's identifier
    #[arg(long, value_name = "ID", required_unless_present = "openid")]
    account: Option<String>,
    /// Whose, by the follower that is or was bound to it
    #[arg(long, value_name = "OPENID", conflicts_with = "account")]
    openid: Option<String>,
    /// From when, as RFC 3339 with an offset [default: the oldest that is kept]
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Millis>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Millis>,
    /// Leave IP addresses as they are, for rules with lists of them
    #[arg(long)]
    real_addresses: bool,
    #[command(flatten)]
    lang: LangArg,
    #[command(flatten)]
    data: DataArgs,
}

fn time(text: &str) -> Result<Millis, String> {
    parse_rfc3339(text).ok_or_else(|| "such as 2026-01-05T09:00:00+08:00".to_owned())
}

/// Records.
pub fn run(args: &Args) -> Outcome {
    let called = args.lang.pick("事件记录", "event log");
    let file = StoryFile::new(&args.file, called, args.lang.lang)?;
    let request = Request::Record {
        account: args.account.clone(),
        openid: args.openid.clone(),
        from: args.from.unwrap_or(Millis::MIN),
        to: args.to.unwrap_or_else(|| Env::system().now()),
        real_addresses: args.real_addresses,
        english: args.lang.lang == Language::En,
    };
    let mut nothing = std::io::sink();
    let found = match Reach::existing(&args.data.directory()?)? {
        Reach::Running(client) => client.call(&request, &mut nothing)?,
        Reach::Mine(mine) => {
            let done = mine
                .runtime
                .block_on(perform(request, &*mine.store, None, &mut nothing));
            mine.close();
            done.map_err(Failure::failed)?
        }
    };
    let lines: Vec<String> = serde_json::from_value(found["lines"].clone()).map_err(|error| {
        Failure::failed(format!(
            "{}{error}",
            args.lang
                .pick("回答不是一个故事：", "the answer is no story: ")
        ))
    })?;
    let name = file.append(&lines)?;
    let (from, to) = (
        found["from"].as_str().unwrap_or_default(),
        found["to"].as_str().unwrap_or_default(),
    );
    output::remark(&match args.lang.lang {
        Language::Zh => format!("记成了故事“{name}”，{from} 到 {to}；用 `menshen test` 运行"),
        Language::En => {
            format!("recorded as the story “{name}”, {from} to {to}; `menshen test` runs it")
        }
    });
    Ok(Exit::Clean)
}

/// A rule file and the name of the story that will stand at its end.
#[derive(Debug)]
pub struct StoryFile {
    file: PathBuf,
    name: String,
}

impl StoryFile {
    /// A story that goes to the end of `file`, which need not exist, called by the first number that is
    /// free there.
    pub fn new(file: &Path, called: &str, lang: Language) -> Result<Self, Failure> {
        if file
            .extension()
            .is_none_or(|extension| extension != "rules")
        {
            let (path, said) = (
                file.display(),
                lang.pick("不是 .rules 文件", "is no .rules file"),
            );
            return Err(Failure::usage(format!("{path} {said}")));
        }
        let known = std::fs::read_to_string(file).unwrap_or_default();
        let name = (1..)
            .map(|number| format!("{called} {number}"))
            .find(|name| !known.contains(&format!("test {}", quoted(name))))
            .unwrap_or_default();
        Ok(Self {
            file: file.to_owned(),
            name,
        })
    }

    /// Writes it in one piece; gives its name.
    pub fn append(self, lines: &[String]) -> Result<String, Failure> {
        let mut story = String::new();
        if std::fs::metadata(&self.file).is_ok_and(|file| file.len() > 0) {
            story.push('\n');
        }
        story.push_str(&item(&self.name, lines));
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)?;
        file.write_all(story.as_bytes())?;
        Ok(self.name)
    }
}
