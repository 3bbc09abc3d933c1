//! One line of a Condition block: operator, key, values; and what it says of a call.

use crate::call::{Key, Keys};
use crate::glob::{Glob, Token};
use crate::literal::{self, Cidr};
use crate::operator::{Class, Operator, Qualifier};
use crate::template::{Filled, Reading, Template};
use crate::truth::Truth;
use std::net::IpAddr;

/// A compiled condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    operator: Operator,
    /// Lower case.
    key: String,
    values: Vec<Wanted>,
}

/// A value of the policy. `None` is one that is not of the operator's type: AWS takes most of these and does not say what
/// they match.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Text(Template, Reading),
    /// With its six parts, if it has no variable.
    Arn(Template, Reading, Option<Vec<Glob>>),
    Number(Option<f64>),
    Date(Option<i128>),
    /// Also for `Null`.
    Bool(Option<bool>),
    Binary(String),
    Ip(Option<Cidr>),
}

/// A value of the request.
#[derive(Debug, Clone, Copy)]
enum Subject<'k> {
    Exact(&'k str),
    /// Some text that the pattern matches.
    Like(&'k Glob),
}

/// How many parts an ARN has.
const ARN_PARTS: usize = 6;

impl Condition {
    /// Compiles one line.
    ///
    /// # Errors
    /// What is wrong with a variable.
    pub(crate) fn compile(operator: Operator, key: &str, values: &[String], variables: bool) -> Result<Self, String> {
        let wanted = |value: &String| -> Result<Wanted, String> {
            let variables = variables && operator.takes_variables();
            Ok(match operator.class {
                Class::Text { wildcards, fold } => {
                    let reading = Reading { wildcards, variables, fold };
                    Wanted::Text(Template::parse(value, reading)?, reading)
                }
                Class::Arn => {
                    let reading = Reading { wildcards: true, variables, fold: false };
                    let template = Template::parse(value, reading)?;
                    let parts = if let Template::Fixed(glob) = &template { arn_parts(glob) } else { None };
                    Wanted::Arn(template, reading, parts)
                }
                Class::Numeric(_) => Wanted::Number(literal::number(value)),
                Class::Date(_) => Wanted::Date(literal::date(value)),
                Class::Bool | Class::Null => Wanted::Bool(literal::boolean(value)),
                Class::Binary => Wanted::Binary(value.clone()),
                Class::Ip => Wanted::Ip(Cidr::parse(value)),
            })
        };
        let values = values.iter().map(wanted).collect::<Result<_, _>>()?;
        Ok(Self { operator, key: key.to_ascii_lowercase(), values })
    }

    /// The key it asks, lower case.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether every variable in its values has a value for certain.
    pub(crate) fn resolves(&self, keys: &Keys) -> bool {
        self.values.iter().all(|wanted| match wanted {
            Wanted::Text(template, _) | Wanted::Arn(template, ..) => template.resolves(keys),
            Wanted::Number(_) | Wanted::Date(_) | Wanted::Bool(_) | Wanted::Binary(_) | Wanted::Ip(_) => true,
        })
    }

    /// Whether it holds for a call with these keys. "Context keys with empty values" can be to a set operator as if they
    /// were missing (IAM user guide, "Multivalued context key examples"): an empty text is taken both ways there.
    pub(crate) fn holds(&self, keys: &Keys) -> Truth {
        let key = keys.get(&self.key);
        if self.operator.class == Class::Null {
            return self.null(key);
        }
        let one = |subject| self.one(subject, keys);
        let absent = Truth::from(self.operator.without_key());
        match key {
            Key::Absent => absent,
            Key::Values(values) => {
                let truths = values.iter().map(|value| one(Subject::Exact(value)));
                match self.operator.qualifier {
                    _ if values.is_empty() => absent,
                    Some(qualifier) => {
                        let truth = match qualifier {
                            Qualifier::ForAllValues => Truth::all(truths),
                            Qualifier::ForAnyValue => Truth::any(truths),
                        };
                        if values.iter().all(String::is_empty) { truth.either(absent) } else { truth }
                    }
                    // For several values without a qualifier AWS promises nothing.
                    None => truths.reduce(Truth::either).unwrap_or(absent),
                }
            }
            Key::Like(pattern) if self.operator.qualifier.is_some() && pattern.matches("") => {
                one(Subject::Like(pattern)).either(absent)
            }
            Key::Like(pattern) => one(Subject::Like(pattern)),
            // What holds of every single value holds of every set of them.
            Key::Unknown => absent.either(one(Subject::Like(&Glob::new("*")))),
        }
    }

    /// `Null` asks whether the key is there. With a qualifier it is always true or always false (Access Analyzer,
    /// NULL_WITH_QUALIFIER).
    fn null(&self, key: &Key) -> Truth {
        match self.operator.qualifier {
            Some(Qualifier::ForAllValues) => return Truth::True,
            Some(Qualifier::ForAnyValue) => return Truth::False,
            None => {}
        }
        let when = |is_null: bool| {
            Truth::any(self.values.iter().map(|value| match value {
                Wanted::Bool(Some(wanted)) => Truth::from(*wanted == is_null),
                Wanted::Bool(None)
                | Wanted::Text(..)
                | Wanted::Arn(..)
                | Wanted::Number(_)
                | Wanted::Date(_)
                | Wanted::Binary(_)
                | Wanted::Ip(_) => Truth::Unknown,
            }))
        };
        match key {
            Key::Absent => when(true),
            Key::Values(values) => when(values.is_empty()),
            Key::Like(_) => when(false),
            Key::Unknown => when(true).either(when(false)),
        }
    }

    /// What it says of one value of the request.
    fn one(&self, subject: Subject<'_>, keys: &Keys) -> Truth {
        let compares = Truth::any(self.values.iter().map(|wanted| self.compares(wanted, subject, keys)));
        if self.operator.negated { compares.not() } else { compares }
    }

    fn compares(&self, wanted: &Wanted, subject: Subject<'_>, keys: &Keys) -> Truth {
        match (wanted, subject) {
            (Wanted::Text(template, reading), subject) => match template.fill(keys, *reading) {
                Filled::Fixed(glob) => text(glob, subject, reading.fold),
                Filled::Made(glob) => text(&glob, subject, reading.fold),
                Filled::Unknown => Truth::Unknown,
            },
            (Wanted::Arn(_, _, Some(parts)), subject) => arn(parts, subject),
            (Wanted::Arn(template, reading, None), subject) => match template.fill(keys, *reading) {
                Filled::Made(glob) => arn_parts(&glob).map_or(Truth::Unknown, |parts| arn(&parts, subject)),
                // A text that is no ARN: AWS takes it and does not say what it matches.
                Filled::Fixed(_) | Filled::Unknown => Truth::Unknown,
            },
            (_, Subject::Like(_)) => Truth::Unknown,
            (Wanted::Binary(wanted), Subject::Exact(text)) => Truth::from(wanted == text),
            (Wanted::Number(wanted), Subject::Exact(text)) => self.typed(literal::number(text), *wanted),
            (Wanted::Date(wanted), Subject::Exact(text)) => self.typed(literal::date(text), *wanted),
            (Wanted::Bool(wanted), Subject::Exact(text)) => self.typed(literal::boolean(text), *wanted),
            (Wanted::Ip(wanted), Subject::Exact(text)) => match (text.parse::<IpAddr>(), wanted) {
                (Ok(address), Some(range)) => Truth::from(range.contains(address)),
                (Ok(_) | Err(_), Some(_) | None) => Truth::Unknown,
            },
        }
    }

    /// Compares two values of a type that has an order, if both are of that type.
    fn typed<T: PartialOrd>(&self, left: Option<T>, right: Option<T>) -> Truth {
        let (Some(left), Some(right)) = (left, right) else { return Truth::Unknown };
        Truth::from(match self.operator.class {
            Class::Numeric(order) | Class::Date(order) => order.holds(&left, &right),
            Class::Bool | Class::Null | Class::Binary | Class::Ip | Class::Arn | Class::Text { .. } => left == right,
        })
    }
}

/// Whether a pattern of the policy matches a text of the request.
fn text_like(glob: &Glob, pattern: &Glob) -> Truth {
    if glob.covers(pattern) {
        Truth::True
    } else if glob.meets(pattern) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

fn text(glob: &Glob, subject: Subject<'_>, fold: bool) -> Truth {
    match (subject, fold) {
        (Subject::Exact(text), false) => Truth::from(glob.matches(text)),
        (Subject::Exact(text), true) => Truth::from(glob.matches(&text.to_lowercase())),
        (Subject::Like(pattern), false) => text_like(glob, pattern),
        (Subject::Like(pattern), true) => text_like(glob, &Glob::new(&pattern.to_string().to_lowercase())),
    }
}

/// ARNs are compared part by part: a `*` of one part does not reach the next one.
fn arn(parts: &[Glob], subject: Subject<'_>) -> Truth {
    match subject {
        Subject::Exact(text) => {
            let found: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
            if found.len() != ARN_PARTS {
                return Truth::Unknown;
            }
            Truth::all(parts.iter().zip(found).map(|(part, found)| Truth::from(part.matches(found))))
        }
        Subject::Like(pattern) => {
            let Some(found) = arn_parts(pattern) else { return Truth::Unknown };
            Truth::all(parts.iter().zip(&found).map(|(part, found)| text_like(part, found)))
        }
    }
}

/// The six parts of a pattern of ARNs; the last one keeps its colons.
fn arn_parts(glob: &Glob) -> Option<Vec<Glob>> {
    let parts: Vec<Glob> = glob
        .tokens()
        .splitn(ARN_PARTS, |token| *token == Token::One(':'))
        .map(|part| Glob::of(part.iter().copied()))
        .collect();
    (parts.len() == ARN_PARTS).then_some(parts)
}

#[cfg(test)]
mod tests;
