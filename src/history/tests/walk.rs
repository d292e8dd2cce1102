//! Answers kept up row by row, held to those given over the rows.

use super::*;
use crate::history::{Plan, Sheet, Walk, glance};

/// What the store keeps of a key here.
const MOST: usize = 12;
const COLUMNS: [FieldId; 4] = [CITY, MACHINE, HOURS, ACCOUNT];

/// Rows of one key; the number of a value is the place of the first row that has it. Perhaps with what
/// is known of them beforehand.
struct Listed<'r>(&'r [Row], Option<Vec<u32>>);

impl<'r> Listed<'r> {
    fn new(rows: &'r [Row]) -> Self {
        Self(rows, None)
    }

    fn prepared(rows: &'r [Row]) -> Self {
        let failed = (0..rows.len()).filter(|at| !rows[*at].success);
        Self(rows, Some(failed.map(|at| at as u32).collect()))
    }
}

impl Sheet for Listed<'_> {
    fn time(&self, at: usize) -> Millis {
        self.0[at].time
    }

    fn success(&self, at: usize) -> bool {
        self.0[at].success
    }

    fn id(&self, column: Column, at: usize) -> Option<u32> {
        let value = self.0[at].field(column);
        let same = |row: &Row| row.field(column) == value;
        let first = self.0.iter().position(same)?;
        value.is_known().then_some(first as u32)
    }

    fn field(&self, column: Column, at: usize) -> Value {
        self.0[at].field(column)
    }

    fn ever(&self, before: usize) -> bool {
        self.0[..before].iter().any(|row| row.success)
    }

    fn oldest(&self, at: usize) -> usize {
        at.saturating_sub(MOST)
    }

    fn failures(&self) -> Option<&[u32]> {
        self.1.as_deref()
    }

    fn uniform(&self, column: Column) -> bool {
        let same = |two: &[Row]| two[0].field(column) == two[1].field(column);
        self.1.is_some() && self.0.windows(2).all(same)
    }
}

/// What the store would give at the row `now`.
struct Kept<'r> {
    rows: &'r [Row],
    first: Option<Millis>,
}

impl Rows for Kept<'_> {
    type Row = Row;

    fn rows(&mut self, _: &Key, after: Option<Millis>) -> Slice<'_, Row> {
        let from = after.map_or(0, |after| {
            self.rows.partition_point(|row| row.time <= after)
        });
        Slice {
            rows: &self.rows[from..],
            first_success: self.first,
            truncated: false,
        }
    }
}

/// Every question of the kinds that need no rows, over these windows.
fn questions(windows: &[Window], by: Option<ByKey>) -> Vec<HistoryQuery> {
    use HistoryFunction as F;
    let streams = [Stream::Attempts, Stream::Successes, Stream::Failures];
    let mut all = Vec::new();
    for window in windows {
        for stream in streams {
            let mut put = |function: F, field: Option<FieldId>, compared: bool| {
                let filters = [None, Some(constant(Value::YesNo(false)))];
                for filter in filters {
                    let mut one = query(function, stream, *window);
                    one.field = field;
                    one.value = field
                        .filter(|_| compared)
                        .map(|field| expr(ExprKind::Field(field)));
                    one.by = by.into_iter().collect();
                    one.filter = filter;
                    all.push(one);
                }
            };
            for function in [F::Count, F::Ratio, F::Since, F::Streak, F::First, F::Last] {
                put(function, None, false);
            }
            for field in COLUMNS {
                for function in [F::Distinct, F::First, F::Last] {
                    put(function, Some(field), false);
                }
                for function in [F::Share, F::New, F::Seen, F::DaysSince] {
                    put(function, Some(field), true);
                }
            }
        }
    }
    for (at, query) in all.iter_mut().enumerate() {
        query.id = QueryId(at as u32);
        if query.function == F::Ratio {
            query.denominator = Some(Stream::Attempts);
        }
    }
    all
}

/// Hours since the row before, whether it is a success, city, machine, hour.
type Made = (i64, u8, Option<u8>, Option<u8>, u8);

fn rows_of(made: &[Made]) -> Vec<Row> {
    let mut time = T;
    made.iter()
        .enumerate()
        .map(|(at, (pause, success, city, machine, hour))| {
            time += pause * HOUR;
            Row {
                time,
                arrival: at as u64,
                account: "alice".into(),
                country: Some("CN".into()),
                city: city.map(|n| format!("city {n}").into()),
                machine: machine.map(|n| format!("m{n}").into()),
                hour: (*hour < 4).then_some(*hour),
                success: *success > 0,
                ..Row::default()
            }
        })
        .collect()
}

fn same_everywhere(sheet: &Listed<'_>, begin: usize, by: Option<ByKey>) {
    let rows = sheet.0;
    let windows = [
        Window::Within(0),
        Window::Within(HOUR),
        Window::Within(5 * HOUR),
        Window::All,
    ];
    let mut program = empty_program();
    program.queries = questions(&windows, by);
    let columns = Columns::new(PATHS);
    let plan = Plan::new([&program], &columns, |_| true);
    let mut walk = Walk::default();
    // Begun in the middle, as where an account is gone through in stretches.
    walk.begin(&plan, begin.saturating_sub(MOST));
    let mut answered = 0;
    for now in begin..rows.len() {
        let present = Row {
            success: false,
            ..rows[now].clone()
        };
        let before = &rows[now.saturating_sub(MOST)..now];
        let first = rows[..now].iter().find(|row| row.success);
        for query in &program.queries {
            let Some(question) = plan.get(0, query) else {
                continue;
            };
            let found = match by {
                None => walk.answer(&plan, question, sheet, now),
                Some(_) => glance(&plan, question, sheet, now),
            };
            let Some(found) = found else { continue };
            answered += 1;
            let value = query.value.as_ref().map(|value| match &value.kind {
                ExprKind::Field(id) => present.field(columns.get(*id).unwrap()),
                other => panic!("{other:?}"),
            });
            let field = |_: FieldId| Value::unknown("field");
            let present = Present {
                row: &present,
                columns: &columns,
                field: &field,
            };
            let mut kept = Kept {
                rows: before,
                first: first.map(|row| row.time),
            };
            let wanted = evaluate(query, value.as_ref(), &program, &present, &mut kept).value;
            assert_eq!(found, wanted, "at {now}: {query:?} over {before:?}");
        }
    }
    assert!(answered > 0 || begin >= rows.len());
}

proptest! {
    /// Whatever the rows: ties of time, unknown values, windows on their edges, rows beyond the bound.
    #[test]
    fn going_on_gives_what_looking_anew_gives(
        made in prop::collection::vec(
            (0i64..4, 0u8..3, prop::option::of(0u8..4), prop::option::of(0u8..40), 0u8..6), 1..40),
        begin in 0usize..20,
    ) {
        let rows = rows_of(&made);
        let begin = begin.min(rows.len() - 1);
        same_everywhere(&Listed::new(&rows), begin, None);
        same_everywhere(&Listed::new(&rows), begin, Some(ByKey::Country));
        same_everywhere(&Listed::prepared(&rows), begin, Some(ByKey::Country));
    }
}

#[test]
fn many_values_are_told_apart_as_few_are() {
    let made: Vec<_> = (0..120_u32)
        .map(|at| (0, 1, Some((at * 7 % 41) as u8), None, 9))
        .collect();
    let rows = rows_of(&made);
    let mut program = empty_program();
    let mut distinct = query(
        HistoryFunction::Distinct,
        Stream::Attempts,
        Window::Within(HOUR),
    );
    distinct.field = Some(CITY);
    program.queries = vec![distinct];
    let columns = Columns::new(PATHS);
    let plan = Plan::new([&program], &columns, |_| true);
    struct Unbounded<'r>(Listed<'r>);
    impl Sheet for Unbounded<'_> {
        fn time(&self, at: usize) -> Millis {
            self.0.time(at)
        }
        fn success(&self, at: usize) -> bool {
            self.0.success(at)
        }
        fn id(&self, column: Column, at: usize) -> Option<u32> {
            self.0.id(column, at)
        }
        fn field(&self, column: Column, at: usize) -> Value {
            self.0.field(column, at)
        }
        fn ever(&self, before: usize) -> bool {
            self.0.ever(before)
        }
        fn oldest(&self, _: usize) -> usize {
            0
        }
    }
    let sheet = Unbounded(Listed::new(&rows));
    let mut walk = Walk::default();
    walk.begin(&plan, 0);
    let question = plan.get(0, &program.queries[0]).unwrap();
    for now in 0..rows.len() {
        let values: std::collections::HashSet<_> =
            rows[..now].iter().map(|row| row.city.clone()).collect();
        let found = walk.answer(&plan, question, &sheet, now);
        assert_eq!(found, Some(n(values.len() as f64)));
        assert_eq!(glance(&plan, question, &sheet, now), found);
    }
}
