//! Runs rule sets over the table: the live evaluator and the live history code, many logins at once.
//!
//! Work goes account by account, which threads share; what other accounts did is looked up in the
//! table, so the answer is exact and the same for any number of threads. Rules that look across
//! accounts make it go through time in stretches, so that what is looked up stays near.

mod alerts;
mod counts;
mod facts;
mod index;
mod loaded;
mod outcome;
mod places;
mod reach;
mod rows;
mod same;
mod sheet;
mod stage;
mod told;
mod wish;
mod worker;

pub use alerts::Prompt;
pub use outcome::{Measure, Outcome, Seen};
pub use stage::Prepared;
pub use told::{Asked, Told};
pub use wish::{AskedRule, Does, RuleSaid, RuleState, asked};

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;

use crate::bot::api::SignalView;
use crate::bot::login::decide;
use crate::bot::ruleset::Ruleset;
use crate::guard::Limits;
use crate::history::{Column, Columns, Plan, Planned};
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::eval::Judgement;
use crate::lang::program::{ByKey, HistoryQuery, Program};

use super::input::Watch;
use super::needs::Columns as Needs;
use super::symbols::Symbol;
use super::table::{JUDGED, Made, Maker, SUCCESS, Table};
use alerts::Alerts;
use facts::Ids;
use index::{Groups, KeyIndex};
use reach::{Reach, reaches};
use rows::{Histories, Shared};
use stage::Stage;
use worker::Worker;

/// Rows worked on at a stretch when rules look across accounts. Shorter ones keep less in memory, but
/// every account's history is made anew in each.
const STRETCH: usize = 1 << 22;
/// Accounts a thread takes at a time.
const TAKE: usize = 32;
/// Logins of one account made ready at a time.
const SEGMENT: usize = 2_048;
/// Rows looked at side by side before they are gone through: more would push each other out again.
const TOUCHED: usize = 256;
/// Locks the accounts' alerts are spread over.
const SHARDS: usize = 64;

/// Takes what the engine finds. One per thread; what they took is put together afterwards, so the
/// order in which accounts come must not matter.
pub trait Sink: Send {
    /// A login and what each rule set says of it. Logins of one account come in their order.
    fn login(&mut self, seen: &Seen<'_>);
}

/// What the engine runs with.
pub struct Engine<'t> {
    table: &'t Table,
    registry: &'t Registry,
    zone: TimeZone,
    limits: Limits,
    columns: Columns,
    ids: Ids,
    variants: Vec<Prepared>,
    accounts: Groups,
    indexes: Vec<KeyIndex>,
    counts: Vec<counts::Counts>,
    reaches: Vec<Reach>,
    /// Addresses by number, when they are asked for and no index has them.
    addresses: Option<KeyIndex>,
    plan: Plan,
    /// By rule set: the window of the plan its accounts' rows lie in.
    own: Vec<usize>,
    /// What is asked of the login that is judged, besides what the plan answers.
    present: Made,
    /// What is asked of an account's past rows, likewise.
    past: Made,
    /// Threads to use.
    pub threads: usize,
    /// Look for the signals without which there would be no alert.
    pub decisive: bool,
    /// The zone explanations show times in; without it that of each account, as live.
    pub shown_in: Option<TimeZone>,
    /// The language of explanations; that of the live bot unless said otherwise.
    pub language: Language,
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("rows", &self.table.len())
            .field("variants", &self.variants.len())
            .finish_non_exhaustive()
    }
}

/// One login explained.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What the signals say, with values.
    pub judgement: Judgement,
    /// The text the live bot would keep.
    pub text: String,
}

/// The signals of a judgement as a decision's record holds them.
pub fn views(judgement: &Judgement, zone: &TimeZone) -> Vec<SignalView> {
    judgement
        .signals
        .iter()
        .map(|signal| decide::view(signal, zone))
        .collect()
}

/// A piece of work: some logins of one account, by their place among its rows.
#[derive(Debug, Clone, Copy)]
struct Piece {
    account: Symbol,
    from: u32,
    to: u32,
    /// Successes before them.
    before: u32,
}

/// How many logins of each account were gone through, and successes among them.
#[derive(Debug)]
pub struct Cursors(Vec<(u32, u32)>);

impl Cursors {
    /// Before the first login of a table.
    pub fn new(table: &Table) -> Self {
        Self(vec![(0, 0); table.accounts.len()])
    }
}

impl<'t> Engine<'t> {
    /// Prepares `variants` over `table`. `zone` is that of accounts without one.
    pub fn new(
        table: &'t Table,
        registry: &'t Registry,
        variants: Vec<Arc<Ruleset>>,
        zone: TimeZone,
        limits: Limits,
    ) -> Self {
        let mut variants: Vec<Prepared> = variants.into_iter().map(Prepared::new).collect();
        same::find(&mut variants);
        let reaches = reaches(&variants, registry);
        let mut indexes: Vec<KeyIndex> = reaches
            .iter()
            .filter(|reach| reach.by != ByKey::Account)
            .map(|reach| KeyIndex::new(reach.by, table))
            .collect();
        let columns = Columns::of(registry);
        let counts = counts::needed(&variants, &columns, table);
        let programs = || variants.iter().map(Prepared::program);
        let asks_for_addresses = programs()
            .flat_map(|program| Plan::columns(&program.queries, &columns))
            .any(|column| column == Column::Ip);
        let indexed = indexes.iter().any(|index| index.by == ByKey::Ip);
        let addresses = (asks_for_addresses && !indexed).then(|| KeyIndex::named(ByKey::Ip, table));
        let numbered = |column| sheet::numbered(column, asks_for_addresses);
        let mut plan = Plan::new(programs(), &columns, numbered);
        for index in &mut indexes {
            index.prepare(plan.asks_of(index.by), table);
        }
        let own = |variant: &Prepared| {
            let mut needs = variant.windows.iter();
            let need = needs.find(|need| *need.by == [ByKey::Account]);
            need.and_then(|need| need.window)
        };
        let own = variants.iter().map(|one| plan.window(own(one))).collect();
        let (mut present, mut past) = (Needs::default(), Needs::default());
        for (rules, program) in programs().enumerate() {
            let answered =
                |query: &HistoryQuery| plan.get(rules, query).is_some_and(Planned::is_always);
            present = present.and(&Needs::of_present(program, registry, answered));
            past = past.and(&Needs::of_unanswered(program, registry, answered));
        }
        let (present, past) = (Made::of(&present), Made::of(&past));
        Self {
            table,
            registry,
            zone,
            limits,
            columns,
            ids: Ids::new(registry),
            variants,
            accounts: index::by_account(table),
            indexes,
            counts,
            reaches,
            addresses,
            plan,
            own,
            present,
            past,
            threads: 1,
            decisive: false,
            shown_in: None,
            language: Language::default(),
        }
    }

    /// The rule sets.
    pub fn variants(&self) -> &[Prepared] {
        &self.variants
    }

    /// How often an owner is asked on one day.
    pub(super) fn prompts_per_day(&self) -> u32 {
        self.limits.prompts_per_day
    }

    /// What fields there are.
    pub(super) fn registry(&self) -> &Registry {
        self.registry
    }

    /// The rules of a rule set.
    pub fn program(&self, variant: usize) -> &Program {
        &self.variants[variant].rules.program
    }

    /// The zone an account's times are shown in.
    pub fn zone_of(&self, account: Symbol) -> &TimeZone {
        let own = || self.table.zones.get(&account).unwrap_or(&self.zone);
        self.shown_in.as_ref().unwrap_or_else(own)
    }

    /// Judges every login. Gives back the sinks, one per thread.
    pub fn run<S: Sink>(&self, sink: impl Fn() -> S + Sync, watch: &Watch) -> Vec<S> {
        let n = self.table.len();
        let stretch = if self.indexes.is_empty() { n } else { STRETCH };
        let mut sinks: Vec<S> = (0..self.threads.max(1)).map(|_| sink()).collect();
        let alerts: Vec<Mutex<HashMap<Symbol, Vec<Alerts>>>> =
            (0..SHARDS).map(|_| Mutex::default()).collect();
        // How many logins of each account were judged, and successes among them.
        let mut cursors = match self.indexes.is_empty() {
            true => Vec::new(),
            false => Cursors::new(self.table).0,
        };
        let mut from = 0;
        while from < n && !watch.stopped() {
            let to = (from + stretch).min(n);
            let pieces = self.pieces(from, to, &mut cursors);
            let next = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for sink in &mut sinks {
                    let (pieces, next, alerts) = (&pieces, &next, &alerts);
                    scope.spawn(move || {
                        let mut worker = self.worker(from, to);
                        loop {
                            let at = next.fetch_add(TAKE, Ordering::Relaxed);
                            let Some(some) = pieces.get(at..pieces.len().min(at + TAKE)) else {
                                break;
                            };
                            if some.is_empty() || watch.stopped() {
                                break;
                            }
                            let mut done = 0;
                            let (mut touched, mut rows) = (0, 0);
                            for (at, piece) in some.iter().enumerate() {
                                while rows < TOUCHED && touched < some.len() {
                                    rows += self.touch(&some[touched]);
                                    touched += 1;
                                }
                                if touched == at + 1 {
                                    rows = 0;
                                }
                                done += worker.piece(*piece, alerts, sink, watch);
                            }
                            watch.judged.fetch_add(done, Ordering::Relaxed);
                        }
                    });
                }
            });
            from = to;
        }
        sinks
    }

    /// Looks at what a piece will ask for, so that it is near: how many rows that were.
    fn touch(&self, piece: &Piece) -> usize {
        let rows = self.accounts.rows(piece.account);
        let (from, to) = (piece.from as usize, piece.to as usize);
        // The rows before are looked back at.
        let past = from.saturating_sub(SEGMENT / 2);
        let rows = &rows[past..to.min(from + SEGMENT)];
        self.table.touch(rows);
        for index in &self.indexes {
            index.touch(rows, self.table);
        }
        rows.len()
    }

    /// Explains what a rule set says of some logins, given in any order, each as it happened.
    pub fn explain(&self, rows: &[u32], variant: usize) -> Vec<Explained> {
        let right = |row: u32| self.table.has(row, JUDGED);
        self.explain_where(rows, variant, right)
    }

    /// What rules `on attempt` said before a login, in the words the live bot keeps: whether one acted, and the
    /// text; `None` when there are none.
    pub fn explain_attempt(&self, row: u32, variant: usize) -> Option<(bool, String)> {
        let mut told = None;
        self.each(&[row], |worker, account, all, at| {
            told = worker.attempt(account, all, at, variant);
        });
        told
    }

    /// The same as if every password had been right.
    pub fn explain_as_if_right(&self, rows: &[u32], variant: usize) -> Vec<Explained> {
        self.explain_where(rows, variant, |_| true)
    }

    fn explain_where(
        &self,
        rows: &[u32],
        variant: usize,
        right: impl Fn(u32) -> bool,
    ) -> Vec<Explained> {
        let mut explained = Vec::with_capacity(rows.len());
        self.each(rows, |worker, account, all, at| {
            explained.push(worker.explain(account, all, at, variant, right(all[at])));
        });
        explained
    }

    /// What the signals and rules of a rule set say of some logins, given in any order, each as it happened.
    /// `others`: for each login a suspicion to ask the rules about besides.
    pub fn told(&self, rows: &[u32], variant: usize, others: Option<&[f64]>) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::with_capacity(rows.len());
        self.each(rows, |worker, account, all, at| {
            let other = others.and_then(|others| others.get(told.len()).copied());
            told.push(worker.told(account, all, at, (variant, other)));
        });
        told
    }

    /// What a rule set decides on the logins `from..to`, in the words of the live bot, in no order:
    /// signals are silent on those with a wrong password, for which `on failure` rules are told. `make`
    /// makes of each, on the thread that has it, what is given back. Stretches come one after another,
    /// with the same `cursors`, which begin as [`Cursors::new`] makes them. Some are missing when `watch` says
    /// stop.
    pub fn decide<T: Send>(
        &self,
        (from, to): (usize, usize),
        variant: usize,
        cursors: &mut Cursors,
        watch: &Watch,
        make: impl Fn(u32, Explained) -> T + Sync,
    ) -> Vec<(u32, T)> {
        let pieces = self.pieces(from, to, &mut cursors.0);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            let mut worker = self.worker(from, to);
            while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                worker.decide(*piece, variant, watch, |row, told| {
                    made.push((row, make(row, told)))
                });
            }
            made
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1))
                .map(|_| scope.spawn(work))
                .collect();
            let joined = threads.into_iter().flat_map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect()
        })
    }

    /// Finds the account of each row, its rows, and the place among them.
    fn each<'e>(
        &'e self,
        rows: &[u32],
        mut tell: impl FnMut(&mut Worker<'e>, Symbol, &'e [u32], usize),
    ) {
        for row in rows {
            let account = self.table.account[*row as usize];
            let all = self.accounts.rows(account);
            let at = all.partition_point(|known| known < row);
            let mut worker = self.worker(*row as usize, *row as usize + 1);
            tell(&mut worker, account, all, at);
        }
    }

    /// The logins `from..to`, by account. Accounts in the order in which they first come.
    fn pieces(&self, from: usize, to: usize, cursors: &mut [(u32, u32)]) -> Vec<Piece> {
        let mut place: hashbrown::HashMap<Symbol, usize> = hashbrown::HashMap::new();
        let mut pieces: Vec<Piece> = Vec::new();
        if cursors.is_empty() {
            let all = 0..self.table.accounts.len() as u32;
            return all
                .map(|account| Piece {
                    account,
                    from: 0,
                    to: self.accounts.rows(account).len() as u32,
                    before: 0,
                })
                .filter(|piece| piece.to > 0)
                .collect();
        }
        for row in from..to {
            let account = self.table.account[row];
            let cursor = &mut cursors[account as usize];
            let at = *place.entry(account).or_insert_with(|| {
                pieces.push(Piece {
                    account,
                    from: cursor.0,
                    to: cursor.0,
                    before: cursor.1,
                });
                pieces.len() - 1
            });
            pieces[at].to += 1;
            cursor.0 += 1;
            cursor.1 += u32::from(self.table.has(row as u32, SUCCESS));
        }
        pieces
    }

    fn worker(&self, from: usize, to: usize) -> Worker<'_> {
        let maker = Maker::new(self.table, self.zone.clone());
        let addresses = self.indexes.iter().find(|index| index.by == ByKey::Ip);
        let shared = Shared {
            table: self.table,
            indexes: &self.indexes,
            addresses: self.addresses.as_ref().or(addresses),
            counts: &self.counts,
            reaches: &self.reaches,
            plan: &self.plan,
            own: &self.own,
            present: self.present,
            past: self.past,
        };
        let mut histories = Histories::new(shared, maker);
        let first = self.table.time[from..to].iter().min().copied();
        histories.enter(from as u32, to as u32, first.unwrap_or(i64::MIN));
        Worker {
            engine: self,
            stage: Stage {
                table: self.table,
                registry: self.registry,
                columns: &self.columns,
                ids: &self.ids,
                observed: false,
                limits: &self.limits,
                variants: &self.variants,
                histories,
                decisive: self.decisive,
                agent: None,
            },
            outcomes: vec![Outcome::default(); self.variants.len()],
        }
    }
}
