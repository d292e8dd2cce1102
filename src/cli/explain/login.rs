//! A login explained: its history is played to the bot, then the bot judges it and says why.

use std::io::Cursor;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::tz::TimeZone;
use serde::Deserialize;
use sha2::Sha256;

use super::teller::Teller;
use crate::accounts::{self, Created, NewAccount, Passwords};
use crate::bot::api::{LoginReport, Origin, ReportAnswer};
use crate::bot::ruleset::Ruleset;
use crate::bot::{Bot, BuildError, Settings};
use crate::cli::control::{Request, perform};
use crate::cli::failure::Failure;
use crate::cli::setup::{DataArgs, Reach};
use crate::cli::sources::DEFAULT_CONFIG;
use crate::env::{Env, ManualClock, Millis, SystemRandom};
use crate::guard::machines::ForeignMachines;
use crate::keys::Keys;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::value::Place;
use crate::server::parse_rfc3339;
use crate::store::records::AccountStatus;
use crate::store::{self, Flavour, SharedStore, StoreError};

/// A login of a file.
const SAMPLE: &str = r#"{"account":"alice","success":true}"#;
/// Logins in one file.
const MAX_LOGINS: usize = 50_000;

/// One login of the file: what `POST /v1/logins` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLogin {
    #[serde(default)]
    id: Option<String>,
    account: String,
    #[serde(default)]
    machine: Option<String>,
    #[serde(default = "yes")]
    legal: bool,
    #[serde(default)]
    ip: Option<IpAddr>,
    #[serde(default)]
    place: Option<Place>,
    #[serde(default)]
    user_agent: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default = "yes")]
    success: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    channel: Option<String>,
}

fn yes() -> bool {
    true
}

/// The logins of a file; the error names the line.
pub fn parse(text: &str, language: Language) -> Result<Vec<FileLogin>, String> {
    // One object may stretch over several lines.
    if let Ok(login) = serde_json::from_str::<FileLogin>(text) {
        return checked(vec![login], language);
    }
    let mut logins = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if !line.trim_start().starts_with('{') {
            let number = index + 1;
            return Err(match language {
                Language::Zh => format!("第 {number} 行：一次登录是一个 JSON 对象，例如 {SAMPLE}"),
                Language::En => {
                    format!("line {number}: a login is a JSON object, such as {SAMPLE}")
                }
            });
        }
        let login = serde_json::from_str(line).map_err(|error| match language {
            Language::Zh => format!("第 {} 行：{}", index + 1, in_chinese(&error)),
            Language::En => format!("line {}: {error}", index + 1),
        })?;
        logins.push(login);
    }
    checked(logins, language)
}

/// What is wrong with a line of JSON, in Chinese; the names in it are the author's.
fn in_chinese(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let said = error.to_string();
    let name = said.split('`').nth(1).unwrap_or_default();
    let at = error.column();
    match error.classify() {
        Category::Eof => "没有写完，少了引号或括号".to_owned(),
        Category::Syntax => format!("不是 JSON（第 {at} 个字节附近）"),
        Category::Io => "读不了".to_owned(),
        Category::Data if said.starts_with("missing field") => format!("缺少 `{name}`"),
        Category::Data if said.starts_with("unknown field") => {
            let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
            format!("没有 `{name}` 这个字段；有的是 {}", known.join("、"))
        }
        Category::Data if said.starts_with("duplicate field") => format!("`{name}` 写了两次"),
        Category::Data => match wanted(&said) {
            Some(wanted) => format!("第 {at} 个字节之前的值不对，应是{wanted}"),
            None => format!("值的类型不对（第 {at} 个字节附近）：{said}"),
        },
    }
}

/// What should stand in place of a value of the wrong kind, in Chinese.
fn wanted(said: &str) -> Option<&'static str> {
    if said.starts_with("invalid IP address") {
        return Some(" IP 地址");
    }
    let (_, expected) = said.split_once("expected ")?;
    let expected = expected.split(" at line ").next()?;
    Some(match expected {
        "a string" | "a borrowed string" | "string" => "引号里的文字",
        "a boolean" => " true 或 false",
        "f64" | "f32" => "数",
        "IP address" => " IP 地址",
        struct_or_map if struct_or_map.starts_with("struct ") => "花括号里的对象",
        _ => return None,
    })
}

fn checked(logins: Vec<FileLogin>, language: Language) -> Result<Vec<FileLogin>, String> {
    if logins.is_empty() {
        return Err(language
            .pick("里面没有登录", "there is no login in it")
            .to_owned());
    }
    if logins.len() > MAX_LOGINS {
        return Err(match language {
            Language::Zh => format!("登录超过 {MAX_LOGINS} 次"),
            Language::En => format!("more than {MAX_LOGINS} logins"),
        });
    }
    for (index, login) in logins.iter().enumerate() {
        if let Some(time) = &login.time
            && parse_rfc3339(time).is_none()
        {
            let number = index + 1;
            return Err(match language {
                Language::Zh => format!(
                    "第 {number} 次登录：`time` 要像 2026-01-05T09:00:00+08:00 这样，带时区"
                ),
                Language::En => format!(
                    "login {number}: time is no RFC 3339 time with an offset, such as 2026-01-05T09:00:00+08:00"
                ),
            });
        }
    }
    Ok(logins)
}

/// What a login is explained with.
pub struct Setting<'a> {
    /// The rules.
    pub rules: &'a Ruleset,
    /// The names they were compiled with.
    pub registry: &'a Registry,
    /// Where accounts are that have no zone of their own; else as the bot has it.
    pub zone: Option<TimeZone>,
    /// The store history and accounts are from.
    pub data: Option<&'a Path>,
    /// What is said is said in it.
    pub language: Language,
}

/// Plays all but the last login as history, and explains the last one.
pub fn explain(
    setting: &Setting<'_>,
    logins: Vec<FileLogin>,
    runtime: &tokio::runtime::Runtime,
) -> Result<String, Failure> {
    let now = Env::system().now();
    let time_of = |login: &FileLogin| login.time.as_deref().and_then(parse_rfc3339).unwrap_or(now);
    let clock = Arc::new(ManualClock::new(logins.last().map_or(now, time_of)));
    let env = Env {
        clock,
        random: Arc::new(SystemRandom),
    };
    let copied = setting.data.map(copy).transpose()?;
    runtime.block_on(async {
        let (flavour, lines) = copied.unwrap_or((Flavour::Dev, Vec::new()));
        let store = store::memory_of(flavour, env.clone());
        if !lines.is_empty() {
            store::import(&*store, Cursor::new(lines)).await?;
        }
        let machines = Machines(env.bytes());
        let mut builder = Bot::builder(
            store.clone(),
            env.clone(),
            Keys::from_bytes(&env.bytes(), None),
        )
        .compiled(setting.rules.clone(), setting.registry.clone())
        .without_archive()
        .passwords(Passwords::cheap(env.clone()))
        .foreign_machines(ForeignMachines::new([machines.0.to_vec()]))
        .settings(Settings {
            explanations: setting.language,
            ..Settings::default()
        });
        if let Some(zone) = &setting.zone {
            builder = builder.zone(zone.clone());
        }
        let built = builder
            .build()
            .await
            .map_err(|error: BuildError| anyhow::Error::from(error))?;
        let teller = Teller {
            store: &store,
            bot: &built.bot,
            language: setting.language,
        };
        let last = logins.len() - 1;
        let mut explained = String::new();
        for (index, login) in logins.into_iter().enumerate() {
            make_account(&store, &login.account).await?;
            let at = time_of(&login);
            let report = machines.report(login, at, index < last);
            if index == last {
                explained = teller.before(report.origin.clone()).await?;
            }
            let refused = (!report.success).then(|| report.reason.clone());
            let answer = built.bot.report(report, None).await?;
            match answer {
                ReportAnswer::Recorded(decision) if index == last => {
                    explained.push_str(&teller.login(decision.id, refused).await?);
                }
                ReportAnswer::Recorded(_) => {}
                ReportAnswer::Conflict => {
                    return Err(Failure::usage(format!(
                        "login {}: its id stands before another one, or the store knows it",
                        index + 1
                    )));
                }
                ReportAnswer::TooFarAhead => {
                    return Err(Failure::usage(format!(
                        "login {} is later than the last one, which is the one explained",
                        index + 1
                    )));
                }
            }
        }
        built.bot.finish().await;
        store.close().await;
        Ok(explained)
    })
}

/// The accounts of the file exist; those of the store are left as they are.
async fn make_account(store: &SharedStore, id: &str) -> Result<(), Failure> {
    let new = NewAccount {
        id: id.to_owned(),
        name: String::new(),
        phone: None,
        password: None,
        zone: None,
        status: AccountStatus::Active,
    };
    let made = store::execute(&**store, "explain.account", move |tx| {
        accounts::create(tx, new.clone(), "operator")
    })
    .await
    .map_err(|error: StoreError| anyhow::Error::from(error))?;
    match made {
        Created::Invalid(_) => Err(Failure::usage("an account's identifier is not one")),
        _ => Ok(()),
    }
}

/// Everything in a store, as an export; from its server when one runs.
fn copy(data: &Path) -> Result<(Flavour, Vec<u8>), Failure> {
    let directory = DataArgs {
        config: DEFAULT_CONFIG.into(),
        data: Some(data.to_owned()),
    }
    .directory()?;
    let mut lines = Vec::new();
    let flavour = match Reach::existing(&directory)? {
        Reach::Running(client) => {
            client.call(&Request::Export, &mut lines)?;
            flavour_of(&lines)
        }
        Reach::Mine(mine) => {
            let flavour = mine.store.status().flavour;
            let done =
                mine.runtime
                    .block_on(perform(Request::Export, &*mine.store, None, &mut lines));
            mine.close();
            done.map_err(Failure::failed)?;
            flavour
        }
    };
    Ok((flavour, lines))
}

/// What the first line of an export says it is from.
fn flavour_of(lines: &[u8]) -> Flavour {
    #[derive(Deserialize)]
    struct First {
        flavour: Flavour,
    }
    let first = lines
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    serde_json::from_slice::<First>(first).map_or(Flavour::Production, |first| first.flavour)
}

/// Makes machine names legal, or not.
struct Machines([u8; 32]);

impl Machines {
    fn report(&self, login: FileLogin, at: Millis, backfill: bool) -> LoginReport {
        let machine = login.machine.map(|name| {
            if !login.legal {
                return name;
            }
            // HMAC takes keys of any length.
            let mac = Hmac::<Sha256>::new_from_slice(&self.0)
                .map(|mac| mac.chain_update(name.as_bytes()).finalize().into_bytes());
            match mac {
                Ok(mac) => format!("{name}.{}", hex::encode(mac)),
                Err(_) => name,
            }
        });
        LoginReport {
            id: login.id,
            origin: Origin {
                account: login.account,
                machine,
                ip: login.ip.map(|ip| ip.to_canonical()),
                user_agent: login.user_agent,
                place: login.place,
                channel: login.channel,
            },
            time: Some(at),
            success: login.success,
            reason: login.reason,
            session: login.session,
            backfill,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named() {
        let text = "{\"account\":\"alice\"}\n{\"account\":\"alice\",\"citty\":1}\n";
        let error = parse(text, Language::En).expect_err("a wrong key");
        assert!(
            error.starts_with("line 2: ") && error.contains("citty"),
            "{error}"
        );
        let error = parse(
            "{\"account\":\"alice\",\"time\":\"yesterday\"}",
            Language::En,
        )
        .expect_err("no time");
        assert!(error.contains("RFC 3339"), "{error}");
    }

    /// Explains by the shipped rules.
    fn explained(text: &str, language: Language) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let sources = crate::bot::folder::load(&[root]).expect("the shipped rules");
        let registry = crate::cli::sources::tolerant(&sources);
        let rules = crate::bot::ruleset::compile(sources, &registry)
            .expect("they compile")
            .ruleset;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let setting = Setting {
            rules: &rules,
            registry: &registry,
            zone: None,
            data: None,
            language,
        };
        explain(
            &setting,
            parse(text, Language::En).expect("logins"),
            &runtime,
        )
        .expect("explained")
    }

    /// Twenty days in 北京, then one login from 纽约.
    fn history() -> String {
        let mut text = String::new();
        for day in 1..=20 {
            text.push_str(&format!(
                "{{\"account\":\"alice\",\"machine\":\"pc\",\"place\":{{\"city\":\"北京\"}},\"time\":\"2026-01-{day:02}T09:00:00+08:00\"}}\n"
            ));
        }
        text.push_str("{\"account\":\"alice\",\"machine\":\"x\",\"place\":{\"city\":\"纽约\"},\"time\":\"2026-01-21T09:00:00+08:00\"}\n");
        text
    }

    #[test]
    fn a_login_is_explained_with_the_history_before_it() {
        let said = explained(&history(), Language::Zh);
        assert!(said.contains("new_city") && said.contains("纽约"), "{said}");
        // Heading and rows go by one clock, and say which.
        let head =
            "核对密码之前：alice 2026-01-21 09:00:00 +08:00（时间都是 Asia/Shanghai 的）  放行\n";
        assert!(said.starts_with(head), "{said}");
        let login = "\n登录：alice 2026-01-21 09:00:00 +08:00  放行\n怀疑度 ";
        assert!(said.contains(login), "{said}");
        // Why not, for rules too; and the past logins it rests on.
        assert!(
            said.contains("规则 guard.rules:") && said.contains("suspicion >= budget"),
            "{said}"
        );
        assert!(said.contains("· 2026-01-20 09:00 北京 成功"), "{said}");
    }

    #[test]
    fn english_says_the_same_of_the_same_values() {
        let (zh, en) = (
            explained(&history(), Language::Zh),
            explained(&history(), Language::En),
        );
        for line in [
            "before the password: alice 2026-01-21 09:00:00 +08:00 (all times are Asia/Shanghai)  allowed",
            "login: alice 2026-01-21 09:00:00 +08:00  allowed",
        ] {
            assert!(en.lines().any(|said| said == line), "{line}\n{en}");
        }
        assert!(en.contains("· 2026-01-20 09:00 北京 succeeded"), "{en}");
        assert!(
            en.contains("rule guard.rules:") && en.contains(" did not fire\n"),
            "{en}"
        );
        for ours in [
            "怀疑度",
            "触发",
            "规则",
            "不成立",
            "未看",
            "是\n",
            "否\n",
            " 行）",
        ] {
            assert!(!en.contains(ours), "{ours}\n{en}");
        }
        // Where each line stands does not depend on the language.
        assert_eq!(zh.lines().count(), en.lines().count());
        for (zh, en) in zh.lines().zip(en.lines()) {
            let place = |line: &str| line.find(['─', '·']);
            assert_eq!(place(zh), place(en), "{zh}\n{en}");
        }
    }

    #[test]
    fn a_wrong_password_is_not_shown_as_a_login_that_is_allowed() {
        let failed =
            "{\"account\":\"zed\",\"success\":false,\"time\":\"2026-01-02T10:00:00+08:00\"}";
        let said = explained(failed, Language::Zh);
        let line = "登录：zed 2026-01-02 10:00:00 +08:00  没有成功";
        assert!(said.lines().any(|said| said == line), "{said}");
        let known = failed.replace(":false", ":false,\"reason\":\"wrong_password\"");
        let said = explained(&known, Language::En);
        let line = "login: zed 2026-01-02 10:00:00 +08:00  failed (reason: wrong_password)";
        assert!(said.lines().any(|said| said == line), "{said}");
    }
}
