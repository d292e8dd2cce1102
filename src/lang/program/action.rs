//! Checked actions: what a rule does, with every outcome answered.

use crate::lang::span::Span;

use super::{CodePurpose, DialogId, Expr, Template};

/// Actions in order. A message rule's block answers with its last reply.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// The actions.
    pub actions: Vec<Action>,
    /// With the braces.
    pub span: Span,
}

/// One action.
#[derive(Debug, Clone)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// The answers to its outcomes; complete for the action's registry entry.
    pub outcomes: Vec<OutcomeArm>,
    /// All of it.
    pub span: Span,
}

/// The answer to one outcome.
#[derive(Debug, Clone)]
pub struct OutcomeArm {
    /// The outcome's name, from the registry.
    pub outcome: String,
    /// The answer.
    pub block: Block,
    /// The arm's name.
    pub span: Span,
}

impl Action {
    /// The answer to `outcome`, with its place.
    pub fn arm(&self, outcome: &str) -> Option<&OutcomeArm> {
        self.outcomes.iter().find(|arm| arm.outcome == outcome)
    }

    /// The answer to `outcome`.
    pub fn outcome(&self, outcome: &str) -> Option<&Block> {
        self.arm(outcome).map(|arm| &arm.block)
    }
}

/// What an action does. The outcomes of each stand in the registry (`lang::builtins`).
#[derive(Debug, Clone)]
pub enum ActionKind {
    /// Answers in the chat.
    Reply(Reply),
    /// Starts a dialog with some of its slots or parameters set.
    Start {
        /// Which.
        dialog: DialogId,
        /// Slot or parameter name and where its value comes from.
        with: Vec<(String, Expr)>,
    },
    /// Ends the running dialog.
    LeaveDialog,
    /// Empties a slot and asks for it again; only inside a dialog's `done`.
    AskAgain(String),
    /// Sets a variable of the user.
    Remember {
        /// The variable.
        name: String,
        /// Its value.
        value: Expr,
        /// How long, in milliseconds; 30 days when not said.
        lifetime: i64,
    },
    /// Drops a variable of the user.
    Forget(String),
    /// Puts a tag on the user.
    Tag(String),
    /// Takes a tag off the user.
    Untag(String),
    /// Binds sender and account by `phone` and `code`, or `phone` and `ticket`.
    Bind {
        /// The phone.
        phone: Expr,
        /// The code, when the scope has one.
        code: Option<Expr>,
        /// The ticket, when the scope has one.
        ticket: Option<Expr>,
    },
    /// Ends the sender's binding with an unbind code.
    Unbind {
        /// The code.
        code: Expr,
    },
    /// Locks the sender's account and ends its sessions.
    LockAccount,
    /// Unlocks the sender's account with an unlock code.
    UnlockAccount {
        /// The code.
        code: Expr,
    },
    /// Ends every session of the sender's account.
    LogOff,
    /// Closes an alert as "it was me" and trusts its machine.
    TrustAlert {
        /// Which of several, counted from 1.
        choice: Option<Expr>,
        /// How long, in milliseconds.
        lifetime: i64,
    },
    /// Closes an alert without trusting anything.
    CloseAlert {
        /// Which of several, counted from 1.
        choice: Option<Expr>,
    },
    /// Demands a captcha.
    Challenge,
    /// Refuses the login; the text is for the audit.
    Deny(Option<Template>),
    /// Lets an attempt pass that a later rule would challenge.
    Allow,
    /// Raises an alert and queues its prompt.
    Alert(Box<AlertAction>),
    /// Passes the message to the information system.
    Forward,
    /// Hands the conversation to customer service.
    HandOver(Option<Template>),
    /// Calls a registered action.
    Call {
        /// Its registered name.
        name: String,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// Writes an audit entry.
    Note(Template),
    /// Sends a customer-service message to the sender, or to the follower the account is bound to.
    Send {
        /// What.
        text: Template,
        /// How much later, in milliseconds; at once when 0.
        after: i64,
    },
    /// Asks the information system to issue a code and send it to the registered phone.
    IssueCode(CodePurpose),
}

/// A reply in the chat.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Characters.
    Text(Template),
    /// A picture that was uploaded before.
    Image(Template),
    /// A sound that was uploaded before.
    Voice(Template),
    /// A film that was uploaded before.
    Video {
        /// The media id.
        media: Template,
        /// Shown above.
        title: Option<Template>,
        /// Shown below.
        description: Option<Template>,
    },
    /// A piece of music by its address.
    Music {
        /// Shown above.
        title: Option<Template>,
        /// Shown below.
        description: Option<Template>,
        /// The sound's address.
        url: Option<Template>,
        /// The sound's address on Wi-Fi.
        hq_url: Option<Template>,
        /// The thumbnail's media id.
        thumb: Template,
    },
    /// One article.
    News {
        /// Its title.
        title: Template,
        /// Its text.
        description: Option<Template>,
        /// Its picture's address.
        picture: Option<Template>,
        /// Where a tap leads.
        url: Template,
    },
}

/// `alert expires 24 hours once per 30 minutes per login.machine { … }`
#[derive(Debug, Clone)]
pub struct AlertAction {
    /// Life of the answer 是我, in milliseconds; 24 hours when not said.
    pub expires: i64,
    /// Cool-down in milliseconds; none when 0.
    pub once_per: i64,
    /// Cool-down per machine rather than per account.
    pub per_machine: bool,
    /// The text of the customer-service message.
    pub message: Template,
    /// The template message.
    pub template: Option<AlertTemplate>,
}

/// The template message of an alert.
#[derive(Debug, Clone)]
pub struct AlertTemplate {
    /// The name under which the configuration knows its template id.
    pub name: String,
    /// Its fields, e.g. `thing2`.
    pub fields: Vec<(String, Template)>,
    /// Where a tap leads.
    pub url: Option<Template>,
}
