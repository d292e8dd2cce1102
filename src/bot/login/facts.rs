//! What conditions and templates of login-side rules can ask: the login, its account, the history.

use crate::bot::context::Context;
use crate::bot::subject;
use crate::bot::subject::AlertCase;
use crate::guard::{self, KeptRows};
use crate::history::{self, Key, Row, Rows, keys_of};
use crate::lang::eval::{Experience, Facts, HistoryAnswer, Judgement, PastLogin};
use crate::lang::program::{ByKey, FieldId, HistoryQuery, Name, Program};
use crate::lang::value::{LoginPoint, Value, View};
use crate::store::records::{Account, AccountStatus};
use crate::store::{StoreError, Tx};

use super::ask::{self, Answered, Names};

/// An account event as the rules see it: an attempt, a failure, a login, or something that happened
/// to the account without one (locked, bound, an undeliverable prompt).
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Its account, when it exists.
    pub account: Option<Account>,
    /// The account is bound to a follower.
    pub bound: bool,
    /// The account is locked.
    pub locked: bool,
    /// The login; `None` for events without one.
    pub login: Option<Login>,
    /// The alert it is about, with its login.
    pub alert: Option<AlertCase>,
    /// Why: for `undeliverable`, `locked`, `unbound`.
    pub reason: Option<String>,
}

impl Case {
    /// Nobody may log in: the account is locked or disabled.
    pub(super) fn is_closed(&self) -> bool {
        let disabled = |account: &Account| account.status == AccountStatus::Disabled;
        self.locked || self.account.as_ref().is_some_and(disabled)
    }
}

/// The login of a [`Case`].
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// It as a row of the history.
    pub row: Row,
    /// The user agent as sent.
    pub agent: Option<String>,
    /// The information system's session.
    pub session: Option<String>,
    /// A captcha was solved for this attempt.
    pub captcha: bool,
    /// It was reported more than ten minutes late, or to fill in a past: judged and recorded, it never acts.
    pub late: bool,
    /// Whether the password was right; not known before it was looked at.
    pub success: Option<bool>,
}

/// The facts of one case, inside a command.
pub struct CaseFacts<'a, 'tx> {
    /// The store.
    pub tx: &'a mut Tx<'tx>,
    /// Rules, registry, keys.
    pub context: &'a Context,
    /// The case.
    pub case: &'a Case,
    /// What the signals said; set before `on login` rules run.
    pub judgement: Option<Judgement>,
    /// Names of the enclosing outcomes, innermost last.
    pub outcomes: Vec<std::collections::BTreeMap<String, Value>>,
    /// A store error met while evaluating.
    pub error: Option<StoreError>,
    histories: KeptRows,
}

impl<'a, 'tx> CaseFacts<'a, 'tx> {
    /// The facts of `case`.
    pub fn new(tx: &'a mut Tx<'tx>, context: &'a Context, case: &'a Case) -> Self {
        Self {
            tx,
            context,
            case,
            judgement: None,
            outcomes: Vec::new(),
            error: None,
            histories: KeptRows::new(context.recent.clone()),
        }
    }

    /// Loads the rows under `key` once, as far back as any rule looks under these keys.
    fn load(&mut self, by: &[ByKey], key: &Key) -> Option<()> {
        let present = self.case.login.as_ref()?.row.time;
        let after = ask::reach(&self.context.rules.windows, by, present);
        match self.histories.load(self.tx, key, after) {
            Ok(()) => Some(()),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }

    /// What a field asks of the clock, if it is one of those.
    fn clock(&self, id: FieldId) -> Option<&'static str> {
        let path = self.context.registry.field_spec(id).path;
        let rest = path.strip_prefix("now")?;
        Some(rest.strip_prefix('.').unwrap_or(rest))
    }

    fn names(&self) -> Names<'a> {
        Names {
            registry: &self.context.registry,
            columns: &self.context.columns,
            program: &self.context.rules.program,
        }
    }

    /// The account's own rows.
    fn own_rows(&mut self) -> Option<Key> {
        let row = &self.case.login.as_ref()?.row;
        let key = Key::of(&[ByKey::Account], row).ok()?;
        self.load(&[ByKey::Account], &key)?;
        Some(key)
    }

    fn previous(&mut self) -> Option<LoginPoint> {
        let key = self.own_rows()?;
        let row = &self.case.login.as_ref()?.row;
        let slice = self.histories.rows(&key, None);
        history::previous(slice, row).map(Row::point)
    }
}

impl std::fmt::Debug for CaseFacts<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseFacts")
    }
}

impl Facts for CaseFacts<'_, '_> {
    fn field(&mut self, id: FieldId) -> Value {
        let now = self.tx.now();
        if self.case.login.is_none()
            && let Some(rest) = self.clock(id)
        {
            let zone = self.case.account.as_ref().and_then(|a| a.zone.as_deref());
            return subject::clock_field(now, &self.context.zone(zone), rest, rest);
        }
        match ask::field(self.case, self.judgement.as_ref(), self.names(), now, id) {
            Answered::Value(value) => value,
            Answered::Previous => self.previous().map_or_else(
                || Value::unknown(self.context.registry.field_spec(id).path),
                |point| Value::Login(point.into()),
            ),
        }
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        ask::view(self.case, self.names(), id)
    }

    fn number(&mut self, id: FieldId) -> Option<f64> {
        ask::number(self.case, self.names(), id)
    }

    fn characters(&mut self, id: FieldId) -> Option<&str> {
        ask::characters(self.case, self.names(), id)
    }

    fn yes_no(&mut self, id: FieldId) -> Option<bool> {
        ask::yes_no(self.case, self.names(), id)
    }

    fn name(&mut self, name: &Name) -> Value {
        match name {
            Name::Outcome(name) => self
                .outcomes
                .iter()
                .rev()
                .find_map(|names| names.get(name))
                .cloned()
                .unwrap_or_else(|| Value::unknown(name)),
            Name::Capture(name) | Name::Slot(name) | Name::Variable(name) | Name::Raw(name) => {
                Value::unknown(name)
            }
        }
    }

    fn history(
        &mut self,
        query: &HistoryQuery,
        value: Option<&Value>,
        program: &Program,
    ) -> HistoryAnswer {
        let Some(login) = &self.case.login else {
            return HistoryAnswer::unknown("login");
        };
        let tallies = history::tallies_of(query, &login.row, &self.context.columns);
        if let Some((what, days)) = tallies
            && let Err(error) = self.histories.load_tallies(self.tx, what, days)
        {
            self.error.get_or_insert(error);
            return HistoryAnswer::unknown("history");
        }
        let by = keys_of(query);
        match Key::of(&by, &login.row) {
            Ok(key) => {
                if self.load(&by, &key).is_none() {
                    return HistoryAnswer::unknown("history");
                }
            }
            Err(missing) => return HistoryAnswer::unknown(missing),
        }
        let names = self.names();
        let rows = &mut self.histories;
        ask::history(self.case, login, names, query, value, program, rows)
    }

    fn history_used(
        &mut self,
        query: &HistoryQuery,
        _value: Option<&Value>,
        program: &Program,
    ) -> Vec<PastLogin> {
        let Some(login) = &self.case.login else {
            return Vec::new();
        };
        let names = self.names();
        ask::used(self.case, login, names, query, program, &mut self.histories)
    }

    fn trusted(&mut self, machine: &Value) -> bool {
        let (Value::Machine(machine) | Value::Text(machine)) = machine else {
            return false;
        };
        let Some(account) = self.case.account.as_ref().map(|a| a.id.clone()) else {
            return false;
        };
        match guard::trust::trusted(self.tx, &account, Some(machine)) {
            Ok(trusted) => trusted,
            Err(error) => {
                self.error.get_or_insert(error);
                false
            }
        }
    }

    fn experience(&mut self) -> Experience {
        let Some(key) = self.own_rows() else {
            return Experience::default();
        };
        let Some(login) = &self.case.login else {
            return Experience::default();
        };
        let slice = self.histories.rows(&key, None);
        history::experience(slice, &login.row)
    }
}
