//! Walks the trees for [`super::names`]: what each part of an item names, and which names it brings.
//!
//! Every match is exhaustive, so that a new construct does not compile until somebody has said what
//! it names.

use super::names::{Kind, Local, Target, Walk};
use crate::lang::builtins::{ActionSpec, OutcomeSpec, SIGNALS, STREAMS};
use crate::lang::span::Span;
use crate::lang::syntax::ast::{
    Action, ActionKind, Block, CancelWords, DialogItem, Expr, ExprKind, FieldSetting, Item,
    ListSource, Matcher, Path, RuleItem, Text, TextPart, Trigger,
};

impl Walk<'_> {
    /// The variables an item sets, before anything is looked up.
    pub(super) fn variables(&mut self, item: &Item) {
        match item {
            Item::Rule(item) => self.variables_of(&item.body),
            Item::Dialog(item) => {
                let cancel = item.cancel.as_ref().map(|cancel| &cancel.block);
                for block in [cancel, item.give_up.as_ref(), item.done.as_ref()] {
                    block.into_iter().for_each(|block| self.variables_of(block));
                }
            }
            Item::Let(_) | Item::List(_) | Item::Signal(_) | Item::Extractor(_) | Item::Test(_) => {
            }
        }
    }

    fn variables_of(&mut self, block: &Block) {
        for action in &block.actions {
            if let ActionKind::Remember { name, .. } = &action.kind {
                self.variable(name, action.span);
            }
            if let ActionKind::Start { dialog, with } = &action.kind {
                with.iter().for_each(|name| self.handed_over(dialog, name));
            }
            for arm in action.outcomes.iter().flatten() {
                self.variables_of(&arm.block);
            }
        }
    }

    /// Everything an item names.
    pub(super) fn item(&mut self, item: &Item) {
        self.locals.clear();
        self.dialog = None;
        match item {
            Item::Let(item) => self.expr(&item.value),
            Item::List(item) => match &item.source {
                ListSource::Inline(entries) => entries.iter().for_each(|entry| self.expr(entry)),
                ListSource::File(_) => {}
            },
            Item::Rule(item) => self.rule(item),
            Item::Signal(item) => {
                self.text(&item.title);
                self.expr(&item.weight);
                let parts = [item.when.as_ref(), item.except.as_ref()];
                let learn = item
                    .learn
                    .as_ref()
                    .and_then(|learn| learn.duration.as_ref());
                for expr in parts.into_iter().chain([learn]).flatten() {
                    self.expr(expr);
                }
            }
            Item::Dialog(item) => self.dialog(item),
            Item::Extractor(item) => self.pattern(&item.pattern, item.span),
            Item::Test(item) => self.story(item),
        }
    }

    fn rule(&mut self, item: &RuleItem) {
        item.triggers
            .iter()
            .for_each(|trigger| self.trigger(trigger));
        item.when.iter().for_each(|when| self.expr(when));
        self.block(&item.body);
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let event = &trigger.event;
        if !trigger.stand_in && self.registry.event(&event.name).is_some() {
            self.mention(event.span, Target::Event(event.name.clone()));
        }
        match &trigger.matcher {
            Matcher::Always => {}
            Matcher::Pattern(text) | Matcher::Containing(text) | Matcher::Starting(text) => {
                self.pattern(text, trigger.span);
            }
            Matcher::Matching(_) => {}
            Matcher::InList(list) => {
                self.use_global(Kind::List, list);
            }
            Matcher::With(captures) => {
                for capture in captures {
                    self.capture(&capture.name, &capture.extractor, trigger.span);
                }
            }
        }
    }

    /// A text whose holes catch something.
    fn pattern(&mut self, text: &Text, whole: Span) {
        for part in &text.parts {
            match part {
                TextPart::Literal { value: _, span: _ } => {}
                TextPart::Hole {
                    path,
                    extractor,
                    span: _,
                } => match (extractor, path.parts.as_slice()) {
                    (Some(extractor), [name]) => self.capture(name, extractor, whole),
                    (Some(extractor), _) => self.extractor(extractor),
                    (None, _) => self.path(path),
                },
            }
        }
    }

    fn dialog(&mut self, item: &DialogItem) {
        self.enter_dialog(&item.name.name);
        item.expires.iter().for_each(|expires| self.expr(expires));
        for ask in &item.asks {
            self.extractor(&ask.extractor);
            self.text(&ask.question);
            ask.unless.iter().for_each(|unless| self.expr(unless));
            ask.invalid.iter().for_each(|invalid| self.text(invalid));
        }
        if let Some(cancel) = &item.cancel {
            match &cancel.words {
                CancelWords::List(list) => {
                    self.use_global(Kind::List, list);
                }
                CancelWords::Inline(words) => words.iter().for_each(|word| self.text(word)),
            }
            self.block(&cancel.block);
        }
        item.give_up.iter().for_each(|block| self.block(block));
        item.done.iter().for_each(|block| self.block(block));
    }

    fn block(&mut self, block: &Block) {
        block.actions.iter().for_each(|action| self.action(action));
    }

    fn action(&mut self, action: &Action) {
        let spec = action_spec(self.registry.actions(), self.sources.slice(action.keyword));
        if let Some(spec) = spec {
            self.mention(action.keyword, Target::Action(spec.name));
        }
        let mut outcomes: Vec<OutcomeSpec> = spec.map_or(Vec::new(), |it| it.outcomes.clone());
        let mut of = spec.map_or("", |spec| spec.name).to_owned();
        self.action_kind(&action.kind);
        if let ActionKind::Call { name, with: _ } = &action.kind
            && let Some(call) = self.registry.call(&name.name)
        {
            outcomes = call.outcomes.clone();
            of = format!("call {}", name.name);
            self.mention(name.span, Target::Call(name.name.clone()));
        }
        for arm in action.outcomes.iter().flatten() {
            let known = self.locals.len();
            let name = &arm.name;
            if let Some(outcome) = outcomes.iter().find(|it| it.name == name.name) {
                for (name, ty) in &outcome.brings {
                    self.locals.push((name.clone(), Local::Brought(ty.clone())));
                }
            }
            let target = Target::Outcome {
                action: of.clone(),
                name: name.name.clone(),
            };
            self.mention(name.span, target);
            self.block(&arm.block);
            self.locals.truncate(known);
        }
    }

    fn action_kind(&mut self, kind: &ActionKind) {
        match kind {
            ActionKind::ReplyText(text)
            | ActionKind::ReplyMedia {
                kind: _,
                media: text,
            }
            | ActionKind::Tag(text)
            | ActionKind::Untag(text)
            | ActionKind::Note(text) => self.text(text),
            ActionKind::ReplyCard { kind: _, fields } => self.fields(fields),
            ActionKind::Start { dialog, with } => {
                self.use_global(Kind::Dialog, dialog);
                for name in with {
                    self.bare(name);
                }
            }
            ActionKind::AskAgain(slot) => {
                self.bare(slot);
            }
            ActionKind::Remember {
                name: _,
                value,
                lifetime,
            } => {
                self.expr(value);
                lifetime.iter().for_each(|lifetime| self.expr(lifetime));
            }
            ActionKind::Send { text, after } => {
                self.text(text);
                after.iter().for_each(|after| self.expr(after));
            }
            ActionKind::Forget(name) => {
                self.use_global(Kind::Variable, name);
            }
            ActionKind::TrustAlert { choice, lifetime } => {
                choice.iter().for_each(|choice| self.expr(choice));
                self.expr(lifetime);
            }
            ActionKind::CloseAlert { choice } => choice.iter().for_each(|it| self.expr(it)),
            ActionKind::Deny(text) | ActionKind::HandOver(text) => {
                text.iter().for_each(|text| self.text(text));
            }
            ActionKind::Alert(alert) => {
                let expressions = [alert.expires.as_ref(), alert.once_per.as_ref()];
                expressions
                    .into_iter()
                    .flatten()
                    .for_each(|it| self.expr(it));
                alert.per.iter().for_each(|path| self.path(path));
                alert.message.iter().for_each(|text| self.text(text));
                if let Some(template) = &alert.template {
                    self.fields(&template.fields);
                }
            }
            ActionKind::Call { name: _, with } => with.iter().for_each(|arg| self.expr(arg)),
            ActionKind::LeaveDialog
            | ActionKind::Bind
            | ActionKind::Unbind
            | ActionKind::LockAccount
            | ActionKind::UnlockAccount
            | ActionKind::LogOff
            | ActionKind::Challenge
            | ActionKind::Allow
            | ActionKind::IssueCode { purpose: _ }
            | ActionKind::Forward => {}
        }
    }

    fn fields(&mut self, fields: &[FieldSetting]) {
        fields.iter().for_each(|field| self.expr(&field.value));
    }

    /// A text whose holes show something.
    pub(super) fn text(&mut self, text: &Text) {
        for part in &text.parts {
            match part {
                TextPart::Literal { value: _, span: _ } => {}
                TextPart::Hole {
                    path,
                    extractor,
                    span: _,
                } => {
                    self.path(path);
                    extractor.iter().for_each(|it| self.extractor(it));
                }
            }
        }
    }

    fn path(&mut self, path: &Path) {
        if let [name] = path.parts.as_slice()
            && self.bare(name)
        {
            return;
        }
        let text = path.text();
        if self.registry.field(&text).is_some() {
            self.mention(path.span, Target::Field(text));
        } else if STREAMS.iter().any(|(name, _, _, _)| *name == text) {
            self.mention(path.span, Target::Stream(text));
        }
    }

    /// Everything an expression names.
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number { value: _, unit } => {
                if let Some(unit) = unit
                    .as_ref()
                    .filter(|it| self.registry.unit(&it.name).is_some())
                {
                    self.mention(unit.span, Target::Unit(unit.name.clone()));
                }
            }
            ExprKind::Text(text) => self.text(text),
            ExprKind::YesNo(_) => {}
            ExprKind::Path(path) => self.path(path),
            ExprKind::Call { name, args } => {
                if self.registry.function(&name.name).is_some() {
                    self.mention(name.span, Target::Function(name.name.clone()));
                }
                for arg in args {
                    let row = match &arg.name {
                        Some(word) => {
                            self.mention(word.span, Target::Argument(word.name.clone()));
                            matches!(
                                word.name.as_str(),
                                "where" | "of" | "by" | "first" | "second"
                            )
                        }
                        // `distinct(account, of: …)`: a bare field of the past rows.
                        None => self.is_row_field(&arg.value),
                    };
                    let outer = self.in_row;
                    self.in_row |= row;
                    self.expr(&arg.value);
                    self.in_row = outer;
                }
            }
            ExprKind::List(entries) => entries.iter().for_each(|entry| self.expr(entry)),
            ExprKind::Not(inner) | ExprKind::Negate(inner) | ExprKind::Group(inner) => {
                self.expr(inner);
            }
            ExprKind::Binary {
                op: _,
                op_span: _,
                left,
                right,
            } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::In {
                item,
                list,
                negated: _,
            } => {
                self.signal_in_quotes(item, list);
                self.expr(item);
                self.expr(list);
            }
            ExprKind::IsKnown { inner, known: _ } => self.expr(inner),
            ExprKind::Otherwise { inner, default } => {
                self.expr(inner);
                self.expr(default);
            }
        }
    }

    fn is_row_field(&self, expr: &Expr) -> bool {
        let ExprKind::Path(path) = &expr.kind else {
            return false;
        };
        let [name] = path.parts.as_slice() else {
            return false;
        };
        self.registry.row_field(&name.name).is_some()
            && !self.locals.iter().any(|(known, _)| *known == name.name)
    }

    /// `"new_city" in signals`
    fn signal_in_quotes(&mut self, item: &Expr, list: &Expr) {
        let ExprKind::Path(path) = &list.kind else {
            return;
        };
        if path.text() != SIGNALS {
            return;
        }
        if let ExprKind::Text(text) = &item.kind
            && let [TextPart::Literal { value, span }] = text.parts.as_slice()
        {
            self.use_named(Kind::Signal, value, *span);
        }
    }
}

/// The entry whose words these are the beginning of: `reply` for `reply image`.
fn action_spec<'r>(actions: &'r [ActionSpec], written: &str) -> Option<&'r ActionSpec> {
    let words: Vec<&str> = written.split_whitespace().collect();
    actions
        .iter()
        .filter(|action| {
            let name: Vec<&str> = action.name.split_whitespace().collect();
            words.starts_with(&name)
        })
        .max_by_key(|action| action.name.len())
}
