//! What rules can ask of a login in the table. What a field means and how the history is asked
//! stands in `bot::login::ask`, which the live bot uses.

use crate::bot::login::Case;
use crate::bot::login::ask::{self, Answered, Names};
use crate::history::{self, Column, Row};
use crate::lang::builtins::Registry;
use crate::lang::eval::{
    Experience, Facts, HistoryAnswer, Judgement, PastLogin, SignalResult, SignalState,
};
use crate::lang::program::{FieldId, HistoryQuery, Name, Program};
use crate::lang::value::{Spot, Value, View};

use super::super::needs::text_of;
use super::super::symbols::Symbol;
use super::super::table::Table;
use super::rows::Histories;

/// What the signals said, before it is put into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) program: &'a Program,
    pub(super) states: &'a [SignalState],
    pub(super) suspicion: f64,
}

impl Said<'_> {
    /// As the live bot hands it on.
    pub(super) fn judgement(&self) -> Judgement {
        let signals: Vec<SignalResult> = self
            .program
            .signals
            .iter()
            .zip(self.states)
            .enumerate()
            .map(|(index, (signal, state))| SignalResult {
                index,
                name: signal.name.clone(),
                title: signal.title.clone(),
                weight: signal.weight,
                shadow: signal.shadow,
                state: state.clone(),
                values: Vec::new(),
            })
            .collect();
        let mut judgement = Judgement {
            signals,
            suspicion: self.suspicion,
            reasons: String::new(),
        };
        let titles: Vec<&str> = judgement
            .counted()
            .filter(|signal| signal.weight >= 0.0)
            .map(|signal| signal.title.as_str())
            .collect();
        judgement.reasons = titles.join("、");
        judgement
    }
}

/// Fields that are answered in a way of their own.
#[derive(Debug)]
pub(super) struct Ids {
    suspicion: Option<FieldId>,
    login: Option<FieldId>,
    previous: Option<FieldId>,
    agent: Option<FieldId>,
    /// What the signals said, in words.
    told: Vec<FieldId>,
}

impl Ids {
    pub(super) fn new(registry: &Registry) -> Self {
        let all = |path: &str| -> Vec<FieldId> {
            let fields = registry.fields().iter().enumerate();
            fields
                .filter(|(_, field)| field.path == path)
                .filter_map(|(at, _)| u16::try_from(at).ok().map(FieldId))
                .collect()
        };
        let one = |path: &str| match all(path).as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        Self {
            suspicion: all("suspicion").first().copied(),
            login: one("login"),
            previous: one("previous"),
            agent: one("login.agent"),
            told: ["band", "reasons", "signals"]
                .into_iter()
                .flat_map(all)
                .collect(),
        }
    }
}

/// The facts of one login.
pub(super) struct TableFacts<'a, 't> {
    pub(super) table: &'t Table,
    pub(super) names: Names<'a>,
    pub(super) ids: &'a Ids,
    /// Somebody looks on: answers say on how many rows they rest.
    pub(super) observed: bool,
    pub(super) case: &'a Case,
    pub(super) account: Symbol,
    pub(super) said: Option<Said<'a>>,
    pub(super) histories: &'a mut Histories<'t>,
}

impl<'t> TableFacts<'_, 't> {
    /// A text of the login, where it lies; empty when there is none. `None` for other fields, and while
    /// somebody looks on: then the row has them.
    fn text(&self, id: FieldId) -> Option<(Column, &'t str)> {
        if self.observed || self.case.login.is_none() {
            return None;
        }
        let column = self.names.columns.get(id)?;
        let table = self.table;
        let symbol = table.symbol(text_of(column)?, self.histories.row());
        Some((column, table.symbols.text(symbol)))
    }
}

impl Facts for TableFacts<'_, '_> {
    fn field(&mut self, id: FieldId) -> Value {
        if let (true, Some(said)) = (Some(id) == self.ids.suspicion, &self.said) {
            return Value::Number(said.suspicion);
        }
        if !self.observed
            && let Some(login) = &self.case.login
        {
            // Only distances are asked of a login as such.
            if Some(id) == self.ids.login {
                return Value::Login(login.row.bare_point().into());
            }
            if Some(id) == self.ids.previous {
                let previous = self.histories.previous(&login.row);
                return previous.map_or_else(
                    || Value::unknown("previous"),
                    |point| Value::Login(point.into()),
                );
            }
        }
        if let Some((column, text)) = self.text(id) {
            return match (column, text) {
                (_, "") => Value::unknown(column.path()),
                (Column::Machine, machine) => Value::Machine(machine.into()),
                (_, text) => Value::text(text),
            };
        }
        let told = self.ids.told.contains(&id);
        let judgement = self.said.filter(|_| told).map(|said| said.judgement());
        let now = self.case.login.as_ref().map_or(0, |login| login.row.time);
        match ask::field(self.case, judgement.as_ref(), self.names, now, id) {
            Answered::Value(value) => value,
            Answered::Previous => {
                let path = self.names.registry.field_spec(id).path;
                let Some(login) = &self.case.login else {
                    return Value::unknown(path);
                };
                history::previous(self.histories.own(), &login.row)
                    .map(Row::point)
                    .map_or_else(|| Value::unknown(path), |point| Value::Login(point.into()))
            }
        }
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        if Some(id) == self.ids.agent {
            let login = self.case.login.as_ref()?;
            return login.agent.as_deref().map(View::Characters);
        }
        if let Some((_, text)) = self.text(id) {
            return (!text.is_empty()).then_some(View::Characters(text));
        }
        ask::view(self.case, self.names, id)
    }

    fn number(&mut self, id: FieldId) -> Option<f64> {
        ask::number(self.case, self.names, id)
    }

    fn yes_no(&mut self, id: FieldId) -> Option<bool> {
        ask::yes_no(self.case, self.names, id)
    }

    fn spot(&mut self, id: FieldId) -> Option<Spot> {
        if self.observed {
            return None;
        }
        let row = &self.case.login.as_ref()?.row;
        if Some(id) == self.ids.login {
            let (lat, lon) = (Some(row.lat?), Some(row.lon?));
            let time = row.time;
            return Some(Spot { time, lat, lon });
        }
        if Some(id) != self.ids.previous {
            return None;
        }
        self.histories.previous_spot()
    }

    fn name(&mut self, name: &Name) -> Value {
        match name {
            Name::Outcome(name)
            | Name::Capture(name)
            | Name::Slot(name)
            | Name::Variable(name)
            | Name::Raw(name) => Value::unknown(name),
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
        let ask = match self.observed {
            true => ask::history,
            false => ask::history_uncounted,
        };
        ask(
            self.case,
            login,
            self.names,
            query,
            value,
            program,
            self.histories,
        )
    }

    fn at_hand(&mut self, query: &HistoryQuery) -> Option<Value> {
        match self.observed {
            true => None,
            false => self.histories.at_hand(query),
        }
    }

    fn history_used(
        &mut self,
        query: &HistoryQuery,
        _value: Option<&Value>,
        program: &Program,
    ) -> Vec<PastLogin> {
        match &self.case.login {
            Some(login) => ask::used(self.case, login, self.names, query, program, self.histories),
            None => Vec::new(),
        }
    }

    fn trusted(&mut self, machine: &Value) -> bool {
        if self.table.trust.is_empty() {
            return false;
        }
        let (Value::Machine(machine) | Value::Text(machine)) = machine else {
            return false;
        };
        let Some(login) = &self.case.login else {
            return false;
        };
        let (row, now) = (self.histories.row(), login.row.time);
        self.table
            .symbols
            .find(machine.as_bytes())
            .and_then(|symbol| self.table.trust.get(&(self.account, symbol)))
            .is_some_and(|spans| {
                spans
                    .iter()
                    .any(|(since, until)| *since <= row && now < *until)
            })
    }

    fn experience(&mut self) -> Experience {
        match &self.case.login {
            Some(login) => self.histories.experience(&login.row),
            None => Experience::default(),
        }
    }
}
