//! Moments of Date conditions as numbers, so that they can be compared ("Condition operators", Date).
//!
//! It must not know conditions. Whether a text is a date at all is decided by [`super::value`].

/// Seconds since 1970 of a W3C date or an epoch, and whether the text is one. A date without a zone is UTC.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (day, time) = text.split_once(['T', 't']).map_or((text, ""), |(day, time)| (day, time));
    let mut parts = day.split('-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: i32 = parts.next().map_or(Some(1), |part| part.parse().ok())?;
    let date: i32 = parts.next().map_or(Some(1), |part| part.parse().ok())?;
    Some(f64::from(days(year, month, date)?) * 86_400.0 + clock(time)?)
}

/// Days since 1970 in the Gregorian calendar.
fn days(year: i32, month: i32, date: i32) -> Option<i32> {
    // The year begins in March here, so that a leap day is its last.
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let month = if month <= 2 { month.checked_add(9)? } else { month.checked_sub(3)? };
    let day_of_year = month.checked_mul(153)?.checked_add(2)?.div_euclid(5).checked_add(date)?.checked_sub(1)?;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    /// Days from March of the year 0 to 1970.
    const EPOCH_DAYS: i32 = 719_468;
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?.checked_sub(EPOCH_DAYS)
}

/// Seconds since midnight UTC of `10:00Z`, `10:00:00.5+02:00`; zero of nothing.
fn clock(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let (time, zone) = text.split_at_checked(text.find(['Z', 'z', '+', '-']).unwrap_or(text.len()))?;
    let mut parts = time.split(':').map(str::parse::<f64>);
    let mut next = || parts.next().map_or(Some(0.0), Result::ok);
    let of_day = next()? * 3_600.0 + next()? * 60.0 + next()?;
    let (sign, offset) = match zone.split_at_checked(1) {
        Some(("+", offset)) => (1.0, offset),
        Some(("-", offset)) => (-1.0, offset),
        Some(_) | None => return Some(of_day),
    };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes: f64 = if minutes.is_empty() { 0.0 } else { minutes.parse().ok()? };
    Some(of_day - sign * (hours.parse::<f64>().ok()? * 3_600.0 + minutes * 60.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        for (text, expected) in [
            ("1970", 0.0),
            ("1970-01-02", 86_400.0),
            ("1972-03-01", 68_256_000.0),
            ("2026-05-15T00:00:00Z", 1_778_803_200.0),
            ("2026-05-15T02:00:00+02:00", 1_778_803_200.0),
            ("2026-05-14T22:30-0130", 1_778_803_200.0),
            ("1778803200", 1_778_803_200.0),
            ("2026-05-15T00:00:00.5Z", 1_778_803_200.5),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "x", "2026-x", "2026-05-15Tx", "2026-05-15T10:00+x"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
