//! The tree of stories: `test` items, line by line.
//!
//! Made by `syntax::lower`, read by the checker; nothing here knows what a step does.

use super::{Expr, Ident, Text};
use crate::lang::span::Span;

/// `test "…" { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct TestItem {
    /// What the story shows.
    pub name: Text,
    /// Its steps.
    pub steps: Vec<Step>,
    /// All of it.
    pub span: Span,
}

/// One line of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What happens or is expected.
    pub kind: StepKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of story lines.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// `place 北京 39.90 116.40` (latitude, longitude; optional `country "CN"`, `region "…"`, `asn "4134"`, `isp "…"`)
    Place {
        /// The place's name, which is also its city.
        name: Ident,
        /// Latitude.
        lat: f64,
        /// Longitude.
        lon: f64,
        /// `country "…"`, `region "…"`, `asn "…"`, `isp "…"`
        settings: Vec<(Ident, Text)>,
    },
    /// `account alice phone "13800138000" code "482913" name "爱丽丝" password "…"`
    Account {
        /// The account's identifier.
        name: Ident,
        /// `phone`, `code` (issues this bind code), `name`, `password`, `zone`
        settings: Vec<(Ident, Text)>,
    },
    /// `issue unlock code "111222" to alice` (purpose bind | unbind | unlock)
    IssueCode {
        /// The purpose.
        purpose: Ident,
        /// The digits the story wants to see.
        code: Text,
        /// The account.
        account: Ident,
    },
    /// `issue ticket "abc" to alice`: a bind ticket with this text
    IssueTicket {
        /// The ticket's text.
        ticket: Text,
        /// The account.
        account: Ident,
    },
    /// `wechat 小王 sends "…"`, `… sends image`, `… follows`, `… follows scene "…"`, `… scans "…"`,
    /// `… clicks "KEY"`, `… views "url"`, `… unfollows`, `… does "EventName"`
    WeChat {
        /// The user.
        user: Ident,
        /// `sends`, `follows`, `unfollows`, `scans`, `clicks`, `views`, `does`
        verb: Ident,
        /// The kind after `sends` when it is no text: `image`, `voice`, `video`, `location`, `link`, `file`
        message: Option<Ident>,
        /// The text, scene, key, url or event name.
        text: Option<Text>,
        /// `with EventKey "…", ScanResult "…"`: fields of the push, as the platform names them
        fields: Vec<(Ident, Text)>,
        /// `, 3 times every 1 minute`
        repeat: Option<Repeat>,
    },
    /// `login alice city 北京 machine "pc-1" wrong password, 5 times`
    Login {
        /// The account.
        account: Ident,
        /// `city NAME`, `machine "…"`, `illegal machine`, `new machine`, `ip "…"`, `wrong password`, `agent "…"`, `solving captcha`
        settings: Vec<LoginSetting>,
        /// `, 15 times every 1 day`
        repeat: Option<Repeat>,
    },
    /// `after 3 hours`
    After(Expr),
    /// `operator locks alice`, `operator unlocks alice`
    Operator {
        /// `locks` or `unlocks`
        verb: Ident,
        /// The account.
        account: Ident,
    },
    /// `system answers "…"`, `system is late`, `system fails`: what the information system does
    /// with messages that are forwarded to it and with synchronous calls, from here on
    System {
        /// `answers`, `late` or `fails`
        verb: Ident,
        /// The answer.
        text: Option<Text>,
    },
    /// `platform refuses sends`, `accepts sends`, `loses sends` (their outcome is unknown), `drops
    /// sends` (taken, then reported as not delivered): what becomes of prompts from here on
    Platform {
        /// `refuses`, `accepts`, `loses` or `drops`
        verb: Ident,
    },
    /// `expect …`
    Expect(Expectation),
}

/// A word or a word with a value after `login NAME`.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginSetting {
    /// `city 北京`
    City(Ident),
    /// `machine "pc-1"`: a proven machine of that name
    Machine(Text),
    /// `illegal machine`: a forged identifier
    IllegalMachine(Span),
    /// `no machine`
    NoMachine(Span),
    /// `ip "203.0.113.7"`
    Ip(Text),
    /// `wrong password`
    WrongPassword(Span),
    /// `agent "…"`
    Agent(Text),
    /// `solving captcha`
    SolvingCaptcha(Span),
    /// `reported`, `reported 20 minutes ago`: by a system that authenticates on its own
    Reported {
        /// How long ago it happened; now when missing.
        ago: Option<Expr>,
        /// All of it.
        span: Span,
    },
    /// `reason "locked_out"`: what the reporting system gives as the reason
    Reason(Text),
}

/// `5 times` or `15 times every 1 day`
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// How often.
    pub times: u32,
    /// How far apart; one second when missing.
    pub every: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// `"…"` (equal) or `~ "…"` (contained)
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Contained rather than equal.
    pub contains: bool,
    /// The text.
    pub text: Text,
}

/// What a story expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// `expect reply "…"` (equal), `expect reply ~ "…"` (contains)
    Reply {
        /// Whose; the last speaker when missing.
        user: Option<Ident>,
        /// Contained rather than equal.
        contains: bool,
        /// The text.
        text: Text,
    },
    /// `expect no reply`
    NoReply,
    /// `expect reply image|voice|video|music|news|customer service`, with one of its texts
    ReplyKind {
        /// The kind.
        kind: Ident,
        /// A media identifier, title, description or address in it.
        part: Option<Part>,
    },
    /// `expect alert to 小王 by template ~ "…"`
    Alert {
        /// To whom.
        to: Option<Ident>,
        /// `message` or `template`
        by: Option<Ident>,
        /// A text it contains.
        text: Option<Text>,
    },
    /// `expect no alert`
    NoAlert,
    /// `expect send to 小王 ~ "…"`: what `send` delivered since the last step that acted
    Send {
        /// To whom.
        to: Option<Ident>,
        /// Its text.
        part: Option<Part>,
    },
    /// `expect no send`
    NoSend,
    /// `expect signals a, b` (exactly) or `expect signals include a`
    Signals {
        /// The rest may fire too.
        include: bool,
        /// The names; empty for `expect no signals`.
        names: Vec<Ident>,
    },
    /// `expect allowed`, `expect denied`, `expect challenged`: of the last login
    Verdict(Ident),
    /// `expect alice locked`, `expect alice not locked`, `expect 小王 bound`, `expect 小王 not bound`
    State {
        /// An account or a WeChat user.
        subject: Ident,
        /// `locked` or `bound`
        state: Ident,
        /// `not`
        negated: bool,
    },
    /// `expect event "locked"`, `expect webhook "locked"`, `expect no event "…"`: in the feed, which
    /// webhooks carry, since the last step that acted
    Event {
        /// The kind.
        name: Text,
        /// `no`
        negated: bool,
    },
    /// `expect call security_desk`: a webhook or host action was called since the last step that acted
    Call(Ident),
    /// `expect no call`
    NoCall,
    /// `expect in dialog binding`, `expect no dialog`: of the last speaker
    Dialog(Option<Ident>),
}
