//! Stories: tests that are written beside the rules.

use crate::lang::span::Span;

/// One `test`.
#[derive(Debug, Clone)]
pub struct Story {
    /// What it shows.
    pub name: String,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The whole item.
    pub span: Span,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Step {
    /// What happens or is expected.
    pub kind: StepKind,
    /// The line.
    pub span: Span,
}

/// The kinds of story lines. Names are checked: accounts, users and places are introduced before use.
#[derive(Debug, Clone)]
#[allow(
    missing_docs,
    reason = "see lang::syntax::ast::StepKind, which says it"
)]
pub enum StepKind {
    Place {
        name: String,
        lat: f64,
        lon: f64,
        country: Option<String>,
        region: Option<String>,
        asn: Option<u32>,
        isp: Option<String>,
    },
    Account {
        name: String,
        display: Option<String>,
        phone: Option<String>,
        code: Option<String>,
        password: Option<String>,
        zone: Option<String>,
    },
    IssueCode {
        purpose: CodePurpose,
        code: String,
        account: String,
    },
    IssueTicket {
        ticket: String,
        account: String,
    },
    WeChat {
        user: String,
        act: WeChatAct,
        fields: Vec<(String, String)>,
        times: u32,
        every: i64,
    },
    Login {
        account: String,
        login: StoryLogin,
        times: u32,
        every: i64,
    },
    After(i64),
    Operator {
        account: String,
        act: OperatorAct,
    },
    Platform(PlatformAct),
    System(SystemAct),
    Expect(Expectation),
}

/// What the information system does with forwarded messages from here on.
#[derive(Debug, Clone)]
pub enum SystemAct {
    /// It answers this.
    Answers(String),
    /// It does not answer in time.
    IsLate,
    /// It cannot be reached or answers with an error.
    Fails,
}

/// What the platform does with messages it is given from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlatformAct {
    /// It takes and delivers them.
    #[default]
    Accepts,
    /// It refuses them.
    Refuses,
    /// Nobody learns what became of them.
    Loses,
    /// It takes them and then reports template messages as not delivered.
    Drops,
}

/// What an operator does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OperatorAct {
    Locks,
    Unlocks,
    Unbinds,
}

/// What a verification code is good for; for nothing else. The one definition for stories, store and API.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum CodePurpose {
    /// Binding an OpenID to the account.
    #[default]
    Bind,
    /// Taking a binding away in the chat.
    Unbind,
    /// Lifting a lock in the chat; over the API it needs the scope `unlock`.
    Unlock,
}

impl CodePurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Bind, Self::Unbind, Self::Unlock];

    /// The purpose's name in stories, keys and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Unbind => "unbind",
            Self::Unlock => "unlock",
        }
    }
}

/// What a WeChat user does.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the names say it")]
pub enum WeChatAct {
    SendsText(String),
    SendsKind(String),
    Follows(Option<String>),
    Unfollows,
    Scans(String),
    Clicks(String),
    Views(String),
    Does(String),
}

/// How somebody logs in.
#[derive(Debug, Clone, Default)]
pub struct StoryLogin {
    /// The name of a `place`.
    pub city: Option<String>,
    /// How the machine identifies itself.
    pub machine: StoryMachine,
    /// The address; each place has one of its own when not said.
    pub ip: Option<String>,
    /// The password is wrong.
    pub wrong_password: bool,
    /// The user agent.
    pub agent: Option<String>,
    /// A captcha that is demanded is solved.
    pub solving_captcha: bool,
    /// Reported by a system that authenticates on its own, this many milliseconds after it happened.
    pub reported: Option<i64>,
    /// What the reporting system gives as the reason.
    pub reason: Option<String>,
}

/// How a machine identifies itself in a story.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoryMachine {
    /// Not at all.
    #[default]
    None,
    /// By a legal identifier that belongs to this name.
    Named(String),
    /// By a forged one.
    Illegal,
}

/// A text that is expected: equal, or contained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Contained rather than equal.
    pub contains: bool,
    /// The text.
    pub text: String,
}

impl Part {
    /// Whether a text is the expected one.
    pub fn fits(&self, text: &str) -> bool {
        match self.contains {
            true => text.contains(&self.text),
            false => text == self.text,
        }
    }
}

/// What a story expects.
#[derive(Debug, Clone)]
#[allow(
    missing_docs,
    reason = "see lang::syntax::ast::Expectation, which says it"
)]
pub enum Expectation {
    Reply {
        user: Option<String>,
        contains: bool,
        text: String,
    },
    NoReply,
    ReplyKind {
        kind: String,
        part: Option<Part>,
    },
    Alert {
        to: Option<String>,
        by_template: Option<bool>,
        text: Option<String>,
    },
    NoAlert,
    Send {
        to: Option<String>,
        part: Option<Part>,
    },
    NoSend,
    Signals {
        include: bool,
        names: Vec<String>,
    },
    Allowed,
    Denied,
    Challenged,
    Locked {
        account: String,
        negated: bool,
    },
    Bound {
        user: String,
        negated: bool,
    },
    Event {
        name: String,
        negated: bool,
    },
    Call(String),
    NoCall,
    Dialog(Option<String>),
}
