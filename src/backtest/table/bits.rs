//! A bit for each row, of what few sources say.

/// Which rows something is true of; none before any is set.
#[derive(Debug, Clone, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// It is true of this row.
    pub fn set(&mut self, row: u32) {
        let (word, bit) = place(row);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    /// Whether it is.
    pub fn has(&self, row: u32) -> bool {
        let (word, bit) = place(row);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// When the rows are put in this order: the numbers they had.
    pub(super) fn permute(&mut self, order: &[u32]) {
        if self.0.is_empty() {
            return;
        }
        let before = std::mem::take(self);
        let rows = order.iter().enumerate();
        rows.filter(|(_, row)| before.has(**row))
            .for_each(|(now, _)| self.set(now as u32));
    }
}

fn place(row: u32) -> (usize, u64) {
    (row as usize / 64, 1 << (row % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_bits_when_they_are_put_in_order() {
        let mut bits = Bits::default();
        assert!(!bits.has(0) && !bits.has(1_000));
        bits.permute(&[1, 0]);
        [0, 63, 130].into_iter().for_each(|row| bits.set(row));
        let order: Vec<u32> = (0..200).rev().collect();
        bits.permute(&order);
        let set: Vec<u32> = (0..300).filter(|row| bits.has(*row)).collect();
        assert_eq!(set, [69, 136, 199]);
    }
}
