//! Dates in digits, and what comes first in those that don't say it.

use domain::source::DateOrder;
use jiff::civil::Date;

/// What a word in digits is.
#[derive(Debug, PartialEq)]
pub enum Found {
    Date(Date),
    /// It hangs on which number is the day.
    Undecided,
    Nothing,
}

/// `2026-11-02` and `2026/11/02`; `02.11.2026`, the day first as all who write points do (CLDR knows no other);
/// `02/11/2026` and `02-11-2026` as `order` says.
pub fn read(text: &str, order: Option<DateOrder>) -> Found {
    let Some((separator, [a, b, c])) = numbers(text) else { return Found::Nothing };
    let date = |year: &str, month: &str, day: &str| {
        let number = |digits: &str| digits.parse::<i16>().ok();
        let small = |digits: &str| digits.parse::<i8>().ok().filter(|_| digits.len() <= 2);
        match (number(year), small(month), small(day)) {
            (Some(year), Some(month), Some(day)) => {
                Date::new(year, month, day).map_or(Found::Nothing, Found::Date)
            }
            _ => Found::Nothing,
        }
    };
    match (separator, a.len(), c.len(), order) {
        ('-' | '/' | '.', 4, _, _) => date(a, b, c),
        ('.', _, 4, _) | (_, _, 4, Some(DateOrder::DayFirst)) => date(c, b, a),
        (_, _, 4, Some(DateOrder::MonthFirst)) => date(c, a, b),
        (_, _, 4, None) => match (date(c, b, a), date(c, a, b)) {
            (Found::Nothing, Found::Nothing) => Found::Nothing,
            (one, other) if one == other => one,
            _ => Found::Undecided,
        },
        _ => Found::Nothing,
    }
}

/// What the dates of a column say of their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// There is no date that hangs on it.
    NotNeeded,
    /// A number above 12 stands where the day is, and nowhere else.
    Told(DateOrder),
    /// All of them can be read in both ways, or they contradict each other; one of them.
    Open(String),
}

/// Looks for a number above 12 in dates such as 03/04/2025.
pub fn order_of<'v>(values: impl Iterator<Item = &'v str>) -> Order {
    let (mut day_first, mut month_first, mut example) = (false, false, None);
    for value in values {
        let date = value.trim().split(['T', ' ', ',']).next().unwrap_or_default();
        if read(date, None) != Found::Undecided {
            continue;
        }
        day_first |= matches!(read(date, Some(DateOrder::MonthFirst)), Found::Nothing);
        month_first |= matches!(read(date, Some(DateOrder::DayFirst)), Found::Nothing);
        example.get_or_insert(date);
    }
    match (example, day_first, month_first) {
        (None, _, _) => Order::NotNeeded,
        (_, true, false) => Order::Told(DateOrder::DayFirst),
        (_, false, true) => Order::Told(DateOrder::MonthFirst),
        (Some(example), _, _) => Order::Open(example.to_owned()),
    }
}

/// Three numbers between two times the same separator.
fn numbers(text: &str) -> Option<(char, [&str; 3])> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = text.split(separator);
    let mut part = || {
        let part = parts.next()?;
        let is_number = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then_some(part)
    };
    let numbers = [part()?, part()?, part()?];
    parts.next().is_none().then_some((separator, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_tells_its_order_or_is_asked_for_it() {
        let order = |values: &[&str]| order_of(values.iter().copied());
        assert_eq!(order(&["2026-11-02", "", "x", "02.11.2026"]), Order::NotNeeded);
        assert_eq!(order(&["03/04/2025", "13/04/2025 10:00"]), Order::Told(DateOrder::DayFirst));
        assert_eq!(order(&["03/04/2025", "4/30/2025"]), Order::Told(DateOrder::MonthFirst));
        assert_eq!(order(&["", "03/04/2025", "05/05/2025"]), Order::Open("03/04/2025".to_owned()));
        assert_eq!(order(&["30/04/2025", "04/30/2025"]), Order::Open("30/04/2025".to_owned()));
    }
}
