//! Which rule of one rule set is which of another: lines of a file move, and rules have no other names.

use crate::backtest::tally::RuleFigures;

/// A rule of the old set and one of the new.
pub(super) type Pair<'f> = (Option<&'f RuleFigures>, Option<&'f RuleFigures>);

/// Those that are written alike, then, of what is left, those with the same condition, then those for the same event
/// that can do the same, each in their order; the others alone. In the order of the new rules, what is gone at the end.
pub(super) fn pairs<'f>(old: &'f [RuleFigures], new: &'f [RuleFigures]) -> Vec<Pair<'f>> {
    let mut of: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    let alike: [fn(&RuleFigures, &RuleFigures) -> bool; 3] = [
        |a, b| a.head == b.head && a.does == b.does,
        |a, b| a.head == b.head,
        |a, b| a.does == b.does,
    ];
    for same in alike {
        for (at, rule) in new.iter().enumerate() {
            if of[at].is_some() {
                continue;
            }
            let matches = |was: &RuleFigures| was.on == rule.on && same(was, rule);
            let found = (0..old.len()).find(|was| !taken[*was] && matches(&old[*was]));
            if let Some(was) = found {
                (of[at], taken[was]) = (Some(was), true);
            }
        }
    }
    let kept = new.iter().zip(of);
    let mut pairs: Vec<Pair<'f>> = kept
        .map(|(rule, was)| (was.map(|was| &old[was]), Some(rule)))
        .collect();
    let gone = old.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(gone.map(|(rule, _)| (Some(rule), None)));
    pairs
}
