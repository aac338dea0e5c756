//! Days and hours in UTC without a clock: when customers write, and how a date is said.

use crate::dice::Dice;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Sunday first. Mondays bring what the weekend left.
const WEEKDAYS: [f64; 7] = [0.55, 1.3, 1.15, 1.1, 1.05, 1.0, 0.65];

/// Quiet nights, a morning peak, a smaller one after work.
const HOURS: [f64; 24] = [
    0.25, 0.15, 0.1, 0.08, 0.1, 0.2, 0.5, 1.0, 1.5, 1.8, 1.9, 1.7, 1.5, 1.4, 1.4, 1.3, 1.3, 1.4, 1.5, 1.6,
    1.5, 1.2, 0.8, 0.45,
];

/// The hours before an end, weighed by how much is written in them.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    end: i64,
    sums: Vec<f64>,
}

impl Rhythm {
    pub(crate) fn new(end: i64, n_days: i64) -> Self {
        let mut sum = 0.0;
        let weigh = |back: i64| {
            let start = end.saturating_sub((back + 1) * HOUR);
            let weekday = (start.div_euclid(DAY) + 4).rem_euclid(7) as usize;
            let hour = start.div_euclid(HOUR).rem_euclid(24) as usize;
            // The shop grows a little: the last days bring a quarter more than the first.
            let growth = 1.0 - 0.2 * back as f64 / (n_days * 24) as f64;
            sum += WEEKDAYS[weekday] * HOURS[hour] * growth;
            sum
        };
        Self { end, sums: (0..n_days * 24).map(weigh).collect() }
    }

    /// A time in these days, before the end.
    pub(crate) fn time(&self, dice: &mut Dice) -> i64 {
        let target = dice.unit() * self.sums.last().copied().unwrap_or(0.0);
        let back = self.sums.partition_point(|sum| *sum <= target) as i64;
        let within = dice.below(HOUR as usize) as i64;
        self.end.saturating_sub((back + 1) * HOUR).saturating_add(within)
    }
}

/// Year, month (1 to 12), day of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
pub(crate) fn civil(day: i64) -> (i64, u32, u32) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month as u32, (doy - (153 * mp + 2) / 5 + 1) as u32)
}

/// RFC 3339 in UTC with whole seconds.
pub(crate) fn rfc3339(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let second = micros.rem_euclid(DAY) / SECOND;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400 * SECOND), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_767_225_599 * SECOND), "2025-12-31T23:59:59Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        for extreme in [i64::MIN, i64::MAX] {
            rfc3339(extreme);
        }
    }
}
