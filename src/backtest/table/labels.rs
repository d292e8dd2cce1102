//! What the labels say of one login.

/// The labels of a login, by their numbers: which it has, and which say anything about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels(u16);

/// Where the bits of the labels that say anything begin.
const KNOWN: u32 = 8;

impl Labels {
    /// What this label says.
    pub fn get(self, label: u8) -> Option<bool> {
        let bit = |at: u32| self.0 >> at & 1 == 1;
        bit(u32::from(label) + KNOWN).then(|| bit(u32::from(label)))
    }

    /// Has this label say so.
    pub fn set(&mut self, label: u8, yes: bool) {
        self.0 &= !(1 << label);
        self.0 |= 1 << (u32::from(label) + KNOWN) | u16::from(yes) << label;
    }

    /// As a number.
    pub(super) fn bits(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::table::MAX_LABELS;

    #[test]
    fn each_label_says_yes_no_or_nothing() {
        for label in 0..MAX_LABELS as u8 {
            for yes in [false, true] {
                let mut labels = Labels::default();
                labels.set(label, yes);
                let said = (0..MAX_LABELS as u8).map(|other| labels.get(other));
                let wanted = (0..MAX_LABELS as u8).map(|other| (other == label).then_some(yes));
                assert!(said.eq(wanted), "{label} {yes}");
            }
        }
    }
}
