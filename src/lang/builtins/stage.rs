//! Stages: which family of events something is available in.

use std::fmt;

/// A family of events. Names, fields and actions are available per stage, not per event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stage {
    /// Anything a WeChat user does, and dialogs.
    Chat,
    /// `on attempt`: before the password is looked at.
    Attempt,
    /// `on failure`: the password was wrong.
    Failure,
    /// `signal` items: part of a login's judgement, before there is a score.
    Signal,
    /// `on login`: the password was right, the session is not yet issued.
    Login,
    /// `on undeliverable alert`
    Undeliverable,
    /// `on locked`
    Locked,
    /// `on unlocked`
    Unlocked,
    /// `on bound`
    Bound,
    /// `on unbound`
    Unbound,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 10] = [
        Stage::Chat,
        Stage::Attempt,
        Stage::Failure,
        Stage::Signal,
        Stage::Login,
        Stage::Undeliverable,
        Stage::Locked,
        Stage::Unlocked,
        Stage::Bound,
        Stage::Unbound,
    ];

    /// What a message calls it: Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Stage::Chat => ("微信消息和事件", "WeChat messages and events"),
            Stage::Attempt => ("attempt", "attempt"),
            Stage::Failure => ("failure", "failure"),
            Stage::Signal => ("signal", "signal"),
            Stage::Login => ("login", "login"),
            Stage::Undeliverable => ("undeliverable", "undeliverable"),
            Stage::Locked => ("locked", "locked"),
            Stage::Unlocked => ("unlocked", "unlocked"),
            Stage::Bound => ("bound", "bound"),
            Stage::Unbound => ("unbound", "unbound"),
        }
    }
}

/// A set of stages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stages(u16);

impl Stages {
    /// None.
    pub const NONE: Stages = Stages(0);
    /// Only WeChat.
    pub const CHAT: Stages = Stages::of(Stage::Chat);
    /// Only `on login`, where the score is known.
    pub const LOGIN: Stages = Stages::of(Stage::Login);
    /// Everything that looks at a login: attempt, failure, signals, login.
    pub const LOGIN_SIDE: Stages = Stages::of(Stage::Attempt)
        .and(Stages::of(Stage::Failure))
        .and(Stages::of(Stage::Signal))
        .and(Stages::of(Stage::Login));
    /// What happened to an account.
    pub const ACCOUNT_SIDE: Stages = Stages::of(Stage::Undeliverable)
        .and(Stages::of(Stage::Locked))
        .and(Stages::of(Stage::Unlocked))
        .and(Stages::of(Stage::Bound))
        .and(Stages::of(Stage::Unbound));
    /// All of them.
    pub const ALL: Stages = Stages::CHAT
        .and(Stages::LOGIN_SIDE)
        .and(Stages::ACCOUNT_SIDE);

    /// The set of one.
    pub const fn of(stage: Stage) -> Stages {
        Stages(1 << stage as u8)
    }

    /// The union.
    #[must_use]
    pub const fn and(self, other: Stages) -> Stages {
        Stages(self.0 | other.0)
    }

    /// Whether every stage of `other` is in this set.
    pub const fn covers(self, other: Stages) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the sets have a stage in common.
    pub const fn meets(self, other: Stages) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set holds `stage`.
    pub const fn has(self, stage: Stage) -> bool {
        self.meets(Stages::of(stage))
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its stages in order.
    pub fn iter(self) -> impl Iterator<Item = Stage> {
        Stage::ALL.into_iter().filter(move |stage| self.has(*stage))
    }

    /// What messages call the set: Chinese and English.
    pub fn words(self) -> (String, String) {
        let (zh, en): (Vec<_>, Vec<_>) = self.iter().map(Stage::words).unzip();
        (zh.join("、"), en.join(", "))
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
