//! A small evaluator of identity policies, written from the IAM user guide and from nothing in this crate: statements,
//! `StringEquals`, `StringLike`, `StringNotLike`, `ForAllValues:` and `Null`. What it does not know, it refuses.

use reeve_json::{Node, Object, Value};

/// One `ChangeResourceRecordSets` call as IAM sees it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) operations: Vec<String>,
}

impl Call {
    fn values(&self, key: &str) -> &[String] {
        match key {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" => &self.names,
            "route53:ChangeResourceRecordSetsRecordTypes" => &self.types,
            "route53:ChangeResourceRecordSetsActions" => &self.operations,
            other => panic!("no such condition key: {other}"),
        }
    }
}

struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<(String, String, Wanted)>,
}

/// The values of a condition, with what every text must end with that a pattern matches: most are told apart by that.
struct Wanted(Vec<(String, String)>);

impl Wanted {
    fn new(values: Vec<String>) -> Self {
        let tail = |pattern: &str| pattern.rsplit(['*', '?']).next().unwrap_or_default().to_owned();
        Self(values.into_iter().map(|pattern| (tail(&pattern), pattern)).collect())
    }

    fn like(&self, text: &str) -> bool {
        self.0.iter().any(|(tail, pattern)| text.ends_with(tail.as_str()) && like(pattern, text))
    }
}

/// A policy that was read.
pub(crate) struct Policy(Vec<Statement>);

fn texts(node: &Node) -> Vec<String> {
    match &node.value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|it| it.as_str().expect("text").to_owned()).collect(),
        other => panic!("neither text nor texts: {other:?}"),
    }
}

fn statement(object: &Object) -> Statement {
    let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
    assert!(object.iter().all(|member| known.contains(&member.key.as_str())), "{object:?}");
    let mut conditions = Vec::new();
    if let Some(node) = object.get("Condition") {
        for operator in node.as_object().expect("operators") {
            for key in operator.value.as_object().expect("keys") {
                conditions.push((operator.key.to_string(), key.key.to_string(), Wanted::new(texts(&key.value))));
            }
        }
    }
    Statement {
        allow: match object.get("Effect").and_then(Node::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            other => panic!("no such effect: {other:?}"),
        },
        actions: texts(object.get("Action").expect("Action")),
        resources: texts(object.get("Resource").expect("Resource")),
        conditions,
    }
}

impl Policy {
    pub(crate) fn read(document: &Value) -> Self {
        let object = document.as_object().expect("document");
        assert_eq!(object.get("Version").and_then(Node::as_str), Some("2012-10-17"));
        let statements = object.get("Statement").and_then(Node::as_array).expect("statements");
        Self(statements.iter().map(|node| statement(node.as_object().expect("statement"))).collect())
    }

    fn applies(&self, allow: bool, call: &Call) -> bool {
        let matches = |it: &Statement| {
            it.allow == allow
                && it.actions.iter().any(|pattern| like(pattern, &call.action))
                && it.resources.iter().any(|pattern| like(pattern, &call.resource))
                && it.conditions.iter().all(|(operator, key, values)| holds(operator, call.values(key), values))
        };
        self.0.iter().any(matches)
    }
}

/// Whether these policies of one role allow the call.
pub(crate) fn allows(policies: &[Policy], call: &Call) -> bool {
    policies.iter().any(|policy| policy.applies(true, call))
        && !policies.iter().any(|policy| policy.applies(false, call))
}

fn holds(operator: &str, given: &[String], wanted: &Wanted) -> bool {
    if operator == "Null" {
        // A key without values is not there.
        return wanted.0.iter().all(|(_, text)| (text == "true") == given.is_empty());
    }
    let operator = operator.strip_prefix("ForAllValues:").expect("all keys have several values");
    // True of no values at all: that is the trap.
    given.iter().all(|value| match operator {
        "StringEquals" => wanted.0.iter().any(|(_, text)| text == value),
        "StringLike" => wanted.like(value),
        "StringNotLike" => !wanted.like(value),
        other => panic!("no such operator: {other}"),
    })
}

/// `*` stands for any characters, `?` for one; everything else for itself.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[test]
fn patterns_match_as_iam_says() {
    for (pattern, text, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("*.a", "b.a", true),
        ("*.a", "c.b.a", true),
        ("*.a", "a", false),
        ("*.a", "ba", false),
        ("*.a", ".a", true),
        ("_*.a", "_b.c.a", true),
        ("*._*.a", "s._d.a", true),
        ("*._*.a", "_d.a", false),
        ("?.a", "b.a", true),
        ("?.a", "bb.a", false),
        ("\\052.*", "\\052.a", true),
        ("*", "", true),
        ("", "a", false),
        ("a*b*c", "aXbYbc", true),
    ] {
        assert_eq!(like(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn for_all_values_is_true_of_nothing_and_null_is_not() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    for (operator, given, wanted, expected) in [
        ("ForAllValues:StringEquals", &[][..], &["a"][..], true),
        ("ForAllValues:StringEquals", &["a", "b"], &["a"], false),
        ("ForAllValues:StringLike", &["ab", "ac"], &["a*"], true),
        ("ForAllValues:StringNotLike", &["ab", "b"], &["a*"], false),
        ("ForAllValues:StringNotLike", &["b"], &["a*", "c"], true),
        ("Null", &[], &["false"], false),
        ("Null", &["a"], &["false"], true),
    ] {
        assert_eq!(holds(operator, &texts(given), &Wanted::new(texts(wanted))), expected, "{operator} {given:?}");
    }
}
