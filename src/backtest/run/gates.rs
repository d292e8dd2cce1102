//! What must hold for the exit code 0, and when that cannot be judged.

use super::{Request, RunError};
use crate::backtest::report::{self, Gate};
use crate::backtest::sweep::{self, Sweep};
use crate::backtest::tally::{Figures, Frame};

/// What must hold for the exit code 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gates {
    /// Prompts a day, the mean over all days, at most.
    pub max_prompts_per_day: Option<f64>,
    /// Prompts per 10,000 good logins, at most; also the budget of a sweep.
    pub max_prompts_per_10k: Option<f64>,
    /// Recall at the login, at least.
    pub min_recall: Option<f64>,
    /// Rules do no less about any attack than the old ones: see [`Measure`](crate::backtest::engine::Measure).
    pub no_lost_true_positives: bool,
}

/// Why a gate cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unjudged {
    /// `--min-recall` without labels.
    RecallWithoutLabels,
    /// `--no-lost-true-positives` without labels.
    LostWithoutLabels,
    /// `--no-lost-true-positives` without `--against`.
    LostWithoutOther,
    /// All there is only makes history.
    InWarmUp,
    /// No good login counts.
    NothingGood,
    /// No labelled attack counts.
    NoAttack,
}

impl Unjudged {
    /// Chinese and English.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::RecallWithoutLabels => (
                "--min-recall 需要有标注的登录，输入里没有",
                "--min-recall needs labelled logins; the input has none",
            ),
            Self::LostWithoutLabels => (
                "--no-lost-true-positives 需要有标注的登录，输入里没有",
                "--no-lost-true-positives needs labelled logins; the input has none",
            ),
            Self::LostWithoutOther => (
                "--no-lost-true-positives 要和 --against 一起用",
                "--no-lost-true-positives needs --against",
            ),
            Self::InWarmUp => (
                "预热期（--warm-up）之后没有登录：这些要求无从判断",
                "no login lies behind the warm-up (--warm-up): what had to hold cannot be judged",
            ),
            Self::NothingGood => (
                "统计的日子里（--warm-up、--last）没有正常登录：--max-prompts-per-day、--max-prompts-per-10k 的上限说明不了什么",
                "no good login lies within the days that count (--warm-up, --last): --max-prompts-per-day and --max-prompts-per-10k say nothing",
            ),
            Self::NoAttack => (
                "统计的日子里（--warm-up、--last）没有密码正确、标注为攻击的登录：--min-recall、--no-lost-true-positives 无从判断发现或漏掉",
                "no labelled attack with the right password lies within the days that count (--warm-up, --last): --min-recall and --no-lost-true-positives cannot say what is found or lost",
            ),
        }
    }
}

/// Refuses gates that nothing of the input can answer.
pub(super) fn check_gates(request: &Request, frame: &Frame) -> Result<(), RunError> {
    if request.gates.min_recall.is_some() && frame.label.is_none() {
        return Err(RunError::Gate(Unjudged::RecallWithoutLabels));
    }
    if request.gates.no_lost_true_positives && frame.label.is_none() {
        return Err(RunError::Gate(Unjudged::LostWithoutLabels));
    }
    if request.gates.no_lost_true_positives && request.against.is_none() {
        return Err(RunError::Gate(Unjudged::LostWithoutOther));
    }
    Ok(())
}

/// Refuses gates where all there is only makes history.
pub(super) fn behind_warm_up(request: &Request, frame: &Frame) -> Result<(), RunError> {
    let asked = &request.gates;
    let any = asked.max_prompts_per_day.is_some()
        || asked.max_prompts_per_10k.is_some()
        || asked.min_recall.is_some()
        || asked.no_lost_true_positives;
    if any && frame.from > frame.to {
        return Err(RunError::Gate(Unjudged::InWarmUp));
    }
    Ok(())
}

/// What had to hold, and whether it does. Nothing holds of logins that were not judged: that a gate passes
/// on none of them would say the rules are good. Of a run that was `cut` short the rest is told all the same.
/// Where a sweep chooses values, all gates are about these.
pub(super) fn gates(
    request: &Request,
    figures: &Figures,
    swept: Option<&Sweep>,
    lost: Option<u64>,
    cut: bool,
) -> Result<Vec<Gate>, RunError> {
    let mut gates = Vec::new();
    let asked = &request.gates;
    let prompts = asked.max_prompts_per_day.or(asked.max_prompts_per_10k);
    let no_good = figures.totals.prompts_per_10k.is_none();
    if prompts.is_some() && no_good && !cut {
        return Err(RunError::Gate(Unjudged::NothingGood));
    }
    let labels = figures.labels.as_ref();
    let own = labels.and_then(|labels| labels.logins.recall);
    let chosen = swept.and_then(Sweep::chosen);
    let recall = match (request.variants.is_empty(), asked.max_prompts_per_10k) {
        (false, Some(_)) => chosen.and_then(|point| point.all.recall),
        _ => own,
    };
    if (asked.min_recall.is_some() || asked.no_lost_true_positives) && own.is_none() && !cut {
        return Err(RunError::Gate(Unjudged::NoAttack));
    }
    if let Some(most) = asked.max_prompts_per_day {
        let is = chosen.map_or(figures.load.prompts_per_day, |point| point.prompts_per_day);
        let is = Some(is).filter(|_| !no_good);
        gates.push(Gate::new("max-prompts-per-day", most, is));
    }
    if let (Some(most), true) = (asked.max_prompts_per_10k, request.variants.is_empty()) {
        let is = figures.totals.prompts_per_10k;
        gates.push(Gate::new(sweep::GATE, most, is));
    }
    if let Some(least) = asked.min_recall {
        gates.push(Gate::new(report::MIN_RECALL, least, recall));
    }
    if asked.no_lost_true_positives {
        let lost = chosen.map_or(lost, |point| point.attacks_lost);
        let is = own.map(|_| lost.unwrap_or(0) as f64);
        gates.push(Gate::new(report::NO_LOST, 0.0, is));
    }
    Ok(gates)
}
