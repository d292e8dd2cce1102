//! `on` rules: triggers, captures, the condition and what it proves.

use std::collections::BTreeMap;

use crate::lang::builtins::{ALERT_OPEN, EventSpec, Stages, event_called, own_trigger};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    self, Capture, EventName, Expr, ExprKind, Matcher, Name, PatternCapture, Rule, RuleId, Trigger,
};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::Type;

use super::Checker;
use super::bars::Several;
use super::codes as c;
use super::expr::poison;
use super::items::{ValueItem, once};
use super::report::w;
use super::scope::{Local, Place, Scope};
use super::walk;
use crate::lang::diagnostics::nearest;

/// One alternative's names, with types and places.
pub(super) type Names = BTreeMap<String, (Type, Span)>;

impl<'a> Checker<'a> {
    pub(super) fn rule(&mut self, item: &'a ast::RuleItem) -> Option<Rule> {
        let mut triggers = Vec::new();
        let mut alternatives: Vec<(Names, Span)> = Vec::new();
        let mut stages = Stages::NONE;
        let mut events = Vec::new();
        let mut sound = true;
        for trigger in &item.triggers {
            let Some((checked, names, spec)) = self.trigger(trigger) else {
                // The captures of a broken alternative are unknown, not missing.
                sound = false;
                if let Some(spec) = self.registry.event(&trigger.event.name) {
                    stages = stages.and(spec.stages());
                }
                continue;
            };
            stages = stages.and(spec.stages());
            events.push(spec.name);
            triggers.push(checked);
            alternatives.push((names, trigger.span));
        }
        // Of a known event the body is looked at all the same: it may remember names.
        let lost = triggers.is_empty();
        if lost && stages == Stages::NONE {
            return None;
        }
        let mut scope = Scope::new(stages, Place::Rule);
        scope.events = events;
        scope.locals = self.captures(&alternatives);
        let nameless = self.nameless_holes(item);
        scope.nameless = !nameless.is_empty();
        if !sound {
            self.broken_names(item, &mut scope);
        }
        let captures: Vec<Capture> = scope
            .locals
            .iter()
            .map(|(name, local)| Capture {
                name: name.clone(),
                ty: local.ty.clone(),
            })
            .collect();
        let even = self.even_meant(item);
        let when = match &even {
            Some(even) => even.when.as_ref(),
            None => item.when.as_ref(),
        };
        let when = when.map(|when| self.condition(when, &scope));
        // The condition that was to stand before it is not known.
        let when = when.or_else(|| even.is_some().then(|| poison(item.head)));
        // What a broken condition would have proven is not known, so it is not missed.
        scope.proven = when
            .as_ref()
            .is_some_and(|when| when.ty == Type::Poison || self.proves_account(when));
        if let Some(when) = &when {
            self.rule_out(&mut scope, when, true);
        }
        let body = self.block(&item.body, &scope);
        let wanted = std::mem::take(&mut self.wanted_names);
        self.name_the_hole(&nameless, wanted);
        let chat = Stages::CHAT.covers(stages);
        if item.continues && !chat {
            self.report.push(Diagnostic::warning(
                c::NEEDLESS_CONTINUE,
                w(
                    "这里的 `continue` 没有作用",
                    "`continue` means nothing here",
                ),
                item.head,
                w(
                    "登录和账号的规则本来就会全部执行",
                    "all rules for logins and accounts act anyway",
                ),
            ));
        }
        if lost {
            return None;
        }
        let (file, line) = self.place(item.span);
        Some(Rule {
            id: RuleId(0),
            name: format!("{file}:{line}"),
            triggers,
            when,
            even_in_dialog: item.even_in_dialog || even.is_some(),
            continues: item.continues,
            body,
            captures,
            head: item.head,
            span: item.span,
        })
    }

    fn trigger(&mut self, trigger: &'a ast::Trigger) -> Option<(Trigger, Names, EventSpec)> {
        let word = trigger.event.name.as_str();
        let Some(spec) = self.registry.event(word).cloned() else {
            let names = self.registry.events().iter().map(|event| event.name);
            let near = event_called(word).or_else(|| nearest(word, names));
            let mut error = Diagnostic::error(
                c::UNKNOWN_EVENT,
                w(
                    format!("没有 `{word}` 这个事件"),
                    format!("there is no event `{word}`"),
                ),
                trigger.event.span,
                w("不认识的事件", "unknown event"),
            );
            if matches!(word, "containing" | "starting" | "matching") {
                let start = Span {
                    end: trigger.event.span.start,
                    ..trigger.event.span
                };
                self.report.push(error.with_fix(
                    w("前面加上 `text`", "put `text` before it"),
                    start,
                    "text ",
                ));
                return None;
            }
            let list = matches!(self.items.values.get(word), Some(ValueItem::List(_)));
            if list && trigger.matcher == ast::Matcher::Always {
                let right = format!("text in {word}");
                self.report.push(error.with_guess(
                    w(format!("写成 `{right}`"), format!("write `{right}`")),
                    trigger.event.span,
                    right,
                ));
                return None;
            }
            error = match near {
                Some(near) => error.with_nearest(near, trigger.event.span, near),
                None => error.with_help(w(
                    "微信的其他事件写成 `on event \"名字\"`",
                    "other events of the platform are written `on event \"name\"`",
                )),
            };
            self.report.push(error);
            return None;
        };
        if let EventName::Named(_) = spec.event {
            let ast::Matcher::Pattern(text) = &trigger.matcher else {
                self.nothing_to_match(
                    trigger,
                    "`event` 后面写事件的名字",
                    "`event` wants the event's name",
                );
                return None;
            };
            let name = self.plain(text)?;
            if let Some(own) = own_trigger(&name) {
                self.own_trigger(trigger, &name, own);
                return None;
            }
            let event = EventName::Named(name);
            let checked = Trigger {
                event,
                matcher: Matcher::Always,
                span: trigger.span,
            };
            return Some((checked, Names::new(), spec));
        }
        if spec.matches.is_none() && trigger.matcher != ast::Matcher::Always {
            self.nothing_to_match(
                trigger,
                &format!("`{word}` 没有可以比较的文字"),
                &format!("`{word}` carries no text to match"),
            );
            return None;
        }
        if word == "text" {
            match &trigger.matcher {
                ast::Matcher::Pattern(text) => self.bar(text, Several::Message),
                ast::Matcher::Containing(text) | ast::Matcher::Starting(text) => {
                    self.bar(text, Several::Words);
                }
                _ => {}
            }
        }
        let (matcher, names) = self.matcher(&trigger.matcher)?;
        let checked = Trigger {
            event: spec.event.clone(),
            matcher,
            span: trigger.span,
        };
        Some((checked, names, spec))
    }

    /// What has a trigger of its own never comes by its name.
    fn own_trigger(&mut self, trigger: &ast::Trigger, name: &str, own: &str) {
        self.report.push(
            Diagnostic::error(
                c::UNKNOWN_EVENT,
                w(
                    format!("`{name}` 有自己的写法，`event \"{name}\"` 永远等不到"),
                    format!("`{name}` has a trigger of its own; `event \"{name}\"` never comes"),
                ),
                trigger.span,
                w("这样写等不到", "never heard"),
            )
            .with_fix(
                w(format!("改成 `{own}`"), format!("replace by `{own}`")),
                trigger.span,
                own,
            ),
        );
    }

    fn nothing_to_match(&mut self, trigger: &ast::Trigger, zh: &str, en: &str) {
        let event = &trigger.event.name;
        self.report.push(
            Diagnostic::error(
                c::NOTHING_TO_MATCH,
                w(zh, en),
                trigger.span,
                w("这里不能这样写", "not like this"),
            )
            .with_help(w(
                format!("要挑其中一些，写条件：`on {event} when …`"),
                format!("to pick some of them write a condition: `on {event} when …`"),
            )),
        );
    }

    fn matcher(&mut self, matcher: &'a ast::Matcher) -> Option<(Matcher, Names)> {
        let none = Names::new();
        Some(match matcher {
            ast::Matcher::Always => (Matcher::Always, none),
            ast::Matcher::Pattern(text) => {
                let (pattern, captures) = self.pattern(text)?;
                let names = captures
                    .into_iter()
                    .map(|(name, found)| (name.to_owned(), found))
                    .collect();
                (Matcher::Pattern(pattern), names)
            }
            ast::Matcher::Containing(text) => (Matcher::Containing(self.words(text)?), none),
            ast::Matcher::Starting(text) => (Matcher::Starting(self.words(text)?), none),
            ast::Matcher::InList(name) => (Matcher::InList(self.text_list(name)?), none),
            ast::Matcher::Matching(text) => self.regex(text)?,
            ast::Matcher::With(holes) => {
                let mut names = Names::new();
                let mut taken = BTreeMap::new();
                let mut captures = Vec::new();
                let mut sound = true;
                for hole in holes {
                    let Some(extractor) = self.extractor(&hole.extractor) else {
                        sound = false;
                        continue;
                    };
                    if !self.capture_name(&hole.name)
                        || !once(&mut taken, &hole.name, &mut self.report)
                    {
                        sound = false;
                        continue;
                    }
                    names.insert(hole.name.name.clone(), (extractor.ty(), hole.name.span));
                    captures.push(PatternCapture {
                        name: hole.name.name.clone(),
                        extractor,
                    });
                }
                if !sound {
                    return None;
                }
                (Matcher::With(captures), names)
            }
        })
    }

    /// What a message must have; reports it when every message has.
    pub(super) fn words(&mut self, text: &ast::Text) -> Option<String> {
        let words = self.plain(text)?;
        if words.trim().is_empty() {
            self.report.push(Diagnostic::error(
                c::EMPTY_PATTERN,
                w("空的文字每条消息都有", "every message has an empty text"),
                text.span,
                w("这里是空的", "this is empty"),
            ));
            return None;
        }
        Some(words)
    }

    /// The captures of all alternatives: equal types, and which alternative lacks which.
    fn captures(&mut self, alternatives: &[(Names, Span)]) -> BTreeMap<String, Local> {
        let mut locals: BTreeMap<String, (Local, Span)> = BTreeMap::new();
        for (names, _) in alternatives {
            for (name, (ty, span)) in names {
                let Some((known, first)) = locals.get_mut(name) else {
                    let lacks = alternatives
                        .iter()
                        .filter(|(names, _)| !names.contains_key(name));
                    let local = Local {
                        name: Name::Capture(name.clone()),
                        ty: ty.clone(),
                        missing_in: lacks.map(|(_, span)| *span).collect(),
                    };
                    locals.insert(name.clone(), (local, *span));
                    continue;
                };
                if known.ty != *ty && known.ty != Type::Poison {
                    let (a, b) = (known.ty.clone(), ty);
                    self.report.push(
                        Diagnostic::error(
                            c::CAPTURE_TYPES,
                            w(
                                format!("`{name}` 在两种写法里类型不同"),
                                format!("`{name}` has different types in the alternatives"),
                            ),
                            *span,
                            w(format!("这里是{b:#}"), format!("{b} here")),
                        )
                        .with_label(*first, w(format!("这里是{a:#}"), format!("{a} here"))),
                    );
                    known.ty = Type::Poison;
                }
            }
        }
        locals
            .into_iter()
            .map(|(name, (local, _))| (name, local))
            .collect()
    }

    /// Names a broken trigger would have brought: poison, so that using them is no second error.
    fn broken_names(&mut self, item: &ast::RuleItem, scope: &mut Scope<'_>) {
        for trigger in &item.triggers {
            let mut add = |name: &ast::Ident| {
                if !scope.locals.contains_key(&name.name) {
                    scope.add(Name::Capture(name.name.clone()), Type::Poison);
                }
            };
            match &trigger.matcher {
                ast::Matcher::Pattern(text) => {
                    for part in &text.parts {
                        if let ast::TextPart::Hole {
                            path, extractor, ..
                        } = part
                        {
                            add(&path.parts[0]);
                            // The name may stand where its extractor should.
                            extractor.iter().for_each(|used| add(&used.name));
                        }
                    }
                }
                ast::Matcher::With(holes) => holes.iter().for_each(|hole| add(&hole.name)),
                _ => {}
            }
        }
        for local in scope.locals.values_mut() {
            local.missing_in.clear();
        }
    }

    /// Whether the condition can only hold when there is an account.
    fn proves_account(&self, when: &Expr) -> bool {
        match &when.kind {
            ExprKind::Field(id) => self.registry.field_spec(*id).proves_account,
            ExprKind::And(parts) => parts.iter().any(|part| self.proves_account(part)),
            ExprKind::Or(parts) => parts.iter().all(|part| self.proves_account(part)),
            ExprKind::Let { value, .. } => self.proves_account(value),
            _ => false,
        }
    }

    /// Chat rules that lock or test an open alert must be heard in dialogs too; rules with
    /// `continue` cannot reply.
    pub(super) fn rule_laws(&mut self, rule: &Rule) {
        let chat = rule
            .triggers
            .iter()
            .any(|trigger| self.registry.event_spec(&trigger.event).stages() == Stages::CHAT);
        if !chat {
            return;
        }
        let locks = walk::has(&rule.body, |kind| {
            matches!(kind, program::ActionKind::LockAccount)
        });
        let mut tests = false;
        if let Some(when) = &rule.when {
            walk::nodes(when, &self.queries, &mut |node| {
                if let ExprKind::Field(id) = node.kind {
                    tests |= self.registry.field_spec(id).path == ALERT_OPEN;
                }
            });
        }
        if (locks || tests) && !rule.even_in_dialog {
            let (zh, en) = if locks {
                ("会锁定账号", "locks the account")
            } else {
                ("看 `alert.open` ", "looks at `alert.open`")
            };
            let end = Span {
                start: rule.head.end,
                ..rule.head
            };
            self.report.push(
                Diagnostic::error(
                    c::EVEN_IN_DIALOG,
                    w(
                        format!("{zh}的规则要写 `even in dialog`"),
                        format!("a rule that {en} needs `even in dialog`"),
                    ),
                    rule.head,
                    w("对话进行中听不到这条规则", "not heard while a dialog runs"),
                )
                .with_help(w(
                    "在 `{` 前面写 `even in dialog`",
                    "write `even in dialog` before the `{`",
                ))
                .with_fix(
                    w("加上 `even in dialog`", "add `even in dialog`"),
                    end,
                    " even in dialog",
                ),
            );
        }
        if rule.continues {
            let mut reply = None;
            walk::actions(&rule.body, &mut |action| {
                if matches!(action.kind, program::ActionKind::Reply(_)) && reply.is_none() {
                    reply = Some(action.span);
                }
            });
            if let Some(reply) = reply {
                self.report.push(
                    Diagnostic::error(
                        c::CONTINUE_REPLIES,
                        w(
                            "带 `continue` 的规则不能回复",
                            "a rule with `continue` cannot reply",
                        ),
                        reply,
                        w("后面的规则也会回复", "later rules reply too"),
                    )
                    .with_label(rule.head, w("这里写了 `continue`", "`continue` is here"))
                    .with_help(w(
                        "去掉 `continue`，或者只做记录、打标签",
                        "drop `continue`, or only note and tag",
                    )),
                );
            }
        }
    }
}
