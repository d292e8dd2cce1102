//! Stories: every name introduced before it is used, every text and number of the right kind.

mod expect;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::lang::program::{
    CodePurpose, OperatorAct, PlatformAct, Step, StepKind, Story, StoryLogin, StoryMachine,
    SystemAct, WeChatAct,
};
use crate::lang::span::{FileId, Span};
use crate::lang::syntax::ast;
use crate::lang::value::{MAX_LATITUDE, MAX_LONGITUDE};

use super::Checker;

/// `, n times`: more than any window in use needs.
const MAX_TIMES: u32 = 5000;
/// How far apart repeated steps are when not said: one second, like all steps.
const DEFAULT_EVERY: i64 = 1000;
const PLACE_SETTINGS: &[&str] = &["country", "region", "asn", "isp"];
const ACCOUNT_SETTINGS: &[&str] = &["phone", "code", "name", "password", "zone"];
const MESSAGE_KINDS: &[&str] = &[
    "image",
    "voice",
    "video",
    "shortvideo",
    "location",
    "link",
    "file",
    "miniprogram",
];
/// Names a story has introduced so far.
#[derive(Debug, Default)]
struct Cast {
    places: BTreeSet<String>,
    accounts: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Checker<'_> {
    /// `told`: the names of the stories before it by file, with their places.
    pub(super) fn story(
        &mut self,
        item: &ast::TestItem,
        told: &mut BTreeMap<(FileId, String), Span>,
    ) -> Option<Story> {
        let name = self.plain(&item.name);
        if let Some(name) = &name
            && !self.report.is_broken(item.span)
        {
            self.story_once(name, item.name.span, told);
        }
        let mut cast = Cast::default();
        let before = self.report.count();
        let mut steps = Vec::new();
        for step in &item.steps {
            if let Some(kind) = self.step(&step.kind, step.span, &mut cast) {
                steps.push(Step {
                    kind,
                    span: step.span,
                });
            }
        }
        // A name that was never introduced is one mistake, however often it is used.
        self.report.merge_since(before);
        Some(Story {
            name: name?,
            steps,
            span: item.span,
        })
    }

    fn step(&mut self, kind: &ast::StepKind, span: Span, cast: &mut Cast) -> Option<StepKind> {
        use ast::StepKind as S;
        Some(match kind {
            S::Place {
                name,
                lat,
                lon,
                settings,
            } => {
                self.introduce(&mut cast.places, name);
                if lat.abs() > MAX_LATITUDE || lon.abs() > MAX_LONGITUDE {
                    self.out_of_range(
                        span,
                        "纬度在 -90 到 90，经度在 -180 到 180",
                        "latitude -90 to 90, longitude -180 to 180",
                    );
                    return None;
                }
                let mut place = self.settings(settings, PLACE_SETTINGS)?;
                let asn = match place.remove("asn") {
                    Some(text) => Some(self.asn(&text, settings)?),
                    None => None,
                };
                StepKind::Place {
                    name: name.name.clone(),
                    lat: *lat,
                    lon: *lon,
                    country: place.remove("country"),
                    region: place.remove("region"),
                    asn,
                    isp: place.remove("isp"),
                }
            }
            S::Account { name, settings } => {
                self.introduce(&mut cast.accounts, name);
                let mut account = self.settings(settings, ACCOUNT_SETTINGS)?;
                StepKind::Account {
                    name: name.name.clone(),
                    display: account.remove("name"),
                    phone: account.remove("phone"),
                    code: account.remove("code"),
                    password: account.remove("password"),
                    zone: account.remove("zone"),
                }
            }
            S::IssueCode {
                purpose,
                code,
                account,
            } => {
                let known = self.introduced(&cast.accounts, account, "账号", "account");
                let purpose = match purpose.name.as_str() {
                    "bind" => CodePurpose::Bind,
                    "unbind" => CodePurpose::Unbind,
                    "unlock" => CodePurpose::Unlock,
                    _ => return self.bad_word(purpose, &["bind", "unbind", "unlock"]),
                };
                let digits = self.code(code)?;
                known?;
                StepKind::IssueCode {
                    purpose,
                    code: digits,
                    account: account.name.clone(),
                }
            }
            S::IssueTicket { ticket, account } => {
                let ticket = self.plain(ticket);
                self.introduced(&cast.accounts, account, "账号", "account")?;
                StepKind::IssueTicket {
                    ticket: ticket?,
                    account: account.name.clone(),
                }
            }
            S::WeChat {
                user,
                verb,
                message,
                text,
                fields,
                repeat,
            } => {
                cast.users.insert(user.name.clone());
                let act = self.act(verb, message.as_ref(), text.as_ref());
                let mut named = Vec::new();
                for (name, text) in fields {
                    named.push((name.name.clone(), self.plain(text)?));
                }
                let (times, every) = self.repeat(repeat.as_ref())?;
                StepKind::WeChat {
                    user: user.name.clone(),
                    act: act?,
                    fields: named,
                    times,
                    every,
                }
            }
            S::Login {
                account,
                settings,
                repeat,
            } => {
                let known = self.introduced(&cast.accounts, account, "账号", "account");
                let login = self.login(settings, cast);
                let (times, every) = self.repeat(repeat.as_ref())?;
                known?;
                StepKind::Login {
                    account: account.name.clone(),
                    login: login?,
                    times,
                    every,
                }
            }
            S::After(duration) => StepKind::After(self.duration(duration, "hours")?),
            S::Operator { verb, account } => {
                self.introduced(&cast.accounts, account, "账号", "account")?;
                let act = match verb.name.as_str() {
                    "locks" => OperatorAct::Locks,
                    "unlocks" => OperatorAct::Unlocks,
                    "unbinds" => OperatorAct::Unbinds,
                    _ => return self.bad_word(verb, &["locks", "unlocks", "unbinds"]),
                };
                StepKind::Operator {
                    account: account.name.clone(),
                    act,
                }
            }
            S::Platform { verb } => StepKind::Platform(match verb.name.as_str() {
                "accepts" => PlatformAct::Accepts,
                "refuses" => PlatformAct::Refuses,
                "loses" => PlatformAct::Loses,
                "drops" => PlatformAct::Drops,
                _ => return self.bad_word(verb, &["accepts", "refuses", "loses", "drops"]),
            }),
            S::System { verb, text } => StepKind::System(match (verb.name.as_str(), text) {
                ("answers", Some(text)) => SystemAct::Answers(self.plain(text)?),
                ("late", _) => SystemAct::IsLate,
                ("fails", _) => SystemAct::Fails,
                _ => return self.bad_word(verb, &["answers \"…\"", "is late", "fails"]),
            }),
            S::Expect(expectation) => StepKind::Expect(self.expectation(expectation, cast)?),
        })
    }

    fn act(
        &mut self,
        verb: &ast::Ident,
        message: Option<&ast::Ident>,
        text: Option<&ast::Text>,
    ) -> Option<WeChatAct> {
        let text = match text {
            Some(text) => Some(self.plain(text)?),
            None => None,
        };
        Some(match (verb.name.as_str(), message, text) {
            ("sends", Some(kind), _) => {
                if !MESSAGE_KINDS.contains(&kind.name.as_str()) {
                    return self.bad_word(kind, MESSAGE_KINDS);
                }
                WeChatAct::SendsKind(kind.name.clone())
            }
            ("sends", None, Some(text)) => WeChatAct::SendsText(text),
            ("follows", _, scene) => WeChatAct::Follows(scene),
            ("unfollows", _, _) => WeChatAct::Unfollows,
            ("scans", _, Some(scene)) => WeChatAct::Scans(scene),
            ("clicks", _, Some(key)) => WeChatAct::Clicks(key),
            ("views", _, Some(url)) => WeChatAct::Views(url),
            ("does", _, Some(event)) => WeChatAct::Does(event),
            _ => {
                return self.bad_word(
                    verb,
                    &[
                        "sends \"…\"",
                        "follows",
                        "unfollows",
                        "scans \"…\"",
                        "clicks \"…\"",
                        "views \"…\"",
                        "does \"…\"",
                    ],
                );
            }
        })
    }

    fn login(&mut self, settings: &[ast::LoginSetting], cast: &Cast) -> Option<StoryLogin> {
        use ast::LoginSetting as L;
        let mut login = StoryLogin::default();
        for setting in settings {
            match setting {
                L::City(city) => {
                    self.introduced(&cast.places, city, "地点", "place")?;
                    login.city = Some(city.name.clone());
                }
                L::Machine(name) => login.machine = StoryMachine::Named(self.plain(name)?),
                L::IllegalMachine(_) => login.machine = StoryMachine::Illegal,
                L::NoMachine(_) => login.machine = StoryMachine::None,
                L::Ip(ip) => {
                    let text = self.plain(ip)?;
                    if text.parse::<IpAddr>().is_err() {
                        self.bad_story(ip.span, "这不是 IP 地址", "this is no address");
                        return None;
                    }
                    login.ip = Some(text);
                }
                L::WrongPassword(_) => login.wrong_password = true,
                L::Agent(agent) => login.agent = Some(self.plain(agent)?),
                L::SolvingCaptcha(_) => login.solving_captcha = true,
                L::Reason(reason) => {
                    let reported = settings.iter().any(|it| matches!(it, L::Reported { .. }));
                    if !reported {
                        // Menshen finds its own reasons where it looks at the password itself.
                        let (zh, en) = (
                            "`reason` 只能和 `reported` 一起写",
                            "`reason` stands with `reported` only",
                        );
                        self.bad_story(reason.span, zh, en);
                        return None;
                    }
                    login.reason = Some(self.plain(reason)?);
                }
                L::Reported { ago, .. } => {
                    login.reported = Some(match ago {
                        Some(ago) => self.duration(ago, "minutes")?,
                        None => 0,
                    });
                }
            }
        }
        Some(login)
    }

    fn repeat(&mut self, repeat: Option<&ast::Repeat>) -> Option<(u32, i64)> {
        let Some(repeat) = repeat else {
            return Some((1, DEFAULT_EVERY));
        };
        let times = self.whole((repeat.times, repeat.span), MAX_TIMES);
        let every = match &repeat.every {
            Some(every) => self.duration(every, "days")?,
            None => DEFAULT_EVERY,
        };
        Some((times, every))
    }
}
