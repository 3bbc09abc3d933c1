//! Policies that admit the declared rules alone, and every other one known.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:111122223333:gate";
const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:gate";
const RULE: &str = "arn:aws:events:eu-central-1:111122223333:rule/gate/dns";
const OTHER: &str = "arn:aws:events:eu-central-1:111122223333:rule/gate/other";

fn judged(policy: Option<&str>, target_arn: &str, rules: &[&str]) -> String {
    let account = AccountId::parse("111122223333").unwrap();
    let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
    let kind = if target_arn == FUNCTION { DoorKind::Function } else { DoorKind::Queue };
    match check(policy, &Door { target_arn, rules: &rules, account: &account, kind }) {
        Ok(()) => "tight".to_owned(),
        Err(gaps) => gaps.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "),
    }
}

/// The good statement of a queue with one element written otherwise; an empty text leaves it out.
fn statement(element: &str, written: &str) -> String {
    let good = [
        ("Sid", r#""Sid":"rule""#),
        ("Effect", r#""Effect":"Allow""#),
        ("Principal", r#""Principal":{"Service":"events.amazonaws.com"}"#),
        ("Action", r#""Action":"sqs:SendMessage""#),
        ("Resource", r#""Resource":"arn:aws:sqs:eu-central-1:111122223333:gate""#),
        ("Condition", r#""Condition":{"ArnEquals":{"aws:SourceArn":"RULE"}}"#),
    ];
    let members = good.iter().map(|(name, text)| if *name == element { written } else { text });
    format!("{{{}}}", members.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(","))
        .replace("RULE", RULE)
        .replace("OTHER", OTHER)
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

/// The good statement and, beside it, one that grants `action` to `principal` without condition.
fn beside(principal: &str, action: &str) -> String {
    let also = format!(r#"{{"Sid":"also","Effect":"Allow","Principal":{principal},{action},"Resource":"*"}}"#);
    policy(&[statement("", ""), also])
}

#[test]
fn a_statement_is_tight_when_it_pins_the_declared_rule() {
    for (element, written) in [
        ("", ""),
        ("Sid", ""),
        ("Principal", r#""Principal":{"Service":["events.amazonaws.com"]}"#),
        ("Action", r#""Action":["SQS:sendmessage"]"#),
        ("Action", r#""Action":"sqs:*""#),
        ("Resource", r#""Resource":"*""#),
        ("Resource", r#""Resource":["arn:aws:sqs:eu-central-1:111122223333:ga?e"]"#),
        ("Condition", r#""Condition":{"ArnLike":{"AWS:SourceArn":"RULE"}}"#),
        ("Condition", r#""Condition":{"StringEquals":{"AWS:SOURCEARN":["RULE"]}}"#),
        ("Condition", r#""Condition":{"StringLike":{"aws:SourceArn":"RULE"}}"#),
        // Conditions are joined by "and": others only narrow.
        (
            "Condition",
            r#""Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnEquals":{"aws:SourceArn":"RULE"}}"#,
        ),
        (
            "Condition",
            r#""Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:events:*"},"ArnEquals":{"aws:SourceArn":"RULE"}}"#,
        ),
    ] {
        assert_eq!(
            judged(Some(&policy(&[statement(element, written)])), QUEUE, &[RULE]),
            "tight",
            "{element} {written}"
        );
    }
}

#[test]
fn a_statement_that_admits_another_rule_is_named() {
    let more = "Statement[0] (Sid `rule`): lets events.amazonaws.com send with `sqs:SendMessage` for more than the declared rules: ";
    for (condition, why) in [
        ("", "it has no condition on `aws:SourceArn`"),
        (r#"{}"#, "no condition is on `aws:SourceArn`"),
        (r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#, "no condition is on `aws:SourceArn`"),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:events:eu-central-1:111122223333:rule/gate/*"}}"#, "has the wildcard"),
        (
            r#"{"StringLike":{"aws:SourceArn":"arn:aws:events:eu-central-1:111122223333:rule/gate/d?s"}}"#,
            "has the wildcard",
        ),
        (r#"{"ArnEquals":{"aws:SourceArn":"*"}}"#, "has the wildcard `*`"),
        (
            r#"{"ArnEquals":{"aws:SourceArn":["RULE","OTHER"]}}"#,
            "also takes `arn:aws:events:eu-central-1:111122223333:rule/gate/other`",
        ),
        (r#"{"ArnEquals":{"aws:SourceArn":"RULE${aws:username}"}}"#, "also takes"),
        (r#"{"ArnEquals":{"aws:SourceArn":[]}}"#, "has no text to compare with"),
        (r#"{"ArnEquals":{"aws:SourceArn":[["RULE"]]}}"#, "has no text to compare with"),
        (
            r#"{"ArnEqualsIfExists":{"aws:SourceArn":"RULE"}}"#,
            "ArnEqualsIfExists on `aws:SourceArn` also holds where there is none",
        ),
        (
            r#"{"ForAllValues:ArnEquals":{"aws:SourceArn":"RULE"}}"#,
            "ForAllValues:ArnEquals on `aws:SourceArn` does not pin it",
        ),
        (r#"{"ForAnyValue:ArnEquals":{"aws:SourceArn":"RULE"}}"#, "does not pin it"),
        (r#"{"ArnNotEquals":{"aws:SourceArn":"RULE"}}"#, "does not pin it"),
        (r#"{"StringEqualsIgnoreCase":{"aws:SourceArn":"RULE"}}"#, "does not pin it"),
        (r#"{"Null":{"aws:SourceArn":"false"}}"#, "does not pin it"),
        (r#"{"ArnEquals":{"aws:SourceArn":"RULE","AWS:SourceArn":"RULE"}}"#, "stands twice"),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"RULE"}}"#, "no condition is on `aws:SourceArn`"),
        (r#"[]"#, "its Condition is no object"),
        (r#"{"ArnEquals":"RULE"}"#, "an operator that is no object"),
    ] {
        let written = if condition.is_empty() { String::new() } else { format!(r#""Condition":{condition}"#) };
        let told = judged(Some(&policy(&[statement("Condition", &written)])), QUEUE, &[RULE]);
        assert!(told.starts_with(more) && told.contains(why), "{condition}\n{told}");
    }
}

#[test]
fn a_statement_that_admits_somebody_else_is_named() {
    let own = r#"{"AWS":"arn:aws:iam::111122223333:role/gate"}"#;
    for (principal, action, why) in [
        (r#""*""#, r#""Action":"sqs:SendMessage""#, "lets anybody (`*`) send with `sqs:SendMessage`"),
        (r#"{"AWS":"*"}"#, r#""Action":"*""#, "lets anybody (`*`) send with `*`"),
        (r#"{"AWS":["*"]}"#, r#""Action":"SQS:Send*""#, "lets anybody (`*`) send with `SQS:Send*`"),
        (r#""*""#, r#""Action":"s?s:sEnDmEsSaGe""#, "lets anybody (`*`) send with"),
        (r#""*""#, r#""Action":"sqs:SendMessageBatch""#, "send with `sqs:SendMessageBatch`"),
        (r#""*""#, r#""Action":"sqs:ReceiveMessage""#, "lets anybody (`*`) take requests away"),
        (r#""*""#, r#""Action":"sqs:SetQueueAttributes""#, "call `sqs:SetQueueAttributes`"),
        (r#""*""#, r#""NotAction":"sqs:DeleteQueue""#, "send with `NotAction`"),
        (r#""*""#, r#""NotAction":["sqs:SendMessage","sqs:SendMessageBatch"]"#, "send with `NotAction`"),
        (
            r#"{"AWS":"444455556666"}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets `444455556666`, which is not of the gate's account, send",
        ),
        (r#"{"AWS":"arn:aws:iam::444455556666:root"}"#, r#""Action":"sqs:SendMessage""#, "not of the gate's account"),
        (
            r#"{"AWS":"arn:aws:iam::444455556666:role/111122223333"}"#,
            r#""Action":"sqs:AddPermission""#,
            "not of the gate's account",
        ),
        (r#"{"AWS":"AROAEXAMPLEUNIQUEID00"}"#, r#""Action":"sqs:ReceiveMessage""#, "not of the gate's account"),
        (
            r#"{"AWS":"arn:aws:iam::111122223333:role/*"}"#,
            r#""Action":"sqs:ReceiveMessage""#,
            "not of the gate's account",
        ),
        (
            r#"{"AWS":"arn:aws:iam::111122223333:root"}"#,
            r#""Action":"sqs:*""#,
            "lets every principal of the gate's own account `111122223333` send with `sqs:*`",
        ),
        (
            r#"{"AWS":"111122223333"}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets every principal of the gate's own account",
        ),
        (
            own,
            r#""Action":"sqs:SendMessage""#,
            "lets `arn:aws:iam::111122223333:role/gate` of the gate's own account send",
        ),
        (own, r#""Action":["sqs:ReceiveMessage","sqs:AddPermission"]"#, "own account call `sqs:AddPermission`"),
        (own, r#""Action":"sqs:Get*""#, "own account call `sqs:Get*`"),
        (
            r#"{"Service":"sns.amazonaws.com"}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets the service `sns.amazonaws.com` send",
        ),
        (
            r#"{"Service":["events.amazonaws.com","sns.amazonaws.com"]}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets the service `sns.amazonaws.com` send",
        ),
        (
            r#"{"Service":"events.amazonaws.com","AWS":"*"}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets events.amazonaws.com send with `sqs:SendMessage` together with other principals",
        ),
        (
            r#"{"Service":"events.amazonaws.com"}"#,
            r#""Action":"sqs:DeleteMessage""#,
            "lets events.amazonaws.com take requests away for more",
        ),
        (
            r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
            r#""Action":"sqs:SendMessage""#,
            "lets the Federated principal",
        ),
        (r#"{"CanonicalUser":"abc"}"#, r#""Action":"sqs:SendMessage""#, "lets the CanonicalUser principal `abc` send"),
        (r#"{}"#, r#""Action":"sqs:SendMessage""#, "has an empty Principal"),
        (r#"{"AWS":[]}"#, r#""Action":"sqs:SendMessage""#, "has an empty Principal"),
        (r#"{"AWS":{"a":"b"}}"#, r#""Action":"sqs:SendMessage""#, "a Principal whose value is no text"),
        (r#"7"#, r#""Action":"sqs:SendMessage""#, "a Principal that is neither"),
        (r#""*""#, r#""Action":7"#, "an Action that is no text"),
        (r#""*""#, r#""Action":"a:b","NotAction":"a:c""#, "exactly one of Action and NotAction"),
    ] {
        let told = judged(Some(&beside(principal, action)), QUEUE, &[RULE]);
        assert!(told.starts_with("Statement[1] (Sid `also`): ") && told.contains(why), "{principal} {action}\n{told}");
    }
}

#[test]
fn what_the_gate_itself_does_is_no_gap() {
    for (principal, action) in [
        (r#"{"AWS":"arn:aws:iam::111122223333:role/gate"}"#, r#""Action":["sqs:ReceiveMessage","SQS:deletemessage"]"#),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/gate/session"}"#, r#""Action":"sqs:GetQueueAttributes""#),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#""Action":"sqs:GetQueueUrl""#),
    ] {
        assert_eq!(judged(Some(&beside(principal, action)), QUEUE, &[RULE]), "tight", "{principal} {action}");
    }
}

#[test]
fn a_source_arn_is_not_believed_of_anybody() {
    for written in [r#""Principal":"*""#, r#""Principal":{"AWS":"*"}"#] {
        let told = judged(Some(&policy(&[statement("Principal", written)])), QUEUE, &[RULE]);
        assert!(told.starts_with("Statement[0] (Sid `rule`): lets anybody (`*`) send"), "{told}");
        assert!(told.contains("is to be believed only when a service is the principal"), "{told}");
    }
    let told = judged(
        Some(&policy(&[statement("Principal", r#""NotPrincipal":{"Service":"events.amazonaws.com"}"#)])),
        QUEUE,
        &[RULE],
    );
    assert!(told.contains("lets everybody but its NotPrincipal send"), "{told}");
}

#[test]
fn a_deny_is_read_but_only_narrows() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
    assert_eq!(judged(Some(&policy(&[deny.to_owned(), statement("", "")])), QUEUE, &[RULE]), "tight");
    let odd = deny.replace("Condition", "Conditions");
    let told = judged(Some(&policy(&[statement("", ""), odd])), QUEUE, &[RULE]);
    assert_eq!(told, "Statement[1]: has an element `Conditions`, which no statement has");
}

#[test]
fn a_rule_that_no_statement_admits_is_named() {
    let cannot = format!("no statement lets rule `{RULE}` deliver");
    for (element, written) in [
        ("Action", r#""Action":"sqs:GetQueueUrl""#),
        ("Resource", r#""Resource":"arn:aws:sqs:eu-central-1:111122223333:gate2""#),
        ("Resource", r#""Resource":"arn:aws:sqs:eu-central-1:111122223333:g""#),
        ("Resource", ""),
        ("Effect", r#""Effect":"Deny""#),
    ] {
        assert_eq!(
            judged(Some(&policy(&[statement(element, written)])), QUEUE, &[RULE]),
            cannot,
            "{element} {written}"
        );
    }
    let one = policy(&[statement("", "")]);
    assert_eq!(judged(Some(&one), QUEUE, &[RULE, OTHER]), format!("no statement lets rule `{OTHER}` deliver"));
    let both = policy(&[statement("Condition", r#""Condition":{"ArnEquals":{"aws:SourceArn":["RULE","OTHER"]}}"#)]);
    assert_eq!(judged(Some(&both), QUEUE, &[RULE, OTHER]), "tight");
    assert_eq!(judged(None, QUEUE, &[RULE]), "no policy: the rule cannot deliver");
}

#[test]
fn a_policy_that_two_readers_could_read_differently_is_refused() {
    let deep = format!("{}{}", "[".repeat(POLICY_DEPTH_MAX + 1), "]".repeat(POLICY_DEPTH_MAX + 1));
    let long = format!("\"{}\"", "x".repeat(POLICY_BYTES_MAX));
    for (text, why) in [
        (r#"{"Statement":[],"Statement":[]}"#, "the policy cannot be read: key `Statement` stands twice"),
        (r#"{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}"#, "key `Effect` stands twice"),
        ("", "the policy cannot be read"),
        (r#"{"Statement":[]} {}"#, "more data after the end"),
        (deep.as_str(), "nested too deeply"),
        (long.as_str(), "document is too large"),
        ("[]", "the policy is no object but array"),
        (r#"{"Version":"2012-10-17"}"#, "the policy has no Statement"),
        (r#"{"version":"2012-10-17","Statement":[]}"#, "the policy has an element `version`"),
        (r#"{"Version":"2013-01-01","Statement":[]}"#, "neither 2012-10-17 nor 2008-10-17"),
        (r#"{"Version":1,"Statement":[]}"#, "neither 2012-10-17 nor 2008-10-17"),
        (r#"{"Statement":["Allow"]}"#, "Statement[0]: is no object"),
        (r#"{"Statement":[{"effect":"Allow"}]}"#, "Statement[0]: has an element `effect`"),
        (r#"{"Statement":[{"Effect":"allow"}]}"#, "Statement[0]: has an Effect that is neither"),
        (r#"{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage"}]}"#, "Statement[0]: has no Principal"),
        (r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#, "exactly one of Action and NotAction"),
        (r#"{"Statement":[]}"#, "no statement lets rule"),
    ] {
        let told = judged(Some(text), QUEUE, &[RULE]);
        assert!(told.contains(why), "{why}\n{told}");
    }
    // One statement may stand without its array.
    assert_eq!(judged(Some(&format!(r#"{{"Id":"x","Statement":{}}}"#, statement("", ""))), QUEUE, &[RULE]), "tight");
}

#[test]
fn a_declaration_that_others_own_is_refused() {
    let good = policy(&[statement("", "")]);
    for (target, rules, why) in [
        (
            QUEUE,
            vec!["arn:aws:events:eu-central-1:444455556666:rule/gate/dns"],
            "its owner can rewrite the whole envelope",
        ),
        (QUEUE, vec!["arn:aws:events:eu-central-1:111122223333:rule/gate/*"], "is not the ARN of a rule"),
        (QUEUE, vec!["arn:aws:events:eu-central-1:111122223333:rule/"], "is not the ARN of a rule"),
        (QUEUE, vec!["arn:aws:events:eu-central-1:111122223333:event-bus/gate"], "is not the ARN of a rule"),
        (QUEUE, vec!["arn:aws:events:*:111122223333:rule/gate/dns"], "is not the ARN of a rule"),
        (QUEUE, vec!["*"], "is not the ARN of a rule"),
        (QUEUE, vec![], "the source declares no rule"),
        ("arn:aws:sqs:eu-central-1:444455556666:gate", vec![RULE], "its owner delivers what it likes"),
        ("arn:aws:sns:eu-central-1:111122223333:gate", vec![RULE], "is not the ARN of a queue"),
    ] {
        let told = judged(Some(&good), target, &rules);
        assert!(told.contains(why), "{target} {rules:?}\n{told}");
    }
}

#[test]
fn a_functions_policy_is_read_the_same_way() {
    // As AddPermission writes it.
    let text = |sid: &str, principal: &str, action: &str, condition: &str| {
        format!(
            r#"{{"Sid":"{sid}","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"{FUNCTION}"{condition}}}"#
        )
    };
    let pin = format!(r#","Condition":{{"ArnLike":{{"AWS:SourceArn":"{RULE}"}}}}"#);
    let good = text("rule", r#"{"Service":"events.amazonaws.com"}"#, "lambda:InvokeFunction", &pin);
    let foreign = r#"{"AWS":"arn:aws:iam::444455556666:root"}"#;
    for (also, why) in [
        (None, "tight"),
        (
            Some(text("a", "\"*\"", "lambda:InvokeFunctionUrl", "")),
            "lets anybody (`*`) invoke with `lambda:InvokeFunctionUrl`",
        ),
        (Some(text("a", foreign, "lambda:InvokeFunction", "")), "not of the gate's account, invoke"),
        (Some(text("a", foreign, "lambda:UpdateFunctionCode", "")), "call `lambda:UpdateFunctionCode`"),
        (
            Some(text("a", r#"{"Service":"apigateway.amazonaws.com"}"#, "lambda:invokefunction", &pin)),
            "the service `apigateway",
        ),
        (
            Some(text("a", r#"{"Service":"events.amazonaws.com"}"#, "lambda:Invoke*", "")),
            "for more than the declared rules",
        ),
        (Some(text("a", r#"{"AWS":"111122223333"}"#, "lambda:GetPolicy", "")), "tight"),
    ] {
        let told = judged(Some(&policy(&[vec![good.clone()], also.into_iter().collect()].concat())), FUNCTION, &[RULE]);
        assert!(told.contains(why), "{why}\n{told}");
    }
}

#[test]
fn a_strangers_text_is_shown_escaped() {
    let told = judged(Some(&beside(r#"{"AWS":"x\u001b[2J"}"#, r#""Action":"sqs:SendMessage""#)), QUEUE, &[RULE]);
    assert!(told.contains(r"x\u{1b}[2J") && !told.contains('\u{1b}'), "{told}");
}
