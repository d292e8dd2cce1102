//! One chat event through the rules: who answers, what is done, what is replied.
//!
//! Everything here runs inside ONE store command: it loads, evaluates, applies, runs the outcome's
//! block, and repeats until the rule is through. It never does I/O: an action that needs the
//! outside (`forward`, a synchronous `call`) ends the turn with a [`Request`], and the answer comes
//! back as a second command ([`resume`]).
//!
//! ```text
//! ChatEvent ──housekeeping──▶ route ──▶ block of actions ──▶ Turn { reply, request, … }
//!                              │  ▲
//!                              ▼  │
//!                             dialog
//! ```

mod dialog;
mod effects;
mod facts;
mod housekeeping;
mod route;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::Context;
use super::event::ChatEvent;
use super::ruleset::Ruleset;
use super::stored;
use super::subject::AlertCase;
use crate::accounts;
use crate::env::Millis;
use crate::guard;
use crate::lang::program::{Action, Block};
use crate::lang::span::{FileId, Span};
use crate::lang::value::Value;
use crate::store::records::{Account, Continuation, Dialog};
use crate::store::{StoreError, Tx};
use crate::wechat::reply::Reply;

/// What an event came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// The passive reply.
    pub reply: Option<Reply>,
    /// Something outside must answer before the event is through.
    pub request: Option<Request>,
    /// It bound, locked, unlocked or trusted: its reply must reach the follower even when the
    /// platform's connection is gone.
    pub important: bool,
    /// The rule or dialog that answered, for traces: `guard.rules:60`, `dialog binding`.
    pub answered_by: Option<String>,
    /// Conditions of candidates with their values, when the context asks for them.
    pub explanations: Vec<(String, String)>,
    /// Rules that were candidates and why they did not answer.
    pub passed_over: Vec<(String, String)>,
}

/// Something to ask of the outside.
#[derive(Debug, Clone)]
pub struct Request {
    /// The stored continuation's identifier, sent along so that a repetition is recognised.
    pub id: String,
    /// `forward` or `call:NAME`.
    pub target: String,
    /// The body.
    pub body: serde_json::Value,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// An outcome with the texts it brings.
    Outcome(String, BTreeMap<String, Value>),
    /// Nothing in time.
    Late,
    /// An error.
    Failed,
}

/// Takes one event through the rules.
pub fn handle(tx: &mut Tx<'_>, context: &Context, event: &ChatEvent) -> Result<Turn, StoreError> {
    let mut chat = Chat::new(tx, context, event, context.rules.clone());
    chat.housekeeping()?;
    chat.route()?;
    chat.finish()
}

/// Goes on with an event whose outside answer has come. `None` when nothing is waiting (any more).
pub fn resume(
    tx: &mut Tx<'_>,
    context: &Context,
    event: &ChatEvent,
    id: &str,
    response: &Response,
) -> Result<Option<Turn>, StoreError> {
    let Some(waiting) = tx.get::<Continuation>(&id.to_owned())? else {
        return Ok(None);
    };
    tx.delete::<Continuation>(&waiting.id)?;
    let Some(rules) = context.rules_by_hash(tx, &waiting.rules)? else {
        return Ok(Some(Turn::default()));
    };
    let (file, start, end) = waiting.action;
    let place = Span {
        file: FileId(file),
        start,
        end,
    };
    let program = rules.program.clone();
    let Some(action) = find_action(&program, place) else {
        return Ok(Some(Turn::default()));
    };
    let mut chat = Chat::new(tx, context, event, rules);
    let values = stored::load_all(&waiting.values);
    if waiting.in_dialog {
        chat.scope.slots = Some(values);
    } else {
        chat.scope.captures = values;
    }
    let (outcome, brings) = match response {
        Response::Outcome(name, brings) => (name.as_str(), brings.clone()),
        Response::Late => ("late", BTreeMap::new()),
        Response::Failed => ("failed", BTreeMap::new()),
    };
    // A synchronous call knows no `late`; an answer that never came is a failure there.
    let outcome = match action.outcome(outcome) {
        Some(_) => outcome,
        None => "failed",
    };
    chat.run_outcome(action, outcome, brings)?;
    chat.finish().map(Some)
}

/// Names a rule or dialog brings.
#[derive(Default)]
struct Scope {
    captures: BTreeMap<String, Value>,
    /// `Some` inside a dialog's blocks.
    slots: Option<BTreeMap<String, Value>>,
    /// Names of the enclosing outcomes, innermost last.
    outcomes: Vec<BTreeMap<String, Value>>,
}

/// Whom an event concerns; loaded once, changed by `bind` and `unbind`.
struct Subject {
    account: Option<Account>,
    alert: Option<AlertCase>,
}

/// One event on its way through the rules.
struct Chat<'a, 'tx> {
    tx: &'a mut Tx<'tx>,
    context: &'a Context,
    event: &'a ChatEvent,
    /// The rules in force for what is being run: the newest, or a running dialog's own.
    rules: Arc<Ruleset>,
    scope: Scope,
    subject: Option<Subject>,
    /// A store error met while evaluating; reported by [`Chat::finish`].
    error: Option<StoreError>,
    turn: Turn,
}

/// How a block ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Flow {
    /// To its end.
    Done,
    /// `ask again SLOT`.
    AskAgain(String),
    /// Something outside must answer first.
    Waiting,
    /// A dialog was started; nothing may follow.
    Started,
}

impl<'a, 'tx> Chat<'a, 'tx> {
    fn new(
        tx: &'a mut Tx<'tx>,
        context: &'a Context,
        event: &'a ChatEvent,
        rules: Arc<Ruleset>,
    ) -> Self {
        Self {
            tx,
            context,
            event,
            rules,
            scope: Scope::default(),
            subject: None,
            error: None,
            turn: Turn::default(),
        }
    }

    fn finish(self) -> Result<Turn, StoreError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.turn),
        }
    }

    fn now(&self) -> Millis {
        self.tx.now()
    }

    /// The sender's account and newest open alert, loaded when first asked for.
    fn subject(&mut self) -> &Subject {
        if self.subject.is_none() {
            let loaded = self.load_subject().unwrap_or_else(|error| {
                self.error.get_or_insert(error);
                Subject {
                    account: None,
                    alert: None,
                }
            });
            self.subject = Some(loaded);
        }
        self.subject.get_or_insert(Subject {
            account: None,
            alert: None,
        })
    }

    fn load_subject(&mut self) -> Result<Subject, StoreError> {
        let event = self.event;
        let account = match accounts::account_of(self.tx, &event.official_account, &event.openid)? {
            Some(id) => accounts::get(self.tx, &id)?,
            None => None,
        };
        let alert = match &account {
            Some(account) => match guard::alerts::open(self.tx, &account.id)?.pop() {
                Some(alert) => Some(AlertCase::load(self.tx, alert)?),
                None => None,
            },
            None => None,
        };
        Ok(Subject { account, alert })
    }

    /// Forgets what was loaded, after an action that changed it.
    fn reload_subject(&mut self) {
        self.subject = None;
    }

    fn dialog(&mut self) -> Result<Option<Dialog>, StoreError> {
        let event = self.event;
        let key = (event.official_account.as_str(), event.openid.as_str());
        let now = self.now();
        let dialog = self.tx.get_by::<Dialog>(&key)?;
        Ok(dialog.filter(|dialog| dialog.expires_at > now))
    }

    fn end_dialog(&mut self) -> Result<(), StoreError> {
        let key = (
            self.event.official_account.clone(),
            self.event.openid.clone(),
        );
        if self.tx.get::<Dialog>(&key)?.is_some() {
            self.tx.delete::<Dialog>(&key)?;
        }
        Ok(())
    }
}

/// The action at `place`, wherever it stands.
fn find_action(program: &crate::lang::program::Program, place: Span) -> Option<&Action> {
    let rules = program.rules.iter().map(|rule| &rule.body);
    let dialogs = program.dialogs.iter().flat_map(|dialog| {
        [&dialog.done, &dialog.give_up]
            .into_iter()
            .chain(dialog.cancel.as_ref().map(|cancel| &cancel.block))
    });
    rules
        .chain(dialogs)
        .find_map(|block| find_in_block(block, place))
}

fn find_in_block(block: &Block, place: Span) -> Option<&Action> {
    block.actions.iter().find_map(|action| {
        if action.span == place {
            return Some(action);
        }
        action
            .outcomes
            .iter()
            .find_map(|arm| find_in_block(&arm.block, place))
    })
}
