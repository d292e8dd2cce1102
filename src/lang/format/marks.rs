//! What the tree says about the tokens: where clauses start, where a line may be broken and how deep
//! the next one then stands, which `(` groups and which `-` negates.
//!
//! Every match here is exhaustive, so that a new construct of the language does not compile until
//! somebody has said how it is printed. Offsets are those of the parsed text.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::syntax::Lexeme;
use crate::lang::syntax::ast::{
    Action, ActionKind, AlertAction, AskClause, Block, CancelClause, CancelWords, DialogItem,
    ExtractorItem, File, Ident, Item, LetItem, ListItem, ListSource, Matcher, RuleItem, SignalItem,
    Text, Trigger,
};

/// A place where a line may start inside a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Break {
    /// Breaks of one group come together when `whole`, else each for itself.
    pub(super) group: u32,
    /// All breaks of the group or none.
    pub(super) whole: bool,
    /// Outer breaks are made before inner ones.
    pub(super) level: u16,
    /// How the line is indented.
    pub(super) indent: Indent,
}

/// How a line that continues a clause is indented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indent {
    /// As the clause.
    Clause,
    /// This many steps deeper than the clause.
    Steps(u16),
    /// Its operator ends in the column where the clause's keyword ends.
    River,
}

/// What the tree says, by the byte a token starts at.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// First tokens of clauses.
    pub(super) clauses: BTreeSet<usize>,
    /// First tokens of lines that may continue a clause.
    pub(super) breaks: BTreeMap<usize, Break>,
    /// `(` that group rather than call.
    pub(super) groups: BTreeSet<usize>,
    /// Operators between two operands.
    pub(super) infix: BTreeSet<usize>,
    /// `-` before its operand.
    pub(super) prefix: BTreeSet<usize>,
    /// `[` of lists.
    pub(super) lists: BTreeSet<usize>,
    /// First tokens of clauses whose neighbours are written like a table.
    pub(super) tables: BTreeMap<usize, Table>,
}

/// Clauses that are aligned with their neighbours of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `bound { … }`: the braces.
    Arm,
    /// `let usual = 90 days`: the equals signs.
    Let,
    /// `when …` directly before `except …`: the conditions.
    Part,
}

/// Reads the marks off a tree without syntax errors. `code` are its tokens without comments.
pub(super) fn of(file: &File, code: &[Lexeme], text: &str) -> Marks {
    let mut walk = Walk {
        code,
        text,
        groups: 0,
        marks: Marks::default(),
    };
    file.items.iter().for_each(|item| walk.item(item));
    walk.marks
}

pub(super) struct Walk<'a> {
    code: &'a [Lexeme],
    text: &'a str,
    groups: u32,
    pub(super) marks: Marks,
}

impl Walk<'_> {
    /// The index of the first token at or behind `offset`.
    fn index(&self, offset: u32) -> usize {
        self.code
            .partition_point(|token| token.start < offset as usize)
    }

    /// Where the `back`-th token before the one at `offset` starts.
    fn before(&self, offset: u32, back: usize) -> Option<usize> {
        let at = self.index(offset);
        Some(self.code.get(at.checked_sub(back)?)?.start)
    }

    pub(super) fn clause(&mut self, offset: u32) {
        self.marks.clauses.insert(offset as usize);
    }

    /// The token `back` tokens before `offset` starts a clause.
    fn clause_before(&mut self, offset: u32, back: usize) {
        self.marks.clauses.extend(self.before(offset, back));
    }

    pub(super) fn group(&mut self) -> u32 {
        self.groups += 1;
        self.groups
    }

    /// A break of its own at the token `back` tokens before `offset`.
    pub(super) fn may_break(&mut self, offset: u32, back: usize, level: u16, steps: u16) {
        let group = self.group();
        let place = Break {
            group,
            whole: false,
            level,
            indent: Indent::Steps(steps),
        };
        if let Some(at) = self.before(offset, back) {
            self.marks.breaks.insert(at, place);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Let(item) => self.let_item(item),
            Item::List(item) => self.list_item(item),
            Item::Rule(item) => self.rule_item(item),
            Item::Signal(item) => self.signal_item(item),
            Item::Dialog(item) => self.dialog_item(item),
            Item::Extractor(ExtractorItem {
                name: _,
                pattern: _,
                span,
            }) => self.clause(span.start),
            Item::Test(item) => self.test_item(item),
        }
    }

    fn let_item(&mut self, item: &LetItem) {
        let LetItem {
            name: _,
            value,
            span,
        } = item;
        self.clause(span.start);
        self.marks.tables.insert(span.start as usize, Table::Let);
        self.condition(value, Indent::Steps(1));
    }

    fn list_item(&mut self, item: &ListItem) {
        let ListItem {
            name: _,
            ty: _,
            source,
            span,
        } = item;
        self.clause(span.start);
        match source {
            ListSource::Inline(entries) => self.elements(entries, 0, 1),
            ListSource::File(_) => {}
        }
        // The bracket of a list in place has no node of its own.
        if let ListSource::Inline(_) = source {
            let mut inside = self.code[self.index(span.start)..].iter();
            let open = inside.find(|token| &self.text[token.start..token.end] == "[");
            self.marks.lists.extend(open.map(|token| token.start));
            // Where the author has it on a line of its own it stays there.
            let group = self.group();
            if let Some(close) = self.before(span.end, 1)
                && self.text[close..].starts_with(']')
            {
                let place = Break {
                    group,
                    whole: false,
                    level: u16::MAX,
                    indent: Indent::Clause,
                };
                self.marks.breaks.insert(close, place);
            }
        }
    }

    fn rule_item(&mut self, item: &RuleItem) {
        let RuleItem {
            triggers,
            when,
            even_in_dialog: _,
            continues: _,
            body,
            head,
            span,
        } = item;
        self.clause(span.start);
        for trigger in triggers.iter().skip(1) {
            self.may_break(trigger.span.start, 1, 0, 1);
        }
        triggers.iter().for_each(|trigger| self.trigger(trigger));
        if let Some(when) = when {
            self.may_break(when.span.start, 1, 0, 1);
            self.condition(when, Indent::Steps(2));
        }
        // `even in dialog` and `continue` stand anywhere behind the triggers and have no nodes.
        let inside = self.code[self.index(head.start)..].iter();
        let inside = inside.take_while(|token| token.end <= head.end as usize);
        let options = inside
            .filter(|token| matches!(&self.text[token.start..token.end], "even" | "continue"));
        for start in options.map(|token| token.start).collect::<Vec<_>>() {
            self.may_break(u32::try_from(start).unwrap_or(u32::MAX), 0, 0, 1);
        }
        self.block(body);
    }

    fn trigger(&mut self, trigger: &Trigger) {
        let Trigger {
            event: _,
            matcher,
            stand_in: _,
            span: _,
        } = trigger;
        match matcher {
            Matcher::Always
            | Matcher::Pattern(_)
            | Matcher::Containing(_)
            | Matcher::Starting(_)
            | Matcher::Matching(_)
            | Matcher::InList(_) => {}
            Matcher::With(captures) => {
                for capture in captures.iter().skip(1) {
                    self.may_break(capture.name.span.start, 0, 1, 2);
                }
            }
        }
    }

    fn signal_item(&mut self, item: &SignalItem) {
        let SignalItem {
            name: _,
            title: _,
            weight,
            shadow: _,
            when,
            except,
            learn,
            span,
        } = item;
        self.clause(span.start);
        self.condition(weight, Indent::Steps(2));
        for part in [when, except].into_iter().flatten() {
            self.clause_before(part.span.start, 1);
            if let Some(keyword) = self.before(part.span.start, 1) {
                self.marks.tables.insert(keyword, Table::Part);
            }
            self.condition(part, Indent::River);
        }
        if let Some(learn) = learn {
            self.clause(learn.span.start);
        }
    }

    fn dialog_item(&mut self, item: &DialogItem) {
        let DialogItem {
            name: _,
            expires,
            asks,
            cancel,
            give_up,
            done,
            head: _,
            span,
        } = item;
        self.clause(span.start);
        if let Some(expires) = expires {
            self.condition(expires, Indent::Steps(2));
        }
        asks.iter().for_each(|ask| self.ask(ask));
        if let Some(CancelClause { words, block, span }) = cancel {
            self.clause(span.start);
            match words {
                CancelWords::List(_) => {}
                CancelWords::Inline(words) => self.alternatives(words),
            }
            self.block(block);
        }
        if let Some(block) = give_up {
            self.clause_before(block.span.start, 2);
            self.block(block);
        }
        if let Some(block) = done {
            self.clause_before(block.span.start, 1);
            self.block(block);
        }
    }

    /// `"取消" or "退出"`
    fn alternatives(&mut self, words: &[Text]) {
        for word in words.iter().skip(1) {
            self.may_break(word.span.start, 1, 0, 1);
        }
    }

    fn ask(&mut self, ask: &AskClause) {
        let AskClause {
            slot: _,
            extractor: _,
            question: _,
            unless,
            invalid,
            at_most,
            span,
        } = ask;
        self.clause(span.start);
        if let Some(unless) = unless {
            self.may_break(unless.span.start, 1, 0, 1);
            self.condition(unless, Indent::Steps(2));
        }
        if let Some(invalid) = invalid {
            self.may_break(invalid.span.start, 1, 0, 1);
        }
        if let Some((_, number)) = at_most {
            self.may_break(number.start, 2, 0, 1);
        }
    }

    fn block(&mut self, block: &Block) {
        let Block { actions, span: _ } = block;
        actions.iter().for_each(|action| self.action(action));
    }

    fn action(&mut self, action: &Action) {
        let Action {
            kind,
            keyword: _,
            outcomes,
            span,
        } = action;
        self.clause(span.start);
        self.action_kind(kind);
        for arm in outcomes.iter().flatten() {
            self.clause(arm.name.span.start);
            let start = arm.name.span.start as usize;
            self.marks.tables.insert(start, Table::Arm);
            self.block(&arm.block);
        }
    }

    fn action_kind(&mut self, kind: &ActionKind) {
        match kind {
            ActionKind::ReplyText(_)
            | ActionKind::ReplyMedia { kind: _, media: _ }
            | ActionKind::LeaveDialog
            | ActionKind::AskAgain(_)
            | ActionKind::Forget(_)
            | ActionKind::Tag(_)
            | ActionKind::Untag(_)
            | ActionKind::Bind
            | ActionKind::Unbind
            | ActionKind::LockAccount
            | ActionKind::UnlockAccount
            | ActionKind::LogOff
            | ActionKind::Challenge
            | ActionKind::Deny(_)
            | ActionKind::Allow
            | ActionKind::Forward
            | ActionKind::HandOver(_)
            | ActionKind::IssueCode { purpose: _ }
            | ActionKind::Note(_) => {}
            ActionKind::ReplyCard { kind: _, fields } => {
                for field in fields {
                    self.clause(field.name.span.start);
                    self.condition(&field.value, Indent::Steps(1));
                }
            }
            ActionKind::Start { dialog: _, with } => self.names(with),
            ActionKind::Remember {
                name: _,
                value,
                lifetime,
            } => {
                self.condition(value, Indent::Steps(1));
                if let Some(lifetime) = lifetime {
                    self.may_break(lifetime.span.start, 1, 0, 1);
                    self.condition(lifetime, Indent::Steps(2));
                }
            }
            ActionKind::Send { text: _, after } => {
                if let Some(after) = after {
                    self.may_break(after.span.start, 1, 0, 1);
                    self.condition(after, Indent::Steps(2));
                }
            }
            ActionKind::TrustAlert { choice, lifetime } => {
                if let Some(choice) = choice {
                    self.condition(choice, Indent::Steps(2));
                }
                self.condition(lifetime, Indent::Steps(2));
            }
            ActionKind::CloseAlert { choice } => {
                if let Some(choice) = choice {
                    self.condition(choice, Indent::Steps(2));
                }
            }
            ActionKind::Alert(alert) => self.alert(alert),
            ActionKind::Call { name: _, with } => self.arguments(with.iter(), 0, 1),
        }
    }

    fn alert(&mut self, alert: &AlertAction) {
        let AlertAction {
            expires,
            once_per,
            per,
            message,
            template,
        } = alert;
        if let Some(expires) = expires {
            self.condition(expires, Indent::Steps(2));
        }
        if let Some(once) = once_per {
            self.may_break(once.span.start, 2, 0, 1);
            self.condition(once, Indent::Steps(2));
        }
        if let Some(per) = per {
            self.may_break(per.span.start, 1, 0, 1);
        }
        if let Some(message) = message {
            self.clause_before(message.span.start, 1);
        }
        if let Some(template) = template {
            self.clause(template.span.start);
            for field in &template.fields {
                self.clause(field.name.span.start);
                self.condition(&field.value, Indent::Steps(1));
            }
        }
    }

    /// Names with commas between them: a line may start with any but the first.
    pub(super) fn names(&mut self, names: &[Ident]) {
        for name in names.iter().skip(1) {
            self.may_break(name.span.start, 0, 0, 1);
        }
    }
}
