//! One thread's work: the logins of an account one after another, or one of them explained.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bot::login::{Case, decide};
use crate::lang::eval::{Judgement, Telling};
use crate::lang::program::EventName;
use crate::store::records::Account;

use super::super::input::Watch;
use super::super::symbols::Symbol;
use super::super::table::{JUDGED, KNOWN, SUCCESS};
use super::alerts::Alerts;
use super::outcome::{Outcome, Seen};
use super::stage::Stage;
use super::told::Told;
use super::{Engine, Explained, Piece, SEGMENT, SHARDS, Sink};

/// What one thread works with.
pub(super) struct Worker<'e> {
    pub(super) engine: &'e Engine<'e>,
    pub(super) stage: Stage<'e, 'e>,
    pub(super) outcomes: Vec<Outcome>,
}

impl<'e> Worker<'e> {
    /// Judges the logins of a piece: how many, all of them unless `watch` says stop.
    pub(super) fn piece<S: Sink>(
        &mut self,
        piece: Piece,
        alerts: &[Mutex<HashMap<Symbol, Vec<Alerts>>>],
        sink: &mut S,
        watch: &Watch,
    ) -> u64 {
        let table = self.engine.table;
        let all = self.engine.accounts.rows(piece.account);
        let name: Arc<str> = table.accounts.text(piece.account).into();
        let (from, to) = (piece.from as usize, piece.to as usize);
        let mut successes = piece.before;
        let shard = &alerts[piece.account as usize % SHARDS];
        let lock = || shard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = match from {
            0 => None,
            _ => lock().remove(&piece.account),
        }
        .unwrap_or_else(|| vec![Alerts::default(); self.outcomes.len()]);
        let mut case = self.case(piece.account, all);
        let mut start = from;
        while start < to {
            let end = (start + SEGMENT).min(to);
            self.stage.histories.load_account(all, start, end, &name);
            for (at, row) in all.iter().enumerate().take(end).skip(start) {
                // One login may ask for many long windows, and an account may have many logins.
                if watch.stopped() {
                    return (at - from) as u64;
                }
                self.account(table.has(*row, KNOWN), piece.account, all, &mut case);
                self.stage.case(*row, at, &mut case);
                self.stage.judge(
                    *row,
                    piece.account,
                    &mut case,
                    &mut kept,
                    &mut self.outcomes,
                );
                sink.login(&Seen {
                    table,
                    row: *row,
                    account: piece.account,
                    first: at == 0,
                    before: successes,
                    known_since: self.stage.histories.known_since(),
                    outcomes: &self.outcomes,
                });
                successes += u32::from(table.has(*row, SUCCESS));
            }
            start = end;
        }
        if to < all.len() && kept.iter().any(Alerts::any) {
            lock().insert(piece.account, kept);
        }
        (to - from) as u64
    }

    /// Explains the login at `at` of an account's rows.
    pub(super) fn explain(
        &mut self,
        account: Symbol,
        all: &'e [u32],
        at: usize,
        variant: usize,
        success: bool,
    ) -> Explained {
        self.watched();
        let name: Arc<str> = self.engine.table.accounts.text(account).into();
        self.stage.histories.load_account(all, at, at + 1, &name);
        let mut case = self.case(account, all);
        self.explained(account, all, at, variant, success, &mut case)
    }

    /// Tells of the attempt before the login at `at` of an account's rows, as the live bot keeps it: whether a rule
    /// acted, and the text. `None` where no rule is asked.
    pub(super) fn attempt(
        &mut self,
        account: Symbol,
        all: &'e [u32],
        at: usize,
        variant: usize,
    ) -> Option<(bool, String)> {
        let event = EventName::Attempt;
        if self.engine.variants()[variant].of(&event).is_empty() {
            return None;
        }
        let (case, telling) = self.one(account, all, at);
        let nothing = Judgement::default();
        let why = self
            .stage
            .why(variant, &event, account, &case, &nothing, telling);
        let acted = self.stage.acted(variant, &event, account, &case);
        let text = decide::acted(&acted, &why, telling.language());
        Some((!acted.is_empty(), text))
    }

    /// Explains the logins of a piece one after another, as the live bot would have told them: what was
    /// made of their account's past is there for all of them.
    pub(super) fn decide(
        &mut self,
        piece: Piece,
        variant: usize,
        watch: &Watch,
        mut give: impl FnMut(u32, Explained),
    ) {
        self.watched();
        let table = self.engine.table;
        let all = self.engine.accounts.rows(piece.account);
        let name: Arc<str> = table.accounts.text(piece.account).into();
        let (mut start, to) = (piece.from as usize, piece.to as usize);
        let mut case = self.case(piece.account, all);
        while start < to {
            let end = (start + SEGMENT).min(to);
            self.stage.histories.load_account(all, start, end, &name);
            for (at, row) in all.iter().enumerate().take(end).skip(start) {
                if watch.stopped() {
                    return;
                }
                let success = table.has(*row, JUDGED);
                let told = self.explained(piece.account, all, at, variant, success, &mut case);
                give(*row, told);
            }
            start = end;
        }
    }

    /// Tells of the login at `at` of an account's rows, as it happened, what each signal and rule says; of rules
    /// also what they would say had the suspicion been `other`.
    pub(super) fn told(
        &mut self,
        account: Symbol,
        all: &'e [u32],
        at: usize,
        (variant, other): (usize, Option<f64>),
    ) -> Told {
        let (mut case, telling) = self.one(account, all, at);
        let ended = (self.engine.table.has(all[at], JUDGED), other);
        self.stage.told(variant, account, &mut case, ended, telling)
    }

    /// Makes ready the login at `at` of an account's rows alone, for somebody who looks on.
    fn one(&mut self, account: Symbol, all: &'e [u32], at: usize) -> (Case, Telling<'e>) {
        self.watched();
        let (engine, row) = (self.engine, all[at]);
        let name: Arc<str> = engine.table.accounts.text(account).into();
        self.stage.histories.load_account(all, at, at + 1, &name);
        let mut case = Case::default();
        self.account(engine.table.has(row, KNOWN), account, all, &mut case);
        self.stage.case(row, at, &mut case);
        let telling = Telling::new(engine.zone_of(account), engine.language);
        (case, telling)
    }

    /// Somebody looks on from now on.
    fn watched(&mut self) {
        self.stage.observed = true;
        self.stage.histories.observed = true;
    }

    /// One login of the loaded account.
    fn explained(
        &mut self,
        account: Symbol,
        all: &'e [u32],
        at: usize,
        variant: usize,
        success: bool,
        case: &mut Case,
    ) -> Explained {
        let table = self.engine.table;
        let known = all.get(at).is_some_and(|row| table.has(*row, KNOWN));
        self.account(known, account, all, case);
        self.stage.case(all[at], at, case);
        let program = self.engine.program(variant);
        let telling = Telling::new(self.engine.zone_of(account), self.engine.language);
        if !success {
            return self.refused(account, case, variant, telling);
        }
        let (judgement, traces) = self.stage.explain(variant, account, case);
        let event = EventName::Login;
        let why = self
            .stage
            .why(variant, &event, account, case, &judgement, telling);
        let text = decide::explanation(program, &judgement, &traces, &why, telling);
        Explained { judgement, text }
    }

    /// A login with a wrong password: no signal, only `on failure` rules.
    fn refused(
        &mut self,
        account: Symbol,
        case: &mut Case,
        variant: usize,
        telling: Telling<'_>,
    ) -> Explained {
        if let Some(login) = &mut case.login {
            login.success = Some(false);
        }
        let (event, judgement) = (EventName::Failure, Judgement::default());
        let why = self
            .stage
            .why(variant, &event, account, case, &judgement, telling);
        let acted = self.stage.acted(variant, &event, account, case);
        Explained {
            judgement,
            text: decide::acted(&acted, &why, telling.language()),
        }
    }

    fn case(&self, account: Symbol, all: &[u32]) -> Case {
        let mut case = Case::default();
        self.account(true, account, all, &mut case);
        case
    }

    /// Sets the account of a case, unless there is none.
    fn account(&self, known: bool, account: Symbol, all: &[u32], case: &mut Case) {
        let table = self.engine.table;
        if known == case.account.is_some() {
            return;
        }
        case.bound = known;
        case.account = known.then(|| match table.people.get(&account) {
            Some(person) => person.clone(),
            None => {
                let since = all.first().map_or(0, |row| table.time[*row as usize]);
                Account::known_since(table.accounts.text(account), since)
            }
        });
    }
}
