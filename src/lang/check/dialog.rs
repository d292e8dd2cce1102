//! Dialogs: slots, what `start … with` hands over, and the way out.

use std::collections::BTreeMap;

use crate::lang::builtins::Stages;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{self, Capture, Dialog, Expr, ListEntries, Name, Slot};
use crate::lang::span::Span;
use crate::lang::syntax::{LOST_DIALOG, ast};
use crate::lang::value::{Type, Value};

use super::bars::Several;
use super::codes as c;
use super::items::{ValueItem, once};
use super::report::{quoted, w};
use super::scope::{Place, Scope};
use super::text::Purpose;
use super::{Checker, Named};
use crate::lang::diagnostics::nearest;

/// Life of a dialog that does not say: 10 minutes since the last answer.
const DEFAULT_EXPIRES: i64 = 10 * 60_000;
/// `at most … times`.
const MAX_TRIES: u32 = 20;

impl<'a> Checker<'a> {
    pub(super) fn dialog_index(&mut self, name: &ast::Ident) -> Option<usize> {
        let text = name.name.as_str();
        if let Some(index) = self.items.dialog_names.get(text) {
            return Some(*index);
        }
        if self.items.poisoned.contains(text) || self.items.poisoned.contains(LOST_DIALOG) {
            return None;
        }
        let near = nearest(text, self.items.dialog_names.keys().copied());
        let mut error = Diagnostic::error(
            c::UNKNOWN_DIALOG,
            w(
                format!("没有 `{text}` 这个对话"),
                format!("there is no dialog `{text}`"),
            ),
            name.span,
            w("没有定义", "not defined"),
        );
        error = match near {
            Some(near) => error.with_nearest(near, name.span, near),
            None => error.with_help(w(
                format!("用 `dialog {text} {{ … }}` 定义它"),
                format!("define it with `dialog {text} {{ … }}`"),
            )),
        };
        self.report.push(error);
        None
    }

    /// A value that `start` hands to a dialog: for a slot, or else a parameter.
    pub(super) fn hand_over(&mut self, dialog: usize, name: &ast::Ident, value: &Expr) {
        let known = match self.slots[dialog].get(&name.name) {
            Some(slot) => Some(slot.clone()),
            None => self.params[dialog].get(&name.name).cloned(),
        };
        match known {
            None => {
                let param = Named {
                    ty: value.ty.clone(),
                    span: name.span,
                };
                self.params[dialog].insert(name.name.clone(), param);
            }
            Some(known) if known.ty != value.ty && known.ty != Type::Poison => {
                let (text, a, b) = (&name.name, &known.ty, &value.ty);
                self.report.push(
                    Diagnostic::error(
                        c::START_TYPES,
                        w(
                            format!("对话里的 `{text}` 是{a:#}，不是{b:#}"),
                            format!("the dialog's `{text}` is {a}, not {b}"),
                        ),
                        name.span,
                        w(format!("这里是{b:#}"), format!("{b} here")),
                    )
                    .with_label(known.span, w(format!("这里是{a:#}"), format!("{a} here"))),
                );
            }
            Some(_) => {}
        }
    }

    /// `start d with x, x`
    pub(super) fn handed_twice(&mut self, name: &ast::Ident, first: Span) {
        let text = &name.name;
        self.report.push(
            Diagnostic::error(
                c::DEFINED_TWICE,
                w(
                    format!("`{text}` 交了两次"),
                    format!("`{text}` is handed over twice"),
                ),
                name.span,
                w("又写了一次", "given again here"),
            )
            .with_label(first, w("先在这里", "given here first"))
            .with_help(w(
                "删掉一个；对话里要两个值，就用两个名字",
                "remove one; two values for the dialog need two names",
            )),
        );
    }

    /// Says of names that are not known what the dialog asks for.
    pub(super) fn takes(&mut self, dialog: &ast::Ident, with: &[ast::Ident]) {
        let Some(index) = self.items.dialog_names.get(dialog.name.as_str()) else {
            return;
        };
        let slots: Vec<&str> = self.slots[*index].keys().map(String::as_str).collect();
        if slots.is_empty() {
            return;
        }
        let help = w(
            format!("`{}` 问的是：{}", dialog.name, quoted(&slots, "、")),
            format!("`{}` asks for: {}", dialog.name, quoted(&slots, ", ")),
        );
        self.report.amend(c::UNKNOWN_NAME, |found| {
            let here = with.iter().any(|name| name.span == found.primary.span);
            if here && !found.help.iter().any(|told| told.words == help) {
                found.with_help(help.clone())
            } else {
                found
            }
        });
    }

    /// The slots of every dialog, before anything starts one.
    pub(super) fn collect_slots(&mut self) {
        for index in 0..self.items.dialogs.len() {
            let item: &'a ast::DialogItem = self.items.dialogs[index];
            let mut taken = BTreeMap::new();
            let mut slots = BTreeMap::new();
            let mut extractors = Vec::new();
            for ask in &item.asks {
                if self.swapped_question(&ask.slot, &ask.extractor) {
                    let named = Named {
                        ty: Type::Poison,
                        span: ask.slot.span,
                    };
                    slots.insert(ask.extractor.name.name.clone(), named);
                    extractors.push(None);
                    continue;
                }
                let extractor = self.extractor(&ask.extractor);
                let ty = extractor
                    .as_ref()
                    .map_or(Type::Poison, program::Extractor::ty);
                self.capture_name(&ask.slot);
                if once(&mut taken, &ask.slot, &mut self.report) {
                    slots.insert(
                        ask.slot.name.clone(),
                        Named {
                            ty,
                            span: ask.slot.span,
                        },
                    );
                }
                extractors.push(extractor);
            }
            self.slots.push(slots);
            self.slot_extractors.push(extractors);
        }
    }

    pub(super) fn dialog(&mut self, index: usize) -> Dialog {
        let item: &'a ast::DialogItem = self.items.dialogs[index];
        let mut scope = Scope::new(Stages::CHAT, Place::Rule);
        scope.dialog = Some(index);
        let names: Vec<(String, Type)> = self.params[index]
            .iter()
            .chain(&self.slots[index])
            .map(|(name, named)| (name.clone(), named.ty.clone()))
            .collect();
        for (name, ty) in names {
            scope.add(Name::Slot(name), ty);
        }
        let expires = item
            .expires
            .as_ref()
            .map_or(Some(DEFAULT_EXPIRES), |expires| {
                self.duration(expires, "minutes")
            });
        let slots = self.slots_of(index, item, &scope);
        let cancel = item
            .cancel
            .as_ref()
            .and_then(|cancel| self.cancel(cancel, &scope));
        let give_up = item
            .give_up
            .as_ref()
            .map(|block| self.block(block, &scope))
            .unwrap_or_default();
        let done_scope = Scope {
            place: Place::Done,
            ..scope
        };
        let done = match &item.done {
            Some(done) => self.block(done, &done_scope),
            None => {
                let name = &item.name.name;
                self.report.push(
                    Diagnostic::error(
                        c::NO_DONE,
                        w(
                            format!("对话 `{name}` 没有 `done`"),
                            format!("dialog `{name}` has no `done`"),
                        ),
                        item.head,
                        w("问完以后做什么？", "what happens when everything is asked?"),
                    )
                    .with_help(w("写上 `done { … }`", "add `done { … }`")),
                );
                program::Block::default()
            }
        };
        let leaves = cancel.as_ref().is_none_or(|cancel| self.has_words(cancel));
        let leaves = match &item.cancel {
            Some(_) => leaves,
            None => self.ends_anyway(index),
        };
        self.ways_out(item, leaves);
        let params = self.params[index]
            .iter()
            .map(|(name, named)| Capture {
                name: name.clone(),
                ty: named.ty.clone(),
            })
            .collect();
        Dialog {
            name: item.name.name.clone(),
            expires: expires.unwrap_or(DEFAULT_EXPIRES),
            params,
            slots,
            cancel,
            give_up,
            done,
            span: item.span,
        }
    }

    fn slots_of(
        &mut self,
        index: usize,
        item: &'a ast::DialogItem,
        scope: &Scope<'_>,
    ) -> Vec<Slot> {
        let extractors = self.slot_extractors[index].clone();
        let mut slots = Vec::new();
        for (ask, extractor) in item.asks.iter().zip(extractors) {
            self.said(&ask.question, "问题", "the question");
            self.asking = Some(ask.slot.name.clone());
            let question = self.template(&ask.question, scope, Purpose::Shown);
            self.asking = None;
            let unless = ask
                .unless
                .as_ref()
                .map(|unless| self.condition(unless, scope));
            let invalid = ask
                .invalid
                .as_ref()
                .map(|invalid| self.template(invalid, scope, Purpose::Shown));
            let at_most = ask.at_most.map(|number| self.whole(number, MAX_TRIES));
            let Some(extractor) = extractor else { continue };
            slots.push(Slot {
                name: ask.slot.name.clone(),
                extractor,
                question,
                unless,
                invalid,
                at_most,
                span: ask.span,
            });
        }
        slots
    }

    fn cancel(&mut self, cancel: &ast::CancelClause, scope: &Scope<'_>) -> Option<program::Cancel> {
        let block = self.block(&cancel.block, scope);
        let words = match &cancel.words {
            ast::CancelWords::List(name) => program::CancelWords::List(self.text_list(name)?),
            ast::CancelWords::Inline(texts) => {
                texts.iter().for_each(|text| self.bar(text, Several::Words));
                let words: Option<Vec<String>> =
                    texts.iter().map(|text| self.words(text)).collect();
                program::CancelWords::Inline(words?)
            }
        };
        Some(program::Cancel { words, block })
    }

    /// Whether there is a word that leaves. Lists of files come and go.
    fn has_words(&self, cancel: &program::Cancel) -> bool {
        let program::CancelWords::List(id) = &cancel.words else {
            return true;
        };
        let list = self.lists.get(id.0 as usize);
        list.is_none_or(|list| {
            let none = matches!(&list.entries, ListEntries::Values(values) if values.is_empty());
            !none || !self.sources.slice(list.span).contains('[')
        })
    }

    /// Whether the next message ends the dialog, whatever it is, or a rule that is heard in it leaves it.
    fn ends_anyway(&mut self, index: usize) -> bool {
        let any = |extractor: &Option<program::Extractor>| {
            use program::Extractor::{Rest, Word};
            matches!(extractor, Some(Rest | Word))
        };
        let asked = &self.slot_extractors[index];
        let takes_all = asked.iter().all(any);
        if asked.len() == 1 && takes_all {
            return true;
        }
        let rules = &self.items.rules;
        let (even, other) = *self.leaving.get_or_insert_with(|| {
            let leaving = |even: bool| {
                let mut rules = rules.iter().filter(|rule| rule.even_in_dialog == even);
                rules.any(|rule| leaves(&rule.body))
            };
            (leaving(true), leaving(false))
        });
        // What fits a question is an answer before it is looked at by other rules.
        even || (other && !takes_all)
    }

    /// `leaves`: some word ends the dialog.
    fn ways_out(&mut self, item: &ast::DialogItem, leaves: bool) {
        let tries = item.asks.iter().find_map(|ask| ask.at_most);
        let name = &item.name.name;
        // Who gives up begins it anew.
        let again = item.give_up.as_ref().is_some_and(|block| {
            block.actions.iter().any(|action| {
                matches!(&action.kind, ast::ActionKind::Start { dialog, .. } if dialog.name == *name)
            })
        });
        if !leaves && (tries.is_none() || again) && !item.asks.is_empty() {
            let words = self.words_of_leaving();
            self.report.push(
                Diagnostic::warning(
                    c::NO_EXIT,
                    w(
                        format!("对话 `{name}` 没有出口"),
                        format!("dialog `{name}` has no way out"),
                    ),
                    item.head,
                    w("只能等它过期", "it ends only by expiring"),
                )
                .with_help(w(
                    format!("写上 `cancel on {words} {{ reply \"已取消。\" }}`"),
                    format!("add `cancel on {words} {{ reply \"已取消。\" }}`"),
                ))
                .with_help(w(
                    "只想让他少试几次：在问题后面写 `at most 3 times`，再写 `give up { … }`",
                    "to let people go after some tries only: `at most 3 times` behind the question, and `give up { … }`",
                )),
            );
        }
        match (tries, &item.give_up) {
            (Some((_, span)), None) => self.warn_tries(
                span,
                "次数用完以后没有回答",
                "nothing is said when the tries are used up",
                "写上 `give up { … }`",
                "add `give up { … }`",
            ),
            (None, Some(block)) => self.warn_tries(
                block.span,
                "`give up` 永远不会发生",
                "`give up` never happens",
                "在 `ask` 后面写 `at most 3 times`",
                "add `at most 3 times` to an `ask`",
            ),
            _ => {}
        }
    }

    /// What people say to leave: a list made for it, if there is one (which is then no unused list as
    /// well), or the usual word.
    fn words_of_leaving(&mut self) -> String {
        let usual = Value::text("取消");
        let made_for_it = self.lists.iter().find(|list| match &list.entries {
            ListEntries::Values(values) => values.contains(&usual),
            ListEntries::Networks(_) => false,
        });
        let Some(name) = made_for_it.map(|list| list.name.clone()) else {
            return "\"取消\"".to_owned();
        };
        if let Some(ValueItem::List(index)) = self.items.values.get(name.as_str()).copied() {
            self.used.lists.insert(index);
        }
        name
    }

    fn warn_tries(&mut self, span: Span, zh: &str, en: &str, help_zh: &str, help_en: &str) {
        self.report.push(
            Diagnostic::warning(c::TRIES, w(zh, en), span, w("这里", "here"))
                .with_help(w(help_zh, help_en)),
        );
    }
}

/// Whether something in the block leaves the dialog.
fn leaves(block: &ast::Block) -> bool {
    block.actions.iter().any(|action| {
        let mut arms = action.outcomes.iter().flatten();
        action.kind == ast::ActionKind::LeaveDialog || arms.any(|arm| leaves(&arm.block))
    })
}
