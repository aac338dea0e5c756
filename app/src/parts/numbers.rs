//! Figures as people read them.

/// 13083 as `13,083`.
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        out.push('−');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 item`, `2 items`, `1,204 items`.
pub fn counted(n: i64, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(n))
}

/// A statistic between −1 and 1 in two digits without the zero before the point: `.78`, `−.05`, `1.00`.
pub fn statistic(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let text = text.strip_prefix('0').unwrap_or(&text);
    if value < 0.0 && text != ".00" { format!("−{text}") } else { text.to_owned() }
}

/// A share as a whole percentage; a little is never 0 % and almost all never 100 %.
pub fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 || part <= 0 {
        return "0%".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        s if s < 1.0 => "<1%".to_owned(),
        s if s > 99.0 && part < whole => ">99%".to_owned(),
        s => format!("{s:.0}%"),
    }
}

/// Bytes in the unit that fits: `312 B`, `4.2 KB`, `1.3 GB`.
pub fn bytes(n: i64) -> String {
    let mut value = n as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1000.0 || unit == "GB" {
            return if unit == "B" { format!("{n} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{n} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(13_083), grouped(-1_000_000)],
            ["0", "999", "13,083", "−1,000,000"]
        );
        assert_eq!(
            [statistic(0.784), statistic(-0.05), statistic(1.0), statistic(-0.001)],
            [".78", "−.05", "1.00", ".00"]
        );
        assert_eq!(
            [percent(1, 1000), percent(999, 1000), percent(1, 2), percent(5, 5)],
            ["<1%", ">99%", "50%", "100%"]
        );
        assert_eq!(
            [counted(0, "item"), counted(1, "item"), counted(1_204, "item")],
            ["0 items", "1 item", "1,204 items"]
        );
        assert_eq!([bytes(312), bytes(4_200), bytes(1_300_000_000)], ["312 B", "4.2 KB", "1.3 GB"]);
    }
}
