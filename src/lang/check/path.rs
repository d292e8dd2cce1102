//! Names and dotted paths: what they stand for, and whether it is there.

use crate::lang::builtins::{AccountView, FieldSpec, RAW_PREFIX, STREAMS, Stages};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Expr, ExprKind, FieldId, Name};
use crate::lang::span::Span;
use crate::lang::syntax::{LOST_NAME, ast};
use crate::lang::value::Type;

use super::codes as c;
use super::expr::{MAX_NODES, node, poison};
use super::items::{ValueItem, circle};
use super::nearby;
use super::report::{quoted, set_off, w};
use super::scope::{Place, Scope};
use super::walk;
use super::{Checker, LetState};
use crate::lang::diagnostics::{nearest, opposite};

impl Checker<'_> {
    /// What a path stands for. `maybe`: it may be a capture that not every alternative brings.
    pub(super) fn path(&mut self, path: &ast::Path, scope: &Scope<'_>, maybe: bool) -> Expr {
        let span = path.span;
        if let [name] = path.parts.as_slice() {
            if scope.place == Place::Row
                && let Some(id) = self.registry.row_field(&name.name)
            {
                let ty = self.registry.field_spec(id).ty.clone();
                return node(ExprKind::RowField(id), ty, span);
            }
            if let Some(found) = self.local(name, scope, maybe) {
                return found;
            }
            match self.items.values.get(name.name.as_str()).copied() {
                Some(ValueItem::Let(index)) => return self.use_let(index, name, scope),
                Some(ValueItem::List(index)) => {
                    self.used.lists.insert(index);
                    self.not_a_value(name, "列表", "a list", "写成 `… in {}`", "write `… in {}`");
                    return poison(span);
                }
                None => {}
            }
        }
        let text = path.text();
        if let Some(id) = self.registry.field(&text) {
            return self.field(id, span, scope);
        }
        if let Some(raw) = text.strip_prefix(RAW_PREFIX)
            && !raw.contains('.')
        {
            if scope.place != Place::Let && !Stages::CHAT.covers(scope.stages) {
                self.not_here(&text, span, Stages::CHAT, scope);
                return poison(span);
            }
            return node(ExprKind::Name(Name::Raw(raw.to_owned())), Type::Text, span);
        }
        self.unknown_path(path, scope);
        poison(span)
    }

    /// A capture, slot, parameter, outcome name or variable of the user.
    pub(super) fn local(
        &mut self,
        name: &ast::Ident,
        scope: &Scope<'_>,
        maybe: bool,
    ) -> Option<Expr> {
        let span = name.span;
        if let Some(local) = scope.locals.get(&name.name) {
            if let Some(&other) = local.missing_in.first()
                && !maybe
            {
                let text = &name.name;
                self.report.push(
                    Diagnostic::error(
                        c::NOT_IN_EVERY_ALTERNATIVE,
                        w(
                            format!("不是每种写法都有 `{text}`"),
                            format!("not every alternative brings `{text}`"),
                        ),
                        span,
                        w("可能没有值", "may have no value"),
                    )
                    .with_label(
                        other,
                        w(
                            format!("这种写法没有 `{text}`"),
                            format!("this one has no `{text}`"),
                        ),
                    )
                    .with_help(w(
                        format!(
                            "在每种写法里都写上 `{{{text}: …}}`，或者用 `{text} otherwise …`，或者条件里写 `{text} is known and …`"
                        ),
                        format!(
                            "write `{{{text}: …}}` in each alternative, or `{text} otherwise …`, or `{text} is known and …` in the condition"
                        ),
                    )),
                );
                return Some(poison(span));
            }
            return Some(node(
                ExprKind::Name(local.name.clone()),
                local.ty.clone(),
                span,
            ));
        }
        let ty = self.variables.get(&name.name)?.ty.clone();
        self.used.variables.insert(name.name.clone());
        if scope.place != Place::Let && !Stages::CHAT.covers(scope.stages) {
            self.not_here(&name.name, span, Stages::CHAT, scope);
            return Some(poison(span));
        }
        Some(node(
            ExprKind::Name(Name::Variable(name.name.clone())),
            ty,
            span,
        ))
    }

    fn use_let(&mut self, index: usize, name: &ast::Ident, scope: &Scope<'_>) -> Expr {
        self.used.lets.insert(index);
        let Some(value) = self.let_value(index, name.span) else {
            return poison(name.span);
        };
        if scope.place == Place::Row && walk::has_history(&value) {
            self.nested_history(name.span);
            return poison(name.span);
        }
        if scope.place != Place::Let {
            let mut missing: Option<(String, Stages)> = None;
            walk::leaves(&value, &self.queries, &mut |leaf| {
                let stages = match &leaf.kind {
                    ExprKind::Field(id) => self.registry.field_spec(*id).stages,
                    ExprKind::Name(_) => Stages::CHAT,
                    ExprKind::History(_) => Stages::LOGIN_SIDE,
                    _ => return,
                };
                if !stages.covers(scope.stages) && missing.is_none() {
                    missing = Some((self.sources.slice(leaf.span).to_owned(), stages));
                }
            });
            if let Some((what, stages)) = missing {
                let title = format!("{} → {what}", name.name);
                self.not_here(&title, name.span, stages, scope);
                return poison(name.span);
            }
        }
        let ty = value.ty.clone();
        let kind = ExprKind::Let {
            name: name.name.clone(),
            value: Box::new(value),
        };
        node(kind, ty, name.span)
    }

    /// The checked value of a `let`; nothing when it is wrong, which is then already reported.
    pub(super) fn let_value(&mut self, index: usize, from: Span) -> Option<Expr> {
        match &self.lets[index] {
            LetState::Done(value) => return value.clone(),
            LetState::Open => {
                let name = &self.items.lets[index].name;
                self.report.push(circle(name, from).with_help(w(
                    "把其中一个写成具体的值",
                    "give one of them a value of its own",
                )));
                return None;
            }
            LetState::Todo => {}
        }
        self.lets[index] = LetState::Open;
        let item = self.items.lets[index];
        let scope = Scope::new(Stages::ALL, Place::Let);
        let value = self.expr(&item.value, &scope);
        let mut result = (value.ty != Type::Poison).then_some(value);
        if let Some(value) = &result
            && walk::size(value) > MAX_NODES
        {
            self.report.push(Diagnostic::error(
                c::TOO_BIG,
                w("展开以后太大了", "too big once written out"),
                item.name.span,
                w(
                    format!("超过 {MAX_NODES} 个部分"),
                    format!("more than {MAX_NODES} parts"),
                ),
            ));
            result = None;
        }
        self.lets[index] = LetState::Done(result.clone());
        result
    }

    /// A field, if it is available here.
    pub(super) fn field(&mut self, id: FieldId, span: Span, scope: &Scope<'_>) -> Expr {
        let spec = self.registry.field_spec(id).clone();
        if spec.about_account() && !self.account_visible(&spec, span, scope) {
            return poison(span);
        }
        if scope.place != Place::Let && !spec.stages.covers(scope.stages) {
            self.not_here(spec.path, span, spec.stages, scope);
            return poison(span);
        }
        if !spec.only.is_empty() && !scope.events.is_empty() {
            let brings = |event: &&str| {
                let open = self
                    .registry
                    .event(event)
                    .is_none_or(|event| event.is_open());
                open || spec.only.contains(event)
            };
            if !scope.events.iter().any(brings) {
                let path = spec.path;
                let (zh, en) = (quoted(&scope.events, "、"), quoted(&scope.events, ", "));
                self.report.push(
                    Diagnostic::error(
                        c::NOT_HERE,
                        w(
                            format!("{zh} 没有 `{path}`"),
                            format!("`{path}` does not come with {en}"),
                        ),
                        span,
                        w("在这里总是未知", "always unknown here"),
                    )
                    .with_help(w(
                        format!("它随这些事件而来：{}", quoted(spec.only, "、")),
                        format!("these events bring it: {}", quoted(spec.only, ", ")),
                    )),
                );
                return poison(span);
            }
        }
        node(ExprKind::Field(id), spec.ty, span)
    }

    fn account_visible(&mut self, spec: &FieldSpec, span: Span, scope: &Scope<'_>) -> bool {
        let outcome = scope.outcome.as_deref().unwrap_or_default();
        let path = spec.path;
        let (title, label) = match scope.account {
            AccountView::Unchanged | AccountView::Shown => return true,
            AccountView::Leaks => (
                w(
                    format!("`{outcome}` 里不能用 `{path}`：会泄露"),
                    format!("`{path}` would leak inside `{outcome}`"),
                ),
                w(
                    "发消息的人还没有证明这是他的账号",
                    "the sender has not proved that this account is theirs",
                ),
            ),
            AccountView::Absent => (
                w(
                    format!("`{outcome}` 里没有 `{path}`"),
                    format!("there is no `{path}` inside `{outcome}`"),
                ),
                w("这里没有账号", "there is no account here"),
            ),
        };
        self.report
            .push(Diagnostic::error(c::LEAKS, title, span, label).with_help(w(
                "这里只能用这个结果自己带来的名字",
                "only the names this outcome brings may be used here",
            )));
        false
    }

    /// Something exists, but not at these events.
    pub(super) fn not_here(&mut self, what: &str, span: Span, stages: Stages, scope: &Scope<'_>) {
        let (here_zh, here_en) = scope.stages.words();
        let (zh, en) = stages.words();
        self.report.push(
            Diagnostic::error(
                c::NOT_HERE,
                w(
                    format!("这里没有 `{what}`"),
                    format!("`{what}` is not available here"),
                ),
                span,
                w(
                    format!("在{}里用不了", set_off(&here_zh)),
                    format!("it cannot be used in {here_en}"),
                ),
            )
            .with_help(w(
                format!("可以用在：{zh}"),
                format!("it can be used in: {en}"),
            )),
        );
    }

    fn not_a_value(&mut self, name: &ast::Ident, zh: &str, en: &str, help_zh: &str, help_en: &str) {
        let text = &name.name;
        self.report.push(
            Diagnostic::error(
                c::NOT_A_VALUE,
                w(
                    format!("`{text}` 是{zh}，不是一个值"),
                    format!("`{text}` is {en}, not a value"),
                ),
                name.span,
                w(format!("这是{zh}"), format!("this is {en}")),
            )
            .with_help(w(help_zh.replace("{}", text), help_en.replace("{}", text))),
        );
    }

    fn unknown_path(&mut self, path: &ast::Path, scope: &Scope<'_>) {
        let first = &path.parts[0];
        let guessed = scope
            .dialog
            .is_some_and(|dialog| self.guessed_params.contains(&dialog));
        let lost = self.items.poisoned.contains(LOST_NAME);
        if scope.nameless && path.parts.len() == 1 {
            self.wanted_names.insert(first.name.clone());
            return;
        }
        if guessed || lost || self.items.poisoned.contains(first.name.as_str()) {
            return;
        }
        if let [name] = path.parts.as_slice() {
            if let Some(right) = yes_or_no(&name.name) {
                self.report.push(
                    Diagnostic::error(
                        c::UNKNOWN_NAME,
                        w(
                            format!("没有 `{}`：是和否写 `yes` 和 `no`", name.name),
                            format!("there is no `{}`: yes and no are `yes` and `no`", name.name),
                        ),
                        name.span,
                        w(format!("写 `{right}`"), format!("write `{right}`")),
                    )
                    .with_fix(
                        w(format!("改成 `{right}`"), format!("write `{right}`")),
                        name.span,
                        right,
                    ),
                );
                return;
            }
            if self.items.signal_names.contains_key(name.name.as_str()) {
                return self.signal_as_value(name);
            }
            if self.items.dialog_names.contains_key(name.name.as_str()) {
                return self.not_a_value(
                    name,
                    "对话",
                    "a dialog",
                    "用 `start {}` 开始它",
                    "start it with `start {}`",
                );
            }
            if STREAMS.iter().any(|(stream, ..)| *stream == name.name) {
                return self.not_a_value(
                    name,
                    "登录流",
                    "a stream of logins",
                    "写成 `count({}, within: 10 minutes)`",
                    "write `count({}, within: 10 minutes)`",
                );
            }
        } else if scope.locals.contains_key(&first.name)
            || self.items.values.contains_key(first.name.as_str())
            || self.variables.contains_key(&first.name)
        {
            let text = &first.name;
            self.report.push(Diagnostic::error(
                c::UNKNOWN_NAME,
                w(
                    format!("`{text}` 没有更细的部分"),
                    format!("`{text}` has no parts"),
                ),
                path.parts[1].span,
                w("不存在", "does not exist"),
            ));
            return;
        }
        let text = path.text();
        let mut names: Vec<&str> = scope.locals.keys().map(String::as_str).collect();
        names.extend(self.items.values.keys().copied());
        names.extend(self.variables.keys().map(String::as_str));
        names.extend(self.registry.fields().iter().map(|field| field.path));
        if scope.place == Place::Row {
            let rows = self.registry.fields().iter().filter(|field| field.row);
            names.extend(rows.map(|field| field.bare()));
        }
        let past = match (scope.place, path.parts.last()) {
            (Place::Row, Some(last)) if first.name != "login" => {
                nearby::of_a_row(&last.name, self.registry)
            }
            _ => None,
        };
        // `row.city`: of a past login the bare name is meant.
        let near = match past.filter(|_| path.parts.len() > 1) {
            Some(bare) => Some(bare.to_owned()),
            None => nearby::field(&text, self.registry).or_else(|| {
                let own = nearby::has_subject(&text, self.registry);
                let near = nearest(&text, names.iter().copied()).filter(|_| !own);
                near.map(str::to_owned)
            }),
        };
        // A right subject with a wrong part: only that part is underlined.
        let root = self
            .registry
            .fields()
            .iter()
            .any(|field| field.root() == first.name && field.path.contains('.'));
        let (span, label) = match path.parts.as_slice() {
            [_, rest @ ..] if root && !rest.is_empty() => {
                let place = rest[0].span.to(rest[rest.len() - 1].span);
                (
                    place,
                    w(
                        format!("`{}` 没有这一项", first.name),
                        format!("`{}` has no such field", first.name),
                    ),
                )
            }
            _ => (path.span, w("没有定义", "not defined")),
        };
        // A field that logins have, and that is not kept of past ones.
        let kept = path.parts.len() == 1 && self.registry.field(&format!("login.{text}")).is_some();
        let (span, label) = if scope.place == Place::Row && kept {
            let label = w("过去的登录没有这一项", "past logins have no such field");
            (path.span, label)
        } else {
            (span, label)
        };
        let mut error = Diagnostic::error(
            c::UNKNOWN_NAME,
            w(
                format!("没有 `{text}` 这个名字"),
                format!("there is no name `{text}`"),
            ),
            span,
            label,
        );
        if let Some(other) = opposite(&text, names) {
            let not = format!("not {other}");
            error = error
                .with_help(w(
                    format!("反过来的写 `{not}`"),
                    format!("the opposite is written `{not}`"),
                ))
                .with_guess(
                    w(format!("改成 `{not}`"), format!("replace by `{not}`")),
                    path.span,
                    not,
                );
        } else if let Some(near) =
            near.filter(|_| first.name != "previous" || scope.place == Place::Row)
        {
            error = error.with_nearest(&near, path.span, near.clone());
        } else if let Some(help) = nearby::not_told(&text) {
            error = error.with_help(help);
        } else if root {
            let parts: Vec<_> = self
                .registry
                .fields()
                .iter()
                .filter(|field| field.root() == first.name && field.path.contains('.'))
                .map(|field| field.bare())
                .collect();
            error = error.with_help(w(
                format!("`{}` 有：{}", first.name, quoted(&parts, "、")),
                format!("`{}` has: {}", first.name, quoted(&parts, ", ")),
            ));
        } else if scope.place == Place::Row && first.name != "login" {
            let rows = self.registry.fields().iter().filter(|field| field.row);
            let rows: Vec<&str> = rows.map(|field| field.bare()).collect();
            error = error.with_help(w(
                format!(
                    "过去的登录有：{}；这次登录的写 `login.…`",
                    quoted(&rows, "、")
                ),
                format!(
                    "past logins have: {}; of this login write `login.…`",
                    quoted(&rows, ", ")
                ),
            ));
        } else if scope.dialog.is_some() {
            error = error.with_help(w(
                "对话里能用的是它问的各项，以及 `start … with` 带来的名字",
                "a dialog sees what it asks for and what `start … with` hands over",
            ));
        }
        self.report.push(error);
    }
}

/// What other languages call them.
fn yes_or_no(name: &str) -> Option<&'static str> {
    match name {
        "true" | "True" | "TRUE" | "真" => Some("yes"),
        "false" | "False" | "FALSE" | "假" => Some("no"),
        _ => None,
    }
}
