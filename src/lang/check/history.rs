//! Questions to the history: streams, fields of past rows, windows, keys, filters.

use crate::lang::builtins::{
    ArgKind, COUNTED, FieldSpec, FunctionKind, FunctionSpec, NamedArg, ResultType, STREAMS,
};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{
    Expr, ExprKind, FieldId, HistoryQuery, QueryId, Sequence, Stream, Window,
};
use crate::lang::span::Span;
use crate::lang::syntax::ast;
use crate::lang::value::{Type, Value};

use super::Checker;
use super::codes as c;
use super::expr::{node, poison};
use super::nearby;
use super::report::{quoted, w};
use super::scope::{Place, Scope};
use crate::lang::diagnostics::nearest;

/// Questions to the history in one rule set: each is work at every login.
const MAX_QUERIES: usize = 512;
/// `last: n` at most: the rows kept per account.
const MAX_LAST: f64 = 2000.0;

impl Checker<'_> {
    pub(super) fn history(
        &mut self,
        spec: &FunctionSpec,
        args: &[&ast::Arg],
        named: &[&ast::Arg],
        name: &ast::Ident,
        span: Span,
        scope: &Scope<'_>,
    ) -> Expr {
        let FunctionKind::History(function) = spec.kind else {
            return poison(span);
        };
        let mut query = HistoryQuery {
            id: QueryId(0),
            function,
            stream: spec.stream.unwrap_or(Stream::Attempts),
            denominator: None,
            field: None,
            value: None,
            window: Window::All,
            by: Vec::new(),
            filter: None,
            percentile: None,
            sequence: spec.named.contains(&NamedArg::Gap).then_some(Sequence {
                first: Stream::Attempts,
                first_is: None,
                second: Stream::Attempts,
                second_is: None,
                within: 0,
            }),
            span,
        };
        let mut sound = true;
        let mut streams = 0;
        for (arg, wanted) in args.iter().zip(&spec.args) {
            match wanted.kind {
                ArgKind::Stream => match self.stream(&arg.value) {
                    Some(stream) if streams == 0 => {
                        query.stream = stream;
                        streams += 1;
                    }
                    Some(stream) => query.denominator = Some(stream),
                    None => sound = false,
                },
                ArgKind::RowField(types) => match self.row_field(&arg.value, types) {
                    Some(id) => query.field = Some(id),
                    None => sound = false,
                },
                ArgKind::PresentField | ArgKind::CountedField => {
                    match self.present(&arg.value, wanted.kind == ArgKind::CountedField, scope) {
                        Some((id, value)) => {
                            query.field = Some(id);
                            query.value = Some(value);
                        }
                        None => sound = false,
                    }
                }
                ArgKind::Percent => match self.constant(&arg.value, &Type::Percent) {
                    Some(Value::Percent(share)) if (0.0..=1.0).contains(&share) => {
                        query.percentile = Some(share)
                    }
                    Some(_) => {
                        self.out_of_range(
                            arg.value.span,
                            "百分比在 0% 到 100% 之间",
                            "a percentile lies between 0% and 100%",
                        );
                        sound = false;
                    }
                    None => sound = false,
                },
                ArgKind::Value(_) | ArgKind::Same => {}
            }
        }
        let mut given: Vec<NamedArg> = Vec::new();
        for arg in named {
            let Some(word) = &arg.name else { continue };
            let Some(which) = spec
                .named
                .iter()
                .copied()
                .find(|named| named.word() == word.name)
            else {
                self.unknown_argument(arg, spec);
                sound = false;
                continue;
            };
            let window = |named: &NamedArg| matches!(named, NamedArg::Within | NamedArg::Last);
            if given.contains(&which) || (window(&which) && given.iter().any(window)) {
                self.report.push(Diagnostic::error(
                    c::UNKNOWN_ARGUMENT,
                    w(
                        format!("`{}:` 多余了", word.name),
                        format!("`{}:` is one too many", word.name),
                    ),
                    word.span,
                    w("范围只说一次", "say it once"),
                ));
                sound = false;
                continue;
            }
            given.push(which);
            sound &= self.named(which, arg, &mut query, scope);
        }
        if let Some(sequence) = &mut query.sequence {
            sequence.first = query.stream;
            sequence.second = query.denominator.take().unwrap_or(query.stream);
        }
        if sound && spec.named.contains(&NamedArg::Gap) && !given.contains(&NamedArg::Gap) {
            self.missing_argument(spec, name, NamedArg::Gap, "gap: 10 minutes");
            sound = false;
        }
        let window = given
            .iter()
            .any(|named| matches!(named, NamedArg::Within | NamedArg::Last));
        if sound && spec.needs_window && !window {
            let example = match usual_window(query.function) {
                "days" => "within: 90 days",
                _ => "within: 10 minutes",
            };
            self.missing_argument(spec, name, NamedArg::Within, example);
            sound = false;
        }
        let of = spec.named.contains(&NamedArg::Of) && spec.stream.is_none();
        if sound && of && !given.contains(&NamedArg::Of) {
            self.missing_argument(spec, name, NamedArg::Of, "of: failures");
            sound = false;
        }
        if !sound {
            return poison(span);
        }
        if self.queries.len() >= MAX_QUERIES {
            if self.report.has(c::TOO_MANY_QUERIES) {
                return poison(span);
            }
            self.report.push(Diagnostic::error(
                c::TOO_MANY_QUERIES,
                w(
                    format!("对历史的提问超过 {MAX_QUERIES} 个"),
                    format!("more than {MAX_QUERIES} questions to the history"),
                ),
                span,
                w("从这一个起太多了", "too many from here on"),
            ));
            return poison(span);
        }
        let ty = match (&spec.result, query.field) {
            (ResultType::OfFirst, Some(id)) => self.registry.field_spec(id).ty.clone(),
            (ResultType::Always(ty), _) => ty.clone(),
            (ResultType::OfFirst, None) => Type::Poison,
        };
        let id = QueryId(self.queries.len() as u32);
        query.id = id;
        self.queries.push(query);
        node(ExprKind::History(id), ty, span)
    }

    fn missing_argument(
        &mut self,
        spec: &FunctionSpec,
        name: &ast::Ident,
        which: NamedArg,
        example: &str,
    ) {
        let word = which.word();
        self.report.push(
            Diagnostic::error(
                c::MISSING_ARGUMENT,
                w(
                    format!("`{}` 缺少 `{word}:`", spec.name),
                    format!("`{}` needs `{word}:`", spec.name),
                ),
                name.span,
                w(
                    format!("没有说 `{word}:`"),
                    format!("`{word}:` is not said"),
                ),
            )
            .with_help(match which {
                NamedArg::Of => w(
                    "`of:` 后面写看哪些登录：`successes`（登录成功的）、`failures`（输错密码的）或 `attempts`（两种都算）",
                    "`of:` says which logins: `successes`, `failures` (a wrong password) or `attempts` (both)",
                ),
                _ => w(
                    format!("例如 `{example}`"),
                    format!("for example `{example}`"),
                ),
            }),
        );
    }

    fn named(
        &mut self,
        which: NamedArg,
        arg: &ast::Arg,
        query: &mut HistoryQuery,
        scope: &Scope<'_>,
    ) -> bool {
        match which {
            NamedArg::Within => match self.duration(&arg.value, usual_window(query.function)) {
                Some(millis) => query.window = Window::Within(millis),
                None => return false,
            },
            NamedArg::Last => match self.constant(&arg.value, &Type::Number) {
                Some(Value::Number(n)) if (1.0..=MAX_LAST).contains(&n) && n.fract() == 0.0 => {
                    #[allow(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "checked above"
                    )]
                    let n = n as u32;
                    query.window = Window::Last(n);
                }
                Some(_) => {
                    self.out_of_range(
                        arg.value.span,
                        "`last:` 是 1 到 2000 的整数",
                        "`last:` is a whole number from 1 to 2000",
                    );
                    return false;
                }
                None => return false,
            },
            NamedArg::Of => match self.stream(&arg.value) {
                Some(stream) => query.stream = stream,
                None => return false,
            },
            NamedArg::By => match self.keys(&arg.value) {
                Some(keys) => query.by = keys,
                None => return false,
            },
            NamedArg::Where => match self.row_condition(&arg.value, scope) {
                Some(filter) => query.filter = Some(filter),
                None => return false,
            },
            NamedArg::Gap => {
                let gap = self.duration(&arg.value, "minutes");
                match (gap, &mut query.sequence) {
                    (Some(gap), Some(sequence)) => sequence.within = gap,
                    _ => return false,
                }
            }
            NamedArg::First | NamedArg::Second => {
                let condition = self.row_condition(&arg.value, scope);
                let Some(sequence) = &mut query.sequence else {
                    return false;
                };
                if condition.is_none() {
                    return false;
                }
                match which {
                    NamedArg::First => sequence.first_is = condition,
                    _ => sequence.second_is = condition,
                }
            }
            NamedArg::Least => match self.constant(&arg.value, &Type::Percent) {
                Some(Value::Percent(share)) if share > 0.0 && share <= 1.0 => {
                    query.percentile = Some(share);
                }
                Some(_) => {
                    self.out_of_range(
                        arg.value.span,
                        "`least:` 大于 0%，最多 100%",
                        "`least:` is above 0% and 100% at most",
                    );
                    return false;
                }
                None => return false,
            },
        }
        true
    }

    /// A condition on a past row, where bare names are the row's.
    fn row_condition(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        let row = Scope {
            place: Place::Row,
            locals: Default::default(),
            ..scope.clone()
        };
        let condition = self.condition(expr, &row);
        (condition.ty != Type::Poison).then_some(condition)
    }

    fn stream(&mut self, expr: &ast::Expr) -> Option<Stream> {
        let written = self.sources.slice(expr.span);
        let found =
            single(expr).and_then(|name| STREAMS.iter().find(|(stream, ..)| *stream == name.name));
        if let Some((_, stream, ..)) = found {
            return Some(*stream);
        }
        let names: Vec<&str> = STREAMS.iter().map(|(name, ..)| *name).collect();
        let title = match single(expr) {
            Some(name) => w(
                format!("没有 `{}` 这种登录流", name.name),
                format!("there is no stream of logins `{}`", name.name),
            ),
            None => w("这里要说哪些登录", "which logins is wanted here"),
        };
        let mut error = Diagnostic::error(
            c::UNKNOWN_STREAM,
            title,
            expr.span,
            w("不是登录流", "not a stream of logins"),
        )
        .with_help(w(
            format!("可以写：{}", quoted(&names, "、")),
            format!("one of: {}", quoted(&names, ", ")),
        ));
        if let Some(near) = nearest(written, names) {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                expr.span,
                near,
            );
        }
        self.report.push(error);
        None
    }

    fn row_field(&mut self, expr: &ast::Expr, types: &[Type]) -> Option<FieldId> {
        if let Some(id) = single(expr).and_then(|name| self.registry.row_field(&name.name)) {
            let spec = self.registry.field_spec(id);
            if types.is_empty() || types.contains(&spec.ty) {
                return Some(id);
            }
            let (ty, name) = (spec.ty.clone(), spec.bare());
            let names: Vec<String> = types.iter().map(Type::to_string).collect();
            self.report.push(Diagnostic::error(
                c::WRONG_TYPE,
                w(
                    format!("这里要 {}", names.join("、")),
                    format!("{} is wanted here", names.join(", ")),
                ),
                expr.span,
                w(format!("`{name}` 是{ty:#}"), format!("`{name}` is {ty}")),
            ));
            return None;
        }
        let rows: Vec<&str> = self
            .registry
            .fields()
            .iter()
            .filter(|field| field.row)
            .map(FieldSpec::bare)
            .collect();
        let written = self.sources.slice(expr.span);
        let mut error = Diagnostic::error(
            c::ROW_FIELD,
            w(
                "这里要过去的登录的一项",
                "a field of past logins is wanted here",
            ),
            expr.span,
            w("过去的登录没有这一项", "past logins have no such field"),
        )
        .with_help(w(
            format!("可以写：{}", quoted(&rows, "、")),
            format!("one of: {}", quoted(&rows, ", ")),
        ));
        let bare = written.rsplit('.').next().unwrap_or(written);
        let near = rows
            .iter()
            .copied()
            .find(|row| *row == bare)
            .or_else(|| nearest(written, rows.iter().copied()));
        if let Some(near) = near {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                expr.span,
                near,
            );
        }
        self.report.push(error);
        None
    }

    /// A field of the present login to compare past ones with; `counted`: one of those that are
    /// counted over the whole system.
    fn present(
        &mut self,
        expr: &ast::Expr,
        counted: bool,
        scope: &Scope<'_>,
    ) -> Option<(FieldId, Expr)> {
        let fits = |field: &FieldSpec| {
            field.row && field.ty != Type::Time && (!counted || COUNTED.contains(&field.bare()))
        };
        if let ast::ExprKind::Path(path) = &expr.kind
            && let Some(id) = self.registry.field(&path.text())
            && fits(self.registry.field_spec(id))
        {
            let value = self.field(id, path.span, scope);
            return (value.ty != Type::Poison).then_some((id, value));
        }
        let written = self.sources.slice(expr.span);
        let fields = || self.registry.fields().iter().filter(|field| fits(field));
        let paths: Vec<&str> = fields().map(|field| field.path).collect();
        // Of a path only its last part is compared: `login.` alone is half of what is right.
        let last = written.rsplit('.').next().unwrap_or(written);
        let called = nearby::field(written, self.registry);
        let bare = |name: &str| fields().find(|field| field.bare() == name);
        let list = matches!(expr.kind, ast::ExprKind::List(_));
        let nothing = |name: &str| {
            self.registry.field(name).is_none() && !self.items.values.contains_key(name)
        };
        let unknown = matches!(&expr.kind, ast::ExprKind::Path(path) if nothing(&path.text()));
        let near = bare(written)
            .or_else(|| fields().find(|field| Some(field.path) == called.as_deref()))
            .or_else(|| bare(nearest(last, fields().map(FieldSpec::bare))?))
            .map(|field| field.path)
            .filter(|_| !list);
        let mut error = Diagnostic::error(
            c::PRESENT_FIELD,
            w(
                "这里要这次登录的一项",
                "a field of this login is wanted here",
            ),
            expr.span,
            if unknown {
                w("没有这一项", "there is no such field")
            } else {
                w(
                    "不能和过去的登录比较",
                    "cannot be compared with past logins",
                )
            },
        )
        .with_help(if list {
            w(
                "一次问一项，几项用 `and` 或 `or` 连起来",
                "one field is asked about at a time; several are joined by `and` or `or`",
            )
        } else {
            w(
                format!("可以写：{}", quoted(&paths, "、")),
                format!("one of: {}", quoted(&paths, ", ")),
            )
        });
        if let Some(near) = near {
            error = error.with_guess(
                w(format!("改成 `{near}`"), format!("replace by `{near}`")),
                expr.span,
                near,
            );
        }
        self.report.push(error);
        None
    }
}

pub(super) fn single(expr: &ast::Expr) -> Option<&ast::Ident> {
    match &expr.kind {
        ast::ExprKind::Path(path) if path.parts.len() == 1 => path.parts.first(),
        _ => None,
    }
}

/// The unit of a window of this question: what happens in a row is counted by the minute, habits by the day.
fn usual_window(function: crate::lang::program::HistoryFunction) -> &'static str {
    use crate::lang::program::HistoryFunction as H;
    match function {
        H::Count | H::Distinct | H::Ratio | H::Sequence | H::Absence | H::Streak => "minutes",
        _ => "days",
    }
}
