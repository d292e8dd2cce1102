//! Percentiles, rates, resampling.

/// A small generator with a fixed stream: results must not change with a library's version.
/// (xorshift64*, Vigna 2016; the seed is spread by splitmix64.)
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((z ^ (z >> 31)) | 1)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in 0..n; 0 when n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.unit()).ln() * mean
    }

    /// Poisson with mean `n`: how often a resampling draws any of `n`. Of many as the normal distribution has it.
    pub fn poisson(&mut self, n: u64) -> u64 {
        /// From here on the two differ by less than their spread between two seeds.
        const MANY: u64 = 64;
        if n < MANY {
            return (0..n).map(|_| u64::from(self.poisson_one())).sum();
        }
        let mean = n as f64;
        (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64
    }

    /// Poisson with mean 1 (Knuth): how often a resampling with replacement draws one of many.
    pub fn poisson_one(&mut self) -> u32 {
        let (limit, mut product, mut n) = ((-1.0_f64).exp(), 1.0, 0);
        loop {
            product *= self.unit();
            if product <= limit {
                return n;
            }
            n += 1;
        }
    }
}

/// Where a share lies that was seen in `all` independent draws, at 95 % (Wilson 1927); also when it was seen in
/// none or in each of them, where drawing again would always give the same.
pub fn wilson(share: f64, all: u64) -> (f64, f64) {
    /// The normal distribution's 97.5th percentile.
    const Z: f64 = 1.959_963_984_540_054;
    let n = all as f64;
    let square = Z * Z / n;
    let middle = (share + square / 2.0) / (1.0 + square);
    let half = Z / (1.0 + square) * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    // At the ends the two are the same but for what rounding leaves.
    let from = if share <= 0.0 { 0.0 } else { middle - half };
    let to = if share >= 1.0 { 1.0 } else { middle + half };
    (from.max(0.0), to.min(1.0))
}

/// The value at `share` of the sorted values (nearest rank); 0 of none.
pub fn percentile(sorted: &[u32], share: f64) -> u32 {
    if sorted.is_empty() {
        return 0;
    }
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// `part` per 10,000 of `whole`; `None` of nothing.
pub fn per_10k(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 10_000.0 / whole as f64)
}

/// `part` of `whole`; `None` of nothing.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The bits of a number so that they sort as the numbers do.
pub fn sortable(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// The number again.
pub fn unsortable(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 {
        bits & !(1 << 63)
    } else {
        !bits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occur() {
        let values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!(percentile(&values, 0.5), 5);
        assert_eq!(percentile(&values, 0.95), 10);
        assert_eq!(percentile(&values, 0.0), 1);
        assert_eq!(percentile(&[], 0.5), 0);
    }

    #[test]
    fn the_dice_are_fair_enough_and_the_same_every_time() {
        let mut dice = Dice::new(7);
        let first = dice.next_u64();
        assert_eq!(first, Dice::new(7).next_u64());
        let mean = |f: &mut dyn FnMut() -> f64| (0..20_000).map(|_| f()).sum::<f64>() / 20_000.0;
        assert!((mean(&mut || dice.unit()) - 0.5).abs() < 0.02);
        let mut dice = Dice::new(8);
        assert!(mean(&mut || dice.normal()).abs() < 0.03);
        let mut dice = Dice::new(9);
        assert!((mean(&mut || f64::from(dice.poisson_one())) - 1.0).abs() < 0.03);
        for n in [3, 63, 64, 900] {
            let mut dice = Dice::new(n);
            let drawn: Vec<f64> = (0..20_000).map(|_| dice.poisson(n) as f64).collect();
            let middle = drawn.iter().sum::<f64>() / 20_000.0;
            let spread = drawn.iter().map(|one| (one - middle).powi(2)).sum::<f64>() / 20_000.0;
            let n = n as f64;
            assert!((middle / n - 1.0).abs() < 0.02 && (spread / n - 1.0).abs() < 0.05);
        }
    }

    #[test]
    fn an_interval_of_all_or_none_leaves_room() {
        let close = |is: (f64, f64), from: f64, to: f64| {
            assert!(
                (is.0 - from).abs() < 5e-4 && (is.1 - to).abs() < 5e-4,
                "{is:?}"
            );
        };
        // As in tables of Wilson's interval.
        close(wilson(1.0, 1), 0.2065, 1.0);
        close(wilson(1.0, 10), 0.7225, 1.0);
        close(wilson(0.0, 10), 0.0, 0.2775);
        close(wilson(0.5, 10), 0.2366, 0.7634);
        close(wilson(0.1, 10), 0.0179, 0.4042);
        for all in 1..1_000 {
            assert_eq!(
                (wilson(0.0, all).0, wilson(1.0, all).1),
                (0.0, 1.0),
                "{all}"
            );
        }
    }
}
