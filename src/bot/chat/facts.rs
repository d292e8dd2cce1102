//! What conditions and templates of chat rules can ask.

use crate::bot::subject;
use crate::lang::eval::{Facts, HistoryAnswer};
use crate::lang::program::{FieldId, HistoryQuery, Name, Program};
use crate::lang::value::Value;
use crate::outbox::contact;
use crate::store::StoreError;
use crate::store::records::Variable;

use super::Chat;
use crate::bot::stored;

impl Facts for Chat<'_, '_> {
    fn field(&mut self, id: FieldId) -> Value {
        let path = self.context.registry.field_spec(id).path;
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match root {
            "message" => self.event.field(rest),
            "now" => {
                let account = self.subject().account.as_ref();
                let zone = account.and_then(|account| account.zone.clone());
                let zone = self.context.zone(zone.as_deref());
                subject::clock_field(self.now(), &zone, rest, path)
            }
            "bound" => Value::YesNo(self.subject().account.is_some()),
            "account" => {
                let locked = self.account_locked();
                subject::account_field(self.subject().account.as_ref(), locked, rest, path)
            }
            "alert" => subject::alert_field(self.subject().alert.as_ref(), rest, path),
            "sender" => self.sender_field(rest, path),
            _ => Value::unknown(path),
        }
    }

    fn name(&mut self, name: &Name) -> Value {
        match name {
            Name::Raw(name) => self.event.raw(name),
            Name::Capture(name) => self
                .scope
                .captures
                .get(name)
                .cloned()
                .unwrap_or_else(|| Value::unknown(name)),
            Name::Slot(name) => self
                .scope
                .slots
                .as_ref()
                .and_then(|slots| slots.get(name))
                .cloned()
                .unwrap_or_else(|| Value::unknown(name)),
            Name::Outcome(name) => self
                .scope
                .outcomes
                .iter()
                .rev()
                .find_map(|names| names.get(name))
                .cloned()
                .unwrap_or_else(|| Value::unknown(name)),
            Name::Variable(name) => {
                let loaded = self.variable(name);
                self.or_note(loaded)
                    .flatten()
                    .unwrap_or_else(|| Value::unknown(name))
            }
        }
    }

    fn history(
        &mut self,
        query: &HistoryQuery,
        _value: Option<&Value>,
        _program: &Program,
    ) -> HistoryAnswer {
        // The checker allows history only where there is a login.
        let _ = query;
        HistoryAnswer::unknown("login")
    }

    fn trusted(&mut self, _machine: &Value) -> bool {
        false
    }
}

impl Chat<'_, '_> {
    fn sender_field(&mut self, name: &str, path: &str) -> Value {
        match name {
            "openid" => Value::text(&self.event.openid),
            "bound" => Value::YesNo(self.subject().account.is_some()),
            "followed" | "language" | "tags" => {
                let contact =
                    contact::get(self.tx, &self.event.official_account, &self.event.openid);
                match (name, self.or_note(contact).flatten()) {
                    ("followed", Some(contact)) => contact
                        .followed_at
                        .map_or_else(|| Value::unknown(path), Value::Time),
                    ("tags", Some(contact)) => {
                        Value::List(contact.tags.iter().map(Value::text).collect())
                    }
                    ("tags", None) => Value::List([].into()),
                    ("language", Some(contact)) => contact
                        .language
                        .map_or_else(|| Value::unknown(path), Value::text),
                    _ => Value::unknown(path),
                }
            }
            _ => Value::unknown(path),
        }
    }

    fn variable(&mut self, name: &str) -> Result<Option<Value>, StoreError> {
        let key = (
            self.event.official_account.clone(),
            self.event.openid.clone(),
            name.to_owned(),
        );
        let now = self.now();
        Ok(self
            .tx
            .get::<Variable>(&key)?
            .filter(|variable| variable.expires_at > now)
            .map(|variable| stored::load(&variable.value)))
    }

    fn account_locked(&mut self) -> bool {
        let Some(account) = self.subject().account.as_ref().map(|a| a.id.clone()) else {
            return false;
        };
        let lock = crate::guard::locks::lock_of(self.tx, &account);
        self.or_note(lock).flatten().is_some()
    }

    /// A store error ends the event later; evaluation itself cannot fail.
    fn or_note<T>(&mut self, result: Result<T, StoreError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }
}
