//! Which numbers are one number, the way event-ruler sees it.
//!
//! It compares doubles, but only for texts that survive the way to a double and back; a longer integer equals nothing
//! but itself.

use reeve_json::Number;

/// Integers up to this size are exact doubles, so there is nothing to check.
const EXACT_MAX: u64 = 1 << 53;

/// The number as a double, if event-ruler can compare it with others: `None` for an integer whose digits a double
/// loses. (A fraction that was written with more digits than a double holds has already lost them in the reader.)
pub(crate) fn comparable(number: Number) -> Option<f64> {
    let float = number.as_f64();
    match number {
        Number::Int(int) if int.unsigned_abs() > EXACT_MAX => {
            // Rare and worth an allocation: the shortest digits of the double must be those of the integer.
            (format!("{float}").parse::<i128>().ok() == Some(i128::from(int))).then_some(float)
        }
        Number::Int(_) | Number::Float(_) => Some(float),
    }
}

/// Whether the two are one number: `300`, `300.0` and `3e2` are.
#[expect(clippy::float_cmp, reason = "the rule is equality of doubles")]
pub(crate) fn equal(one: Number, other: Number) -> bool {
    match (one, other) {
        (Number::Int(one), Number::Int(other)) => one == other,
        (Number::Float(one), Number::Float(other)) => one == other,
        (Number::Int(_), Number::Float(float)) => comparable(one).is_some_and(|int| int == float),
        (Number::Float(float), Number::Int(_)) => comparable(other).is_some_and(|int| int == float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_integers_equal_only_themselves() {
        let odd = (1 << 53) + 1;
        assert_eq!(comparable(Number::Int(odd)), None);
        assert!(comparable(Number::Int(odd + 1)).is_some());
        assert!(comparable(Number::Int(-odd)).is_none());
        assert!(equal(Number::Int(odd), Number::Int(odd)));
        assert!(!equal(Number::Int(odd), Number::Int(odd - 1)));
        assert!(!equal(Number::Int(odd), Number::Float(9_007_199_254_740_992.0)));
        assert!(equal(Number::Int(odd - 1), Number::Float(9_007_199_254_740_992.0)));
        assert!(equal(Number::Int(0), Number::Float(-0.0)));
    }
}
