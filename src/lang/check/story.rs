//! Stories: every name introduced before it is used, every text and number of the right kind.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::lang::diagnostics::{Diagnostic, nearest};
use crate::lang::program::{
    CodePurpose, Expectation, OperatorAct, Step, StepKind, Story, StoryLogin, StoryMachine,
    SystemAct, WeChatAct,
};
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::Checker;
use super::codes as c;
use super::report::w;

/// `, n times`: more than any window in use needs.
const MAX_TIMES: u32 = 5000;
/// How far apart repeated steps are when not said: one second, like all steps.
const DEFAULT_EVERY: i64 = 1000;
const PLACE_SETTINGS: &[&str] = &["country", "region"];
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
const REPLY_KINDS: &[&str] = &[
    "image",
    "voice",
    "video",
    "music",
    "news",
    "customer service",
];

/// Names a story has introduced so far.
#[derive(Debug, Default)]
struct Cast {
    places: BTreeSet<String>,
    accounts: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Checker<'_> {
    pub(super) fn story(&mut self, item: &ast::TestItem) -> Option<Story> {
        let name = self.plain(&item.name);
        let mut cast = Cast::default();
        let mut steps = Vec::new();
        for step in &item.steps {
            if let Some(kind) = self.step(&step.kind, step.span, &mut cast) {
                steps.push(Step {
                    kind,
                    span: step.span,
                });
            }
        }
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
                if !(-90.0..=90.0).contains(lat) || !(-180.0..=180.0).contains(lon) {
                    self.out_of_range(
                        span,
                        "纬度在 -90 到 90，经度在 -180 到 180",
                        "latitude -90 to 90, longitude -180 to 180",
                    );
                    return None;
                }
                let mut place = self.settings(settings, PLACE_SETTINGS)?;
                StepKind::Place {
                    name: name.name.clone(),
                    lat: *lat,
                    lon: *lon,
                    country: place.remove("country"),
                    region: place.remove("region"),
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
                repeat,
            } => {
                cast.users.insert(user.name.clone());
                let act = self.act(verb, message.as_ref(), text.as_ref());
                let (times, every) = self.repeat(repeat.as_ref())?;
                StepKind::WeChat {
                    user: user.name.clone(),
                    act: act?,
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
            S::After(duration) => StepKind::After(self.duration(duration)?),
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
            S::Platform { verb } => match verb.name.as_str() {
                "accepts" => StepKind::Platform { accepts: true },
                "refuses" => StepKind::Platform { accepts: false },
                _ => return self.bad_word(verb, &["accepts", "refuses"]),
            },
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
            }
        }
        Some(login)
    }

    fn expectation(&mut self, expectation: &ast::Expectation, cast: &Cast) -> Option<Expectation> {
        use ast::Expectation as E;
        Some(match expectation {
            E::Reply {
                user,
                contains,
                text,
            } => {
                let text = self.plain(text);
                let user = self.user(user.as_ref(), cast)?;
                Expectation::Reply {
                    user,
                    contains: *contains,
                    text: text?,
                }
            }
            E::NoReply => Expectation::NoReply,
            E::ReplyKind(kind) => {
                if !REPLY_KINDS.contains(&kind.name.as_str()) {
                    return self.bad_word(kind, REPLY_KINDS);
                }
                Expectation::ReplyKind(kind.name.clone())
            }
            E::Alert { to, by, text } => {
                let text = match text {
                    Some(text) => Some(self.plain(text)?),
                    None => None,
                };
                let by_template = match by.as_ref().map(|by| by.name.as_str()) {
                    None => None,
                    Some("template") => Some(true),
                    Some("message") => Some(false),
                    Some(_) => {
                        return by
                            .as_ref()
                            .and_then(|by| self.bad_word(by, &["message", "template"]));
                    }
                };
                Expectation::Alert {
                    to: self.user(to.as_ref(), cast)?,
                    by_template,
                    text,
                }
            }
            E::NoAlert => Expectation::NoAlert,
            E::Signals { include, names } => {
                let mut sound = true;
                for name in names {
                    sound &= self.signal_item(&name.name, name.span).is_some();
                }
                if !sound {
                    return None;
                }
                Expectation::Signals {
                    include: *include,
                    names: names.iter().map(|name| name.name.clone()).collect(),
                }
            }
            E::Verdict(word) => match word.name.as_str() {
                "allowed" => Expectation::Allowed,
                "denied" => Expectation::Denied,
                "challenged" => Expectation::Challenged,
                _ => return self.bad_word(word, &["allowed", "denied", "challenged"]),
            },
            E::State {
                subject,
                state,
                negated,
            } => match state.name.as_str() {
                "locked" => {
                    self.introduced(&cast.accounts, subject, "账号", "account")?;
                    Expectation::Locked {
                        account: subject.name.clone(),
                        negated: *negated,
                    }
                }
                "bound" => {
                    self.introduced(&cast.users, subject, "微信用户", "WeChat user")?;
                    Expectation::Bound {
                        user: subject.name.clone(),
                        negated: *negated,
                    }
                }
                _ => return self.bad_word(state, &["locked", "bound"]),
            },
            E::Event { name, negated } => Expectation::Event {
                name: self.plain(name)?,
                negated: *negated,
            },
            E::Call(name) => {
                if self.registry.call(&name.name).is_none() {
                    let known: Vec<String> = self
                        .registry
                        .calls()
                        .iter()
                        .map(|call| call.name.clone())
                        .collect();
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    return self.unknown_in_story(
                        name,
                        &known,
                        "登记过的动作",
                        "registered action",
                    );
                }
                Expectation::Call(name.name.clone())
            }
            E::Dialog(Some(name)) => {
                self.dialog_index(name)?;
                Expectation::Dialog(Some(name.name.clone()))
            }
            E::Dialog(None) => Expectation::Dialog(None),
        })
    }

    fn user(&mut self, user: Option<&ast::Ident>, cast: &Cast) -> Option<Option<String>> {
        let Some(user) = user else {
            return Some(None);
        };
        self.introduced(&cast.users, user, "微信用户", "WeChat user")?;
        Some(Some(user.name.clone()))
    }

    fn repeat(&mut self, repeat: Option<&ast::Repeat>) -> Option<(u32, i64)> {
        let Some(repeat) = repeat else {
            return Some((1, DEFAULT_EVERY));
        };
        let times = self.whole((repeat.times, repeat.span), MAX_TIMES);
        let every = match &repeat.every {
            Some(every) => self.duration(every)?,
            None => DEFAULT_EVERY,
        };
        Some((times, every))
    }

    fn settings(
        &mut self,
        settings: &[(ast::Ident, ast::Text)],
        known: &[&str],
    ) -> Option<std::collections::BTreeMap<String, String>> {
        let mut found = std::collections::BTreeMap::new();
        for (name, text) in settings {
            if !known.contains(&name.name.as_str()) || found.contains_key(&name.name) {
                return self.bad_word(name, known);
            }
            let value = if name.name == "code" {
                self.code(text)?
            } else {
                self.plain(text)?
            };
            found.insert(name.name.clone(), value);
        }
        Some(found)
    }

    fn code(&mut self, text: &ast::Text) -> Option<String> {
        let code = self.plain(text)?;
        if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
            return Some(code);
        }
        self.bad_story(text.span, "验证码是 6 位数字", "a code is six digits");
        None
    }

    fn introduce(&mut self, known: &mut BTreeSet<String>, name: &ast::Ident) {
        if !known.insert(name.name.clone()) {
            self.bad_story(name.span, "这个名字已经有了", "this name is taken");
        }
    }

    fn introduced(
        &mut self,
        known: &BTreeSet<String>,
        name: &ast::Ident,
        zh: &str,
        en: &str,
    ) -> Option<()> {
        if known.contains(&name.name) {
            return Some(());
        }
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        self.unknown_in_story(name, &names, zh, en)
    }

    fn unknown_in_story<T>(
        &mut self,
        name: &ast::Ident,
        known: &[&str],
        zh: &str,
        en: &str,
    ) -> Option<T> {
        let text = &name.name;
        let mut error = Diagnostic::error(
            c::STORY_NAME,
            w(
                format!("故事里还没有叫 `{text}` 的{zh}"),
                format!("the story has no {en} `{text}` so far"),
            ),
            name.span,
            w("还没有出现过", "not introduced yet"),
        );
        error = match nearest(text, known.iter().copied()) {
            Some(near) => error
                .with_help(w(
                    format!("是不是 `{near}`？"),
                    format!("did you mean `{near}`?"),
                ))
                .with_fix(
                    w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                    name.span,
                    near,
                ),
            None if known.is_empty() => error,
            None => error.with_help(w(
                format!("有：{}", known.join("、")),
                format!("there are: {}", known.join(", ")),
            )),
        };
        self.report.push(error);
        None
    }

    fn bad_word<T>(&mut self, word: &ast::Ident, known: &[&str]) -> Option<T> {
        let text = &word.name;
        let twice = known.contains(&text.as_str());
        let (title, label) = if twice {
            (
                w(
                    format!("`{text}` 写了两次"),
                    format!("`{text}` is said twice"),
                ),
                w("又写了一次", "said again"),
            )
        } else {
            (
                w(
                    format!("故事里不能写 `{text}`"),
                    format!("`{text}` cannot stand here in a story"),
                ),
                w("不认识", "unknown"),
            )
        };
        let mut error = Diagnostic::error(c::STORY_WORD, title, word.span, label);
        if !twice {
            error = error.with_help(w(
                format!("可以写：{}", known.join("、")),
                format!("one of: {}", known.join(", ")),
            ));
            if let Some(near) = nearest(text, known.iter().copied()) {
                error = error.with_fix(
                    w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                    word.span,
                    near,
                );
            }
        }
        self.report.push(error);
        None
    }

    fn bad_story(&mut self, span: Span, zh: &str, en: &str) {
        self.report.push(Diagnostic::error(
            c::STORY_VALUE,
            w(zh, en),
            span,
            w("这里不对", "not this"),
        ));
    }
}
