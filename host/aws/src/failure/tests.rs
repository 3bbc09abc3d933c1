//! Recorded answers, each through the SDK's own reader.

use super::*;
use crate::testing::served;

/// Route 53's form of an error.
fn xml(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

fn json(code: &str, message: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws#{code}","Message":"{message}"}}"#)
}

fn of_route53(status: u16, body: &str) -> Failure {
    let body = body.to_owned();
    let (aws, _) = served(move |_| (status, body.clone()));
    let error = aws.run(aws.route53().get_hosted_zone().id("Z1").send()).expect_err("an error");
    failure(&error)
}

fn of_organizations(status: u16, body: &str) -> Failure {
    let body = body.to_owned();
    let (aws, _) = served(move |_| (status, body.clone()));
    let error = aws.run(aws.organizations().describe_account().account_id("111122223333").send());
    failure(&error.expect_err("an error"))
}

#[test]
fn answers_of_route_53_are_told_apart() {
    let exists = "[Tried to create resource record set [name='a.x.', type='A'] but it already exists]";
    let differs = "[Tried to delete resource record set [name='a.x.', type='A'] but the values provided do not match \
                   the current values]";
    let gone = "[Tried to delete resource record set [name='a.x.', type='A'] but it was not found]";
    let bad = "[Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address']";
    let old = |text: &str| {
        format!("<InvalidChangeBatch xmlns=\"x\"><Messages><Message>{text}</Message></Messages></InvalidChangeBatch>")
    };
    for (status, body, code, class) in [
        (400, xml("InvalidChangeBatch", exists), Some("InvalidChangeBatch"), Conflict),
        (400, xml("InvalidChangeBatch", differs), Some("InvalidChangeBatch"), Conflict),
        (400, xml("InvalidChangeBatch", gone), Some("InvalidChangeBatch"), Conflict),
        (400, xml("InvalidChangeBatch", bad), Some("InvalidChangeBatch"), Invalid),
        (400, old(exists), Some("InvalidChangeBatch"), Conflict),
        (400, old(bad), Some("InvalidChangeBatch"), Invalid),
        (400, xml("Throttling", "Rate exceeded"), Some("Throttling"), Transient),
        (400, xml("PriorRequestNotComplete", "wait"), Some("PriorRequestNotComplete"), Transient),
        (404, xml("NoSuchHostedZone", "none"), Some("NoSuchHostedZone"), NotFound),
        (404, xml("NoSuchChange", "none"), Some("NoSuchChange"), NotFound),
        (409, xml("HostedZoneAlreadyExists", "made"), Some("HostedZoneAlreadyExists"), Conflict),
        (400, xml("DelegationSetNotAvailable", "full"), Some("DelegationSetNotAvailable"), Quota),
        (403, xml("AccessDenied", "no"), Some("AccessDenied"), AccessDenied),
        (403, xml("SomethingNew", "no"), Some("SomethingNew"), AccessDenied),
        (400, xml("SomethingNew", "no"), Some("SomethingNew"), Unknown),
        (500, "<html>Internal Server Error</html>".to_owned(), None, Transient),
        (503, String::new(), None, Transient),
        (400, "{}".to_owned(), None, Unknown),
        (200, "<GetHostedZoneResponse><HostedZone><Id>/hosted".to_owned(), None, Transient),
        (0, String::new(), None, Transient),
    ] {
        let failure = of_route53(status, &body);
        assert_eq!((failure.code.as_deref(), failure.class), (code, class), "{status} {body}: {failure}");
    }
    assert_eq!(of_route53(400, &old(gone)).message, gone, "the words of the older form");
    assert_eq!(of_route53(400, &xml("Throttling", "Rate exceeded")).to_string(), "Throttling: Rate exceeded");
}

#[test]
fn answers_of_json_services_are_told_apart() {
    let constraint = |reason: &str| {
        format!(r#"{{"__type":"ConstraintViolationException","Message":"You have exceeded","Reason":"{reason}"}}"#)
    };
    for (status, body, class) in [
        (400, json("TooManyRequestsException", "slow down"), Transient),
        (429, json("SomethingNew", "slow down"), Transient),
        (400, json("ConcurrentModificationException", "try again"), Transient),
        (400, json("FinalizingOrganizationException", "wait"), Transient),
        (500, json("ServiceException", "sorry"), Transient),
        (400, json("ThrottlingException", "Rate exceeded"), Transient),
        (400, json("AccessDeniedException", "You don't have permissions"), AccessDenied),
        (400, json("AWSOrganizationsNotInUseException", "none"), NotFound),
        (400, json("ParentNotFoundException", "none"), NotFound),
        (400, json("SourceParentNotFoundException", "moved"), Conflict),
        (400, json("DuplicatePolicyAttachmentException", "is"), Conflict),
        (400, json("PolicyNotAttachedException", "is not"), Conflict),
        (400, json("MalformedPolicyDocumentException", "bad"), Invalid),
        (400, json("ConditionalCheckFailedException", "The conditional request failed"), Conflict),
        (400, constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED"), Quota),
        (400, constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"), Quota),
        (400, constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"), Conflict),
        (400, constraint("POLICY_CONTENT_LIMIT_EXCEEDED"), Invalid),
        (400, constraint("WAIT_PERIOD_ACTIVE"), Invalid),
    ] {
        assert_eq!(of_organizations(status, &body).class, class, "{body}");
    }
    // A proxy's page in front of the service.
    assert_eq!(of_organizations(502, "<html>Bad Gateway</html>").class, Transient);
}

#[test]
fn a_role_that_cannot_be_assumed_is_access_denied() {
    let denied = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                  <Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>";
    for (status, body, class) in [(403, denied, AccessDenied), (503, "", Transient)] {
        let (aws, calls) = served(move |_| (status, body.to_owned()));
        let role = aws.in_role("arn:aws-cn:iam::111122223333:role/reader", None);
        let error = aws.run(role.ssm().get_parameter().name("/a").send()).expect_err("an error");
        let found = failure(&error);
        assert_eq!(found.class, class, "{found}");
        assert!(calls.all().iter().all(|call| call.body.contains("Action=AssumeRole")), "nothing is called unsigned");
    }
}

#[test]
fn an_answer_of_success_that_cannot_be_read_is_no_success() {
    let (aws, _) = served(|_| (201, "<Welcome>to the hotel</Welcome>".to_owned()));
    let call = aws.route53().create_hosted_zone().name("a.example.com").caller_reference("reeve-1");
    assert_eq!(failure(&aws.run(call.send()).expect_err("another document")).class, Transient);
    let (aws, _) = served(|_| (200, r#"{"Account":[}"#.to_owned()));
    let error = aws.run(aws.organizations().describe_account().account_id("111122223333").send()).expect_err("garbage");
    assert_eq!(failure(&error).class, Transient);
}

#[test]
fn an_answer_without_what_it_must_have_is_tried_again() {
    let garbled = Failure::garbled("CreateAccount", "id");
    assert!(garbled.is_transient());
    assert_eq!(garbled.to_string(), "the answer to CreateAccount has no id");
}
