//! Numeric and Date tests as bounds: a range without a value in it.

use super::super::instant;
use super::super::operator::Class;
use super::super::reach::Test;
use super::super::text::items;
use reeve_json::{Node, Number, Value};

/// How an operator compares, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Ends of the names of Numeric and Date operators; a longer end stands before its own end.
const ENDS: [(&str, Compare); 6] = [
    ("lessthanequals", Compare::LessOrEqual),
    ("lessthan", Compare::Less),
    ("greaterthanequals", Compare::GreaterOrEqual),
    ("greaterthan", Compare::Greater),
    ("notequals", Compare::NotEqual),
    ("equals", Compare::Equal),
];

fn compare(name: &str) -> Option<Compare> {
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_suffix("ifexists").unwrap_or(&lower);
    ENDS.iter().find(|(end, _)| lower.ends_with(end)).map(|(_, compare)| *compare)
}

fn number(class: Class, node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(Number::Int(number)) => Number::Int(*number).as_f64().into(),
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) if class == Class::Date => instant::seconds(text),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What one test leaves: its values are alternatives, so the widest bound counts.
struct Bound<'t, 'd> {
    test: &'t Test<'d>,
    compare: Compare,
    values: Vec<f64>,
}

impl Bound<'_, '_> {
    /// Whether a value passes.
    fn passes(&self, value: f64) -> bool {
        let any = |passes: fn(f64, f64) -> bool| self.values.iter().any(|limit| passes(value, *limit));
        match self.compare {
            Compare::Less => any(|value, limit| value < limit),
            Compare::LessOrEqual => any(|value, limit| value <= limit),
            Compare::Greater => any(|value, limit| value > limit),
            Compare::GreaterOrEqual => any(|value, limit| value >= limit),
            // Limits are values as written, not computed ones.
            Compare::Equal => any(|value, limit| value.total_cmp(&limit).is_eq()),
            Compare::NotEqual => self.values.iter().all(|limit| value.total_cmp(limit).is_ne()),
        }
    }
}

/// Two tests that no number passes together. One test alone is never so.
pub(super) fn disjoint<'t, 'd>(tests: &[&'t Test<'d>]) -> Option<(&'t Test<'d>, &'t Test<'d>)> {
    let bounds: Vec<Bound<'t, 'd>> = tests
        .iter()
        .filter(|test| matches!(test.operator.class, Class::Numeric | Class::Date))
        .filter_map(|test| {
            let class = test.operator.class;
            let values: Option<Vec<f64>> = items(test.node).map(|(_, item)| number(class, item)).collect();
            let values = values.filter(|values| !values.is_empty())?;
            Some(Bound { test, compare: compare(test.name)?, values })
        })
        .collect();
    // Whether two tests meet shows at their limits and between them.
    for (index, first) in bounds.iter().enumerate() {
        for second in bounds.iter().skip(index + 1).filter(|second| second.test.name != first.test.name) {
            let mut limits: Vec<f64> = first.values.iter().chain(&second.values).copied().collect();
            limits.sort_by(f64::total_cmp);
            let between = limits.windows(2).filter_map(|pair| Some(f64::midpoint(*pair.first()?, *pair.last()?)));
            let ends = [limits.first().map(|limit| limit - 1.0), limits.last().map(|limit| limit + 1.0)];
            let mut probes = limits.iter().copied().chain(between).chain(ends.into_iter().flatten());
            if !probes.any(|value| first.passes(value) && second.passes(value)) {
                return Some((first.test, second.test));
            }
        }
    }
    None
}
