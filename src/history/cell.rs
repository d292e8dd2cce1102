//! The columns of past rows, and their values without copying.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::lang::builtins::Registry;
use crate::lang::program::FieldId;
use crate::lang::value::{Value, View};

use super::key::network_of;
use super::row::Row;

/// A column of past rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the row's fields")]
pub enum Column {
    Account,
    Machine,
    Ip,
    Network,
    Country,
    Region,
    City,
    Lat,
    Lon,
    Asn,
    Isp,
    Hour,
    Weekday,
    Browser,
    Os,
    Device,
    Success,
    Legal,
    Reason,
    Channel,
    Time,
}

impl Column {
    /// The column a field's path names: `city` or `login.city`.
    pub fn from_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix("login.").unwrap_or(path);
        Some(match name {
            "account" => Self::Account,
            "machine" => Self::Machine,
            "ip" => Self::Ip,
            "network" => Self::Network,
            "country" => Self::Country,
            "region" => Self::Region,
            "city" => Self::City,
            "lat" => Self::Lat,
            "lon" => Self::Lon,
            "asn" => Self::Asn,
            "isp" => Self::Isp,
            "hour" => Self::Hour,
            "weekday" => Self::Weekday,
            "browser" => Self::Browser,
            "os" => Self::Os,
            "device" => Self::Device,
            "success" => Self::Success,
            "legal" => Self::Legal,
            "reason" => Self::Reason,
            "channel" => Self::Channel,
            "time" => Self::Time,
            _ => return None,
        })
    }

    /// Its path in the present login.
    pub fn path(self) -> &'static str {
        match self {
            Self::Account => "login.account",
            Self::Machine => "login.machine",
            Self::Ip => "login.ip",
            Self::Network => "login.network",
            Self::Country => "login.country",
            Self::Region => "login.region",
            Self::City => "login.city",
            Self::Lat => "login.lat",
            Self::Lon => "login.lon",
            Self::Asn => "login.asn",
            Self::Isp => "login.isp",
            Self::Hour => "login.hour",
            Self::Weekday => "login.weekday",
            Self::Browser => "login.browser",
            Self::Os => "login.os",
            Self::Device => "login.device",
            Self::Success => "login.success",
            Self::Legal => "login.legal",
            Self::Reason => "login.reason",
            Self::Channel => "login.channel",
            Self::Time => "login.time",
        }
    }
}

/// Which column each field of the registry is. Built once per process.
#[derive(Debug, Clone, Default)]
pub struct Columns(Vec<Option<Column>>);

impl Columns {
    /// From the paths of all fields, in the order of their [`FieldId`]s. Paths other than `login.…`
    /// and bare row names (`account.id`, `message.time`, the sender's `account`) are no columns.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            paths
                .into_iter()
                .map(|path| {
                    path.starts_with("login.")
                        .then(|| Column::from_path(path))
                        .flatten()
                })
                .collect(),
        )
    }

    /// From a registry of builtins.
    pub fn of(registry: &Registry) -> Self {
        Self::new(registry.fields().iter().map(|field| field.path))
    }

    /// The column of a field.
    #[inline]
    pub fn get(&self, field: FieldId) -> Option<Column> {
        *self.0.get(usize::from(field.0))?
    }
}

/// A value of a row, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    /// The bits of an `f64`, with one zero.
    Number(u64),
    YesNo(bool),
    Time(i64),
    Ip(IpAddr),
    Network(IpNet),
}

impl<'a> Cell<'a> {
    fn number(n: f64) -> Self {
        // Minus zero plus zero is zero: one bit pattern for both.
        Self::Number((n + 0.0).to_bits())
    }

    /// The same for a value; `None` for unknown ones and kinds rows do not have.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Number(n) => Self::number(*n),
            Value::YesNo(yes) => Self::YesNo(*yes),
            Value::Time(ms) => Self::Time(*ms),
            Value::Ip(ip) => Self::Ip(ip.to_canonical()),
            Value::Network(net) => Self::Network(*net),
            other => Self::Text(other.characters()?),
        })
    }

    /// Whether both are the same value. Texts are often the very same text.
    pub(super) fn is_same(self, other: Cell<'_>) -> bool {
        match (self, other) {
            (Self::Text(a), Cell::Text(b)) => {
                a.len() == b.len() && (std::ptr::eq(a.as_ptr(), b.as_ptr()) || a == b)
            }
            (a, b) => a == b,
        }
    }

    /// As something to calculate with.
    pub(super) fn amount(self) -> Option<f64> {
        match self {
            Self::Number(bits) => Some(f64::from_bits(bits)),
            Self::Time(ms) => Some(ms as f64),
            _ => None,
        }
    }
}

impl Row {
    /// The value of a column, when it is known.
    pub(super) fn cell(&self, column: Column) -> Option<Cell<'_>> {
        Some(match column {
            Column::Account => Cell::Text(&self.account),
            Column::Machine => Cell::Text(self.machine.as_deref()?),
            Column::Ip => Cell::Ip(self.ip?.to_canonical()),
            Column::Network => Cell::Network(network_of(self.ip?)),
            Column::Country => Cell::Text(self.country.as_deref()?),
            Column::Region => Cell::Text(self.region.as_deref()?),
            Column::City => Cell::Text(self.city.as_deref()?),
            Column::Lat => Cell::number(self.lat?),
            Column::Lon => Cell::number(self.lon?),
            Column::Asn => Cell::number(f64::from(self.asn?)),
            Column::Isp => Cell::Text(self.isp.as_deref()?),
            Column::Hour => Cell::number(f64::from(self.hour?)),
            Column::Weekday => Cell::number(f64::from(self.weekday?)),
            Column::Browser => Cell::Text(self.browser.as_deref()?),
            Column::Os => Cell::Text(self.os.as_deref()?),
            Column::Device => Cell::Text(self.device.as_deref()?),
            Column::Success => Cell::YesNo(self.success),
            Column::Legal => Cell::YesNo(self.legal),
            Column::Reason => Cell::Text(self.reason.as_deref()?),
            Column::Channel => Cell::Text(self.channel.as_deref()?),
            Column::Time => Cell::Time(self.time),
        })
    }

    /// What [`Row::field`] gives of a known column, where it lies.
    #[inline]
    pub fn view(&self, column: Column) -> Option<View<'_>> {
        // What conditions mostly look at, without a step between.
        match column {
            Column::City => return self.city.as_deref().map(View::Characters),
            Column::Country => return self.country.as_deref().map(View::Characters),
            Column::Browser => return self.browser.as_deref().map(View::Characters),
            Column::Hour => return self.hour.map(|hour| View::Number(f64::from(hour))),
            Column::Legal => return Some(View::YesNo(self.legal)),
            Column::Success => return Some(View::YesNo(self.success)),
            _ => {}
        }
        self.cell(column).map(|cell| match cell {
            Cell::Text(text) => View::Characters(text),
            Cell::Number(bits) => View::Number(f64::from_bits(bits)),
            Cell::YesNo(yes) => View::YesNo(yes),
            Cell::Time(ms) => View::Time(ms),
            Cell::Ip(ip) => View::Ip(ip),
            Cell::Network(net) => View::Network(net),
        })
    }

    /// [`Row::view`] of a column that is a number.
    #[inline]
    pub fn number(&self, column: Column) -> Option<f64> {
        match column {
            Column::Hour => self.hour.map(f64::from),
            _ => match self.cell(column) {
                Some(Cell::Number(bits)) => Some(f64::from_bits(bits)),
                _ => None,
            },
        }
    }

    /// [`Row::view`] of a column made of characters.
    #[inline]
    pub fn characters(&self, column: Column) -> Option<&str> {
        match column {
            Column::City => self.city.as_deref(),
            Column::Country => self.country.as_deref(),
            Column::Browser => self.browser.as_deref(),
            _ => match self.cell(column) {
                Some(Cell::Text(text)) => Some(text),
                _ => None,
            },
        }
    }

    /// [`Row::view`] of a column that is a yes or a no.
    #[inline]
    pub fn yes_no(&self, column: Column) -> Option<bool> {
        match column {
            Column::Legal => Some(self.legal),
            Column::Success => Some(self.success),
            _ => None,
        }
    }

    /// The value of a column with its type in the language; unknown names the present login's path.
    /// Hosts may answer `login.…` fields of the present event with it.
    pub fn field(&self, column: Column) -> Value {
        let text = |text: &Option<std::sync::Arc<str>>| text.clone().map(Value::Text);
        let known = match column {
            Column::Account => Some(Value::Account(self.account.clone())),
            Column::Machine => self.machine.clone().map(Value::Machine),
            Column::Country => text(&self.country),
            Column::Region => text(&self.region),
            Column::City => text(&self.city),
            Column::Isp => text(&self.isp),
            Column::Browser => text(&self.browser),
            Column::Os => text(&self.os),
            Column::Device => text(&self.device),
            Column::Reason => text(&self.reason),
            Column::Channel => text(&self.channel),
            _ => self.cell(column).map(|cell| match cell {
                Cell::Text(text) => Value::text(text),
                Cell::Number(bits) => Value::Number(f64::from_bits(bits)),
                Cell::YesNo(yes) => Value::YesNo(yes),
                Cell::Time(ms) => Value::Time(ms),
                Cell::Ip(ip) => Value::Ip(ip),
                Cell::Network(net) => Value::Network(net),
            }),
        };
        known.unwrap_or_else(|| Value::unknown(column.path()))
    }
}

/// A past login's value of a column: what is unknown of it must not read as the present login's.
pub(super) fn of_past(value: Value, column: Column) -> Value {
    if value.is_known() {
        value
    } else {
        Value::unknown(format!("history of {}", column.path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::value::Type;

    #[test]
    fn every_row_field_of_the_registry_is_a_column_of_its_type() {
        let registry = Registry::standard();
        let columns = Columns::of(&registry);
        let row = Row {
            account: "a".into(),
            machine: Some("m".into()),
            ip: Some("192.0.2.7".parse().unwrap()),
            country: Some("中国".into()),
            region: Some("北京".into()),
            city: Some("北京".into()),
            lat: Some(1.0),
            lon: Some(2.0),
            asn: Some(3),
            isp: Some("i".into()),
            hour: Some(4),
            weekday: Some(5),
            browser: Some("b".into()),
            os: Some("o".into()),
            device: Some("d".into()),
            reason: Some("r".into()),
            channel: Some("c".into()),
            ..Row::default()
        };
        for (id, spec) in registry.fields().iter().enumerate() {
            let column = columns.get(FieldId(id as u16));
            assert!(
                column.is_some() || !spec.row,
                "{} is a field of past rows",
                spec.path
            );
            let Some(column) = column else { continue };
            assert_eq!(column.path(), spec.path);
            let ty = match row.field(column) {
                Value::Text(_) => Type::Text,
                Value::Number(_) => Type::Number,
                Value::YesNo(_) => Type::YesNo,
                Value::Time(_) => Type::Time,
                Value::Ip(_) => Type::Ip,
                Value::Network(_) => Type::Network,
                Value::Machine(_) => Type::Machine,
                Value::Account(_) => Type::Account,
                other => panic!("{}: {other:?}", spec.path),
            };
            assert_eq!(ty, spec.ty, "{}", spec.path);
            let shown = row.view(column).map(|view| format!("{view:?}"));
            let value = row.field(column);
            assert_eq!(shown, value.view().map(|view| format!("{view:?}")));
            let narrow = [
                row.number(column).map(View::Number),
                row.characters(column).map(View::Characters),
                row.yes_no(column).map(View::YesNo),
            ];
            let narrow: Vec<String> = narrow.iter().flatten().map(|v| format!("{v:?}")).collect();
            let kinds = [Type::Time, Type::Ip, Type::Network];
            let expected: Vec<String> =
                shown.into_iter().filter(|_| !kinds.contains(&ty)).collect();
            assert_eq!(narrow, expected, "{}", spec.path);
            assert_eq!(
                Row::default().field(column).is_known(),
                Row::default().cell(column).is_some()
            );
        }
    }
}
