//! Regular expressions that no word of their own tells apart: hundreds may stand behind `订单`, or behind
//! nothing at all.
//!
//! Trying each would cost a search, and the first time a compilation, per rule. So those that need the
//! same bytes of a text stand together: most texts lack one of these, and for the others one search with
//! one automaton of all of them says which match. Only these are compiled on their own, for their groups.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::RegexSet;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::lang::program::RuleId;
use crate::text::regexes::{compile_set, half_width_source};

/// Expressions of one automaton. Larger ones are searched fewer times, but their lazy automaton has more
/// states than fit its cache, and their compilation is paid by one message.
const TOGETHER: usize = 48;
/// Fewer are not worth an automaton.
const FEW: usize = 4;
/// Sets of bytes that are looked at.
const NEEDS: usize = 4;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct ByteSet([u64; 4]);

impl ByteSet {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn len(self) -> u32 {
        self.0.iter().map(|part| part.count_ones()).sum()
    }

    fn with(self, other: Self) -> Self {
        let mut both = self;
        both.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
        both
    }

    fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }
}

/// What of a text is looked at before any search.
pub(super) struct Seen {
    bytes: ByteSet,
    length: usize,
}

impl Seen {
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = ByteSet::default();
        text.bytes().for_each(|byte| bytes.insert(byte));
        Self {
            bytes,
            length: text.len(),
        }
    }
}

/// What every match of an expression needs: of each of these sets one byte, and so many bytes in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Needs {
    sets: Vec<ByteSet>,
    length: usize,
}

impl Needs {
    fn of(source: &str) -> Self {
        let parsed = regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .build()
            .parse(&half_width_source(source));
        let Ok(hir) = parsed else {
            return Self::default();
        };
        let mut sets = needed(&hir);
        sets.sort_unstable_by_key(|set| (set.len(), *set));
        sets.dedup();
        sets.truncate(NEEDS);
        Self {
            sets,
            length: hir.properties().minimum_len().unwrap_or(0),
        }
    }

    fn are_met(&self, seen: &Seen) -> bool {
        seen.length >= self.length && self.sets.iter().all(|set| set.meets(seen.bytes))
    }
}

/// Sets of bytes of which every match has one each.
fn needed(hir: &Hir) -> Vec<ByteSet> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => {
            let one = |byte: &u8| {
                let mut set = ByteSet::default();
                set.insert(*byte);
                set
            };
            literal.0.iter().take(NEEDS).map(one).collect()
        }
        HirKind::Class(class) => {
            let mut set = ByteSet::default();
            match class {
                // The first byte of a character grows with the character.
                Class::Unicode(class) => class.ranges().iter().for_each(|range| {
                    (first_byte(range.start())..=first_byte(range.end()))
                        .for_each(|byte| set.insert(byte));
                }),
                Class::Bytes(class) => class.ranges().iter().for_each(|range| {
                    (range.start()..=range.end()).for_each(|byte| set.insert(byte));
                }),
            }
            vec![set]
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Repetition(_) => Vec::new(),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(needed).collect(),
        HirKind::Alternation(parts) => {
            let each: Option<Vec<ByteSet>> = parts
                .iter()
                .map(|part| needed(part).into_iter().min_by_key(|set| set.len()))
                .collect();
            let union = each.map(|sets| sets.into_iter().fold(ByteSet::default(), ByteSet::with));
            union.into_iter().collect()
        }
    }
}

fn first_byte(c: char) -> u8 {
    let mut buffer = [0; 4];
    c.encode_utf8(&mut buffer);
    buffer[0]
}

/// An expression of a rule, before it has a place.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    rule: u32,
    source: String,
}

impl Expression {
    pub(super) fn new(rule: u32, source: &str) -> Self {
        Self {
            rule,
            source: source.to_owned(),
        }
    }
}

/// Expressions that need the same bytes.
#[derive(Debug)]
pub(super) struct Crowd {
    needs: Needs,
    members: Vec<Expression>,
    /// Made when a text first has what they need; `None` when they are too large together.
    together: OnceLock<Option<RegexSet>>,
}

impl Crowd {
    /// Adds the rules whose expressions match.
    pub(super) fn add(&self, text: &str, seen: &Seen, out: &mut Vec<RuleId>) {
        if !self.needs.are_met(seen) {
            return;
        }
        let sources = || self.members.iter().map(|member| member.source.as_str());
        match self.together.get_or_init(|| compile_set(sources())) {
            Some(set) => {
                if set.is_match(text) {
                    let found = set.matches(text);
                    out.extend(found.iter().map(|at| RuleId(self.members[at].rule)));
                }
            }
            None => out.extend(self.members.iter().map(|member| RuleId(member.rule))),
        }
    }
}

/// Puts expressions into crowds; a few of them stay rules like others.
pub(super) fn gather(expressions: Vec<Expression>, rules: &mut Vec<u32>) -> Vec<Crowd> {
    if expressions.len() <= FEW {
        rules.extend(expressions.into_iter().map(|one| one.rule));
        return Vec::new();
    }
    let mut by_needs: BTreeMap<Needs, Vec<Expression>> = BTreeMap::new();
    for expression in expressions {
        let needs = Needs::of(&expression.source);
        by_needs.entry(needs).or_default().push(expression);
    }
    let mut crowds = Vec::new();
    for (needs, members) in by_needs {
        for chunk in members.chunks(TOGETHER) {
            crowds.push(Crowd {
                needs: needs.clone(),
                members: chunk.to_vec(),
                together: OnceLock::new(),
            });
        }
    }
    crowds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_a_needed_byte_is_not_searched() {
        let met = |source: &str, text: &str| Needs::of(source).are_met(&Seen::of(text));
        assert!(met("[a-f]{2}[0-9]+", "ab1"));
        assert!(!met("[a-f]{2}[0-9]+", "你好，几点上班"));
        assert!(!met("[a-f]{2}[0-9]+", "abab"));
        assert!(!met("[a-f]{2}[0-9]+", "a1"), "too short");
        assert!(met("(退款|退货)吗?", "我要退货"));
        assert!(!met("(abc|xyz)1?", "bbb"));
        assert!(met("(abc|)1?", ""));
        assert!(met("[甲-龟]", "龙"));
        assert!(met("k", "\u{212a}"), "the expression ignores case");
    }

    #[test]
    fn crowds_are_told_apart_by_what_they_need() {
        let expressions: Vec<Expression> = (0..200)
            .map(|n| {
                Expression::new(
                    n,
                    if n.is_multiple_of(2) {
                        "[0-9]+"
                    } else {
                        "[a-z]+"
                    },
                )
            })
            .collect();
        let mut rules = Vec::new();
        let crowds = gather(expressions, &mut rules);
        assert!(rules.is_empty());
        assert_eq!(crowds.len(), 2 * 100_usize.div_ceil(TOGETHER));
        let mut out = Vec::new();
        for crowd in &crowds {
            crowd.add("abc", &Seen::of("abc"), &mut out);
        }
        assert_eq!(out.len(), 100);
        assert!(out.iter().all(|rule| rule.0 % 2 == 1));
    }
}
