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
    }
}
