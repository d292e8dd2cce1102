//! What a backtest says, as data: the JSON report, and what the text and the page are made of.
//!
//! Field names are the interface (`schema` grows when one changes its meaning or goes).

mod charts;
mod clock;
mod html;
mod lacks;
mod pairs;
mod recorded;
mod say;
mod text;

pub use clock::Clock;
pub use html::html;
pub use lacks::LackView;
pub use recorded::{RecordedSignal, RecordedView, recorded};
pub use text::text;

use std::collections::BTreeMap;

use serde::Serialize;

use super::diff::Diff;
use super::input::{InputReport, Reason};
use super::sweep::Sweep;
use super::table::{CAPTCHA, KNOWN, Table};
use super::tally::Figures;
use crate::bot::ruleset::Ruleset;
use crate::lang::builtins::Registry;
use crate::lang::diagnostics::Language;
use crate::lang::program::Program;
use crate::server::rfc3339;

/// The version of the JSON.
pub const SCHEMA: u32 = 3;

/// Everything a backtest says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// Version of the program.
    pub menshen: String,
    /// What was read.
    pub input: InputView,
    /// The rules.
    pub rules: RulesView,
    /// The rules they are compared with.
    pub against: Option<RulesView>,
    /// How it ran.
    pub run: RunView,
    /// What the rules do.
    pub figures: Figures,
    /// What the rules they are compared with do.
    pub old_figures: Option<Figures>,
    /// What differs.
    pub diff: Option<Diff>,
    /// Other constants.
    pub sweep: Option<Sweep>,
    /// What the live server recorded, the newest rule set first; only of a store.
    pub recorded: Option<Vec<RecordedView>>,
    /// What had to hold.
    pub gates: Vec<Gate>,
}

impl Report {
    /// No login counts, in Chinese and English.
    fn nothing_counts(&self) -> Option<(&'static str, &'static str)> {
        (self.figures.totals.days == 0).then_some((
            "预热期（--warm-up）比输入还长：没有一次登录算数，什么也没有判断出来",
            "the warm-up (--warm-up) is longer than the input: no login counts, nothing was found out",
        ))
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InputView {
    /// The files.
    pub files: Vec<FileView>,
    /// Logins used.
    pub logins: u64,
    /// Accounts among them that exist.
    pub accounts: u64,
    /// Names among them that are no account.
    pub other_names: u64,
    /// Logins of names that were no account then.
    pub logins_no_account: u64,
    /// First login, RFC 3339.
    pub first: String,
    /// Last login.
    pub last: String,
    /// Rows that could not be used.
    pub unusable: u64,
    /// By reason.
    pub reasons: Vec<ReasonView>,
    /// Rows that stood before one they are later than; they were put in order.
    pub out_of_order: u64,
    /// Logins that arrived more than ten minutes late: judged, but no rule acted on them.
    pub late: u64,
    /// Logins of one name at the very same moment as another of it: they stand in the order of their rows. 0 where
    /// rows have numbers of arrival or are taken as they stand, and are in no order of time.
    pub same_moment: u64,
    /// Of a server's own history those that were made elsewhere and reported to it, as far as decisions are kept:
    /// captchas and refusals of these are advice.
    pub reported: u64,
    /// Captchas a server asked for (`POST /v1/login`, `POST /v1/attempts`), of attempts that ended there, as far as
    /// decisions are kept (180 days). Who solved one came back with another attempt; who did not is no login, and in no
    /// figure.
    pub captchas_shown: u64,
    /// Logins of its history for which one was solved.
    pub captchas_solved: u64,
    /// Attempts it refused before the password was looked at, likewise: no logins either.
    pub attempts_refused: u64,
    /// When the first decision was made that a server's history still has; unknown without any, and for other inputs.
    pub decided_from: Option<String>,
    /// Logins of it whose decision is gone: whether they were reported, and what else only decisions say, is not known.
    pub decisions_gone: u64,
    /// Logins of a server's own history that it keeps no more, of those that arrived after the first that is there: by
    /// the numbers it gave them. Of names that are no account after `keep_unknown`, of others after `keep`, or because
    /// somebody was erased; when they were made is not known. Rules that count over an address or a machine do not see
    /// them. 0 for other inputs.
    pub gone: u64,
    /// The same of those that arrived before the first that is there.
    pub gone_before: u64,
    /// Labels and how many logins have each.
    pub labels: BTreeMap<String, LabelView>,
    /// Labels of `--labels`; none where there are none.
    pub joined: Option<JoinedView>,
    /// What no row says although rules ask for it.
    pub lacks: Vec<LackView>,
}

/// Labels that stand in files of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinedView {
    /// Their rows.
    pub rows: u64,
    /// Rows that are of no login that is there: neither the identifier nor account and time are those of one.
    pub of_no_login: u64,
    /// Rows that could not be used.
    pub unusable: u64,
    /// Why rows or fields could not be used, such as labels that are neither yes nor no.
    pub reasons: Vec<ReasonView>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Its path; `-` is standard input.
    pub name: String,
    /// What it was taken for.
    pub format: String,
    /// How its text was written: `UTF-8`, or `GBK`, which was told by its bytes.
    pub encoding: &'static str,
    /// Its size on disk.
    pub bytes: u64,
    /// XXH64 of its bytes.
    pub xxh64: String,
}

/// Why rows or fields could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonView {
    /// Its name, the same in every language.
    pub kind: &'static str,
    /// In words, in the language of the report.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The row is used, without this field.
    pub row_is_used: bool,
    /// The first places, `file:line`, and where it helps what stood there.
    pub samples: Vec<String>,
}

/// One label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LabelView {
    /// Logins that have it.
    pub yes: u64,
    /// Logins of which it is known that they have not.
    pub no: u64,
}

/// One rule set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulesView {
    /// Where it is from.
    pub name: String,
    /// SHA-256 of its rules and named lists, in hex: what stands on every decision.
    pub hash: String,
    /// Signals.
    pub signals: usize,
}

/// How it ran.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunView {
    /// Threads.
    pub threads: usize,
    /// Seconds of judging, reading not counted.
    pub seconds: f64,
    /// Logins a second.
    pub logins_per_second: f64,
    /// It was stopped; the figures are over the part done so far.
    pub stopped: bool,
    /// Which part that is; absent when it was not stopped.
    pub part: Option<PartView>,
    /// Logins judged, over all runs.
    pub judged: u64,
    /// The zone in which the text and the page show times; here they are in UTC.
    pub zone: String,
}

/// How far a run came that was stopped. Work goes by name, so of some names there is everything and of others
/// nothing; with rules across accounts also by time, in long stretches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartView {
    /// `file:line` where reading stopped; absent when all of it was read.
    pub read_to: Option<String>,
    /// Attempts behind the warm-up that were judged.
    pub attempts: u64,
    /// Of so many that were read.
    pub of_attempts: u64,
    /// Names of which any attempt was judged.
    pub names: u64,
    /// Of so many.
    pub of_names: u64,
    /// Days that means a day are over: one of which half of the attempts were judged counts half.
    pub days: f64,
    /// Of so many: `totals.span_days`.
    pub of_days: f64,
    /// The share of the attempts judged with other constants; absent when no sweep was asked for.
    pub sweep: Option<f64>,
}

/// The format of a server's own history.
const STORE: &str = "export";

/// What had to hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// The option's name.
    pub name: String,
    /// What was wanted.
    pub wanted: f64,
    /// What is; unknown when the run was stopped before anything was found out, or rules are silent with every
    /// value of a sweep.
    pub is: Option<f64>,
    /// It holds, over all of the input: of a part, nothing has passed.
    pub passed: bool,
    /// It was looked at over all of the input; what holds of a part need not hold of the whole.
    pub whole: bool,
}

impl Gate {
    /// Of the option `name`; of `is` nothing where there was nothing to look at, which is no pass.
    pub(super) fn new(name: &str, wanted: f64, is: Option<f64>) -> Self {
        let mut gate = Self {
            name: name.to_owned(),
            wanted,
            is,
            passed: false,
            whole: true,
        };
        gate.passed = gate.holds();
        gate
    }

    /// It holds of what was looked at.
    fn holds(&self) -> bool {
        self.is.is_some_and(|is| match self.wants_more() {
            true => is >= self.wanted,
            false => is <= self.wanted,
        })
    }

    /// On which side of what was wanted it has to lie.
    fn wants_more(&self) -> bool {
        self.name == MIN_RECALL
    }

    /// What is, with as many digits as tell it from what was wanted.
    fn shown(&self) -> String {
        match self.name.as_str() {
            // Logins are counted.
            NO_LOST => self
                .is
                .map_or_else(|| "–".to_owned(), |is| format!("{is:.0}")),
            // A share has three digits, as beside other shares, whatever limit it is held against.
            MIN_RECALL => text::share_beside(self.is, self.wanted),
            _ => text::beside(self.is, self.wanted),
        }
    }

    /// That side, in Chinese and English.
    fn bound(&self) -> (&'static str, &'static str) {
        match self.wants_more() {
            true => ("不低于", "at least"),
            false => ("不超过", "at most"),
        }
    }

    /// The run was stopped: what holds of a part need not hold of the whole.
    pub(super) fn cut(&mut self) {
        (self.whole, self.passed) = (false, false);
    }
}

/// The gate that counts logins.
pub(super) const NO_LOST: &str = "no-lost-true-positives";
/// The only gate that wants more.
pub(super) const MIN_RECALL: &str = "min-recall";

impl RulesView {
    /// The beginning of its hash, where its name does not say it already.
    fn short(&self) -> Option<&str> {
        let short = self.hash.get(..12)?;
        (!self.name.contains(short)).then_some(short)
    }

    pub(super) fn new(name: &str, rules: &Ruleset) -> Self {
        Self {
            name: name.to_owned(),
            hash: rules.program.hash.clone(),
            signals: rules.program.signals.len(),
        }
    }
}

impl InputView {
    /// Some of it is the history of a store, which knows when each login was reported.
    fn of_store(&self) -> bool {
        self.files.iter().any(|file| file.format == STORE)
    }

    /// Of an input that these rule sets were asked about.
    pub(super) fn new(
        input: &InputReport,
        table: &Table,
        programs: &[&Program],
        registry: &Registry,
        language: Language,
    ) -> Self {
        let (first, last) = table.span().unwrap_or_default();
        let store = input.files.iter().any(|file| file.format == STORE);
        let of_store = |n| if store { n } else { 0 };
        let mut known: Vec<Option<bool>> = vec![None; table.accounts.len()];
        let mut nobody = 0;
        for row in 0..table.len() as u32 {
            let exists = table.has(row, KNOWN);
            nobody += u64::from(!exists);
            let name = &mut known[table.account[row as usize] as usize];
            *name = Some(exists || *name == Some(true));
        }
        let names = |exists| known.iter().filter(|name| **name == Some(exists)).count() as u64;
        let mut labels: BTreeMap<String, LabelView> = BTreeMap::new();
        for (at, name) in table.label_names.iter().enumerate() {
            let view = labels.entry(name.clone()).or_default();
            for said in table.labels.iter().map(|labels| labels.get(at as u8)) {
                view.yes += u64::from(said == Some(true));
                view.no += u64::from(said == Some(false));
            }
        }
        Self {
            files: input
                .files
                .iter()
                .map(|file| FileView {
                    name: file.name.clone(),
                    format: file.format.to_owned(),
                    encoding: file.encoding.name(),
                    bytes: file.bytes,
                    xxh64: file.xxh64.clone(),
                })
                .collect(),
            logins: input.used,
            accounts: names(true),
            other_names: names(false),
            logins_no_account: nobody,
            first: rfc3339(first),
            last: rfc3339(last),
            unusable: input.unusable(),
            reasons: views(input, language),
            out_of_order: input.unordered,
            late: table.late(),
            same_moment: table.same_moment(),
            reported: table.reported,
            captchas_shown: table.ended.captchas,
            captchas_solved: of_store(table.count(CAPTCHA)),
            attempts_refused: table.ended.refused,
            decided_from: table.gone.decided_from.map(rfc3339),
            decisions_gone: table.gone.decisions,
            gone: of_store(table.gone.since),
            gone_before: of_store(table.gone.before),
            labels,
            joined: input.joined.as_ref().map(|joined| JoinedView {
                rows: joined.rows,
                of_no_login: joined.rows - joined.met,
                unusable: joined.report.unusable(),
                reasons: views(&joined.report, language),
            }),
            lacks: lacks::lacks(table, programs, registry, language),
        }
    }
}

fn views(input: &InputReport, language: Language) -> Vec<ReasonView> {
    let reasons = input.reasons.iter();
    reasons
        .map(|(reason, found)| view(*reason, found, language))
        .collect()
}

fn view(
    reason: Reason,
    (count, samples): &(u64, Vec<super::input::Sample>),
    language: Language,
) -> ReasonView {
    let (zh, en) = reason.words();
    ReasonView {
        kind: reason.name(),
        reason: language.pick(zh, en).to_owned(),
        count: *count,
        row_is_used: reason.keeps_row(),
        samples: samples
            .iter()
            .map(|sample| sample.words(&sample.file, language))
            .collect(),
    }
}
