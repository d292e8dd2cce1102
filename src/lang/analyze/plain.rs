//! Conditions whose answer is settled by what they ask, not by how much: proofs that are never unknown,
//! an empty list, hours from five to five, capitals in what was made small, the success of a failure.

use crate::lang::builtins::Registry;
use crate::lang::check::codes as c;
use crate::lang::check::literal::constant;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::{Diagnostic, Words};
use crate::lang::program::{
    CompareOp, EventName, Expr, ExprKind, FieldId, Function, HistoryQuery, ListEntries, Matcher,
    Program, Rule, Stream, Trigger,
};
use crate::lang::span::Span;
use crate::lang::value::{Type, Value};

use super::example::{Given, amount, shown, with, written};
use super::hours::no_hour;
use super::implied::never_unknown;
use super::ranges::{key_of, never};

/// Whether the password was right, of this login and of past ones.
const SUCCESS: &str = "login.success";

/// What these conditions follow from.
pub(super) struct Plain<'a> {
    pub(super) program: &'a Program,
    pub(super) registry: &'a Registry,
}

impl Plain<'_> {
    /// Looks at one node of a condition.
    pub(super) fn check(&self, node: &Expr, report: &mut Report) {
        if let Some(holds) = self.of_literals(node) {
            report.push(self.told(holds, node, Vec::new(), None));
            return;
        }
        match &node.kind {
            ExprKind::IsKnown { inner, known } if never_unknown(inner, self.registry) => {
                let given = self.given(inner, Value::YesNo(false));
                let help = w(
                    "证明从不未知：没有就是“否”",
                    "proofs are never unknown: missing means no",
                );
                report.push(self.told(*known, node, given, Some(help)));
            }
            ExprKind::InValues {
                item,
                values,
                negated,
            } => self.members(item, values, *negated, node, report),
            ExprKind::InList {
                item,
                list,
                negated,
            } if self.is_empty(list.0 as usize) => {
                let given = self.given(item, Value::text("x"));
                let help = w("这个列表是空的", "this list is empty");
                report.push(self.told(*negated, node, given, Some(help)));
            }
            ExprKind::Compare(op, left, right) => {
                self.capitals(*op, left, right, node, report);
                self.same(*op, left, right, node, report);
                self.fraction(*op, left, right, node, report);
            }
            ExprKind::Call(function, args) => self.call(*function, args, node, report),
            _ => {}
        }
    }

    /// What a rule asks whose events all come from one stage, where the password was right, or wrong.
    pub(super) fn rule(&self, rule: &Rule, report: &mut Report) {
        let all = |event: &EventName| rule.triggers.iter().all(|known| known.event == *event);
        if let Some(when) = &rule.when {
            self.literally(when, report);
        }
        let empty = |trigger: &&Trigger| matches!(trigger.matcher, Matcher::InList(list) if self.is_empty(list.0 as usize));
        for trigger in rule.triggers.iter().filter(empty) {
            let found = Diagnostic::warning(
                c::HIDDEN_ALTERNATIVE,
                w("这种写法永远轮不到", "this alternative never answers"),
                trigger.span,
                w("这个列表是空的", "this list is empty"),
            );
            report.push(found.with_help(w(
                "往列表里写上要等的文字；以后才有的，把它们放进文件：`list 名字: text from \"lists/文件.txt\"`",
                "put the texts to wait for into the list; where they come later, into a file: `list NAME: text from \"FILE.txt\"`",
            )));
        }
        let success = match () {
            () if all(&EventName::Login) => true,
            () if all(&EventName::Failure) => false,
            () => return,
        };
        if let Some(when) = &rule.when {
            self.success(when, success, report);
        }
    }

    /// `when yes`, `when bound or yes`: nothing is asked there. A switch has a name: `let open = yes`.
    fn literally(&self, expr: &Expr, report: &mut Report) {
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.iter().for_each(|part| self.literally(part, report));
            }
            ExprKind::Not(inner) => self.literally(inner, report),
            ExprKind::Const(Value::YesNo(holds)) => {
                let help = w(
                    "没有条件就不写 `when`；要一个开关，写 `let 名字 = yes`，再写 `when 名字`",
                    "without a condition leave out `when`; for a switch write `let NAME = yes` and `when NAME`",
                );
                report.push(self.told(*holds, expr, Vec::new(), Some(help)));
            }
            _ => {}
        }
    }

    /// Reports what asks for the success where it is settled.
    pub(super) fn success(&self, expr: &Expr, success: bool, report: &mut Report) {
        let is = |expr: &Expr| matches!(expr.kind, ExprKind::Field(id) if self.is_success(id));
        let (asked, positive) = match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                for part in parts {
                    self.success(part, success, report);
                }
                return;
            }
            ExprKind::Not(inner) if is(inner) => (&**inner, false),
            ExprKind::Field(_) if is(expr) => (expr, true),
            _ => return,
        };
        let given = self.given(asked, Value::YesNo(success));
        let help = if success {
            w(
                "这里的登录密码都是对的；输错密码的在 `on failure`",
                "the password was right here; wrong ones come to `on failure`",
            )
        } else {
            w(
                "这里的登录密码都是错的；密码正确的在 `on login`",
                "the password was wrong here; right ones come to `on login`",
            )
        };
        report.push(self.told(success == positive, expr, given, Some(help)));
    }

    /// What a question asks of past rows that its stream or its key settles.
    pub(super) fn rows(&self, query: &HistoryQuery, report: &mut Report) {
        let Some(filter) = &query.filter else {
            return;
        };
        let parts = match &filter.kind {
            ExprKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(filter),
        };
        for part in parts {
            let (inner, positive) = match &part.kind {
                ExprKind::Not(inner) => (&**inner, false),
                _ => (part, true),
            };
            match &inner.kind {
                ExprKind::RowField(id) if self.is_success(*id) => {
                    let success = match query.stream {
                        Stream::Successes => true,
                        Stream::Failures => false,
                        Stream::Attempts => continue,
                    };
                    let given = self.given(inner, Value::YesNo(success));
                    let help = w(
                        "`successes` 里的密码都是对的，`failures` 里的都是错的；两种都要就写 `attempts`",
                        "in `successes` every password was right, in `failures` wrong; for both write `attempts`",
                    );
                    report.push(self.told(success == positive, part, given, Some(help)));
                }
                ExprKind::Compare(op @ (CompareOp::Equal | CompareOp::NotEqual), a, b) => {
                    if !self.same_key(query, a, b) {
                        continue;
                    }
                    let holds = (*op == CompareOp::Equal) == positive;
                    let given = [a, b].map(|side| self.given(side, Value::text("x")));
                    let help = w(
                        "`by:` 取的就是同一个的登录（不写就是同一个账号）",
                        "`by:` takes the logins of the same one (of the same account when it is not written)",
                    );
                    let given = given.into_iter().flatten().collect();
                    report.push(self.told(holds, part, given, Some(help)));
                }
                _ => {}
            }
        }
    }

    fn is_success(&self, id: FieldId) -> bool {
        self.registry.field_spec(id).path == SUCCESS
    }

    /// `account != login.account` of the rows that were picked by the account.
    fn same_key(&self, query: &HistoryQuery, a: &Expr, b: &Expr) -> bool {
        let pair = match (&a.kind, &b.kind) {
            (ExprKind::RowField(row), ExprKind::Field(now))
            | (ExprKind::Field(now), ExprKind::RowField(row)) => (row, now),
            _ => return false,
        };
        pair.0 == pair.1
            && key_of(self.registry.field_spec(*pair.0).path).is_some_and(|key| {
                let usual = query.by.is_empty() && key == crate::lang::program::ByKey::Account;
                usual || query.by.contains(&key)
            })
    }

    /// Whether a list written in place has no entries. Those of files come and go.
    fn is_empty(&self, list: usize) -> bool {
        self.program.lists.get(list).is_some_and(|list| {
            let none = match &list.entries {
                ListEntries::Networks(networks) => networks.is_empty(),
                ListEntries::Values(values) => values.is_empty(),
            };
            none && self.program.sources.slice(list.span).contains('[')
        })
    }

    fn members(
        &self,
        item: &Expr,
        values: &[Expr],
        negated: bool,
        node: &Expr,
        report: &mut Report,
    ) {
        let lower = is_lower(item) && values.iter().all(|value| capital(value).is_some());
        if !values.is_empty() && !lower {
            return;
        }
        let help = if values.is_empty() {
            w("这个列表是空的", "this list is empty")
        } else {
            small_letters()
        };
        let given = self.given(item, Value::text("x"));
        report.push(self.told(negated, node, given, Some(help)));
    }

    /// `lower(login.browser) == "Chrome"`
    fn capitals(&self, op: CompareOp, left: &Expr, right: &Expr, node: &Expr, report: &mut Report) {
        let (lower, text) = match (is_lower(left), is_lower(right)) {
            (true, false) => (left, right),
            (false, true) => (right, left),
            _ => return,
        };
        let (Some(small), true) = (
            capital(text),
            matches!(op, CompareOp::Equal | CompareOp::NotEqual),
        ) else {
            return;
        };
        let given = self.given(lower, Value::text(&small));
        let holds = op == CompareOp::NotEqual;
        let found = self.told(holds, node, given, Some(small_letters()));
        report.push(self.in_small_letters(found, text));
    }

    fn call(&self, function: Function, args: &[Expr], node: &Expr, report: &mut Report) {
        match (function, args) {
            (Function::BetweenHours, [hour, from, to]) => {
                if [from, to].into_iter().any(|end| no_hour(end, report)) {
                    return;
                }
                let same = constant(from).is_some() && constant(from) == constant(to);
                if !same && constant(from).is_some() && constant(to).is_some() {
                    self.every_hour(hour, node, report);
                }
                if same {
                    let given = self.given(hour, Value::Number(12.0));
                    let help = w(
                        "从几点到几点，不包括后一个：两个一样就没有这样的时候",
                        "from one hour to another, the second left out: of two alike nothing is left",
                    );
                    report.push(self.told(false, node, given, Some(help)));
                }
            }
            (Function::Contains | Function::Starts, [whole, part]) => {
                let empty = constant(part) == Some(Value::text(""));
                if empty {
                    let given = self.given(whole, Value::text("x"));
                    let help = w("每段文字都有空的文字", "every text has an empty text in it");
                    report.push(self.told(true, node, given, Some(help)));
                } else if is_lower(whole) && capital(part).is_some() {
                    let given = self.given(whole, Value::text("x"));
                    let found = self.told(false, node, given, Some(small_letters()));
                    report.push(self.in_small_letters(found, part));
                }
            }
            _ => {}
        }
    }

    /// `"a" == "b"`, `"a" in ["b", "c"]`, `contains("abc", "d")`: what only asks about literals, as the
    /// evaluator answers it. A `let` may be there to be changed, and two numbers are told by their ranges.
    fn of_literals(&self, node: &Expr) -> Option<bool> {
        let literal = |expr: &Expr| {
            matches!(
                &expr.kind,
                ExprKind::Const(Value::Text(_) | Value::YesNo(_))
            )
        };
        let only = match &node.kind {
            ExprKind::Compare(_, a, b) => literal(a) && literal(b),
            ExprKind::InValues { item, values, .. } => {
                literal(item) && !values.is_empty() && values.iter().all(literal)
            }
            ExprKind::InList { item, list, .. } => literal(item) && self.in_place(list.0 as usize),
            ExprKind::Call(Function::Contains | Function::Starts, args) => args.iter().all(literal),
            _ => false,
        };
        if !only {
            return None;
        }
        match with(node, &[], self.program) {
            Value::YesNo(holds) => Some(holds),
            _ => None,
        }
    }

    /// `login.city != login.city`: a thing is compared with itself.
    fn same(&self, op: CompareOp, left: &Expr, right: &Expr, node: &Expr, report: &mut Report) {
        let about = written(left, self.program);
        if constant(left).is_some() || about != written(right, self.program) {
            return;
        }
        let holds = matches!(
            op,
            CompareOp::Equal | CompareOp::LessEqual | CompareOp::GreaterEqual
        );
        let value = match &left.ty {
            Type::Text => Some(Value::text("x")),
            ty => amount(1.0, ty),
        };
        let given = value.map(|value| Given { about, value });
        let help = w("两边是同一个", "both sides are the same");
        report.push(self.told(holds, node, given.into_iter().collect(), Some(help)));
    }

    /// `count(…) == 2.5`, `login.hour == 8.5`: what is counted in whole numbers is none of these.
    fn fraction(&self, op: CompareOp, left: &Expr, right: &Expr, node: &Expr, report: &mut Report) {
        let (about, value) = match (constant(left), constant(right)) {
            (None, Some(Value::Number(value))) => (left, value),
            (Some(Value::Number(value)), None) => (right, value),
            _ => return,
        };
        let holds = match op {
            CompareOp::Equal => false,
            CompareOp::NotEqual => true,
            _ => return,
        };
        if value.fract() == 0.0 || !self.is_whole(about) {
            return;
        }
        let given = self.given(about, Value::Number(value.trunc()));
        let help = w("它总是整数", "it is always a whole number");
        report.push(self.told(holds, node, given, Some(help)));
    }

    fn is_whole(&self, expr: &Expr) -> bool {
        use crate::lang::program::HistoryFunction as H;
        match &expr.kind {
            ExprKind::Field(id) | ExprKind::RowField(id) => self.registry.field_spec(*id).whole,
            ExprKind::Call(Function::Length, _) => true,
            ExprKind::History(id) => {
                let query = self.program.queries.get(id.0 as usize);
                query.is_some_and(|query| {
                    matches!(query.function, H::Count | H::Distinct | H::Streak)
                })
            }
            ExprKind::Let { value, .. } => self.is_whole(value),
            _ => false,
        }
    }

    /// `between_hours(login.hour, 0, 24)`: the answer is the same at every hour of the day.
    fn every_hour(&self, hour: &Expr, node: &Expr, report: &mut Report) {
        if !self.is_whole(hour) {
            return;
        }
        let about = written(hour, self.program);
        let answers: Vec<Value> = (0..24)
            .map(|hour| {
                let given = Given {
                    about: about.clone(),
                    value: Value::Number(f64::from(hour)),
                };
                with(node, &[given], self.program)
            })
            .collect();
        let Some(Value::YesNo(holds)) = answers.first() else {
            return;
        };
        if answers.iter().all(|answer| answer == &answers[0]) {
            let given = self.given(hour, Value::Number(12.0));
            let help = w("一天是 0 点到 23 点", "a day has the hours 0 to 23");
            report.push(self.told(*holds, node, given, Some(help)));
        }
    }

    /// Whether a list is written in the rules. Those of files come and go.
    fn in_place(&self, list: usize) -> bool {
        let list = self.program.lists.get(list);
        list.is_some_and(|list| self.program.sources.slice(list.span).contains('['))
    }

    fn given(&self, about: &Expr, value: Value) -> Vec<Given> {
        if constant(about).is_some() {
            return Vec::new();
        }
        vec![Given {
            about: written(about, self.program),
            value,
        }]
    }

    fn told(&self, holds: bool, node: &Expr, given: Vec<Given>, help: Option<Words>) -> Diagnostic {
        let mut found = if holds {
            always(node.span)
        } else {
            never(node.span)
        };
        if let Some(help) = help {
            found.advise(help);
        }
        let words = if holds {
            w("也还是成立", "it holds all the same")
        } else {
            w("也还是不成立", "it does not hold either")
        };
        shown(found, node, &given, holds, words, self.program)
    }

    /// With the text in small letters as a fix.
    fn in_small_letters(&self, found: Diagnostic, text: &Expr) -> Diagnostic {
        let source = self.program.sources.slice(text.span);
        if !matches!(text.kind, ExprKind::Const(_)) || !source.starts_with('"') {
            return found;
        }
        let small = source.to_lowercase();
        found.with_fix(
            w(format!("写成 `{small}`"), format!("write `{small}`")),
            text.span,
            small,
        )
    }
}

/// W1003.
pub(super) fn always(span: Span) -> Diagnostic {
    Diagnostic::warning(
        c::ALWAYS,
        w("这个条件总是成立", "this condition always holds"),
        span,
        w("总是成立", "always holds"),
    )
}

fn small_letters() -> Words {
    w(
        "`lower(…)` 里没有大写字母：比的文字也要小写",
        "there are no capitals in `lower(…)`: what it is compared with must be in small letters too",
    )
}

fn is_lower(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(Function::Lower, _) => true,
        ExprKind::Let { value, .. } => is_lower(value),
        _ => false,
    }
}

/// A constant text with capitals, in small letters.
fn capital(expr: &Expr) -> Option<String> {
    let Some(Value::Text(text)) = constant(expr) else {
        return None;
    };
    let small = text.to_lowercase();
    (small != *text).then_some(small)
}
