//! What conditions and templates of login-side rules can ask: the login, its account, the history.

use crate::bot::context::Context;
use crate::bot::subject;
use crate::bot::subject::AlertCase;
use crate::guard::{self, KeptRows};
use crate::history::{self, Key, Present, Row, Rows, keys_of};
use crate::lang::eval::{Experience, Facts, HistoryAnswer, Judgement};
use crate::lang::program::{ByKey, FieldId, HistoryQuery, Name, Program};
use crate::lang::value::{LoginPoint, Value};
use crate::store::records::Account;
use crate::store::{StoreError, Tx};

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
    /// It was reported more than ten minutes late: judged and recorded, it never acts.
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
            histories: KeptRows::default(),
        }
    }

    /// Loads the rows under `key` once, as far back as any rule looks under these keys.
    fn load(&mut self, by: &[ByKey], key: &Key) -> Option<()> {
        let window = self
            .context
            .rules
            .windows
            .iter()
            .find(|need| need.by == by)
            .and_then(|need| need.window);
        let present = self.case.login.as_ref()?.row.time;
        let after = window.map(|window| present.saturating_sub(window));
        match self.histories.load(self.tx, key, after) {
            Ok(()) => Some(()),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
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

    fn login_field(&mut self, id: FieldId, name: &str, path: &str) -> Value {
        let Some(login) = &self.case.login else {
            return match name {
                "known" | "legal" | "captcha" | "late" => Value::YesNo(false),
                _ => Value::unknown(path),
            };
        };
        let text = |value: &Option<String>| {
            value
                .as_deref()
                .map_or_else(|| Value::unknown(path), Value::text)
        };
        match name {
            "" => Value::Login(login.row.point().into()),
            "known" => Value::YesNo(self.case.account.is_some()),
            "captcha" => Value::YesNo(login.captcha),
            "late" => Value::YesNo(login.late),
            "agent" => text(&login.agent),
            "session" => text(&login.session),
            "success" => login
                .success
                .map_or_else(|| Value::unknown(path), Value::YesNo),
            "place" => Value::Place(login.row.place().into()),
            _ => match self.context.columns.get(id) {
                Some(column) => login.row.field(column),
                None => Value::unknown(path),
            },
        }
    }
}

impl std::fmt::Debug for CaseFacts<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseFacts")
    }
}

impl Facts for CaseFacts<'_, '_> {
    fn field(&mut self, id: FieldId) -> Value {
        let path = self.context.registry.field_spec(id).path;
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match root {
            "login" => self.login_field(id, rest, path),
            "previous" => self
                .previous()
                .map_or_else(|| Value::unknown(path), |point| Value::Login(point.into())),
            "account" => {
                subject::account_field(self.case.account.as_ref(), self.case.locked, rest, path)
            }
            "alert" => subject::alert_field(self.case.alert.as_ref(), rest, path),
            "bound" => Value::YesNo(self.case.bound),
            "now" => Value::Time(match &self.case.login {
                Some(login) => login.row.time,
                None => self.tx.now(),
            }),
            "reason" => self
                .case
                .reason
                .as_deref()
                .map_or_else(|| Value::unknown(path), Value::text),
            "suspicion" => self
                .judgement
                .as_ref()
                .map_or_else(|| Value::unknown(path), |j| Value::Number(j.suspicion)),
            "reasons" => self
                .judgement
                .as_ref()
                .map_or_else(|| Value::unknown(path), |j| Value::text(&j.reasons)),
            "signals" => self.judgement.as_ref().map_or_else(
                || Value::unknown(path),
                |j| Value::List(j.names().into_iter().map(Value::text).collect()),
            ),
            _ => Value::unknown(path),
        }
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
        let by = keys_of(query);
        match Key::of(&by, &login.row) {
            Ok(key) => {
                if self.load(&by, &key).is_none() {
                    return HistoryAnswer::unknown("history");
                }
            }
            Err(missing) => return HistoryAnswer::unknown(missing),
        }
        let registry = &self.context.registry;
        let case = self.case;
        // Fields that are no columns, inside `where:`.
        let field = |id: FieldId| match registry.field_spec(id).path {
            "login.agent" => login
                .agent
                .as_deref()
                .map_or_else(|| Value::unknown("login.agent"), Value::text),
            "login.known" => Value::YesNo(case.account.is_some()),
            "login.captcha" => Value::YesNo(login.captcha),
            "login.late" => Value::YesNo(login.late),
            "bound" => Value::YesNo(case.bound),
            "now" => Value::Time(login.row.time),
            other => Value::unknown(other),
        };
        let present = Present {
            row: &login.row,
            columns: &self.context.columns,
            field: &field,
        };
        history::evaluate(query, value, program, &present, &mut self.histories)
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
