//! Which columns of past logins a rule set looks at: the others need not be kept.

use crate::history::{Column, Columns as HistoryColumns};
use crate::lang::builtins::Registry;
use crate::lang::program::{
    Action, ActionKind, ByKey, Expr, ExprKind, FieldId, Function, HistoryFunction, HistoryQuery,
    Program,
};

use crate::history::{KeyNeed, keys_of};

/// A text column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of a login's fields")]
pub enum Need {
    Id,
    Machine,
    Ip,
    Country,
    Region,
    City,
    Isp,
    Agent,
    Browser,
    Os,
    Device,
    Reason,
    Channel,
    Session,
}

impl Need {
    /// How many there are.
    pub(super) const COUNT: usize = Self::ALL.len();
    const ALL: [Self; 14] = [
        Self::Id,
        Self::Machine,
        Self::Ip,
        Self::Country,
        Self::Region,
        Self::City,
        Self::Isp,
        Self::Agent,
        Self::Browser,
        Self::Os,
        Self::Device,
        Self::Reason,
        Self::Channel,
        Self::Session,
    ];
}

/// The columns that are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Texts, sorted.
    pub texts: Vec<Need>,
    /// The autonomous system.
    pub asn: bool,
    /// Coordinates.
    pub point: bool,
    /// Hour and weekday.
    pub local: bool,
}

impl Columns {
    /// Everything: for explanations.
    pub fn all() -> Self {
        Self {
            texts: Need::ALL.to_vec(),
            asn: true,
            point: true,
            local: true,
        }
    }

    /// What `program` looks at.
    pub fn of(program: &Program, registry: &Registry) -> Self {
        let mut found = Self::default();
        let names = HistoryColumns::of(registry);
        for expr in conditions(program, |_| true) {
            walk(expr, &mut |expr| found.see(expr, registry, &names));
        }
        for query in &program.queries {
            found.rows(query, registry, &names);
        }
        for rule in &program.rules {
            if rule.body.actions.iter().any(per_machine) {
                found.text(Need::Machine);
            }
        }
        found
    }

    /// What queries that look under `by`, or a combination with it, ask of past rows.
    pub(super) fn of_rows(program: &Program, registry: &Registry, by: ByKey) -> Self {
        let mut found = Self::default();
        let names = HistoryColumns::of(registry);
        for query in &program.queries {
            let keys = keys_of(query).into_owned();
            let need = KeyNeed {
                by: keys,
                window: None,
            };
            if narrowest(&need) != by {
                continue;
            }
            found.rows(query, registry, &names);
        }
        found
    }

    /// What is asked of the row of the login that is judged: texts lie in the table and are not asked
    /// of it, except by questions to the history that are not `answered` from numbers alone.
    pub(super) fn of_present(
        program: &Program,
        registry: &Registry,
        answered: impl Fn(&HistoryQuery) -> bool,
    ) -> Self {
        let mut found = Self::default();
        let names = HistoryColumns::of(registry);
        let asked = |query: &HistoryQuery| !answered(query);
        for expr in conditions(program, asked) {
            walk(expr, &mut |expr| match &expr.kind {
                ExprKind::Field(id) if names.get(*id).and_then(text_of).is_some() => {}
                _ => found.see(expr, registry, &names),
            });
        }
        for query in program.queries.iter().filter(|query| asked(query)) {
            found.rows(query, registry, &names);
        }
        found
    }

    /// What questions to the history that are not `answered` from numbers alone ask of past rows.
    pub(super) fn of_unanswered(
        program: &Program,
        registry: &Registry,
        answered: impl Fn(&HistoryQuery) -> bool,
    ) -> Self {
        let mut found = Self::default();
        let names = HistoryColumns::of(registry);
        for query in program.queries.iter().filter(|query| !answered(query)) {
            found.rows(query, registry, &names);
        }
        // The login before is a past row too.
        for expr in conditions(program, |_| true) {
            walk(expr, &mut |expr| match &expr.kind {
                ExprKind::Field(id) if registry.field_spec(*id).path.starts_with("previous") => {
                    found.see(expr, registry, &names);
                }
                _ => {}
            });
        }
        found
    }

    /// What one question asks of rows, past ones and the present.
    fn rows(&mut self, query: &HistoryQuery, registry: &Registry, names: &HistoryColumns) {
        walk_rows(query, &mut |expr| self.see(expr, registry, names));
        if let Some(field) = query.field {
            self.field(field, registry, names);
        }
        self.function(query.function);
        for by in keys_of(query).iter().copied() {
            self.key(by);
        }
    }

    /// Both.
    pub fn and(mut self, other: &Self) -> Self {
        other.texts.iter().for_each(|need| self.text(*need));
        self.asn |= other.asn;
        self.point |= other.point;
        self.local |= other.local;
        self
    }

    /// With this text.
    pub fn with(mut self, need: Need) -> Self {
        self.text(need);
        self
    }

    /// Whether the user agent has to be read.
    pub(super) fn reads_agent(&self) -> bool {
        [Need::Browser, Need::Os, Need::Device]
            .iter()
            .any(|need| self.texts.contains(need))
    }

    fn text(&mut self, need: Need) {
        if let Err(at) = self.texts.binary_search(&need) {
            self.texts.insert(at, need);
        }
    }

    /// Columns a function looks at by itself.
    fn function(&mut self, function: HistoryFunction) {
        match function {
            HistoryFunction::UsualDistance => self.point = true,
            HistoryFunction::HourDistance | HistoryFunction::HourSpread => self.local = true,
            HistoryFunction::Familiarity => {
                for need in [
                    Need::Ip,
                    Need::Country,
                    Need::Browser,
                    Need::Os,
                    Need::Device,
                ] {
                    self.text(need);
                }
                self.asn = true;
            }
            HistoryFunction::Count
            | HistoryFunction::Distinct
            | HistoryFunction::Ratio
            | HistoryFunction::Share
            | HistoryFunction::New
            | HistoryFunction::Seen
            | HistoryFunction::Streak
            | HistoryFunction::First
            | HistoryFunction::Last
            | HistoryFunction::Since
            | HistoryFunction::DaysSince
            | HistoryFunction::Min
            | HistoryFunction::Max
            | HistoryFunction::Mean
            | HistoryFunction::Percentile
            | HistoryFunction::Rarity
            | HistoryFunction::Sequence
            | HistoryFunction::Absence => {}
        }
    }

    fn key(&mut self, by: ByKey) {
        match by {
            ByKey::Account | ByKey::All => {}
            ByKey::Ip | ByKey::Network => self.text(Need::Ip),
            ByKey::Machine => self.text(Need::Machine),
            ByKey::Asn => self.asn = true,
            ByKey::City => self.text(Need::City),
            ByKey::Country => self.text(Need::Country),
        }
    }

    fn see(&mut self, expr: &Expr, registry: &Registry, names: &HistoryColumns) {
        match &expr.kind {
            ExprKind::Field(id) | ExprKind::RowField(id) => self.field(*id, registry, names),
            ExprKind::Call(Function::Distance | Function::Speed, _) => self.point = true,
            _ => {}
        }
    }

    fn field(&mut self, id: FieldId, registry: &Registry, names: &HistoryColumns) {
        if let Some(column) = names.get(id) {
            return self.column(column);
        }
        match registry.field_spec(id).path {
            "login.agent" => self.text(Need::Agent),
            "login.session" => self.text(Need::Session),
            "login.date" | "now.hour" | "now.weekday" | "now.date" => self.local = true,
            "login.place" => self.place(),
            // The login and the one before as such are only good for distances; anything else that
            // may be asked of them is asked by a path of its own.
            "login" | "previous" => self.point = true,
            path if path.starts_with("previous.") || path.starts_with("login.") => self.place(),
            _ => {}
        }
    }

    fn place(&mut self) {
        for need in [Need::Country, Need::Region, Need::City, Need::Isp] {
            self.text(need);
        }
        self.asn = true;
        self.point = true;
    }

    fn column(&mut self, column: Column) {
        match column {
            Column::Machine => self.text(Need::Machine),
            Column::Ip | Column::Network => self.text(Need::Ip),
            Column::Country => self.text(Need::Country),
            Column::Region => self.text(Need::Region),
            Column::City => self.text(Need::City),
            Column::Isp => self.text(Need::Isp),
            Column::Browser => self.text(Need::Browser),
            Column::Os => self.text(Need::Os),
            Column::Device => self.text(Need::Device),
            Column::Reason => self.text(Need::Reason),
            Column::Channel => self.text(Need::Channel),
            Column::Asn => self.asn = true,
            Column::Lat | Column::Lon => self.point = true,
            Column::Hour | Column::Weekday => self.local = true,
            Column::Account | Column::Success | Column::Legal | Column::Time => {}
        }
    }
}

/// The texts of a column whose values are the present login's own; why a login failed is not yet
/// known while it is judged.
pub(super) fn text_of(column: Column) -> Option<Need> {
    Some(match column {
        Column::Machine => Need::Machine,
        Column::Country => Need::Country,
        Column::Region => Need::Region,
        Column::City => Need::City,
        Column::Isp => Need::Isp,
        Column::Browser => Need::Browser,
        Column::Os => Need::Os,
        Column::Device => Need::Device,
        Column::Channel => Need::Channel,
        _ => return None,
    })
}

fn per_machine(action: &Action) -> bool {
    matches!(&action.kind, ActionKind::Alert(alert) if alert.per_machine)
        || action
            .outcomes
            .iter()
            .any(|arm| arm.block.actions.iter().any(per_machine))
}

/// What signals, rules and the values of those questions that are `asked` look at about the present login.
fn conditions(
    program: &Program,
    asked: impl Fn(&HistoryQuery) -> bool,
) -> impl Iterator<Item = &Expr> {
    let signals = program.signals.iter();
    let signals = signals.flat_map(|signal| std::iter::once(&signal.when).chain(&signal.except));
    let rules = program.rules.iter().filter_map(|rule| rule.when.as_ref());
    let queries = program.queries.iter().filter(move |query| asked(query));
    let values = queries.filter_map(|query| query.value.as_ref());
    signals.chain(rules).chain(values)
}

/// Visits what a query asks of each past row.
fn walk_rows(query: &HistoryQuery, visit: &mut impl FnMut(&Expr)) {
    query.filter.iter().for_each(|expr| walk(expr, visit));
    if let Some(sequence) = &query.sequence {
        let both = [&sequence.first_is, &sequence.second_is];
        both.into_iter()
            .flatten()
            .for_each(|expr| walk(expr, visit));
    }
}

/// Visits an expression and everything in it. Queries are in a table of their own.
pub fn walk(expr: &Expr, visit: &mut impl FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Field(_)
        | ExprKind::RowField(_)
        | ExprKind::Name(_)
        | ExprKind::History(_) => {}
        ExprKind::Let { value, .. } => walk(value, visit),
        ExprKind::Not(inner) | ExprKind::Trusted(inner) | ExprKind::IsKnown { inner, .. } => {
            walk(inner, visit);
        }
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Call(_, parts) => {
            parts.iter().for_each(|part| walk(part, visit));
        }
        ExprKind::Compare(_, left, right)
        | ExprKind::Arith(_, left, right)
        | ExprKind::Otherwise(left, right) => {
            walk(left, visit);
            walk(right, visit);
        }
        ExprKind::InList { item, .. } => walk(item, visit),
        ExprKind::InValues { item, values, .. } => {
            walk(item, visit);
            values.iter().for_each(|value| walk(value, visit));
        }
    }
}

/// The single key whose rows a combination of keys is looked up among, as the store does it: the one
/// with the fewest rows.
pub fn narrowest(need: &KeyNeed) -> ByKey {
    let rank = |by: &ByKey| match by {
        ByKey::Account => 0,
        ByKey::Machine => 1,
        ByKey::Ip => 2,
        ByKey::Network => 3,
        ByKey::City => 4,
        ByKey::Asn => 5,
        ByKey::Country => 6,
        ByKey::All => 7,
    };
    need.by
        .iter()
        .copied()
        .min_by_key(rank)
        .unwrap_or(ByKey::All)
}
