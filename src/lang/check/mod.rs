//! Trees → checked program: names resolved, types and units settled, every outcome answered.
//!
//! The only way to a [`Program`]. It reads nothing but the sources and the registry. A mistake is
//! reported exactly once: whatever is wrong becomes poison, and poison fits everything.
//!
//! Two things are defined by use, not by an item: the variables that `remember` sets and the
//! parameters that `start … with` hands over. They are gathered by running the very same checker
//! with its report switched off until nothing new appears; then it runs once with it on.

mod action;
pub(in crate::lang) mod allow;
mod bars;
mod brackets;
mod broken;
mod by_keys;
mod call;
pub(in crate::lang) mod codes;
mod dialog;
mod even;
mod expr;
mod extractor;
mod guessed;
mod history;
mod items;
mod lacking;
mod listed;
mod listed_words;
mod lists;
pub(in crate::lang) mod literal;
mod lost_names;
mod membership;
mod merged;
mod nameless;
mod nearby;
mod nothing;
mod offers;
mod outcomes;
mod path;
mod regex;
mod reply;
pub(in crate::lang) mod report;
mod rule;
mod scope;
mod sendable;
mod several;
mod signal;
mod story;
mod template_field;
mod text;
mod unify;
mod unquoted;
mod variables;
pub(in crate::lang) mod walk;
mod want;
pub(in crate::lang) mod without;

#[cfg(test)]
mod tests;

pub(in crate::lang) use reply::literals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::builtins::Registry;
use super::diagnostics::{Diagnostic, Severity};
use super::program::{Expr, Extractor, HistoryQuery, List, ListId, Pattern, Program, RuleId};
use super::span::{FileId, LineNumbers, Sources, Span};
use super::syntax::{self, ast};
use super::value::Type;
use crate::background::yield_point;
use items::Items;
use report::Report;

/// What compiling a rules folder gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program, when there is no error.
    pub program: Option<Arc<Program>>,
    /// Errors and warnings, sorted by file and position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// Whether there is any error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|found| found.severity == Severity::Error)
    }
}

/// Rounds of gathering: each finds at least one new name, and chains of them are short.
const MAX_ROUNDS: usize = 16;

/// Bytes of all rule files together: a hundred thousand rules, checked within seconds. A folder may hold
/// many files, and each may be as large as one may be.
pub const MAX_TOTAL_BYTES: usize = 8 << 20;

/// E0130 at the first file that is too much.
fn too_much(file: FileId, bytes: usize) -> Diagnostic {
    let most = MAX_TOTAL_BYTES >> 20;
    Diagnostic::error(
        "E0130",
        report::w(
            "规则文件加起来太大",
            "the rule files are too large together",
        ),
        Span::new(file, 0, 0),
        report::w(
            format!("到这个文件为止 {bytes} 字节，最多 {most} MiB；后面的文件没有检查"),
            format!(
                "{bytes} bytes up to this file, at most {most} MiB; later files are not checked"
            ),
        ),
    )
    .with_help(report::w(
        "长名单放进 `list … from` 的文件",
        "long lists belong into the file of a `list … from`",
    ))
}

/// Compiles a snapshot of a rules folder: parse, check, analyse.
pub fn compile(sources: Arc<Sources>, registry: &Registry) -> Compiled {
    compile_despite(sources, registry, &[])
}

/// The same, giving a program also when there are errors with these codes, which must be such as leave
/// the program whole: a condition that never holds can be asked all the same. For whoever tries values.
pub fn compile_despite(sources: Arc<Sources>, registry: &Registry, despite: &[&str]) -> Compiled {
    let mut trees = Trees::default();
    let mut compiled = compile_once(Arc::clone(&sources), registry, despite, &mut trees);
    offers::withdraw(&mut compiled.diagnostics, &sources, registry, trees);
    compiled
}

/// What the files of a set gave, by their texts: compiled with a change to one, the others are not parsed again.
/// To explain the mistakes of a file takes far longer than to parse a sound one.
#[derive(Debug, Clone, Default)]
struct Trees(BTreeMap<u32, (Arc<str>, syntax::Parsed)>);

impl Trees {
    fn parsed(&mut self, file: FileId, text: &Arc<str>) -> syntax::Parsed {
        match self.0.get(&file.0) {
            Some((known, parsed)) if known == text => parsed.clone(),
            _ => {
                let parsed = syntax::parse(file, text);
                self.0
                    .entry(file.0)
                    .or_insert_with(|| (Arc::clone(text), parsed.clone()));
                parsed
            }
        }
    }
}

fn compile_once(
    sources: Arc<Sources>,
    registry: &Registry,
    despite: &[&str],
    trees: &mut Trees,
) -> Compiled {
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    let mut allows = Vec::new();
    let mut bytes = 0;
    for (index, file) in sources.files.iter().enumerate() {
        bytes += file.text.len();
        if bytes > MAX_TOTAL_BYTES {
            diagnostics.push(too_much(FileId(index as u32), bytes));
            break;
        }
        let parsed = trees.parsed(FileId(index as u32), &file.text);
        allows.extend(allow::find(&file.text, &parsed.comments));
        diagnostics.extend(guessed::braces_beside_quotes(parsed.diagnostics));
        files.push(parsed.file);
    }
    let mut diagnostics = listed_words::as_lists(diagnostics, &files, &sources, registry);
    let whole = diagnostics
        .iter()
        .all(|found: &Diagnostic| found.severity != Severity::Error);
    let (mut program, found) = check(&sources, &files, registry, whole);
    let lines = &program.lines;
    guessed::indented_in_vain(&mut diagnostics, lines);
    guessed::leave_out(&mut diagnostics, found, &sources, lines);
    let mut diagnostics = merged::one_per_text(diagnostics, &sources, lines);
    let sound = diagnostics
        .iter()
        .all(|found| found.severity != Severity::Error || despite.contains(&found.code));
    allow::silence(&allows, &mut diagnostics, lines, sound);
    brackets::unused_otherwise(&mut diagnostics, &sources);
    program.allows = allows;
    diagnostics.sort_by_key(|found| {
        let span = found.primary.span;
        (span.file, span.start, span.end, found.code)
    });
    Compiled {
        program: sound.then(|| Arc::new(program)),
        diagnostics,
    }
}

/// Checks trees. `whole`: every file was understood, so that what is missing is missing indeed.
fn check(
    sources: &Arc<Sources>,
    files: &[ast::File],
    registry: &Registry,
    whole: bool,
) -> (Program, Vec<Diagnostic>) {
    let mut report = Report::default();
    let items = Items::collect(files, registry, &mut report);
    report.leave_out_what_follows(
        broken::BrokenItems::of(files, registry),
        Arc::clone(sources),
    );
    let mut names = Names::default();
    for _ in 0..MAX_ROUNDS {
        let silent = Report::silent();
        let mut checker = Checker::new(sources, registry, &items, names.clone(), silent);
        checker.run();
        let found = Names {
            variables: checker.variables,
            params: checker.params,
        };
        if found == names {
            break;
        }
        names = found;
    }
    let mut checker = Checker::new(sources, registry, &items, names, report);
    let program = checker.run();
    if whole {
        checker.endless_variables();
    }
    let (mut report, used) = (checker.report, checker.used);
    let scored = whole && program.signals.len() == items.signals.len();
    // What a rule with a mistake would do is not known.
    let rules = items.rules.iter().map(|rule| rule.span);
    let flawed: Vec<Span> = rules.filter(|rule| report.flawed(*rule)).collect();
    super::analyze::run(&program, registry, whole, scored, &flawed, &mut report);
    let errors = |found: &[Diagnostic]| found.iter().any(|one| one.severity == Severity::Error);
    let mut found = report.into_found();
    if !whole || errors(&found) {
        // What is left of a dialog, or of the rule that leaves it, is not what was meant.
        found.retain(|one| ![codes::NO_EXIT, codes::TRIES].contains(&one.code));
    } else {
        found.extend(unused(&items, &used).into_iter().take(report::MAX_FOUND));
        let needless = super::analyze::needless(&program, registry);
        found.extend(needless.into_iter().take(report::MAX_FOUND));
    }
    (program, found)
}

/// Names defined by use, with their first place.
#[derive(Debug, Clone, Default, PartialEq)]
struct Names {
    variables: BTreeMap<String, Named>,
    params: Vec<BTreeMap<String, Named>>,
}

/// The type of a name and where it was met first.
#[derive(Debug, Clone, PartialEq)]
struct Named {
    ty: Type,
    span: Span,
}

/// What something of the set is used by.
#[derive(Debug, Default)]
struct Used {
    lets: BTreeSet<usize>,
    lists: BTreeSet<usize>,
    extractors: BTreeSet<usize>,
    dialogs: BTreeSet<usize>,
    variables: BTreeSet<String>,
}

#[derive(Debug)]
enum LetState {
    Todo,
    Open,
    Done(Option<Expr>),
}

#[derive(Debug)]
enum ExtractorState {
    Todo,
    Open,
    Done(Option<Pattern>),
}

/// One run over a rule set.
struct Checker<'a> {
    sources: &'a Arc<Sources>,
    registry: &'a Registry,
    items: &'a Items<'a>,
    report: Report,
    used: Used,
    lets: Vec<LetState>,
    extractors: Vec<ExtractorState>,
    lists: Vec<List>,
    /// Files of lists that rules name.
    list_files: BTreeSet<String>,
    list_ids: Vec<Option<ListId>>,
    queries: Vec<HistoryQuery>,
    templates: Vec<String>,
    variables: BTreeMap<String, Named>,
    /// By dialog: what `start` hands over besides slots.
    params: Vec<BTreeMap<String, Named>>,
    /// Dialogs that some `start` hands a name to that is not known.
    guessed_params: BTreeSet<usize>,
    /// By dialog.
    slots: Vec<BTreeMap<String, Named>>,
    /// By dialog, in `ask` order.
    slot_extractors: Vec<Vec<Option<Extractor>>>,
    /// Whether a rule that is heard even in dialogs leaves them, and whether another does.
    leaving: Option<(bool, bool)>,
    /// What is remembered of a type that is not known, and where its value stands.
    untyped: Vec<(ast::Ident, Span)>,
    /// The slot whose question is being looked at.
    asking: Option<String>,
    /// Names that nothing brings, of a rule one of whose holes has none.
    wanted_names: BTreeSet<String>,
    /// The unit that is usual for the duration that is being looked at.
    usual_unit: Option<&'static str>,
    /// Every rule's name has its line.
    lines: LineNumbers,
}

impl<'a> Checker<'a> {
    fn new(
        sources: &'a Arc<Sources>,
        registry: &'a Registry,
        items: &'a Items<'a>,
        names: Names,
        report: Report,
    ) -> Self {
        let mut params = names.params;
        params.resize(items.dialogs.len(), BTreeMap::new());
        Self {
            sources,
            registry,
            items,
            report,
            used: Used::default(),
            lets: items.lets.iter().map(|_| LetState::Todo).collect(),
            extractors: items
                .extractors
                .iter()
                .map(|_| ExtractorState::Todo)
                .collect(),
            lists: Vec::new(),
            list_files: BTreeSet::new(),
            list_ids: Vec::new(),
            queries: Vec::new(),
            templates: Vec::new(),
            variables: names.variables,
            params,
            guessed_params: BTreeSet::new(),
            slots: Vec::new(),
            slot_extractors: Vec::new(),
            leaving: None,
            untyped: Vec::new(),
            asking: None,
            wanted_names: BTreeSet::new(),
            usual_unit: None,
            lines: sources.line_numbers(),
        }
    }

    fn run(&mut self) -> Program {
        self.check_lists();
        // Being checked is not being used.
        for index in 0..self.items.extractors.len() {
            self.extractor_item(index);
        }
        for index in 0..self.items.lets.len() {
            self.let_value(index, self.items.lets[index].name.span);
        }
        self.collect_slots();
        let items = self.items;
        let mut signals: Vec<_> = items
            .signals
            .iter()
            .filter_map(|item| {
                yield_point();
                self.signal(item)
            })
            .collect();
        signals.retain(|signal| !self.report.is_broken(signal.span));
        let mut rules = Vec::new();
        for item in &items.rules {
            yield_point();
            if let Some(mut rule) = self.rule(item) {
                self.rule_laws(&rule);
                // A trigger that lost its captures takes more than was meant.
                if self.report.is_broken(rule.span) || self.report.lacks_a_name(rule.span) {
                    continue;
                }
                rule.id = RuleId(rules.len() as u32);
                rules.push(rule);
            }
        }
        let dialogs = (0..items.dialogs.len())
            .map(|index| {
                yield_point();
                self.dialog(index)
            })
            .collect();
        let mut told = BTreeMap::new();
        let stories = items
            .stories
            .iter()
            .filter_map(|item| {
                yield_point();
                self.story(item, &mut told)
            })
            .collect();
        let lets = items
            .lets
            .iter()
            .zip(&self.lets)
            .filter_map(|(item, state)| match state {
                LetState::Done(Some(value)) => Some(super::program::Let {
                    name: item.name.name.clone(),
                    value: value.clone(),
                    span: item.span,
                }),
                _ => None,
            });
        let mut program = Program {
            sources: self.sources.with_lists(&self.list_files),
            hash: super::analyze::hash(self.sources, &self.list_files),
            lines: self.lines.clone(),
            rules,
            signals,
            dialogs,
            lists: self.lists.clone(),
            lets: lets.collect(),
            stories,
            queries: self.queries.clone(),
            templates: self.templates.clone(),
            bands: Vec::new(),
            longest_window: 0,
            allows: Vec::new(),
        };
        program.bands = super::analyze::bands(&program, self.registry);
        program.longest_window = super::analyze::longest_window(&program);
        program
    }

    /// The path of the file and the line a span starts on.
    fn place(&self, span: Span) -> (String, usize) {
        let path = self
            .sources
            .file(span.file)
            .map(|file| file.path.clone())
            .unwrap_or_default();
        (path, self.lines.line(span))
    }
}

/// Warnings for what nothing uses.
fn unused(items: &Items<'_>, used: &Used) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut warn = |name: &ast::Ident, zh: &str, en: &str| {
        let text = &name.name;
        found.push(Diagnostic::warning(
            codes::UNUSED,
            report::w(
                format!("{zh} `{text}` 没有用到"),
                format!("{en} `{text}` is never used"),
            ),
            name.span,
            report::w("没有人用", "used nowhere"),
        ));
    };
    for (index, item) in items.lets.iter().enumerate() {
        if !used.lets.contains(&index) {
            warn(&item.name, "定义", "let");
        }
    }
    for (index, item) in items.lists.iter().enumerate() {
        if !used.lists.contains(&index) {
            warn(&item.name, "列表", "list");
        }
    }
    for (index, item) in items.extractors.iter().enumerate() {
        if !used.extractors.contains(&index) {
            warn(&item.name, "提取器", "extractor");
        }
    }
    for (index, item) in items.dialogs.iter().enumerate() {
        if !used.dialogs.contains(&index) {
            warn(&item.name, "对话", "dialog");
        }
    }
    found
}
