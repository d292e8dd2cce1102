//! The names a rule set defines, and whether each is defined once.

use std::collections::{BTreeMap, HashSet};

use crate::lang::builtins::{Registry, STREAMS};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::span::Span;
use crate::lang::syntax::ast;

use super::codes as c;
use super::report::{Report, w};

/// Every item of a rule set by kind, in the order of evaluation.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    pub(super) lets: Vec<&'a ast::LetItem>,
    pub(super) lists: Vec<&'a ast::ListItem>,
    pub(super) extractors: Vec<&'a ast::ExtractorItem>,
    pub(super) dialogs: Vec<&'a ast::DialogItem>,
    pub(super) signals: Vec<&'a ast::SignalItem>,
    pub(super) rules: Vec<&'a ast::RuleItem>,
    pub(super) stories: Vec<&'a ast::TestItem>,
    /// Lets and lists: the names that stand in expressions.
    pub(super) values: BTreeMap<&'a str, ValueItem>,
    pub(super) extractor_names: BTreeMap<&'a str, usize>,
    pub(super) dialog_names: BTreeMap<&'a str, usize>,
    pub(super) signal_names: BTreeMap<&'a str, usize>,
    /// Names of items that could not be read.
    pub(super) poisoned: HashSet<&'a str>,
}

/// What a name in an expression stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum ValueItem {
    Let(usize),
    List(usize),
}

impl<'a> Items<'a> {
    pub(super) fn collect(
        files: &'a [ast::File],
        registry: &Registry,
        report: &mut Report,
    ) -> Self {
        let mut items = Self::default();
        for file in files {
            items
                .poisoned
                .extend(file.poisoned.iter().map(String::as_str));
            for item in &file.items {
                match item {
                    ast::Item::Let(item) => items.lets.push(item),
                    ast::Item::List(item) => items.lists.push(item),
                    ast::Item::Rule(item) => items.rules.push(item),
                    ast::Item::Signal(item) => items.signals.push(item),
                    ast::Item::Dialog(item) => items.dialogs.push(item),
                    ast::Item::Extractor(item) => items.extractors.push(item),
                    ast::Item::Test(item) => items.stories.push(item),
                }
            }
        }
        items.name(registry, report);
        items.poison(registry);
        items
    }

    /// The names that rules would have defined by use, were their events and dialogs known.
    fn poison(&mut self, registry: &Registry) {
        for rule in self.rules.clone() {
            let known = |trigger: &ast::Trigger| registry.event(&trigger.event.name).is_some();
            let all = !rule.triggers.iter().all(known);
            self.poison_block(&rule.body, all);
        }
    }

    fn poison_block(&mut self, block: &'a ast::Block, all: bool) {
        for action in &block.actions {
            match &action.kind {
                ast::ActionKind::Remember { name, .. } if all => {
                    self.poisoned.insert(&name.name);
                }
                ast::ActionKind::Start { dialog, with }
                    if all || !self.dialog_names.contains_key(dialog.name.as_str()) =>
                {
                    let names = with.iter().map(|name| name.name.as_str());
                    self.poisoned.extend(names);
                }
                _ => {}
            }
            for arm in action.outcomes.iter().flatten() {
                self.poison_block(&arm.block, all);
            }
        }
    }

    fn name(&mut self, registry: &Registry, report: &mut Report) {
        let mut taken: BTreeMap<&str, Span> = BTreeMap::new();
        let lets = self.lets.iter().enumerate();
        let lists = self.lists.iter().enumerate();
        let mut values: Vec<(&'a ast::Ident, ValueItem)> = lets
            .map(|(index, item)| (&item.name, ValueItem::Let(index)))
            .chain(lists.map(|(index, item)| (&item.name, ValueItem::List(index))))
            .collect();
        values.sort_by_key(|(name, _)| (name.span.file, name.span.start));
        for (name, item) in values {
            if is_builtin(registry, &name.name) || registry.row_field(&name.name).is_some() {
                builtin(name, report);
            }
            if once(&mut taken, name, report) {
                self.values.insert(&name.name, item);
            }
        }
        let mut taken = BTreeMap::new();
        for (index, item) in self.extractors.iter().enumerate() {
            if registry.extractor(&item.name.name).is_some() {
                builtin(&item.name, report);
            } else if once(&mut taken, &item.name, report) {
                self.extractor_names.insert(&item.name.name, index);
            }
        }
        let mut taken = BTreeMap::new();
        for (index, item) in self.dialogs.iter().enumerate() {
            if once(&mut taken, &item.name, report) {
                self.dialog_names.insert(&item.name.name, index);
            }
        }
        let mut taken = BTreeMap::new();
        for (index, item) in self.signals.iter().enumerate() {
            if once(&mut taken, &item.name, report) {
                self.signal_names.insert(&item.name.name, index);
            }
        }
    }
}

/// Whether the language itself uses `name` for something that stands in expressions.
pub(super) fn is_builtin(registry: &Registry, name: &str) -> bool {
    STREAMS.iter().any(|(stream, ..)| *stream == name)
        || registry.fields().iter().any(|field| field.root() == name)
}

/// Reports a name of the author that the language uses itself.
pub(super) fn builtin(name: &ast::Ident, report: &mut Report) {
    let ast::Ident { name, span } = name;
    report.push(
        Diagnostic::error(
            c::BUILTIN_NAME,
            w(
                format!("`{name}` 是语言自己的名字"),
                format!("`{name}` is a name of the language itself"),
            ),
            *span,
            w("换一个名字", "choose another name"),
        )
        .with_help(w(
            "`menshen schema` 列出所有内置名字",
            "`menshen schema` lists all built-in names",
        )),
    );
}

/// Whether `name` is new; reports it when it is not.
pub(super) fn once<'a>(
    taken: &mut BTreeMap<&'a str, Span>,
    name: &'a ast::Ident,
    report: &mut Report,
) -> bool {
    if let Some(first) = taken.get(name.name.as_str()) {
        let text = &name.name;
        report.push(
            Diagnostic::error(
                c::DEFINED_TWICE,
                w(
                    format!("`{text}` 定义了两次"),
                    format!("`{text}` is defined twice"),
                ),
                name.span,
                w("又定义了一次", "defined again here"),
            )
            .with_label(*first, w("先在这里定义", "first defined here"))
            .with_help(w("删掉一个，或者换一个名字", "remove one, or rename it")),
        );
        return false;
    }
    taken.insert(&name.name, name.span);
    true
}

/// Something that is defined by itself; `from`: where the way round began.
pub(super) fn circle(name: &ast::Ident, from: Span) -> Diagnostic {
    let text = &name.name;
    Diagnostic::error(
        c::CYCLE,
        w(
            format!("`{text}` 用到了它自己"),
            format!("`{text}` is defined by itself"),
        ),
        name.span,
        w("绕了一圈又回到这里", "this leads back to itself"),
    )
    .with_label(from, w("从这里", "from here"))
}
