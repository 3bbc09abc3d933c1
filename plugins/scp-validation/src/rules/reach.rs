//! Which requests a Condition leaves a Deny to reach.
//!
//! A condition is asked two things: does it confine the Deny to a few requests, so that it cannot lock anybody out, and
//! does it exempt principals? It must not know actions or resources.

use super::operator::{Class, Operator, Qualifier};
use super::placeholder::{Kind, Piece, Pieces, kind};
use super::report::{Path, Report};
use super::text::{glob, items};
use super::{Settings, Severity, arn, codes};
use reeve_json::{Node, Value};

/// One key under one operator.
pub(super) struct Test<'d> {
    /// The operator as written.
    pub(super) name: &'d str,
    pub(super) operator: Operator,
    /// The key as written.
    pub(super) key: &'d str,
    /// The key in lower case.
    pub(super) lower: String,
    /// Byte offset of the key.
    pub(super) start: usize,
    /// The value or list of values.
    pub(super) node: &'d Node,
    values: Vec<&'d str>,
}

/// The tests of a Condition, and whether all of them could be read; when not, the reach of the Condition is not known.
pub(super) fn tests(condition: Option<&Node>) -> (Vec<Test<'_>>, bool) {
    let (mut tests, mut readable) = (Vec::new(), true);
    let Some(condition) = condition else { return (tests, readable) };
    let Some(blocks) = condition.as_object() else { return (tests, false) };
    for block in blocks {
        let (Some(operator), Some(entries)) = (Operator::parse(&block.key), block.value.as_object()) else {
            readable = false;
            continue;
        };
        for entry in entries {
            let node = &entry.value;
            let values = items(node).filter_map(|(_, item)| text_of(&item.value)).collect();
            let (lower, start) = (entry.key.to_ascii_lowercase(), entry.key_span.start);
            tests.push(Test { name: &block.key, operator, key: &entry.key, lower, start, node, values });
        }
    }
    (tests, readable)
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Keys that ordinary requests carry, with values that many of them share ("AWS global condition context keys"): asking
/// for one of these values does not confine a Deny to a few.
const COMMON_KEYS: [&str; 15] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:sourceip",
    "aws:tokenissuetime",
    "aws:useragent",
];

/// Keys that are true of few requests only, and false of the ordinary ones.
const RARELY_TRUE_KEYS: [&str; 2] = ["aws:viaawsservice", "aws:principalisawsservice"];

/// Keys that say whose the resource or the caller is. A Deny for all but one's own leaves everyday work alone: an SCP
/// reaches none but callers of its own organization.
const OWNER_KEYS: [&str; 4] =
    ["aws:principalorgid", "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"];

const PRINCIPAL_ARN: &str = "aws:principalarn";

impl<'d> Test<'d> {
    /// Adds a finding about the test as a whole, at its key.
    pub(super) fn report(
        &self,
        code: codes::Code,
        statement: &Path<'_>,
        message: String,
        fix: Option<String>,
        report: &mut Report<'_>,
    ) {
        let condition = statement.key("Condition");
        let operator = condition.key(self.name);
        report.add(code, &operator.key(self.key), self.start, message, fix);
    }

    /// Adds a finding about the value `item`, which stands at `index` of a list.
    pub(super) fn report_value(
        &self,
        (code, severity): (codes::Code, Severity),
        statement: &Path<'_>,
        (index, item): (Option<usize>, &Node),
        message: String,
        fix: Option<String>,
        report: &mut Report<'_>,
    ) {
        let condition = statement.key("Condition");
        let operator = condition.key(self.name);
        let key = operator.key(self.key);
        report.add_as(severity, code, &key.item(index), item.span.start, message, fix);
    }

    /// The values that are texts or booleans.
    pub(super) fn texts(&self) -> &[&'d str] {
        &self.values
    }

    /// The values that are texts, each with its place.
    pub(super) fn strings(&self) -> impl Iterator<Item = (Option<usize>, &'d Node, &'d str)> {
        items(self.node).filter_map(|(index, item)| Some((index, item, item.as_str()?)))
    }

    /// Whether the test can only hold for a request that has the key.
    pub(super) fn asks_for_key(&self) -> bool {
        if self.operator.class == Class::Null {
            return self.all_values("false");
        }
        match self.operator.qualifier {
            Some(Qualifier::ForAllValues) => false,
            Some(Qualifier::ForAnyValue) => !self.operator.if_exists,
            None => !self.operator.negated && !self.operator.if_exists,
        }
    }

    /// Whether the test holds for the principals that it names, so that a Deny aims at them.
    pub(super) fn aims_at_principals(&self) -> bool {
        self.lower == PRINCIPAL_ARN
            && !self.operator.negated
            && matches!(self.operator.class, Class::Arn | Class::String)
    }

    /// Whether the test holds for a few requests for a few requests only.
    pub(super) fn confines(&self, settings: &Settings) -> bool {
        let lower = self.lower.as_str();
        if self.operator.class == Class::Null {
            return self.all_values("false") && !COMMON_KEYS.contains(&lower) && !self.is_everywhere();
        }
        if lower == PRINCIPAL_ARN {
            return !self.operator.negated && !self.reaches_protected(settings);
        }
        if self.operator.negated {
            // Under ForAnyValue the key must exist, whatever comes after.
            let must_exist = self.operator.qualifier == Some(Qualifier::ForAnyValue) && !self.operator.if_exists;
            return OWNER_KEYS.contains(&lower) || (must_exist && !COMMON_KEYS.contains(&lower));
        }
        if RARELY_TRUE_KEYS.contains(&lower) {
            return self.all_values("true");
        }
        if lower == "aws:securetransport" {
            // Every AWS client speaks TLS.
            return self.all_values("false");
        }
        let holds_without_key = self.operator.if_exists || self.operator.qualifier == Some(Qualifier::ForAllValues);
        !holds_without_key && !COMMON_KEYS.contains(&lower)
    }

    /// Keys of which nearly every request has a value, the common ones aside.
    fn is_everywhere(&self) -> bool {
        let lower = self.lower.as_str();
        lower == PRINCIPAL_ARN || lower == "aws:securetransport" || RARELY_TRUE_KEYS.contains(&lower)
    }

    pub(super) fn all_values(&self, expected: &str) -> bool {
        !self.values.is_empty() && self.values.iter().all(|value| value.eq_ignore_ascii_case(expected))
    }

    /// Whether a test for principals takes in a break-glass role; without any configured, a role of any name.
    fn reaches_protected(&self, settings: &Settings) -> bool {
        let any_role = format!("arn:{}:iam::000000000000:role/-", settings.partition);
        // Here a doubt counts the other way: a pattern that could take the role in does.
        let meets = |role: &str| self.values.iter().any(|value| glob(value, role) || glob(role, value));
        let listed = |role: &String| self.covers(role) || meets(role);
        self.covers(&any_role) || meets(&any_role) || settings.break_glass.iter().any(listed)
    }

    /// Whether the test takes principals out of the Deny by their ARN.
    pub(super) fn exempts_principals(&self) -> bool {
        self.lower == PRINCIPAL_ARN
            && self.operator.negated
            && matches!(self.operator.class, Class::Arn | Class::String)
            && !self.values.is_empty()
    }

    /// Whether the test holds for no role session: it asks for users or the root user, or spares every role.
    pub(super) fn spares_roles(&self, settings: &Settings) -> bool {
        let any_role = format!("arn:{}:iam::*:role/*", settings.partition);
        match self.lower.as_str() {
            PRINCIPAL_ARN if self.operator.negated => self.exempts_principals() && self.covers(&any_role),
            PRINCIPAL_ARN => {
                self.aims_at_principals()
                    && !self.values.iter().any(|value| value.contains("role/") || glob(value, &any_role))
            }
            "aws:principaltype" => self.is_positive_match() && self.all_values("User"),
            "aws:tokenissuetime" => self.operator.class == Class::Null && self.all_values("true"),
            _ => false,
        }
    }

    /// Whether one of the values takes in all that the ARN pattern `role` takes in.
    pub(super) fn covers(&self, role: &str) -> bool {
        self.values.iter().any(|value| self.value_covers(value, role))
    }

    fn value_covers(&self, value: &str, role: &str) -> bool {
        // A variable stands for one value that is not known here; the account of the caller is the usual one. What a
        // template left in stands for nothing.
        let value: String = Pieces::new(value)
            .map(|piece| match piece {
                Piece::Plain(plain) => plain,
                Piece::Variable(whole, body) if kind(body) != Kind::Variable => whole,
                Piece::Variable(..) => "*",
            })
            .collect();
        if self.operator.class == Class::Arn {
            // Each part is compared by itself: a wildcard does not run across a colon.
            return match (arn::split(&value), arn::split(role)) {
                (Some(value), Some(role)) => {
                    glob(value.partition, role.partition)
                        && glob(value.service, role.service)
                        && glob(value.region, role.region)
                        && glob(value.account, role.account)
                        && glob(value.resource, role.resource)
                }
                // AWS may or may not take a shortened pattern; only the star is sure.
                (None, _) => value == "*",
                (Some(_), None) => false,
            };
        }
        if self.operator.wildcards { glob(&value, role) } else { value == role }
    }

    /// Whether the test asks for one of its values.
    pub(super) fn is_positive_match(&self) -> bool {
        self.operator.class == Class::String && !self.operator.negated
    }

    /// Whether one of the values matches a plain text.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.values.iter().any(|value| if self.operator.wildcards { glob(value, text) } else { *value == text })
    }
}
