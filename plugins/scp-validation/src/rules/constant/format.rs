//! Values that a key never has, by the form of its values ("AWS global condition context keys", Value type and examples;
//! "IAM identifiers").

use super::super::arn::{self, Arn};
use super::super::codes;
use super::super::operator::Class;
use super::super::parts::{Parts, is_plain};
use super::super::reach::Test;
use super::super::report::{Report, quote};
use super::super::text::{glob, has_wildcard};

/// Checks the values of one test.
pub(super) fn check(test: &Test<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    for (index, item, text) in test.strings().filter(|(_, _, text)| is_plain(text)) {
        let Some(what) = foreign(test, text) else { continue };
        let does = if test.operator.negated { "the exemption never matches" } else { "the test never matches" };
        let message = format!("{} is not {what}, as values of {} are: {does}", quote(text), quote(test.key));
        let code = (codes::CONSTANT_CONDITION, codes::CONSTANT_CONDITION.1);
        test.report_value(code, statement.path, (index, item), message, Some(format!("write {what}")), report);
    }
}

/// What a value of the key is like, if this one is not.
fn foreign(test: &Test<'_>, text: &str) -> Option<&'static str> {
    match test.operator.class {
        Class::String if has_wildcard(text) => None,
        Class::String | Class::Arn => {
            let key = test.lower.as_str();
            let literal = test.operator.class == Class::String;
            (literal.then(|| identifier(key, text)).flatten()).or_else(|| resource(key, text))
        }
        Class::Numeric | Class::Date | Class::Bool | Class::Binary | Class::Ip | Class::Null => None,
    }
}

/// Digits of an account ID; characters of the rest of an organization ID ("Organization" of the Organizations API);
/// hexadecimal digits of the id of an EC2 resource, old and new ("EC2 resource IDs").
const ACCOUNT_DIGITS: usize = 12;
const ORGANIZATION_CHARS: std::ops::RangeInclusive<usize> = 10..=32;
const EC2_DIGITS: [usize; 2] = [8, 17];

/// Values of `aws:PrincipalType`.
const PRINCIPAL_TYPES: [&str; 5] = ["Account", "User", "FederatedUser", "AssumedRole", "Anonymous"];

/// A literal value of a key whose values are identifiers.
fn identifier(key: &str, text: &str) -> Option<&'static str> {
    let after = |prefix: &str, fits: &dyn Fn(&str) -> bool| text.strip_prefix(prefix).is_some_and(fits);
    let hex = |rest: &str| {
        EC2_DIGITS.contains(&rest.len()) && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let (fits, what) = match key {
        "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount" | "aws:vpceaccount" => {
            let fits = text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
            (fits, "an account ID of 12 digits")
        }
        "aws:principalorgid" | "aws:resourceorgid" | "aws:sourceorgid" | "aws:vpceorgid" => {
            let rest = |rest: &str| {
                ORGANIZATION_CHARS.contains(&rest.len())
                    && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            (after("o-", &rest), "an organization ID such as `o-a1b2c3d4e5`")
        }
        "aws:sourcevpc" | "aws:ec2instancesourcevpc" => (after("vpc-", &hex), "a VPC ID such as `vpc-0a1b2c3d`"),
        "aws:sourcevpce" => (after("vpce-", &hex), "a VPC endpoint ID such as `vpce-0a1b2c3d`"),
        "aws:principaltype" => (PRINCIPAL_TYPES.contains(&text), "a type such as `User` or `AssumedRole`"),
        "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" | "aws:principalservicename" => {
            let fits = [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|end| text.ends_with(end));
            (fits, "a service principal such as `athena.amazonaws.com`")
        }
        _ => return None,
    };
    (!fits).then_some(what)
}

/// An ARN that is of another kind than the ARNs of the key. Wildcards may stand for anything; what cannot be split into
/// parts has findings of its own.
fn resource(key: &str, text: &str) -> Option<&'static str> {
    let arn = arn::split(text)?;
    let is = |service: &str, starts: &[&str]| is_of(&arn, service, starts);
    let (fits, what) = match key {
        "aws:principalarn" => (
            is("iam", &["role/", "user/", "root"]) || is("sts", &["federated-user/", "assumed-role/"]),
            "the ARN of a role, a user or the root user",
        ),
        "iam:policyarn" => (is("iam", &["policy/"]), "the ARN of an IAM policy"),
        "lambda:sourcefunctionarn" => (is("lambda", &["function:"]), "the ARN of a Lambda function"),
        "ec2:sourceinstancearn" => (is("ec2", &["instance/"]), "the ARN of an EC2 instance"),
        "ssm:sourceinstancearn" => {
            (is("ec2", &["instance/"]) || is("ssm", &["managed-instance/"]), "the ARN of a managed instance")
        }
        "aws:sourcevpcarn" => (is("ec2", &["vpc/"]), "the ARN of a VPC"),
        _ => return None,
    };
    (!fits).then_some(what)
}

/// Whether the pattern can be of the service, and begin with one of the words.
fn is_of(arn: &Arn<'_>, service: &str, starts: &[&str]) -> bool {
    let literal = arn.resource.find(['*', '?']).map_or(arn.resource, |end| arn.resource.get(..end).unwrap_or_default());
    let whole = literal.len() == arn.resource.len();
    glob(arn.service, service)
        && starts.iter().any(|start| {
            literal.starts_with(start) && (*start != "root" || literal == "root")
                || (!whole && start.starts_with(literal))
        })
}
