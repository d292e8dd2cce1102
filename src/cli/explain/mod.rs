//! `menshen explain`: why the rules do what they do, and why not, with the values they saw.
//!
//! Made by the very bot that serves, over a store of its own: nothing is changed anywhere.

mod login;
mod teller;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure, Outcome};
use super::output::{self, LangArg};
use super::progress;
use super::scope::Scope;
use super::sources::RulesArgs;
use crate::bot::explain::{self, Detail};
use crate::bot::folder::io_words;
use crate::lang::diagnostics::Language;
use crate::wechat::fields::{MESSAGE_LIMITS, ParseError, ParseErrorKind};
use crate::wechat::{Fields, json, xml};

/// Bytes of a file that are read: a month of one account's logins has far less.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Say why a message is answered, or a login judged, as it is; and why other rules are not.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
#[command(after_help = "\
--event takes a push as the platform sends it, unencrypted: XML or JSON.
--login takes what POST /v1/logins takes: one JSON object, or one a line. The last line is
explained, the lines before it are its history. A machine is any word, which counts as legal;
without one, or with \"legal\": false, it does not.
With --data, history and accounts are those of a store, which is copied and not changed.

Examples:
  menshen explain --text '我的手机号是13800138000'
  menshen explain rules/service.rules --event push.xml
  menshen explain --login logins.jsonl
  echo '{\"account\":\"alice\",\"success\":true,\"place\":{\"city\":\"纽约\"}}' |
      menshen explain --login - --data .menshen-dev")]
pub struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// A text message of a follower the bot knows nothing about
    #[arg(long, value_name = "TEXT", group = "what")]
    text: Option<String>,
    /// A message or event as the platform pushes it; `-` is standard input
    #[arg(long, value_name = "FILE", group = "what")]
    event: Option<PathBuf>,
    /// Logins; `-` is standard input
    #[arg(long, value_name = "FILE", group = "what")]
    login: Option<PathBuf>,
    /// Say of every rule why it did not answer, not only of those that nearly did
    #[arg(long)]
    all: bool,
    /// Take history and accounts from this data directory, also while its server runs
    #[arg(long, value_name = "DIR", requires = "login")]
    data: Option<PathBuf>,
    #[command(flatten)]
    lang: LangArg,
}

/// Explains.
pub fn run(args: &Args) -> Outcome {
    let language = args.lang.lang;
    let (scope, looked) = Scope::to_run(&args.rules, args.lang.lang)?;
    let rules = scope.ruleset(&looked, language)?;
    scope.say_company(language);
    let input = looked.input;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let detail = if args.all { Detail::All } else { Detail::Near };
    let explained = if let Some(text) = &args.text {
        let told = explain::text(&rules, &input.registry, text, detail, language);
        runtime.block_on(told)?
    } else if let Some(file) = &args.event {
        let fields = push(&read(file, language)?)
            .map_err(|error| Failure::usage(not_a_push(file, error, language)))?;
        let told = explain::event(&rules, &input.registry, fields, detail, language);
        runtime.block_on(told)?
    } else if let Some(file) = &args.login {
        let logins = login::parse(&read(file, language)?, language)
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
        let setting = login::Setting {
            rules: &rules,
            registry: &input.registry,
            zone: input.zone.clone(),
            data: args.data.as_deref(),
            language,
        };
        progress::during("explaining", || login::explain(&setting, logins, &runtime))?
    } else {
        return Err(Failure::usage("give one of --text, --event and --login"));
    };
    output::data(&explained)?;
    Ok(Exit::Clean)
}

/// Why a file is no push.
fn not_a_push(file: &Path, error: ParseError, language: Language) -> String {
    use ParseErrorKind as Kind;
    let file = file.display();
    if language == Language::En {
        return format!("{file}: {error}");
    }
    let why = match error.kind {
        Kind::TooLarge => "太大",
        Kind::TooDeep => "嵌套太深",
        Kind::TooMany => "元素太多",
        Kind::FieldTooLong => "有一个字段太长",
        Kind::NotUtf8 => "不是 UTF-8",
        Kind::IllegalCharacter => "有不允许的字符",
        Kind::Doctype => "有文档类型声明（<!DOCTYPE>）",
        Kind::Instruction => "有处理指令（<?…?>）",
        Kind::Entity => "有不认识的实体（&…;）",
        Kind::Attribute => "元素带着属性",
        Kind::Mixed => "文字和元素混在一起",
        Kind::Duplicate => "同一个字段给了两次",
        Kind::Root => "最外面应是一个 <xml>，或一个 JSON 对象",
        Kind::Syntax => "XML 或 JSON 的写法不对",
    };
    format!("{file}：{why}（第 {} 个字节）", error.at)
}

fn push(text: &str) -> Result<Fields, ParseError> {
    if text.trim_start().starts_with('{') {
        json::parse(text.as_bytes(), &MESSAGE_LIMITS)
    } else {
        xml::parse(text.trim().as_bytes(), &MESSAGE_LIMITS)
    }
}

fn read(file: &Path, language: Language) -> Result<String, Failure> {
    let mut text = String::new();
    let done = if file == Path::new("-") {
        std::io::stdin()
            .take(MAX_FILE_BYTES)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
    };
    match done {
        Ok(bytes) if bytes as u64 == MAX_FILE_BYTES => {
            let file = file.display();
            Err(Failure::usage(match language {
                Language::Zh => format!("{file} 超过 {MAX_FILE_BYTES} 字节"),
                Language::En => format!("{file} is larger than {MAX_FILE_BYTES} bytes"),
            }))
        }
        Ok(_) => Ok(text),
        Err(error) => {
            let (file, why) = (file.display(), io_words(&error));
            Err(Failure::usage(match language {
                Language::Zh => format!("读不了 {file}：{}", why.zh),
                Language::En => format!("cannot read {file}: {}", why.en),
            }))
        }
    }
}
