//! What is done: blocks of actions and the answers to their outcomes.

use super::{Expr, Ident, Path, Text};
use crate::lang::span::Span;

/// Actions in braces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Block {
    /// In source order.
    pub actions: Vec<Action>,
    /// With the braces.
    pub span: Span,
}

/// One action with the answers to its outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// The words that name it, e.g. `lock account`.
    pub keyword: Span,
    /// `outcome { … }` arms; `None` when no braces were written at all.
    pub outcomes: Option<Vec<OutcomeArm>>,
    /// All of it.
    pub span: Span,
}

/// `bound { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeArm {
    /// The outcome.
    pub name: Ident,
    /// The answer.
    pub block: Block,
}

/// `key: value` inside `template`, `news`, `music`, `video`.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSetting {
    /// The field.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionKind {
    /// `reply "…"`
    ReplyText(Text),
    /// `reply image "media-id"`, `reply voice "…"`
    ReplyMedia {
        /// `image` or `voice`.
        kind: Ident,
        /// The media id.
        media: Text,
    },
    /// `reply news { title: … description: … picture: … url: … }`, `reply music { … }`, `reply video { … }`
    ReplyCard {
        /// `news`, `music` or `video`.
        kind: Ident,
        /// Its fields.
        fields: Vec<FieldSetting>,
    },
    /// `start binding with phone, code`
    Start {
        /// The dialog.
        dialog: Ident,
        /// Names handed over.
        with: Vec<Ident>,
    },
    /// `leave dialog`
    LeaveDialog,
    /// `ask again code`
    AskAgain(Ident),
    /// `remember name = value for 1 hour`
    Remember {
        /// The variable.
        name: Ident,
        /// Its value.
        value: Expr,
        /// How long.
        lifetime: Option<Expr>,
    },
    /// `forget name`
    Forget(Ident),
    /// `tag "x"`
    Tag(Text),
    /// `untag "x"`
    Untag(Text),
    /// `bind`; takes `phone`, `code` or `ticket` from the names in scope.
    Bind,
    /// `unbind`; takes `code` from the names in scope.
    Unbind,
    /// `lock account`
    LockAccount,
    /// `unlock account`; takes `code` from the names in scope.
    UnlockAccount,
    /// `log off account`
    LogOff,
    /// `trust alert choice for 30 days`
    TrustAlert {
        /// Which of several, a number.
        choice: Option<Expr>,
        /// How long.
        lifetime: Expr,
    },
    /// `close alert choice`
    CloseAlert {
        /// Which of several, a number.
        choice: Option<Expr>,
    },
    /// `challenge captcha`
    Challenge,
    /// `deny` or `deny "…"` (the text goes to the audit, never to the caller)
    Deny(Option<Text>),
    /// `allow`: has nothing against it, and lifts nothing
    Allow,
    /// `alert expires 24 hours once per 30 minutes per login.machine { … }`
    Alert(AlertAction),
    /// `forward`: to the information system
    Forward,
    /// `hand over` or `hand over to "kf@account"`
    HandOver(Option<Text>),
    /// `call name with a, b`
    Call {
        /// The registered name.
        name: Ident,
        /// Its arguments.
        with: Vec<Expr>,
    },
    /// `note "…"`: an audit entry
    Note(Text),
    /// `send "…" after 10 minutes`
    Send {
        /// What.
        text: Text,
        /// How much later; at once when missing.
        after: Option<Expr>,
    },
    /// `issue unlock code`
    IssueCode {
        /// `unbind` or `unlock`.
        purpose: Ident,
    },
}

/// The parts of an `alert`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertAction {
    /// `expires 24 hours`
    pub expires: Option<Expr>,
    /// `once per 30 minutes`
    pub once_per: Option<Expr>,
    /// `per login.machine`
    pub per: Option<Path>,
    /// `message "…"`
    pub message: Option<Text>,
    /// `template name { key: value … }`
    pub template: Option<TemplateMessage>,
}

/// `template login_alert { time1: login.time … }`
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateMessage {
    /// The configured template's name.
    pub name: Ident,
    /// Its fields; `url` is the link, not a field.
    pub fields: Vec<FieldSetting>,
    /// All of it.
    pub span: Span,
}
