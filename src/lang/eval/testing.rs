//! Programs and facts made by hand, for tests of this room, `text` and `history`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lang::program::*;
use crate::lang::span::{FileId, Sources, Span};
use crate::lang::value::{Type, Value, View};

use super::facts::{Experience, Facts, HistoryAnswer};

/// A program without anything in it.
pub(crate) fn empty_program() -> Program {
    Program {
        sources: Arc::new(Sources::default()),
        hash: String::new(),
        rules: Vec::new(),
        signals: Vec::new(),
        dialogs: Vec::new(),
        lists: Vec::new(),
        lets: Vec::new(),
        stories: Vec::new(),
        queries: Vec::new(),
        templates: Vec::new(),
        bands: Vec::new(),
        longest_window: 0,
        allows: Vec::new(),
        lines: Default::default(),
    }
}

/// Field `n` of the facts below.
pub(crate) fn field(n: u16) -> Expr {
    expr(ExprKind::Field(FieldId(n)))
}

/// A constant.
pub(crate) fn constant(value: Value) -> Expr {
    expr(ExprKind::Const(value))
}

/// A node without a place.
pub(crate) fn expr(kind: ExprKind) -> Expr {
    Expr {
        kind,
        ty: Type::Poison,
        span: Span::default(),
    }
}

/// A node whose place is the `nth` occurrence of `text` in the source.
pub(crate) fn at(mut expr: Expr, source: &str, text: &str) -> Expr {
    let start = source.find(text).expect("the text stands in the source");
    expr.span = Span::new(FileId(0), start, start + text.len());
    expr
}

/// Facts from tables.
#[derive(Debug, Default)]
pub(crate) struct TestFacts {
    pub(crate) fields: HashMap<u16, Value>,
    pub(crate) names: HashMap<Name, Value>,
    pub(crate) history: HashMap<u32, Value>,
    pub(crate) trusted: Vec<Value>,
    pub(crate) experience: Experience,
}

impl Facts for TestFacts {
    fn field(&mut self, id: FieldId) -> Value {
        let missing = || Value::unknown(format!("field {}", id.0));
        self.fields.get(&id.0).cloned().unwrap_or_else(missing)
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.fields.get(&id.0)?.view()
    }

    fn name(&mut self, name: &Name) -> Value {
        let missing = || Value::unknown("name");
        self.names.get(name).cloned().unwrap_or_else(missing)
    }

    fn history(&mut self, query: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        let value = self.history.get(&query.id.0).cloned();
        HistoryAnswer {
            rows: 7,
            ..HistoryAnswer::from(value.unwrap_or_else(|| Value::unknown("history")))
        }
    }

    fn trusted(&mut self, machine: &Value) -> bool {
        self.trusted.contains(machine)
    }

    fn experience(&mut self) -> Experience {
        self.experience
    }
}
