//! Condition operators: their names and what they mean (IAM user guide, "Condition operators" and "Conditions with
//! multiple context keys or values").

/// What an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Text; with wildcards, and without regard to case.
    Text {
        wildcards: bool,
        fold: bool,
    },
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// How a number or date of the request must stand to one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether `left` stands so to `right`; `None` is what cannot be compared.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// Set qualifier in front of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualifier {
    ForAllValues,
    ForAnyValue,
}

/// An operator as written in a Condition block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) class: Class,
    /// True when no value of the policy compares: `StringNotEquals`, `ArnNotLike`, …
    pub(crate) negated: bool,
    pub(crate) qualifier: Option<Qualifier>,
    /// `…IfExists`: true for a request without the key.
    pub(crate) if_exists: bool,
}

const TEXT: Class = Class::Text { wildcards: false, fold: false };
const FOLDED: Class = Class::Text { wildcards: false, fold: true };
const LIKE: Class = Class::Text { wildcards: true, fold: false };

/// Name, class, negated. The four Arn operators all take wildcards.
const OPERATORS: [(&str, Class, bool); 27] = [
    ("StringEquals", TEXT, false),
    ("StringNotEquals", TEXT, true),
    ("StringEqualsIgnoreCase", FOLDED, false),
    ("StringNotEqualsIgnoreCase", FOLDED, true),
    ("StringLike", LIKE, false),
    ("StringNotLike", LIKE, true),
    ("NumericEquals", Class::Numeric(Order::Equal), false),
    ("NumericNotEquals", Class::Numeric(Order::Equal), true),
    ("NumericLessThan", Class::Numeric(Order::Less), false),
    ("NumericLessThanEquals", Class::Numeric(Order::LessOrEqual), false),
    ("NumericGreaterThan", Class::Numeric(Order::Greater), false),
    ("NumericGreaterThanEquals", Class::Numeric(Order::GreaterOrEqual), false),
    ("DateEquals", Class::Date(Order::Equal), false),
    ("DateNotEquals", Class::Date(Order::Equal), true),
    ("DateLessThan", Class::Date(Order::Less), false),
    ("DateLessThanEquals", Class::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Class::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Class::Date(Order::GreaterOrEqual), false),
    ("Bool", Class::Bool, false),
    ("BinaryEquals", Class::Binary, false),
    ("IpAddress", Class::Ip, false),
    ("NotIpAddress", Class::Ip, true),
    ("ArnEquals", Class::Arn, false),
    ("ArnNotEquals", Class::Arn, true),
    ("ArnLike", Class::Arn, false),
    ("ArnNotLike", Class::Arn, true),
    ("Null", Class::Null, false),
];

const QUALIFIERS: [(&str, Qualifier); 2] =
    [("ForAllValues:", Qualifier::ForAllValues), ("ForAnyValue:", Qualifier::ForAnyValue)];

const IF_EXISTS: &str = "IfExists";

impl Operator {
    /// Reads an operator; the case of letters does not count, as AWS takes them. `NullIfExists` is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let qualifier = QUALIFIERS.into_iter().find(|(prefix, _)| starts(prefix));
        let name = qualifier.map_or(text, |(prefix, _)| text.get(prefix.len()..).unwrap_or_default());
        let (name, if_exists) = match name.split_at_checked(name.len().saturating_sub(IF_EXISTS.len())) {
            Some((start, suffix)) if suffix.eq_ignore_ascii_case(IF_EXISTS) => (start, true),
            Some(_) | None => (name, false),
        };
        let (_, class, negated) = *OPERATORS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
        let operator = Self { class, negated, qualifier: qualifier.map(|(_, value)| value), if_exists };
        (class != Class::Null || !if_exists).then_some(operator)
    }

    /// What it says of a request without the key.
    pub(crate) fn without_key(self) -> bool {
        match self.qualifier {
            _ if self.if_exists => true,
            Some(Qualifier::ForAllValues) => true,
            Some(Qualifier::ForAnyValue) => false,
            None => self.negated,
        }
    }

    /// Whether policy variables are filled in (IAM user guide, "Where you can use policy variables").
    pub(crate) fn takes_variables(self) -> bool {
        match self.class {
            Class::Text { .. } | Class::Arn => true,
            Class::Numeric(_) | Class::Date(_) | Class::Bool | Class::Binary | Class::Ip | Class::Null => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_with_their_additions() {
        let operator = Operator::parse("foranyvalue:stringnotlikeifexists").expect("an operator");
        let qualifier = Some(Qualifier::ForAnyValue);
        assert_eq!(operator, Operator { class: LIKE, negated: true, qualifier, if_exists: true });
        for text in
            ["", "StringEqual", "NullIfExists", "ForAllValues:", "ForEachValue:Bool", "StringEquals ", "IfExists"]
        {
            assert_eq!(Operator::parse(text), None, "{text}");
        }
        for (name, ..) in OPERATORS {
            for text in
                [name.to_owned(), format!("ForAllValues:{name}"), format!("ForAnyValue:{}", name.to_uppercase())]
            {
                assert!(Operator::parse(&text).is_some(), "{text}");
            }
            assert_eq!(Operator::parse(&format!("{name}IfExists")).is_some(), name != "Null", "{name}");
        }
    }
}
