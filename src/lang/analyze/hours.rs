//! Hours that no day has.

use crate::lang::check::codes as c;
use crate::lang::check::literal::constant;
use crate::lang::check::report::{Report, w};
use crate::lang::diagnostics::Diagnostic;
use crate::lang::program::{Expr, ExprKind};
use crate::lang::value::Value;

/// E0315 for an hour that no day has: `between_hours(now.hour, 22, 30)`. A day ends at 24.
pub(super) fn no_hour(end: &Expr, report: &mut Report) -> bool {
    let Some(Value::Number(hour)) = constant(end) else {
        return false;
    };
    if (0.0..=24.0).contains(&hour) {
        return false;
    }
    let found = Diagnostic::error(
        c::OUT_OF_RANGE,
        w(
            format!("一天里没有 {hour} 点"),
            format!("no day has an hour {hour}"),
        ),
        end.span,
        w("这里要 0 到 24", "must be 0 to 24"),
    );
    // Six in the morning after is what people count on to.
    let wrapped = hour - 24.0;
    let literal = matches!(end.kind, ExprKind::Const(_));
    report.push(if literal && (1.0..24.0).contains(&wrapped) {
        found.with_guess(
            w(
                format!("第二天的 {wrapped} 点就写 `{wrapped}`，时间可以跨过午夜"),
                format!(
                    "{wrapped} o'clock of the next day is `{wrapped}`: hours may cross midnight"
                ),
            ),
            end.span,
            wrapped.to_string(),
        )
    } else {
        found
    });
    true
}
