//! What actions of chat rules do. One place applies them, inside the event's command.

mod account;

use std::collections::BTreeMap;

use crate::accounts::{self, Claimed};
use crate::bot::stored;
use crate::lang::eval::{self, NoObserver};
use crate::lang::program::{self, Action, ActionKind, Block, EventName, Expr, Template};
use crate::lang::value::Value;
use crate::outbox::{self, NewCall, contact};
use crate::store::records::{Continuation, Variable};
use crate::store::{NewAudit, StoreError};
use crate::wechat::reply::{Article, Reply};

use super::{Chat, Flow, Request};
use crate::bot::later::{self, Follower};
use crate::bot::outside;
use crate::env::MINUTE;

/// What a follower is told whose message nothing vouches for.
const UNPROVEN: &str =
    "公众号处于明文模式，为了安全，这里不能处理绑定、锁定和登录提醒。请联系管理员。";
/// The name under which `bind` finds a scanned ticket.
const TICKET: &str = "ticket";
/// How long an event may wait for the outside; after that its continuation is forgotten.
const CONTINUATION_LIFE: i64 = 10 * MINUTE;

impl Chat<'_, '_> {
    /// Runs a block to its end, or to the action that ends the event.
    pub(super) fn run(&mut self, block: &Block) -> Result<Flow, StoreError> {
        for action in &block.actions {
            match self.act(action)? {
                Flow::Done => {}
                ended => return Ok(ended),
            }
        }
        Ok(Flow::Done)
    }

    /// Runs the answer to an outcome, with the names it brings.
    pub(super) fn run_outcome(
        &mut self,
        action: &Action,
        outcome: &str,
        brings: BTreeMap<String, Value>,
    ) -> Result<Flow, StoreError> {
        let Some(arm) = action.arm(outcome) else {
            // Only optional outcomes may lack an answer; the checker has seen to the others.
            return Ok(Flow::Done);
        };
        self.context.reached(arm.span);
        self.scope.outcomes.push(brings);
        let flow = self.run(&arm.block);
        self.scope.outcomes.pop();
        flow
    }

    fn act(&mut self, action: &Action) -> Result<Flow, StoreError> {
        if self.event.unproven && guards(&action.kind) {
            tracing::warn!(
                official_account = %self.event.official_account,
                "a push in plaintext mode wanted to change a binding, lock or alert; refused (allow_plaintext_guard)"
            );
            self.turn.reply = Some(Reply::text(UNPROVEN));
            return Ok(Flow::Started);
        }
        match &action.kind {
            ActionKind::Reply(reply) => {
                self.turn.reply = Some(self.reply(reply));
                Ok(Flow::Done)
            }
            ActionKind::Start { dialog, with } => {
                let mut values = BTreeMap::new();
                for (name, value) in with {
                    let value = self.value(value);
                    if value.is_known() && self.may_use(name, &value)? {
                        values.insert(name.clone(), value);
                    }
                }
                self.start(*dialog, values)?;
                Ok(Flow::Started)
            }
            ActionKind::LeaveDialog => {
                self.end_dialog()?;
                Ok(Flow::Done)
            }
            ActionKind::AskAgain(slot) => Ok(Flow::AskAgain(slot.clone())),
            ActionKind::Remember {
                name,
                value,
                lifetime,
            } => self.remember(name, value, *lifetime),
            ActionKind::Forget(name) => {
                let key = (self.account_name(), self.openid(), name.clone());
                self.tx.delete::<Variable>(&key)?;
                Ok(Flow::Done)
            }
            ActionKind::Tag(tag) => self.tag(tag, true),
            ActionKind::Untag(tag) => self.tag(tag, false),
            ActionKind::Bind {
                phone,
                code,
                ticket,
            } => self.bind(action, phone, code.as_ref(), ticket.as_ref()),
            ActionKind::Unbind { code } => self.unbind(action, code),
            ActionKind::LockAccount => self.lock(action),
            ActionKind::UnlockAccount { code } => self.unlock(action, code),
            ActionKind::LogOff => self.log_off(action),
            ActionKind::TrustAlert { choice, lifetime } => {
                self.settle_alert(action, choice.as_ref(), Some(*lifetime))
            }
            ActionKind::CloseAlert { choice } => self.settle_alert(action, choice.as_ref(), None),
            ActionKind::Forward => self.forward(action),
            ActionKind::Call { name, args } => self.call(action, name, args),
            ActionKind::HandOver(agent) => {
                let agent = agent.as_ref().map(|agent| self.render(agent));
                self.turn.reply = Some(Reply::TransferCustomerService { account: agent });
                Ok(Flow::Done)
            }
            ActionKind::Note(words) => {
                let detail = self.render(words);
                let account = self.account_id();
                let actor = self.actor();
                self.tx.audit(NewAudit {
                    actor,
                    action: "note".to_owned(),
                    account,
                    detail: serde_json::json!({ "text": detail }),
                })?;
                Ok(Flow::Done)
            }
            ActionKind::Send { text, after } => {
                let to = Follower {
                    official_account: self.account_name(),
                    openid: self.openid(),
                };
                let text = self.render(text);
                let account = self.account_id();
                later::send(self.tx, to, account, text, *after)?;
                Ok(Flow::Done)
            }
            ActionKind::IssueCode(purpose) => self.issue_code(action, *purpose),
            // Login-side actions; the checker keeps them out of chat rules.
            ActionKind::Challenge
            | ActionKind::Deny(_)
            | ActionKind::Allow
            | ActionKind::Alert(_) => Ok(Flow::Done),
        }
    }

    /// A scanned ticket is claimed by its first scan: handed to a dialog by the scan itself, it is
    /// known there only when it is this sender's now.
    fn may_use(&mut self, name: &str, value: &Value) -> Result<bool, StoreError> {
        let scanned = matches!(self.event.name, EventName::Subscribe | EventName::Scan);
        let (TICKET, Value::Text(ticket), true) = (name, value, scanned) else {
            return Ok(true);
        };
        let claimed = accounts::claim_ticket(
            self.tx,
            &self.context.limits.accounts,
            ticket,
            &self.event.official_account,
            &self.event.openid,
        )?;
        Ok(matches!(claimed, Claimed::Claimed { .. }))
    }

    fn tag(&mut self, tag: &str, on: bool) -> Result<Flow, StoreError> {
        let event = self.event;
        contact::set_tag(self.tx, &event.official_account, &event.openid, tag, on)?;
        Ok(Flow::Done)
    }

    fn remember(&mut self, name: &str, value: &Expr, lifetime: i64) -> Result<Flow, StoreError> {
        let value = self.value(value);
        if let Some(value) = stored::save(&value) {
            let expires_at = self.now().saturating_add(lifetime);
            self.tx.put(&Variable {
                official_account: self.account_name(),
                openid: self.openid(),
                name: name.to_owned(),
                value,
                expires_at,
            })?;
        }
        Ok(Flow::Done)
    }

    fn forward(&mut self, action: &Action) -> Result<Flow, StoreError> {
        let Some(account) = self.subject().account.clone() else {
            return self.run_outcome(action, "unbound", BTreeMap::new());
        };
        let body = serde_json::json!({
            "account": account.id,
            "official_account": self.event.official_account,
            "type": self.event.inbound.kind_name(),
            "text": self.event.text.original(),
            "time": crate::env::rfc3339(self.event.time),
        });
        self.wait(action, "forward".to_owned(), body)
    }

    fn call(&mut self, action: &Action, name: &str, args: &[Expr]) -> Result<Flow, StoreError> {
        let mut values = Vec::new();
        for arg in args {
            values.push(self.value(arg));
        }
        let account = self.account_id();
        let payload = outside::payload(self.tx, &self.context.registry, name, args, &values)?;
        if action.outcomes.is_empty() {
            let call = NewCall {
                name: name.to_owned(),
                account,
                official_account: Some(self.account_name()),
                follower: Some(self.openid()),
                payload,
                dedupe: Some(self.context.request_id(action.span)),
            };
            outbox::enqueue_call(self.tx, call)?;
            return Ok(Flow::Done);
        }
        let body = serde_json::json!({
            "account": account,
            "official_account": self.event.official_account,
            "payload": payload,
        });
        self.wait(action, format!("call:{name}"), body)
    }

    /// Stores where to go on, and ends the command.
    fn wait(
        &mut self,
        action: &Action,
        target: String,
        body: serde_json::Value,
    ) -> Result<Flow, StoreError> {
        let id = self.context.request_id(action.span);
        let now = self.now();
        let (values, in_dialog) = match &self.scope.slots {
            Some(slots) => (stored::save_all(slots), true),
            None => (stored::save_all(&self.scope.captures), false),
        };
        self.tx.put(&Continuation {
            id: id.clone(),
            push: self.context.push_id(),
            rules: self.rules.program.hash.clone(),
            action: (action.span.file.0, action.span.start, action.span.end),
            target: target.clone(),
            request: body.to_string(),
            official_account: self.account_name(),
            openid: self.openid(),
            values,
            in_dialog,
            time: now,
            expires_at: now + CONTINUATION_LIFE,
        })?;
        self.turn.request = Some(Request { id, target, body });
        Ok(Flow::Waiting)
    }

    fn reply(&mut self, reply: &program::Reply) -> Reply {
        let mut optional =
            |template: &Option<Template>| template.as_ref().map(|template| self.render(template));
        match reply {
            program::Reply::Text(words) => Reply::text(self.render(words)),
            program::Reply::Image(media) => Reply::Image {
                media_id: self.render(media),
            },
            program::Reply::Voice(media) => Reply::Voice {
                media_id: self.render(media),
            },
            program::Reply::Video {
                media,
                title,
                description,
            } => {
                let (title, description) = (optional(title), optional(description));
                Reply::Video {
                    media_id: self.render(media),
                    title,
                    description,
                }
            }
            program::Reply::Music {
                title,
                description,
                url,
                hq_url,
                thumb,
            } => {
                let (title, description) = (optional(title), optional(description));
                let (url, hq_url) = (optional(url), optional(hq_url));
                Reply::Music {
                    thumb_media_id: self.render(thumb),
                    title,
                    description,
                    music_url: url,
                    hq_music_url: hq_url,
                }
            }
            program::Reply::News {
                title,
                description,
                picture,
                url,
            } => {
                let (description, picture) = (optional(description), optional(picture));
                Reply::News {
                    articles: vec![Article {
                        title: self.render(title),
                        description: description.unwrap_or_default(),
                        pic_url: picture.unwrap_or_default(),
                        url: self.render(url),
                    }],
                }
            }
        }
    }

    pub(super) fn render(&mut self, template: &Template) -> String {
        // Most replies have no holes: then nothing is read for the sake of a time zone.
        if let Some(text) = template.plain() {
            return text;
        }
        let program = self.rules.program.clone();
        let zone = self.zone();
        eval::render(template, &program, self, &zone)
    }

    fn value(&mut self, expr: &Expr) -> Value {
        let program = self.rules.program.clone();
        eval::eval(expr, &program, self, &mut NoObserver)
    }

    /// The characters of a phone, code or text; empty when unknown.
    fn text_of(&mut self, expr: &Expr) -> String {
        match self.value(expr) {
            Value::Text(text) | Value::Phone(text) | Value::Code(text) => text.to_string(),
            _ => String::new(),
        }
    }

    fn zone(&mut self) -> jiff::tz::TimeZone {
        let zone = self.subject().account.as_ref().and_then(|a| a.zone.clone());
        self.context.zone(zone.as_deref())
    }

    fn account_id(&mut self) -> Option<String> {
        self.subject()
            .account
            .as_ref()
            .map(|account| account.id.clone())
    }

    fn account_name(&self) -> String {
        self.event.official_account.clone()
    }

    fn openid(&self) -> String {
        self.event.openid.clone()
    }

    /// How the audit names the sender: never the OpenID itself.
    fn actor(&self) -> String {
        let event = self.event;
        self.context
            .keys
            .openid_actor(&event.official_account, &event.openid)
    }
}

/// Actions that an unproven push must not reach.
fn guards(kind: &ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Bind { .. }
            | ActionKind::Unbind { .. }
            | ActionKind::LockAccount
            | ActionKind::UnlockAccount { .. }
            | ActionKind::LogOff
            | ActionKind::TrustAlert { .. }
            | ActionKind::CloseAlert { .. }
    )
}
