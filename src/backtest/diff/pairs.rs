//! Which rule of the old rules is which of the new ones.
//!
//! Rules have no names but their lines, which move. The same text is the same rule; then the same condition, then
//! the same actions; of what is left as many on both sides are taken in their order.

use crate::lang::program::{Program, Rule, RuleId};
use crate::lang::span::Span;

/// A rule before and now; one of them may be missing.
pub(super) type Pair = (Option<RuleId>, Option<RuleId>);

/// Pairs the rules for one event, in the order of the new ones; those that are gone come last.
pub(super) fn pairs(old: (&Program, &[RuleId]), new: (&Program, &[RuleId])) -> Vec<Pair> {
    let mut of_new: Vec<Option<RuleId>> = vec![None; new.1.len()];
    let mut left: Vec<RuleId> = old.1.to_vec();
    let texts: [fn(&Program, &Rule) -> String; 3] = [
        |program, rule| text(program, rule.span),
        |program, rule| text(program, rule.head),
        |program, rule| text(program, rule.body.span),
    ];
    for text in texts {
        let all = left.iter().map(|id| text(old.0, rule_of(old.0, *id)));
        let mut known: Vec<String> = all.collect();
        for (place, id) in of_new.iter_mut().zip(new.1) {
            if place.is_some() {
                continue;
            }
            let wanted = text(new.0, rule_of(new.0, *id));
            if let Some(found) = known.iter().position(|known| *known == wanted) {
                known.remove(found);
                *place = Some(left.remove(found));
            }
        }
    }
    if of_new.iter().filter(|old| old.is_none()).count() == left.len() {
        let mut rest = left.drain(..);
        for place in of_new.iter_mut().filter(|old| old.is_none()) {
            *place = rest.next();
        }
    }
    let now = of_new.into_iter().zip(new.1.iter().copied().map(Some));
    now.chain(left.into_iter().map(|gone| (Some(gone), None)))
        .collect()
}

/// The rule of this number.
pub(super) fn rule_of(program: &Program, id: RuleId) -> &Rule {
    &program.rules[id.0 as usize]
}

/// Source in one line.
pub(super) fn text(program: &Program, span: Span) -> String {
    let words: Vec<&str> = program.sources.slice(span).split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ruleset;
    use crate::lang::builtins::Registry;
    use crate::lang::span::Sources;

    fn program(text: &str) -> Program {
        let sources = Sources::single("a.rules", text);
        let loaded = ruleset::compile(sources, &Registry::standard());
        let Ok(loaded) = loaded else {
            panic!("it does not compile: {text}")
        };
        Program::clone(&loaded.ruleset.program)
    }

    fn paired(old: &str, new: &str) -> Vec<(Option<u32>, Option<u32>)> {
        let (old, new) = (program(old), program(new));
        let ids = |program: &Program| -> Vec<RuleId> {
            program.rules.iter().map(|rule| rule.id).collect()
        };
        let found = pairs((&old, &ids(&old)), (&new, &ids(&new)));
        let numbers = |id: Option<RuleId>| id.map(|id| id.0);
        let both = found.into_iter();
        both.map(|(old, new)| (numbers(old), numbers(new)))
            .collect()
    }

    #[test]
    fn rules_are_found_again_where_their_lines_moved() {
        let rule = |when: &str, what: &str| format!("on login when {when} {{\n    {what}\n}}\n");
        let (a, b) = (
            rule("login.country == \"A\"", "challenge captcha"),
            rule("login.country == \"B\"", "deny \"x\""),
        );
        let both = a.clone() + &b;
        // One more at the front, the order turned round, one gone.
        let more = rule("login.city == \"C\"", "note \"c\"") + &both;
        assert_eq!(
            paired(&both, &more),
            [(None, Some(0)), (Some(0), Some(1)), (Some(1), Some(2))]
        );
        assert_eq!(
            paired(&both, &(b.clone() + &a)),
            [(Some(1), Some(0)), (Some(0), Some(1))]
        );
        assert_eq!(paired(&both, &b), [(Some(1), Some(0)), (Some(0), None)]);
        // The condition changed, the actions changed, both changed.
        let condition = rule("login.country == \"X\"", "deny \"x\"") + &a;
        assert_eq!(
            paired(&both, &condition),
            [(Some(1), Some(0)), (Some(0), Some(1))]
        );
        let actions = rule("login.country == \"B\"", "note \"y\"") + &a;
        assert_eq!(
            paired(&both, &actions),
            [(Some(1), Some(0)), (Some(0), Some(1))]
        );
        let other = rule("login.city == \"C\"", "note \"y\"") + &b;
        assert_eq!(
            paired(&both, &other),
            [(Some(0), Some(0)), (Some(1), Some(1))]
        );
    }
}
