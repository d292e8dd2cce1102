//! Facts of an event that follow from a number; a third of them is missing.

use std::sync::Arc;

use menshen::lang::builtins::{FunctionKind, Registry, ResultType};
use menshen::lang::eval::{Facts, HistoryAnswer};
use menshen::lang::program::{FieldId, HistoryQuery, Name, Program};
use menshen::lang::value::{LoginPoint, Place, Type, Value, View};

pub struct Event<'a> {
    pub registry: &'a Registry,
    pub seed: u64,
    /// What was shown last.
    pub held: Value,
}

impl Event<'_> {
    fn value(&self, ty: &Type, what: u64, missing: &str) -> Value {
        let mut x = (self.seed ^ what.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1;
        for _ in 0..3 {
            x ^= x >> 12;
            x ^= x << 25;
            x ^= x >> 27;
            x = x.wrapping_mul(0x2545_F491_4F6C_DD1D);
        }
        let n = (x >> 40) % 24;
        if (x >> 20).is_multiple_of(3) {
            return Value::unknown(missing);
        }
        let f = n as f64;
        match ty {
            Type::Number => Value::Number(f),
            Type::Percent => Value::Percent(f / 24.0),
            Type::YesNo => Value::YesNo(n.is_multiple_of(2)),
            Type::Duration => Value::Duration(n as i64 * 60_000),
            Type::Time => Value::Time(1_767_574_800_000 + n as i64 * 3_600_000),
            Type::Distance => Value::Distance(f * 1_000.0),
            Type::Speed => Value::Speed(f * 100.0),
            Type::Ip => Value::Ip([192, 0, 2, n as u8].into()),
            Type::Network => "192.0.2.0/24"
                .parse()
                .map_or(Value::unknown(missing), Value::Network),
            Type::Phone => Value::Phone("+8613800138000".into()),
            Type::Code => Value::Code("482913".into()),
            Type::Machine => Value::Machine("m".into()),
            Type::Account => Value::Account("alice".into()),
            Type::Alert => Value::Alert("alr_1".into()),
            Type::Login => Value::Login(Arc::new(LoginPoint {
                time: n as i64 * 60_000,
                place: Place {
                    lat: Some(f),
                    lon: Some(f),
                    ..Place::default()
                },
            })),
            Type::Place => Value::Place(Arc::new(Place::default())),
            Type::List(of) => Value::List(vec![self.value(of, what ^ 7, missing)].into()),
            _ => Value::text(["北京", "Chrome", "2026-01-05"][n as usize % 3]),
        }
    }
}

impl Facts for Event<'_> {
    fn field(&mut self, id: FieldId) -> Value {
        let spec = self.registry.field_spec(id);
        match self.value(&spec.ty, u64::from(id.0), spec.path) {
            // Proofs are never unknown.
            Value::Unknown(_) if spec.proof => Value::YesNo(false),
            value => value,
        }
    }

    fn view(&mut self, id: FieldId) -> Option<View<'_>> {
        self.held = self.field(id);
        self.held.view()
    }

    fn name(&mut self, name: &Name) -> Value {
        let (Name::Capture(text)
        | Name::Slot(text)
        | Name::Variable(text)
        | Name::Outcome(text)
        | Name::Raw(text)) = name;
        Value::text(text)
    }

    fn history(&mut self, query: &HistoryQuery, _: Option<&Value>, _: &Program) -> HistoryAnswer {
        let kind = FunctionKind::History(query.function);
        let spec = self
            .registry
            .functions()
            .iter()
            .find(|spec| spec.kind == kind);
        let ty = match spec.map(|spec| &spec.result) {
            Some(ResultType::Always(ty)) => ty.clone(),
            _ => query.field.map_or(Type::Number, |field| {
                self.registry.field_spec(field).ty.clone()
            }),
        };
        let value = self.value(&ty, 1_000 + u64::from(query.id.0), "history");
        HistoryAnswer {
            rows: 3,
            ..value.into()
        }
    }

    fn trusted(&mut self, _: &Value) -> bool {
        self.seed.is_multiple_of(2)
    }
}
