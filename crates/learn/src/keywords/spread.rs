//! How unevenly terms are spread over leaves.

/// Distinct numbers of texts for which chance is worked out: four for each factor e.
const STEPS: f64 = 4.0;
/// From this mean on the series for the root of a Poisson variable is exact enough.
const LARGE: f64 = 40.0;

/// How unevenly a term is spread over leaves by chance alone, for any number of its texts.
pub struct Chance {
    /// For e^(i/4) texts.
    grid: Vec<f64>,
}

impl Chance {
    /// For leaves of so many texts.
    pub fn new(sizes: &[u64]) -> Self {
        let all = sizes.iter().sum::<u64>() as f64;
        let steps = (all.max(1.0).ln() * STEPS).ceil() as usize + 2;
        let grid = (0..steps)
            .map(|step| {
                let n = (step as f64 / STEPS).exp();
                let roots: f64 =
                    sizes.iter().map(|&size| mean_root(n * size as f64 / all) * (size as f64).sqrt()).sum();
                divergence(n, all, roots)
            })
            .collect();
        Self { grid }
    }

    /// Expected divergence of a term of `n` texts that fall where chance has it.
    pub fn of(&self, n: f64) -> f64 {
        let at = n.max(1.0).ln() * STEPS;
        let below = (at as usize).min(self.grid.len().saturating_sub(2));
        let part = (at - below as f64).min(1.0);
        self.grid[below] * (1.0 - part) + self.grid[below + 1] * part
    }
}

/// Rényi's divergence of order ½ (1961), −2 ln Σ √(p q), of a term's n texts from all, with the sum over leaves of
/// √(texts of the term · texts) for `roots`.
pub fn divergence(n: f64, all: f64, roots: f64) -> f64 {
    if roots > 0.0 { (n * all / (roots * roots)).ln().max(0.0) } else { 0.0 }
}

/// The mean of the square root of a Poisson variable.
fn mean_root(mean: f64) -> f64 {
    if mean > LARGE {
        return mean.sqrt() * (1.0 - 1.0 / (8.0 * mean) - 7.0 / (128.0 * mean * mean));
    }
    let mut probability = (-mean).exp();
    let mut sum = 0.0;
    for k in 1..=(4.0 * LARGE) as u32 {
        probability *= mean / f64::from(k);
        sum += probability * f64::from(k).sqrt();
        if f64::from(k) > mean && probability < 1e-12 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_sum_agree_where_they_meet() {
        let series = |mean: f64| mean.sqrt() * (1.0 - 1.0 / (8.0 * mean) - 7.0 / (128.0 * mean * mean));
        assert!((mean_root(LARGE - 0.001) - series(LARGE - 0.001)).abs() < 1e-5);
        // e⁻¹ Σ √k / k!
        assert!((mean_root(1.0) - 0.773_2).abs() < 1e-4);
        assert!(mean_root(0.0).abs() < 1e-12);
    }

    #[test]
    fn chance_falls_with_the_number_of_texts() {
        let chance = Chance::new(&[10; 100]);
        let of: Vec<f64> = [1.0, 3.0, 20.0, 200.0, 1000.0].map(|n| chance.of(n)).to_vec();
        assert!(of.windows(2).all(|pair| pair[0] > pair[1] && pair[1] > 0.0), "{of:?}");
        // One text lies in one of a hundred leaves.
        assert!(of[0] > 3.0 && of[0] < 100.0_f64.ln() + 1.0, "{of:?}");
        assert!(Chance::new(&[]).of(5.0).abs() < 1e-12);
    }
}
