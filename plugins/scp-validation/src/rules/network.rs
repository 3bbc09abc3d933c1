//! Where a request comes from: address ranges, and network perimeters with holes ("AWS global condition context keys";
//! "Establishing a data perimeter on AWS").
//!
//! It must not know actions or resources.

use super::operator::{Class, Qualifier};
use super::parts::{Parts, is_plain};
use super::range::Range;
use super::reach::Test;
use super::report::{Report, quote};
use super::statement::Effect;
use super::text::items;
use super::{Severity, codes};

/// The way by which a request came, as far as its keys tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Over the internet: the key is there unless the request came through a VPC endpoint.
    Internet,
    /// Through a VPC endpoint.
    Endpoint,
    /// With credentials or from a session of one special kind; no ordinary request has the key.
    Session,
}

/// Keys that many requests lack, and who has them ("AWS global condition context keys", Availability).
const WAYS: [(&str, Way); 20] = [
    ("aws:sourceip", Way::Internet),
    ("aws:sourcevpc", Way::Endpoint),
    ("aws:sourcevpcarn", Way::Endpoint),
    ("aws:sourcevpce", Way::Endpoint),
    ("aws:vpceaccount", Way::Endpoint),
    ("aws:vpceorgid", Way::Endpoint),
    ("aws:vpceorgpaths", Way::Endpoint),
    ("aws:vpcsourceip", Way::Endpoint),
    ("aws:chatbotsourcearn", Way::Session),
    ("aws:ec2instancesourceprivateipv4", Way::Session),
    ("aws:ec2instancesourcevpc", Way::Session),
    ("aws:federatedprovider", Way::Session),
    ("aws:sourceaccount", Way::Session),
    ("aws:sourcearn", Way::Session),
    ("aws:sourceidentity", Way::Session),
    ("aws:sourceorgid", Way::Session),
    ("aws:sourceorgpaths", Way::Session),
    ("ec2:sourceinstancearn", Way::Session),
    ("lambda:sourcefunctionarn", Way::Session),
    ("ssm:sourceinstancearn", Way::Session),
];

/// Checks one statement.
pub(super) fn check(statement: &Parts<'_>, report: &mut Report<'_>) {
    for test in &statement.tests {
        if test.operator.class == Class::Ip {
            ranges(test, statement, report);
        }
    }
    paired(statement, report);
    if statement.effect == Effect::Deny {
        perimeter(statement, report);
    }
}

fn way(test: &Test<'_>) -> Option<Way> {
    WAYS.iter().find(|(key, _)| *key == test.lower).map(|(_, way)| *way)
}

/// A Deny of what does not come from the right place also takes what has no such place.
fn perimeter(deny: &Parts<'_>, report: &mut Report<'_>) {
    let true_without_key = |test: &Test<'_>| {
        test.operator.negated
            && test.operator.class != Class::Null
            && (test.operator.qualifier != Some(Qualifier::ForAnyValue) || test.operator.if_exists)
    };
    let negated: Vec<(&Test<'_>, Way)> =
        deny.tests.iter().filter(|test| true_without_key(test)).filter_map(|test| Some((test, way(test)?))).collect();
    // A session that has one of these keys has the others of its kind: asking for one asks for all.
    let asks_for_session = deny.tests.iter().any(|test| way(test) == Some(Way::Session) && test.asks_for_key());
    let has = |wanted: Way| negated.iter().any(|(_, way)| *way == wanted);
    let both = has(Way::Internet) && has(Way::Endpoint);
    for (test, way) in &negated {
        let (covered, lacking) = match way {
            Way::Internet => (both, "every request through a VPC endpoint"),
            Way::Endpoint => (both, "every request that comes through no VPC endpoint, the console's too"),
            Way::Session => (asks_for_session, "every ordinary request"),
        };
        if covered || deny.asks_for_key(&test.lower) {
            continue;
        }
        let message = format!("`{}` on {} is true of {lacking}, which has no such key", test.name, quote(test.key));
        let fix = match way {
            Way::Internet => "add a negated test on `aws:SourceVpc` or `aws:VpceOrgID` for the endpoints".to_owned(),
            Way::Endpoint => "add a negated test on `aws:SourceIp`, or ask for the key by `Null`".to_owned(),
            Way::Session => format!("add `\"Null\":{{\"{}\":\"false\"}}` to `Condition`", test.key.escape_debug()),
        };
        test.report(codes::NEGATED_KEY_MISSING, deny.path, message, Some(fix), report);
    }
    service_calls(deny, &negated, report);
}

/// Keys by which calls that AWS makes with the caller's credentials are told apart. A call by a service principal is not
/// asked for: such a principal belongs to no account, so that no SCP applies to it.
const SERVICE_CALL_KEYS: [&str; 4] = ["aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"];

fn service_calls(deny: &Parts<'_>, negated: &[(&Test<'_>, Way)], report: &mut Report<'_>) {
    let perimeter = negated.iter().find(|(_, way)| matches!(way, Way::Internet | Way::Endpoint));
    let Some((test, _)) = perimeter.filter(|(test, _)| !deny.asks_for_key(&test.lower)) else { return };
    if deny.tests.iter().any(|test| SERVICE_CALL_KEYS.contains(&test.lower.as_str())) {
        return;
    }
    let message = format!(
        "the network perimeter by {} also stops the calls that AWS makes for the caller, from its own network",
        quote(test.key)
    );
    let fix = Some("add `\"BoolIfExists\":{\"aws:ViaAWSService\":\"false\"}` to `Condition`".to_owned());
    test.report(codes::NO_SERVICE_CALL_EXEMPTION, deny.path, message, fix, report);
}

/// Keys that mean something only beside another one: private addresses are the same in every VPC.
const PAIRS: [(&str, &[&str]); 2] = [
    ("aws:vpcsourceip", &["aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"]),
    ("aws:ec2instancesourceprivateipv4", &["aws:ec2instancesourcevpc"]),
];

fn paired(statement: &Parts<'_>, report: &mut Report<'_>) {
    for (key, others) in PAIRS {
        let alone = statement.on(key).find(|test| test.operator.class != Class::Null);
        let Some(test) = alone.filter(|_| !others.iter().any(|other| statement.on(other).next().is_some())) else {
            continue;
        };
        let message = format!("{} is a private address, which is the same in every VPC", quote(test.key));
        let other = if key == "aws:vpcsourceip" { "aws:SourceVpc" } else { "aws:Ec2InstanceSourceVpc" };
        let fix = Some(format!("test `{other}` beside it"));
        test.report(codes::MISSING_PAIRED_KEY, statement.path, message, fix, report);
    }
}

/// Ranges that are wider than any network: no owner has more than a /8 of IPv4 or a /16 of IPv6 (IANA registries).
const WIDEST_PREFIX_BITS: (u32, u32) = (8, 16);

fn ranges(test: &Test<'_>, statement: &Parts<'_>, report: &mut Report<'_>) {
    let private = |text: &str| Range::parse(text).is_some_and(|range| range.is_private());
    let all_private = items(test.node).all(|(_, item)| item.as_str().is_some_and(private));
    for (index, item, text) in test.strings().filter(|(_, _, text)| is_plain(text)) {
        let Some(range) = Range::parse(text) else { continue };
        let mut tell = |code: codes::Code, severity, message: String, fix: String| {
            test.report_value((code, severity), statement.path, (index, item), message, Some(fix), report);
        };
        if test.lower == "aws:sourceip" && range.is_private() {
            // Beside public ranges a private one is dead weight; alone it makes the whole test dead.
            let severity = if all_private { Severity::Error } else { Severity::Warning };
            let message = format!("{} is private, `aws:SourceIp` holds public addresses only", quote(text));
            tell(codes::PRIVATE_SOURCE_IP, severity, message, "use `aws:VpcSourceIp` with `aws:SourceVpc`".to_owned());
        }
        if let Some(meant) = range.without_host_bits() {
            let message = format!("{} has bits set behind its prefix, it means `{meant}`", quote(text));
            tell(
                codes::CIDR_HOST_BITS,
                codes::CIDR_HOST_BITS.1,
                message,
                format!("write `{meant}`, or the one address"),
            );
        }
        let (four, six) = WIDEST_PREFIX_BITS;
        if range.prefix_bits < if range.is_v4 { four } else { six } {
            let message = format!("{} takes in addresses of everybody", quote(text));
            tell(codes::CIDR_WIDE, codes::CIDR_WIDE.1, message, "name the ranges that are meant".to_owned());
        }
    }
}
