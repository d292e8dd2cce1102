//! Numbers beside the limit they are held against.

use super::rate;

/// A rate beside its limit: with as many digits as show on which side it is.
pub(in crate::backtest::report) fn beside(n: Option<f64>, limit: f64) -> String {
    n.map_or_else(|| rate(n), |is| telling(rate(n), is, limit, 3))
}

/// A share beside its limit, likewise; three digits at least.
pub(in crate::backtest::report) fn share_beside(n: Option<f64>, limit: f64) -> String {
    n.map_or_else(|| rate(n), |is| telling(format!("{is:.3}"), is, limit, 4))
}

/// A number as it is `shown`, or with `more` digits and so on until it shows on which side of the limit it is.
fn telling(shown: String, n: f64, limit: f64, more: usize) -> String {
    let tells = |shown: &String| {
        let shown = shown.parse::<f64>();
        shown.is_ok_and(|shown| (shown > limit) == (n > limit) && (shown < limit) == (n < limit))
    };
    let longer = (more..=9).map(|digits| format!("{n:.digits$}"));
    std::iter::once(shown)
        .chain(longer)
        .find(tells)
        .unwrap_or_else(|| n.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_as_many_digits_as_decide() {
        assert_eq!(beside(Some(12.004), 12.0), "12.004");
        assert_eq!(beside(Some(12.0), 12.0), "12.0");
        assert_eq!(beside(Some(11.9996), 12.0), "11.9996");
        assert_eq!(beside(Some(0.004), 0.0), "0.004");
        assert_eq!(beside(Some(7.25), 12.0), "7.25");
        assert_eq!(beside(None, 12.0), "–");
        // What fails 0.53 and passes 0.52 is one number.
        let recall = Some(0.523_809);
        for (limit, shown) in [
            (0.53, "0.524"),
            (0.52, "0.524"),
            (0.524, "0.5238"),
            (0.523_809, "0.523809"),
        ] {
            assert_eq!(share_beside(recall, limit), shown);
        }
    }
}
