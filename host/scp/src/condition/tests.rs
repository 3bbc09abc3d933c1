//! Every operator against values, missing keys and unknown keys.

use super::*;
use crate::truth::Truth::{False, True, Unknown};

fn holds(operator: &str, wanted: &[&str], key: Key) -> Truth {
    let mut keys = Keys::complete();
    keys.set("aws:Key", key);
    keys.set("aws:username", Key::value("anna"));
    keys.set("aws:unknown", Key::Unknown);
    let operator = Operator::parse(operator).expect("an operator");
    let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
    Condition::compile(operator, "AWS:key", &wanted, true).expect("a condition").holds(&keys)
}

fn values(values: &[&str]) -> Key {
    Key::Values(values.iter().map(|it| (*it).to_owned()).collect())
}

#[test]
fn one_value_is_compared() {
    for (operator, wanted, found, expected) in [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "${aws:username}", "anna", True),
        ("StringEquals", "${aws:username}", "bert", False),
        ("StringEquals", "${aws:unknown}", "bert", Unknown),
        ("StringEquals", "${aws:missing}", "bert", Unknown),
        ("StringEquals", "${aws:missing, 'bert'}", "bert", True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "${aws:missing}", "b", Unknown),
        ("StringEqualsIgnoreCase", "Stra\u{df}e", "STRA\u{df}E", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ANNA", True),
        ("StringNotEqualsIgnoreCase", "A", "a", False),
        ("StringLike", "a*", "ab", True),
        ("StringLike", "a*", "Ab", False),
        ("StringLike", "a${*}", "ab", False),
        ("StringLike", "home/${aws:username}/*", "home/anna/x", True),
        ("StringLike", "?", "ab", False),
        ("StringNotLike", "a*", "ab", False),
        ("StringNotLike", "a*", "b", True),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "10.0", False),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("NumericEquals", "ten", "10", Unknown),
        ("NumericEquals", "10", "ten", Unknown),
        ("DateEquals", "2020-01-01T00:00:00Z", "1577836800", True),
        ("DateNotEquals", "2020-01-01T00:00:00Z", "1577836800", False),
        ("DateLessThan", "2020-01-01T00:00:00Z", "2019-12-31T23:59:59Z", True),
        ("DateLessThanEquals", "2020-01-01", "2020-01-01T00:00:00Z", True),
        ("DateGreaterThan", "2020-01-01", "2020-01-01T00:00:00Z", False),
        ("DateGreaterThanEquals", "2020-01-01", "2020-01-01T00:00:00Z", True),
        ("DateGreaterThan", "soon", "2020-01-01T00:00:00Z", Unknown),
        ("Bool", "true", "TRUE", True),
        ("Bool", "true", "false", False),
        ("Bool", "yes", "true", Unknown),
        ("BinaryEquals", "QUJD", "QUJD", True),
        ("BinaryEquals", "QUJD", "QUJE", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.9", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "203.0.113.0/24", "somewhere", Unknown),
        ("IpAddress", "<range>", "203.0.113.9", Unknown),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.9", False),
        ("NotIpAddress", "203.0.113.0/24", "10.0.0.1", True),
        ("ArnEquals", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", True),
        ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/b", False),
        // A `*` of one part does not reach the next.
        ("ArnLike", "arn:aws:iam:*:role/a", "arn:aws:iam::1:role/a", Unknown),
        ("ArnLike", "arn:aws:*:1:role/a:x", "arn:aws:iam::1:role/a", False),
        ("ArnLike", "arn:aws:lambda:*:*:function:f*", "arn:aws:lambda:eu-west-1:1:function:f:alias", True),
        ("ArnLike", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/anna", True),
        ("ArnLike", "arn:aws:iam::1:user/*", "anna", Unknown),
        ("ArnLike", "*", "arn:aws:iam::1:user/anna", Unknown),
        ("ArnNotEquals", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/a", False),
        ("ArnNotLike", "arn:aws:iam::*:role/a", "arn:aws:iam::1:role/b", True),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
        ("Null", "maybe", "x", Unknown),
    ] {
        assert_eq!(holds(operator, &[wanted], Key::value(found)), expected, "{operator} {wanted} {found}");
    }
}

#[test]
fn values_of_the_policy_are_alternatives_and_of_a_negated_operator_none_may_match() {
    for (operator, wanted, found, expected) in [
        ("StringEquals", &["a", "b"][..], "b", True),
        ("StringEquals", &["a", "b"], "c", False),
        ("StringNotEquals", &["a", "b"], "b", False),
        ("StringNotEquals", &["a", "b"], "c", True),
        ("StringEquals", &["a", "${aws:unknown}"], "a", True),
        ("StringEquals", &["a", "${aws:unknown}"], "b", Unknown),
        ("StringNotEquals", &["a", "${aws:unknown}"], "a", False),
        ("StringEquals", &[], "a", False),
        ("StringNotEquals", &[], "a", True),
        ("Bool", &["true", "false"], "true", True),
        ("Null", &["true", "false"], "x", True),
    ] {
        assert_eq!(holds(operator, wanted, Key::value(found)), expected, "{operator} {wanted:?} {found}");
    }
}

#[test]
fn a_missing_key_makes_what_the_user_guide_says() {
    for (operator, expected) in [
        ("StringEquals", False),
        ("StringLike", False),
        ("NumericLessThan", False),
        ("DateLessThan", False),
        ("Bool", False),
        ("BinaryEquals", False),
        ("IpAddress", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("StringNotEqualsIgnoreCase", True),
        ("StringNotLike", True),
        ("NumericNotEquals", True),
        ("DateNotEquals", True),
        ("NotIpAddress", True),
        ("ArnNotEquals", True),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAllValues:StringEqualsIfExists", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ] {
        // Values that no class reads badly.
        assert_eq!(holds(operator, &["1"], Key::Absent), expected, "{operator}");
        assert_eq!(holds(operator, &["1"], values(&[])), expected, "{operator} of an empty set");
    }
    for (wanted, expected) in [("true", True), ("false", False)] {
        assert_eq!(holds("Null", &[wanted], Key::Absent), expected);
        assert_eq!(holds("Null", &[wanted], values(&[])), expected);
    }
}

#[test]
fn sets_are_compared_by_their_qualifier() {
    for (operator, wanted, found, expected) in [
        ("ForAllValues:StringEquals", &["a", "b"][..], &["a", "b"][..], True),
        ("ForAllValues:StringEquals", &["a", "b"], &["a", "c"], False),
        ("ForAnyValue:StringEquals", &["a", "b"], &["c", "b"], True),
        ("ForAnyValue:StringEquals", &["a", "b"], &["c", "d"], False),
        ("ForAllValues:StringNotEquals", &["a", "b"], &["c", "d"], True),
        ("ForAllValues:StringNotEquals", &["a", "b"], &["c", "a"], False),
        ("ForAnyValue:StringNotEquals", &["a", "b"], &["c", "a"], True),
        ("ForAnyValue:StringNotEquals", &["a", "b"], &["a", "b"], False),
        ("ForAllValues:StringLike", &["a*"], &["ab", "ac"], True),
        ("ForAnyValue:Bool", &["true"], &["true", "odd"], True),
        ("ForAllValues:Bool", &["true"], &["true", "odd"], Unknown),
        // An empty text may be no value.
        ("ForAllValues:StringEquals", &["a"], &[""], Unknown),
        ("ForAllValues:StringNotEquals", &["a"], &[""], True),
        ("ForAnyValue:StringNotEquals", &["a"], &[""], Unknown),
        ("ForAnyValue:StringEquals", &["a"], &[""], False),
        ("ForAllValues:StringEquals", &["a"], &["", "b"], False),
        ("StringEquals", &["a"], &[""], False),
        // Without a qualifier several values are not foreseen: only what holds of each of them is certain.
        ("StringEquals", &["a"], &["a", "b"], Unknown),
        ("StringEquals", &["a"], &["c", "b"], False),
        ("StringNotEquals", &["a"], &["c", "b"], True),
        ("ForAllValues:Null", &["true"], &["a"], True),
        ("ForAnyValue:Null", &["false"], &["a"], False),
    ] {
        assert_eq!(holds(operator, wanted, values(found)), expected, "{operator} {wanted:?} {found:?}");
    }
}

#[test]
fn an_unknown_key_is_unknown_unless_every_case_is_the_same() {
    for (operator, wanted, expected) in [
        ("StringEquals", &["a"][..], Unknown),
        ("StringNotEquals", &["a"], Unknown),
        ("StringEqualsIfExists", &["a"], Unknown),
        ("StringLike", &["*"], Unknown),
        ("StringLikeIfExists", &["*"], True),
        ("StringNotLike", &["*"], Unknown),
        ("ForAllValues:StringLike", &["*"], True),
        ("ForAllValues:StringLike", &["a*"], Unknown),
        ("ForAnyValue:StringLike", &["*"], Unknown),
        ("ForAnyValue:StringNotLike", &["*"], False),
        ("StringEquals", &[], False),
        ("Null", &["true"], Unknown),
        ("Null", &["true", "false"], True),
        ("ForAllValues:Null", &["true"], True),
        ("IpAddress", &["0.0.0.0/0"], Unknown),
    ] {
        assert_eq!(holds(operator, wanted, Key::Unknown), expected, "{operator} {wanted:?}");
    }
}

#[test]
fn a_pattern_of_a_key_is_compared_with_patterns() {
    for (operator, wanted, like, expected) in [
        ("StringEquals", "ab", "a*", Unknown),
        ("StringEquals", "b", "a*", False),
        ("StringNotEquals", "b", "a*", True),
        ("StringLike", "a*", "ab*", True),
        ("StringLike", "ab*", "a*", Unknown),
        ("StringNotLike", "a*", "ab*", False),
        ("StringEqualsIgnoreCase", "b", "A*", False),
        ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab*", True),
        ("ArnLike", "arn:aws:iam::2:role/a*", "arn:aws:iam::*:role/ab*", Unknown),
        ("ArnNotLike", "arn:aws:iam::2:role/a*", "arn:aws:iam::1:role/ab*", True),
        ("ArnLike", "arn:aws:iam::1:role/a", "*", Unknown),
        ("Bool", "true", "t*", Unknown),
        ("ForAnyValue:StringLike", "*", "*", Unknown),
        ("ForAnyValue:StringLike", "*", "a*", True),
        ("ForAllValues:StringLike", "*", "*", True),
        ("Null", "true", "*", False),
        ("Null", "false", "*", True),
        ("StringEquals", "${aws:username}", "b*", False),
    ] {
        assert_eq!(holds(operator, &[wanted], Key::like(like)), expected, "{operator} {wanted} {like}");
    }
}

#[test]
fn keys_are_found_in_any_case() {
    let mut keys = Keys::complete();
    keys.set("aws:PrincipalTag/Team", Key::value("x"));
    let operator = Operator::parse("StringEquals").expect("an operator");
    let condition = Condition::compile(operator, "AWS:principaltag/TEAM", &["x".to_owned()], true).expect("compiles");
    assert_eq!(condition.holds(&keys), True);
}
