//! What an event means before any rule is asked: who follows, which windows are open, what the
//! platform says became of a message, whose data must go.

use crate::accounts::{self, Unsubscribed};
use crate::bot::login;
use crate::lang::program::EventName;
use crate::outbox::{self, contact};
use crate::store::records::{Dialog, Variable};
use crate::store::{Order, StoreError};
use crate::wechat::event::Event;
use crate::wechat::message::InboundKind;

use super::Chat;

/// Most variables and tags removed with a follower's data; `remember` and `tag` stay below it.
const MAX_PERSONAL: usize = 200;

impl Chat<'_, '_> {
    pub(super) fn housekeeping(&mut self) -> Result<(), StoreError> {
        let event = self.event;
        let (account, openid) = (event.official_account.as_str(), event.openid.as_str());
        match &event.inbound.kind {
            InboundKind::Event(Event::Subscribe { .. }) => {
                contact::saw_follow(self.tx, account, openid)?;
                accounts::subscribed(self.tx, &self.context.keys, account, openid)?;
            }
            InboundKind::Event(Event::Unsubscribe) => {
                contact::saw_unfollow(self.tx, account, openid)?;
                self.end_dialog()?;
                let limits = &self.context.limits.accounts;
                let keys = &self.context.keys;
                match accounts::unsubscribed(self.tx, keys, limits, account, openid)? {
                    Unsubscribed::Suspended { account, .. } | Unsubscribed::Unbound { account } => {
                        login::unbound(self.tx, self.context, &account, "unsubscribed")?;
                    }
                    Unsubscribed::NotBound | Unsubscribed::Kept { .. } => {}
                }
            }
            InboundKind::Event(Event::AuthorizationCancelled { .. }) => {
                let bound = accounts::authorization_cancelled(self.tx, account, openid)?;
                self.forget_person()?;
                if let Some(bound) = bound {
                    login::unbound(self.tx, self.context, &bound, "authorization_cancelled")?;
                }
            }
            InboundKind::Event(Event::AuthorizationRevoked { .. }) => self.forget_person()?,
            InboundKind::Event(Event::TemplateFinished { msg_id, .. }) if !msg_id.is_empty() => {
                outbox::finished(
                    self.tx,
                    &self.context.hooks(),
                    account,
                    msg_id,
                    event.inbound.raw.get("Status").unwrap_or_default(),
                )?;
            }
            // The platform counts a tap on a menu message as a menu click, not as a message.
            InboundKind::Text {
                menu_id: Some(_), ..
            } => {
                contact::saw_event(self.tx, account, openid)?;
            }
            kind if kind.is_message() => {
                contact::saw_message(self.tx, account, openid)?;
            }
            _ if matches!(
                event.name,
                EventName::Click
                    | EventName::Scan
                    | EventName::ScanCodePush
                    | EventName::ScanCodeWait
            ) =>
            {
                contact::saw_event(self.tx, account, openid)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Deletes what rules have kept about the sender.
    fn forget_person(&mut self) -> Result<(), StoreError> {
        let key = (
            self.event.official_account.clone(),
            self.event.openid.clone(),
        );
        self.tx.delete::<Dialog>(&key)?;
        contact::forget_traits(self.tx, &key.0, &key.1)?;
        let variables = self
            .tx
            .scan::<Variable>(key.clone(), Order::Ascending, MAX_PERSONAL)?;
        for variable in variables {
            let key = (key.0.clone(), key.1.clone(), variable.name);
            self.tx.delete::<Variable>(&key)?;
        }
        Ok(())
    }
}
