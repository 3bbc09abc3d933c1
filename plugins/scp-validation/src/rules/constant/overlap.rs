//! String, Arn, Bool and IpAddress tests as sets of values: tests that share none.

use super::super::arn;
use super::super::operator::Class;
use super::super::parts;
use super::super::range::Range;
use super::super::reach::Test;
use super::super::text::{glob, has_wildcard, items};

/// Whether all values of a test can be reasoned about.
pub(super) fn is_plain(test: &Test<'_>) -> bool {
    let count = items(test.node).count();
    let numeric = matches!(test.operator.class, Class::Numeric | Class::Date);
    count > 0 && (numeric || count == test.texts().len()) && test.texts().iter().all(|text| parts::is_plain(text))
}

/// Whether a value takes in every value that its operator can compare.
pub(super) fn takes_in_all(test: &Test<'_>, text: &str) -> bool {
    let star = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte == b'*');
    match test.operator.class {
        Class::String => test.operator.wildcards && star(text),
        Class::Arn => {
            star(text)
                || arn::split(text).is_some_and(|arn| {
                    [arn.partition, arn.service, arn.region, arn.account, arn.resource].into_iter().all(star)
                })
        }
        Class::Numeric | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Null => false,
    }
}

/// What a value of a test stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One text.
    Literal,
    /// One text in any case of letters.
    Folded,
    /// All texts that a pattern matches.
    Pattern,
    /// All ARNs that match part by part.
    Arn,
    /// A range of addresses.
    Range,
}

fn form(test: &Test<'_>, value: &str) -> Option<Form> {
    match test.operator.class {
        Class::Ip => Some(Form::Range),
        Class::Bool => Some(Form::Folded),
        Class::Arn => Some(if has_wildcard(value) { Form::Arn } else { Form::Literal }),
        Class::String if test.name.to_ascii_lowercase().contains("ignorecase") => Some(Form::Folded),
        Class::String if test.operator.wildcards && has_wildcard(value) => Some(Form::Pattern),
        Class::String => Some(Form::Literal),
        Class::Numeric | Class::Date | Class::Binary | Class::Null => None,
    }
}

/// Two tests that no value passes together. The first one is positive: its values are the only ones there are.
pub(super) fn disjoint<'t, 'd>(tests: &[&'t Test<'d>]) -> Option<(&'t Test<'d>, &'t Test<'d>)> {
    for first in tests.iter().filter(|test| !test.operator.negated && !test.texts().is_empty()) {
        // Below one operator a key stands once; twice is a finding of its own.
        for second in tests.iter().filter(|test| test.name != first.name && !test.texts().is_empty()) {
            let out = |value: &&str| excluded(first, value, second) == Some(true);
            if first.texts().iter().all(out) {
                return Some((first, second));
            }
        }
    }
    None
}

/// Whether everything that `value` stands for in `first` fails `second`; none when the two cannot be compared.
fn excluded(first: &Test<'_>, value: &str, second: &Test<'_>) -> Option<bool> {
    let form_of_value = form(first, value)?;
    let mut all_outside = true;
    for other in second.texts() {
        let form_of_other = form(second, other)?;
        let inside = covers((form_of_other, other), (form_of_value, value))?;
        if second.operator.negated && inside {
            return Some(true);
        }
        let holds = covers((form_of_value, value), (form_of_other, other))?;
        all_outside &= !inside && !holds && (is_single(form_of_value) || is_single(form_of_other));
    }
    Some(!second.operator.negated && all_outside)
}

/// Whether a form stands for so little that two of them meet only where one covers the other.
fn is_single(form: Form) -> bool {
    match form {
        Form::Literal | Form::Folded => true,
        // Two ranges are apart or one holds the other.
        Form::Range => true,
        Form::Pattern | Form::Arn => false,
    }
}

/// Whether the first value stands for all that the second one stands for; none when the two cannot be compared.
fn covers((wide_form, wide): (Form, &str), (form, value): (Form, &str)) -> Option<bool> {
    Some(match (wide_form, form) {
        (Form::Range, Form::Range) => Range::parse(wide)?.covers(&Range::parse(value)?),
        (Form::Range, _) | (_, Form::Range) => return None,
        (Form::Literal, Form::Literal) => wide == value,
        (Form::Literal, Form::Folded | Form::Pattern | Form::Arn) => false,
        (Form::Folded, Form::Literal | Form::Folded) => wide.eq_ignore_ascii_case(value),
        (Form::Folded, Form::Pattern | Form::Arn) => false,
        // A pattern and a text in any case of letters: there are too many of those.
        (Form::Pattern | Form::Arn, Form::Folded) => return None,
        (Form::Pattern, Form::Literal) => glob(wide, value),
        // A star may stand for more than the one character that `?` stands for.
        (Form::Pattern, Form::Pattern | Form::Arn) => !wide.contains('?') && glob(wide, value),
        (Form::Arn, Form::Literal) => arn_covers(wide, value),
        (Form::Arn, Form::Arn) => !wide.contains('?') && arn_covers(wide, value),
        // A star of a String pattern runs across the parts.
        (Form::Arn, Form::Pattern) => wide.bytes().all(|byte| byte == b'*'),
    })
}

fn arn_covers(wide: &str, value: &str) -> bool {
    match (arn::split(wide), arn::split(value)) {
        (Some(wide), Some(value)) => {
            glob(wide.partition, value.partition)
                && glob(wide.service, value.service)
                && glob(wide.region, value.region)
                && glob(wide.account, value.account)
                && glob(wide.resource, value.resource)
        }
        (None, _) | (_, None) => wide == "*" || wide == value,
    }
}
