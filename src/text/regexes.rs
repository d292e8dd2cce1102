//! The regular expressions of rule files: linear time, small, compiled when first needed.

use std::fmt::Write;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::captures::Captures;
use super::literal::key;
use super::normalise::{Normalised, half_width};
use crate::lang::value::Value;

/// Largest compiled program of one expression, in bytes; the crate's default is 10 MB, which a rule
/// set of thousands of expressions cannot pay.
const MAX_PROGRAM: usize = 1 << 20;
/// Largest cache of the lazy automaton of one expression, in bytes.
const MAX_CACHE: usize = 1 << 20;
/// The same two of several expressions together.
const MAX_SET: usize = 4 << 20;
/// Deepest nesting of one expression.
const MAX_NESTING: u32 = 50;

/// Compiles an expression the way the matcher does: over normalised text, ignoring case, with
/// full-width characters of the source read as half-width ones.
///
/// # Errors
/// The regex crate's, for a mistake in the expression or one that is too large.
pub fn compile(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&half_width_source(source))
        .case_insensitive(true)
        .size_limit(MAX_PROGRAM)
        .dfa_size_limit(MAX_CACHE)
        .nest_limit(MAX_NESTING)
        .build()
}

/// Several expressions as one, each as [`compile`] would have it; `None` when they are too large together.
pub(super) fn compile_set<'s>(sources: impl IntoIterator<Item = &'s str>) -> Option<RegexSet> {
    RegexSetBuilder::new(sources.into_iter().map(half_width_source))
        .case_insensitive(true)
        .size_limit(MAX_SET)
        .dfa_size_limit(MAX_SET)
        .nest_limit(MAX_NESTING)
        .build()
        .ok()
}

/// What an expression that [`compile`] takes looks like from outside: its named groups, in order.
///
/// Building automata is most of what compiling costs, and a rule set of thousands of expressions pays
/// it when a message first reaches each. So an expression that is plainly small is only parsed; one that
/// may be too large is compiled to know.
///
/// # Errors
/// Those of [`compile`], for the same expressions.
pub fn examine(source: &str) -> Result<Vec<String>, regex::Error> {
    let parsed = regex_syntax::ParserBuilder::new()
        .case_insensitive(true)
        .nest_limit(MAX_NESTING)
        .build()
        .parse(&half_width_source(source));
    match parsed {
        Ok(hir) if size(&hir) <= PLAINLY_SMALL => {
            let mut names = Vec::new();
            group_names(&hir, &mut names);
            Ok(names)
        }
        _ => {
            let regex = compile(source)?;
            let names = regex.capture_names().flatten();
            Ok(names.map(str::to_owned).collect())
        }
    }
}

/// States an expression surely needs no more than, below which it is far from [`MAX_PROGRAM`]: a state
/// takes 24 bytes and there are two automata of them.
const PLAINLY_SMALL: usize = 2_000;
/// States of one range of characters, however many bytes they have: at most so many byte sequences of
/// four bytes each.
const STATES_PER_RANGE: usize = 28;

/// A bound on the states of an expression.
fn size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().len().saturating_mul(STATES_PER_RANGE)
        }
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            size(&repetition.sub)
                .saturating_add(2)
                .saturating_mul(times)
        }
        HirKind::Capture(capture) => size(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(size).fold(2, usize::saturating_add)
        }
    }
}

fn group_names(hir: &Hir, names: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.extend(capture.name.as_deref().map(str::to_owned));
            group_names(&capture.sub, names);
        }
        HirKind::Repetition(repetition) => group_names(&repetition.sub, names),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| group_names(part, names));
        }
        _ => {}
    }
}

/// The expression with full-width characters as the half-width ones they become in a normalised
/// text, escaped so that they stay plain characters: `：` is `\:`.
pub fn half_width_source(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for c in source.chars() {
        match c {
            '\u{3000}' => out.push(' '),
            '\u{ff01}'..='\u{ff5e}' => {
                let half = half_width(c);
                if half.is_ascii_punctuation() && !matches!(half, '<' | '>') {
                    out.push('\\');
                }
                out.push(half);
            }
            c => {
                let _ = out.write_char(c);
            }
        }
    }
    out
}

/// An expression that is compiled when a text first reaches it.
#[derive(Debug)]
pub(super) struct LazyRegex {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    pub(super) fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            compiled: OnceLock::new(),
        }
    }

    /// As the author wrote it.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The named groups, when the expression finds something. Groups quote the text with its capitals.
    pub(super) fn find(&self, text: &Normalised) -> Option<Captures> {
        // The checker refuses expressions that do not compile; here they match nothing.
        let regex = self
            .compiled
            .get_or_init(|| compile(&self.source).ok())
            .as_ref()?;
        if regex.captures_len() == 1 {
            return regex.is_match(text.text()).then(Captures::default);
        }
        let found = regex.captures(text.text())?;
        let mut captures = Captures::default();
        for name in regex.capture_names().flatten() {
            if let Some(group) = found.name(name) {
                captures.insert(name, Value::text(text.cased_slice(group.range())));
            }
        }
        Some(captures)
    }

    /// Words of which every match contains at least one, in compact form; `None` when there are none.
    pub(super) fn anchors(&self) -> Option<Vec<String>> {
        let hir = regex_syntax::parse(&half_width_source(&self.source)).ok()?;
        let words = required(&hir)?;
        let keys: Vec<String> = words.iter().map(|word| key(word)).collect();
        keys.iter().all(|key| !key.is_empty()).then_some(keys)
    }
}

/// More alternatives than this are not worth an entry each.
const MAX_ALTERNATIVES: usize = 16;

/// The best set of literals of which every match contains one.
fn required(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(vec![text.to_owned()])
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(required)
            .filter(|words| words.iter().all(|word| !word.trim().is_empty()))
            .max_by_key(|words| words.iter().map(String::len).min()),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required(part)?);
                if all.len() > MAX_ALTERNATIVES {
                    return None;
                }
            }
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalise;

    #[test]
    fn groups_become_captures_and_keep_capitals() {
        let regex = LazyRegex::new("订单(?:号)?[：:]?(?<no>[A-Z0-9]+)");
        let captures = regex.find(&normalise("查一下 订单号：Ab１２")).unwrap();
        assert_eq!(captures.get("no"), Some(&Value::text("Ab12")));
        assert!(regex.find(&normalise("你好")).is_none());
    }

    #[test]
    fn full_width_punctuation_in_the_source_matches() {
        let regex = LazyRegex::new("验证码：(?<c>[0-9]{6})（有效）");
        assert!(
            regex
                .find(&normalise("验证码：４８２９１３（有效）"))
                .is_some()
        );
    }

    #[test]
    fn every_match_contains_an_anchor() {
        let anchors = |source| LazyRegex::new(source).anchors();
        assert_eq!(anchors("订单(?<no>[0-9]+)").unwrap(), ["订单"]);
        assert_eq!(anchors("(退款|退 货).*吗").unwrap(), ["退款", "退货"]);
        assert_eq!(anchors("VIP[0-9]").unwrap(), ["vip"]);
        assert_eq!(anchors("(?<x>[a-z]+)"), None);
        assert_eq!(anchors("(订单)?[0-9]"), None);
    }

    #[test]
    fn examining_says_what_compiling_says() {
        for source in [
            "订单(?<no>[0-9]+)",
            "(?<a>x)(?<b>y)?|(?<c>z)",
            r"(?<w>\w+)",
            "(?<名字>.*)",
            "a(",
            "(?<a>x)(?<a>y)",
            r"\1",
            "（x）：(?<n>１+)",
            "(?<x>a{0})b",
            "(?<x>[a&&b])",
            &format!("{}a{}", "(".repeat(60), ")".repeat(60)),
            r"(?:\w{500}){500}",
            r"\w{60}",
            "[甲-龟]{900}",
            "(?:a{100}){100}",
        ] {
            let compiled = compile(source).map(|regex| {
                let names = regex.capture_names().flatten();
                names.map(str::to_owned).collect::<Vec<_>>()
            });
            match (examine(source), compiled) {
                (Ok(seen), Ok(names)) => assert_eq!(seen, names, "{source}"),
                (Err(seen), Err(error)) => assert_eq!(seen.to_string(), error.to_string()),
                (seen, compiled) => panic!("{source}: {seen:?} {compiled:?}"),
            }
        }
    }

    #[test]
    fn an_expression_is_taken_up_to_the_size_of_its_program() {
        let source = |letters: usize| format!(r"\w{{{letters}}}");
        let most = (1..).take_while(|letters| compile(&source(*letters)).is_ok());
        let most = most.last().expect("one letter fits");
        let within = |letters: usize, bytes: usize| {
            let mut builder = RegexBuilder::new(&source(letters));
            builder.case_insensitive(true).size_limit(bytes).build()
        };
        assert!(within(most, MAX_PROGRAM * 3 / 4).is_err(), "{most} fill it");
        assert!(
            within(most + 1, MAX_PROGRAM * 5 / 4).is_ok(),
            "only the size is wrong with one more"
        );
        assert!(examine(&source(most)).is_ok() && examine(&source(most + 1)).is_err());
    }

    #[test]
    fn a_monster_is_refused() {
        assert!(compile(r"(?:\w{500}){500}").is_err());
    }
}
