//! Actions: allowed here, their names in scope, every outcome answered.

use crate::lang::builtins::ActionName;
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Action, ActionKind, Block, CodePurpose, Expr};
use crate::lang::span::Span;
use crate::lang::syntax::{LOST_CALL, ast};
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::report::{quoted, w};
use super::scope::{Place, Scope};
use super::text::Purpose;
use crate::lang::diagnostics::nearest;

/// How much later `send` may send: the platform's window of 48 hours with a margin off.
const MAX_LATER: i64 = 47 * 3_600_000;

impl Checker<'_> {
    pub(super) fn block(&mut self, block: &ast::Block, scope: &Scope<'_>) -> Block {
        let mut actions = Vec::new();
        let count = block.actions.len();
        for (index, action) in block.actions.iter().enumerate() {
            let inner = Scope {
                tail: scope.tail && index + 1 == count,
                ..scope.clone()
            };
            if let Some(checked) = self.action(action, &inner) {
                actions.push(checked);
            }
        }
        Block {
            actions,
            span: block.span,
        }
    }

    fn action(&mut self, action: &ast::Action, scope: &Scope<'_>) -> Option<Action> {
        let spec = self.registry.action(name_of(&action.kind)).clone();
        if !spec.stages.covers(scope.stages) {
            let (zh, en) = scope.stages.words();
            let (for_zh, for_en) = spec.stages.words();
            let name = spec.name;
            self.report.push(
                Diagnostic::error(
                    c::ACTION_NOT_HERE,
                    w(
                        format!("`{name}` 不能写在 {zh} 的规则里"),
                        format!("`{name}` cannot stand in a rule for {en}"),
                    ),
                    action.keyword,
                    w("不能写在这里", "not here"),
                )
                .with_help(w(
                    format!("可以写在：{for_zh}"),
                    format!("it may stand in: {for_en}"),
                )),
            );
            return None;
        }
        let kind = self.kind(action, scope);
        let outcomes = self.outcomes(action, &spec, scope);
        if spec.last && action.outcomes.is_some() && !scope.tail {
            let name = spec.name;
            self.report.push(
                Diagnostic::error(
                    c::MUST_BE_LAST,
                    w(
                        format!("`{name}` 要写在最后"),
                        format!("`{name}` comes last in its block"),
                    ),
                    action.keyword,
                    w("后面还有别的动作", "other actions follow"),
                )
                .with_help(w(
                    "把后面的动作放进它的结果里",
                    "move what follows into its outcomes",
                )),
            );
        }
        Some(Action {
            kind: kind?,
            outcomes: outcomes?,
            span: action.span,
        })
    }

    fn kind(&mut self, action: &ast::Action, scope: &Scope<'_>) -> Option<ActionKind> {
        use ast::ActionKind as A;
        Some(match &action.kind {
            A::ReplyText(text) => self.reply_text(text, scope),
            A::ReplyMedia { kind, media } => self.reply_media(kind, media, scope)?,
            A::ReplyCard { kind, fields } => self.reply_card(kind, fields, action.span, scope)?,
            A::Start { dialog, with } => self.start(dialog, with, scope)?,
            A::LeaveDialog => ActionKind::LeaveDialog,
            A::AskAgain(slot) => self.ask_again(slot, action.keyword, scope)?,
            A::Remember {
                name,
                value,
                lifetime,
            } => self.remember(name, value, lifetime.as_ref(), scope)?,
            A::Forget(name) => {
                if !self.variables.contains_key(&name.name) {
                    if !self.items.poisoned.contains(name.name.as_str()) {
                        self.unknown_variable(name);
                    }
                    return None;
                }
                ActionKind::Forget(name.name.clone())
            }
            A::Tag(text) => {
                self.said(text, "标签", "the tag");
                ActionKind::Tag(self.plain(text)?)
            }
            A::Untag(text) => {
                self.said(text, "标签", "the tag");
                ActionKind::Untag(self.plain(text)?)
            }
            A::Bind => self.bind(action.keyword, scope)?,
            A::Unbind => ActionKind::Unbind {
                code: self.needs("code", &Type::Code, action.keyword, scope)?,
            },
            A::LockAccount => ActionKind::LockAccount,
            A::UnlockAccount => ActionKind::UnlockAccount {
                code: self.needs("code", &Type::Code, action.keyword, scope)?,
            },
            A::LogOff => ActionKind::LogOff,
            A::TrustAlert { choice, lifetime } => {
                let choice = self.choice(choice.as_ref(), scope);
                ActionKind::TrustAlert {
                    choice: choice?,
                    lifetime: self.duration(lifetime, "days")?,
                }
            }
            A::CloseAlert { choice } => ActionKind::CloseAlert {
                choice: self.choice(choice.as_ref(), scope)?,
            },
            A::Challenge => ActionKind::Challenge,
            A::Deny(text) => ActionKind::Deny(
                text.as_ref()
                    .map(|text| self.template(text, scope, Purpose::Kept)),
            ),
            A::Allow => ActionKind::Allow,
            A::Alert(alert) => {
                ActionKind::Alert(Box::new(self.alert(alert, action.keyword, scope)?))
            }
            A::Forward => ActionKind::Forward,
            A::HandOver(to) => ActionKind::HandOver(
                to.as_ref()
                    .map(|to| self.template(to, scope, Purpose::Shown)),
            ),
            A::Call { name, with } => self.call_action(name, with, scope)?,
            A::Note(text) => ActionKind::Note(self.template(text, scope, Purpose::Kept)),
            A::Send { text, after } => self.send(text, after.as_ref(), scope)?,
            A::IssueCode { purpose } => ActionKind::IssueCode(match purpose.name.as_str() {
                "unbind" => CodePurpose::Unbind,
                _ => CodePurpose::Unlock,
            }),
        })
    }

    fn send(
        &mut self,
        text: &ast::Text,
        after: Option<&ast::Expr>,
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        self.said(text, "要发的文字", "the text to send");
        let text = self.template(text, scope, Purpose::Shown);
        self.text_limit(&text);
        let after = match after {
            Some(after) => {
                let delay = self.duration(after, "minutes")?;
                if delay > MAX_LATER {
                    self.out_of_range(
                        after.span,
                        "最多 47 小时：平台只让客服消息在对方最后一次说话后的 48 小时内发",
                        "47 hours at most: the platform takes such messages for 48 hours after the follower was last heard",
                    );
                    return None;
                }
                delay
            }
            None => 0,
        };
        Some(ActionKind::Send { text, after })
    }

    fn choice(&mut self, choice: Option<&ast::Expr>, scope: &Scope<'_>) -> Option<Option<Expr>> {
        let Some(choice) = choice else {
            return Some(None);
        };
        let checked = self.maybe(choice, scope);
        let checked = self.want(checked, &Type::Number);
        (checked.ty != Type::Poison).then_some(Some(checked))
    }

    fn start(
        &mut self,
        dialog: &ast::Ident,
        with: &[ast::Ident],
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        let mut given: Vec<(&ast::Ident, Expr)> = Vec::new();
        let mut twice = false;
        for name in with {
            if let Some((first, _)) = given.iter().find(|(known, _)| known.name == name.name) {
                self.handed_twice(name, first.span);
                twice = true;
                continue;
            }
            let path = ast::Path {
                parts: vec![name.clone()],
                span: name.span,
            };
            given.push((name, self.path(&path, scope, true)));
        }
        self.takes(dialog, with);
        let index = self.dialog_index(dialog)?;
        self.used.dialogs.insert(index);
        let mut checked = Vec::new();
        for (name, value) in given {
            if value.ty == Type::Poison {
                // What was meant to be handed over is not known.
                self.guessed_params.insert(index);
                continue;
            }
            self.hand_over(index, name, &value);
            checked.push((name.name.clone(), value));
        }
        // A name that was handed over twice is handed over.
        (twice || checked.len() == with.len()).then_some(ActionKind::Start {
            dialog: crate::lang::program::DialogId(index as u32),
            with: checked,
        })
    }

    fn ask_again(
        &mut self,
        slot: &ast::Ident,
        keyword: Span,
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        let done = scope.place == Place::Done;
        let Some(index) = scope.dialog.filter(|_| done) else {
            self.report.push(Diagnostic::error(
                c::ASK_AGAIN,
                w(
                    "`ask again` 只能写在对话的 `done` 里",
                    "`ask again` stands only in a dialog's `done`",
                ),
                keyword,
                w("这里没有可以再问的", "nothing to ask again here"),
            ));
            return None;
        };
        let asks = &self.items.dialogs[index].asks;
        if asks.iter().any(|ask| ask.slot.name == slot.name) {
            return Some(ActionKind::AskAgain(slot.name.clone()));
        }
        let names: Vec<&str> = asks.iter().map(|ask| ask.slot.name.as_str()).collect();
        let mut error = Diagnostic::error(
            c::ASK_AGAIN,
            w(
                format!("这个对话不问 `{}`", slot.name),
                format!("this dialog does not ask for `{}`", slot.name),
            ),
            slot.span,
            w("没有这一项", "no such slot"),
        )
        .with_help(w(
            format!("它问：{}", quoted(&names, "、")),
            format!("it asks for: {}", quoted(&names, ", ")),
        ));
        if let Some(near) = nearest(&slot.name, names) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                slot.span,
                near,
            );
        }
        self.report.push(error);
        None
    }

    fn bind(&mut self, keyword: Span, scope: &Scope<'_>) -> Option<ActionKind> {
        let phone = self.needs("phone", &Type::Phone, keyword, scope);
        let code = self.in_scope("code", &Type::Code, keyword, scope);
        let ticket = self.in_scope("ticket", &Type::Text, keyword, scope);
        if phone.is_some() && code.is_none() && ticket.is_none() {
            self.missing_name("code", &Type::Code, keyword);
            return None;
        }
        if code.is_some() && ticket.is_none() {
            self.needs("code", &Type::Code, keyword, scope)?;
        }
        Some(ActionKind::Bind {
            phone: phone?,
            code,
            ticket,
        })
    }

    /// A name the action takes from its surroundings; reports it when it is not there.
    fn needs(&mut self, name: &str, ty: &Type, keyword: Span, scope: &Scope<'_>) -> Option<Expr> {
        let Some(local) = scope.locals.get(name) else {
            self.missing_name(name, ty, keyword);
            return None;
        };
        if !local.missing_in.is_empty() {
            let name = name.to_owned();
            let used = ast::Ident {
                name,
                span: keyword,
            };
            self.local(&used, scope, false);
            return None;
        }
        self.in_scope(name, ty, keyword, scope)
    }

    fn in_scope(
        &mut self,
        name: &str,
        ty: &Type,
        keyword: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let local = scope.locals.get(name)?;
        let (found, brought) = (local.ty.clone(), local.name.clone());
        if found != *ty && found != Type::Poison {
            self.report.push(Diagnostic::error(
                c::NAME_NEEDED,
                w(
                    format!("`{name}` 要是{ty:#}"),
                    format!("`{name}` must be {ty}"),
                ),
                keyword,
                w(
                    format!("这里的 `{name}` 是{found:#}"),
                    format!("`{name}` is {found} here"),
                ),
            ));
            return None;
        }
        let kind = crate::lang::program::ExprKind::Name(brought);
        Some(super::expr::node(kind, found, keyword))
    }

    fn missing_name(&mut self, name: &str, ty: &Type, keyword: Span) {
        let example = match ty {
            Type::Phone => "phone: mobile",
            _ => "code: digits(6)",
        };
        if self.variables.contains_key(name) {
            return self.only_remembered(name, keyword);
        }
        self.report.push(
            Diagnostic::error(
                c::NAME_NEEDED,
                w(
                    format!("这里要有 `{name}`"),
                    format!("`{name}` is needed here"),
                ),
                keyword,
                w(
                    format!("没有叫 `{name}` 的名字"),
                    format!("no name `{name}` in scope"),
                ),
            )
            .with_help(w(
                format!("在触发条件里提取，或者在对话里问：`{example}`"),
                format!("extract it in the trigger or ask for it in a dialog: `{example}`"),
            )),
        );
    }

    fn call_action(
        &mut self,
        name: &ast::Ident,
        with: &[ast::Expr],
        scope: &Scope<'_>,
    ) -> Option<ActionKind> {
        let mut args: Vec<Expr> = with.iter().map(|arg| self.maybe(arg, scope)).collect();
        let Some(spec) = self.registry.call(&name.name).cloned() else {
            let text = &name.name;
            if text == LOST_CALL {
                return None;
            }
            let known: Vec<&str> = self
                .registry
                .calls()
                .iter()
                .map(|call| call.name.as_str())
                .collect();
            let mut error = Diagnostic::error(
                c::UNKNOWN_CALL,
                w(
                    format!("没有登记叫 `{text}` 的动作"),
                    format!("no action `{text}` is registered"),
                ),
                name.span,
                w("不认识", "unknown"),
            );
            error = match nearest(text, known.iter().copied()) {
                Some(near) => error.with_nearest(near, name.span, near),
                None => error.with_help(w(
                    "在 menshen.toml 里写 `[calls.这个名字]`，或者在程序里登记",
                    "write `[calls.THIS_NAME]` in menshen.toml, or register it in the program",
                )),
            };
            self.report.push(error);
            return None;
        };
        let enough =
            args.len() == spec.params.len() || (spec.open && args.len() > spec.params.len());
        if !enough {
            let (want, got) = (spec.params.len(), args.len());
            let names: Vec<&str> = spec.params.iter().map(|(name, _)| name.as_str()).collect();
            self.report.push(
                Diagnostic::error(
                    c::CALL_ARGUMENTS,
                    w(
                        format!("`{}` 要 {want} 个值，这里有 {got} 个", name.name),
                        format!("`{}` takes {want} values, here are {got}", name.name),
                    ),
                    name.span,
                    w("值的个数不对", "wrong number of values"),
                )
                .with_help(w(
                    format!("它要：{}", quoted(&names, "、")),
                    format!("it takes: {}", quoted(&names, ", ")),
                )),
            );
            return None;
        }
        let mut sound = true;
        for (index, slot) in args.iter_mut().enumerate() {
            if let Some((_, ty)) = spec.params.get(index) {
                *slot = self.want(slot.clone(), ty);
            }
            sound &= slot.ty != Type::Poison;
        }
        sound.then(|| ActionKind::Call {
            name: name.name.clone(),
            args,
        })
    }

    /// A whole number of a clause, e.g. `at most 3 times`.
    pub(super) fn whole(&mut self, number: (u32, Span), most: u32) -> u32 {
        if number.0 == 0 || number.0 > most {
            let zh = format!("要在 1 到 {most} 之间");
            let en = format!("between 1 and {most}");
            self.out_of_range(number.1, &zh, &en);
        }
        number.0
    }

    /// A constant number.
    pub(super) fn number_constant(&mut self, expr: &ast::Expr) -> Option<f64> {
        match self.constant(expr, &Type::Number)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }
}

fn name_of(kind: &ast::ActionKind) -> ActionName {
    use ast::ActionKind as A;
    match kind {
        A::ReplyText(_) | A::ReplyMedia { .. } | A::ReplyCard { .. } => ActionName::Reply,
        A::Start { .. } => ActionName::Start,
        A::LeaveDialog => ActionName::LeaveDialog,
        A::AskAgain(_) => ActionName::AskAgain,
        A::Remember { .. } => ActionName::Remember,
        A::Forget(_) => ActionName::Forget,
        A::Tag(_) => ActionName::Tag,
        A::Untag(_) => ActionName::Untag,
        A::Bind => ActionName::Bind,
        A::Unbind => ActionName::Unbind,
        A::LockAccount => ActionName::LockAccount,
        A::UnlockAccount => ActionName::UnlockAccount,
        A::LogOff => ActionName::LogOff,
        A::TrustAlert { .. } => ActionName::TrustAlert,
        A::CloseAlert { .. } => ActionName::CloseAlert,
        A::Challenge => ActionName::Challenge,
        A::Deny(_) => ActionName::Deny,
        A::Allow => ActionName::Allow,
        A::Alert(_) => ActionName::Alert,
        A::Forward => ActionName::Forward,
        A::HandOver(_) => ActionName::HandOver,
        A::Call { .. } => ActionName::Call,
        A::Note(_) => ActionName::Note,
        A::Send { .. } => ActionName::Send,
        A::IssueCode { .. } => ActionName::IssueCode,
    }
}
