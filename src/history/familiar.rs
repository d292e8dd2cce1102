//! Familiarity: Freeman's likelihood ratio over address and device.
//!
//! Freeman, Jain, Dürmuth, Biggio, Giacinto: "Who Are You? A Statistical Approach to Measuring User
//! Authenticity" (NDSS 2016) scores a login by Π p(x | everybody) / p(x | owner) over its features.
//! Address and device are taken as hierarchies (Wiefling et al., TOPS 2022) whose levels are mixed
//! by weight. Here:
//!
//! * p(x | everybody) = (n + 1) / (N + 1), counted over the system's habits by whole days;
//! * p(x | owner) = (n + p(x | everybody)) / (N + 1): what the owner never showed is as likely as for
//!   anybody, the less so the more is known (Dirichlet smoothing of weight 1);
//! * levels without a value in the present login are left out, the weights of the others stay in
//!   proportion; a feature without any level is left out.
//!
//! The answer is −log10 of that product: 0 alike, 1 ten times likelier for the owner, −1 ten times less.

use super::cell::Column;
use super::row::Row;
use super::tally::{Tallied, tally_value};

/// Levels of the address and their weights.
const ADDRESS: &[(Column, f64)] = &[
    (Column::Ip, 0.6),
    (Column::Asn, 0.3),
    (Column::Country, 0.1),
];
/// Levels of the device and their weights; rows keep no whole user agent.
const DEVICE: &[(Column, f64)] = &[
    (Column::Browser, 0.58),
    (Column::Os, 0.41),
    (Column::Device, 0.01),
];

/// What must be counted over the system to score `present`.
pub(super) fn wanted(present: &Row) -> Vec<Tallied> {
    let levels = ADDRESS.iter().chain(DEVICE);
    let values =
        levels.filter_map(|(column, _)| Some(Some((*column, tally_value(present, *column)?))));
    std::iter::once(None).chain(values).collect()
}

/// The score of `present` for an owner with these habits (at least one); `everybody` counts.
/// `None` when neither address nor device is known.
pub(super) fn score(
    present: &Row,
    habits: &[&Row],
    everybody: &mut dyn FnMut(&Tallied) -> u64,
) -> Option<f64> {
    let mut risk = 0.0;
    let mut features = 0;
    let all = everybody(&None) as f64;
    let own = habits.len() as f64;
    for feature in [ADDRESS, DEVICE] {
        let (mut global, mut local, mut weights) = (0.0, 0.0, 0.0);
        for (column, weight) in feature {
            let Some(value) = tally_value(present, *column) else {
                continue;
            };
            let here = present.cell(*column);
            let same = habits
                .iter()
                .filter(|row| row.cell(*column) == here)
                .count() as f64;
            let anybody = (everybody(&Some((*column, value))) as f64 + 1.0) / (all + 1.0);
            global += weight * anybody;
            local += weight * (same + anybody) / (own + 1.0);
            weights += weight;
        }
        if weights > 0.0 {
            risk += (global / local).log10();
            features += 1;
        }
    }
    // To a millionth, so that equal cases print alike.
    (features > 0).then(|| -(risk * 1e6).round() / 1e6 + 0.0)
}
