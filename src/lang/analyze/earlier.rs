//! Which earlier alternatives may take what a later one takes? Found without comparing each with each:
//! whole texts by a map, contained ones by one automaton over all of them.

use std::cell::OnceCell;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::mixed;
use super::takes::{Takes, covers, must_contain, nameless, takes, takes_word};
use crate::lang::program::{Program, Trigger};
use crate::text::{Captures, Fits, Normalised, normalise};

/// Matchers without a word of their own (expressions, extractors) that are asked about words of later
/// rules: more of them stand in no set a person wrote, and each is asked of each word.
const MAX_LOOSE: usize = 64;

/// One way of writing a trigger, in source order.
pub(super) struct Alternative<'a> {
    /// Index of its rule.
    pub(super) rule: usize,
    /// Index among the rule's triggers.
    pub(super) at: usize,
    pub(super) trigger: &'a Trigger,
    pub(super) takes: Takes<'a>,
    fits: OnceCell<Fits>,
}

impl Alternative<'_> {
    /// Whether it takes this text, told by the matcher that takes messages.
    pub(super) fn takes_text(&self, text: &str, program: &Program) -> bool {
        match &self.takes {
            Takes::Other(..) => self.fits(&normalise(text), program),
            takes => takes_word(takes, text),
        }
    }

    /// The matcher itself.
    pub(super) fn fits(&self, text: &Normalised, program: &Program) -> bool {
        self.ready(program).fits(text)
    }

    /// What the matcher itself finds.
    pub(super) fn caught(&self, text: &Normalised, program: &Program) -> Option<Captures> {
        self.ready(program).caught(text)
    }

    fn ready(&self, program: &Program) -> &Fits {
        let matcher = &self.trigger.matcher;
        self.fits.get_or_init(|| Fits::new(matcher, program))
    }

    /// Whether each takes all that the other takes.
    pub(super) fn covers_alike(&self, other: &Alternative<'_>) -> bool {
        covers(&self.takes, &other.takes) && covers(&other.takes, &self.takes)
    }

    /// Whether it certainly takes everything that the other takes.
    pub(super) fn covers(&self, other: &Alternative<'_>, program: &Program) -> bool {
        match (&self.takes, &other.takes) {
            (Takes::Other(..), Takes::Word(word)) => self.takes_text(word, program),
            (Takes::Other(..), Takes::Words(words)) => {
                !words.is_empty() && words.iter().all(|word| self.takes_text(word, program))
            }
            (own, other) => covers(own, other),
        }
    }
}

/// Every alternative of a program, by what it takes.
pub(super) struct Alternatives<'a> {
    all: Vec<Alternative<'a>>,
    /// Those that take everything of their event.
    everything: Vec<usize>,
    /// Whole texts, of alternatives and of their lists.
    whole: HashMap<String, Vec<usize>>,
    /// Finds the texts some alternatives want to be contained, or in front.
    parts: Option<AhoCorasick>,
    /// By pattern of `parts`.
    by_part: Vec<Vec<usize>>,
    /// Those only the same matcher covers, by how it is written.
    others: HashMap<String, Vec<usize>>,
    /// Of those, the first few without a word of their own.
    loose: Vec<usize>,
    /// Those whose messages go on or begin as they like.
    open: Vec<usize>,
    /// Those that want something contained.
    containing: Vec<usize>,
}

impl<'a> Alternatives<'a> {
    pub(super) fn of(program: &'a Program) -> Self {
        let mut index = Self {
            all: Vec::new(),
            everything: Vec::new(),
            whole: HashMap::new(),
            parts: None,
            by_part: Vec::new(),
            others: HashMap::new(),
            loose: Vec::new(),
            open: Vec::new(),
            containing: Vec::new(),
        };
        let mut parts: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<String> = Vec::new();
        for (rule, at, trigger) in program.rules.iter().enumerate().flat_map(|(rule, item)| {
            let triggers = item.triggers.iter().enumerate();
            triggers.map(move |(at, trigger)| (rule, at, trigger))
        }) {
            let number = index.all.len();
            let takes = takes(program, &trigger.matcher);
            match &takes {
                Takes::All => index.everything.push(number),
                Takes::Word(word) => index.whole.entry(word.clone()).or_default().push(number),
                Takes::Words(list) => list.iter().for_each(|word| {
                    index.whole.entry(word.clone()).or_default().push(number);
                }),
                Takes::Containing(_) | Takes::Starting(_) => {}
                Takes::Other(matcher, _) => {
                    let same = index.others.entry(nameless(matcher)).or_default();
                    same.push(number);
                }
            }
            let part = match &takes {
                Takes::Containing(part) | Takes::Starting(part) => Some(part.clone()),
                Takes::Other(matcher, _) => must_contain(matcher),
                _ => None,
            };
            match part {
                Some(part) => {
                    let place = *parts.entry(part).or_insert_with_key(|part| {
                        words.push(part.clone());
                        index.by_part.push(Vec::new());
                        words.len() - 1
                    });
                    index.by_part[place].push(number);
                }
                None if matches!(takes, Takes::Other(..)) && index.loose.len() < MAX_LOOSE => {
                    index.loose.push(number);
                }
                None => {}
            }
            if matches!(takes, Takes::Containing(_)) {
                index.containing.push(number);
            }
            let alternative = Alternative {
                rule,
                at,
                trigger,
                takes,
                fits: OnceCell::new(),
            };
            if mixed::open(&alternative) {
                index.open.push(number);
            }
            index.all.push(alternative);
        }
        index.parts = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&words)
            .ok();
        index
    }

    /// In source order.
    pub(super) fn all(&self) -> &[Alternative<'a>] {
        &self.all
    }

    /// The first alternative before `number` that `fits`, of those that may cover it.
    pub(super) fn first_covering(
        &self,
        number: usize,
        fits: impl FnMut(&Alternative<'a>) -> bool,
    ) -> Option<&Alternative<'a>> {
        let mut lists: Vec<&[usize]> = vec![&self.everything];
        if let Takes::Word(_) | Takes::Words(_) = &self.all[number].takes {
            lists.push(&self.loose);
        }
        match &self.all[number].takes {
            Takes::All => {}
            Takes::Word(word) => {
                lists.extend(self.whole.get(word).map(Vec::as_slice));
                self.contained(word, &mut lists);
            }
            Takes::Words(words) => {
                // What takes all of them takes the first.
                if let Some(word) = words.first() {
                    lists.extend(self.whole.get(word).map(Vec::as_slice));
                    self.contained(word, &mut lists);
                }
            }
            Takes::Containing(part) | Takes::Starting(part) => self.contained(part, &mut lists),
            Takes::Other(matcher, certain) => {
                lists.extend(self.others.get(&nameless(matcher)).map(Vec::as_slice));
                // What takes all that fits takes what fits in the first way.
                if let Some(branch) = certain.first() {
                    for text in &branch.texts {
                        self.contained(text, &mut lists);
                    }
                    if branch.whole {
                        let word = self.whole.get(&branch.texts[0]);
                        lists.extend(word.map(Vec::as_slice));
                    }
                }
            }
        }
        self.first(number, &lists, fits)
    }

    /// The first alternative before `number` that `fits`, of those whose messages go on as they like, and
    /// when `number` is one itself, of those that want something contained too.
    pub(super) fn first_open(
        &self,
        number: usize,
        fits: impl FnMut(&Alternative<'a>) -> bool,
    ) -> Option<&Alternative<'a>> {
        let mut lists: Vec<&[usize]> = vec![&self.open];
        if self.open.binary_search(&number).is_ok() {
            lists.push(&self.containing);
        }
        self.first(number, &lists, fits)
    }

    /// The first alternative before `number` that `fits`, of those that take a text without wanting all
    /// of it.
    pub(super) fn first_taking_part(
        &self,
        number: usize,
        text: &str,
        fits: impl FnMut(&Alternative<'a>) -> bool,
    ) -> Option<&Alternative<'a>> {
        let mut lists: Vec<&[usize]> = vec![&self.everything, &self.loose];
        self.contained(text, &mut lists);
        self.first(number, &lists, fits)
    }

    fn contained<'s>(&'s self, text: &str, lists: &mut Vec<&'s [usize]>) {
        let Some(parts) = &self.parts else { return };
        let found = parts.find_overlapping_iter(text);
        let mut patterns: Vec<usize> = found.map(|one| one.pattern().as_usize()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        lists.extend(
            patterns
                .into_iter()
                .map(|part| self.by_part[part].as_slice()),
        );
    }

    fn first(
        &self,
        number: usize,
        lists: &[&[usize]],
        mut fits: impl FnMut(&Alternative<'a>) -> bool,
    ) -> Option<&Alternative<'a>> {
        let mut best = number;
        for list in lists {
            let mut earlier = list.iter().copied().take_while(move |other| *other < best);
            if let Some(found) = earlier.find(|other| fits(&self.all[*other])) {
                best = found;
            }
        }
        (best < number).then(|| &self.all[best])
    }
}
