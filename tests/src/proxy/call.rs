//! Which operation of which service a request asks for.

use crate::http::Message;

/// A request on its way to the emulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The name a signature is made for: `route53`, `sqs`, `dynamodb`, `organizations`, `ssm`, `events`, `sts`, ….
    pub service: String,
    /// The API's name of the operation; method and path where this module does not know it.
    pub operation: String,
    /// Which call of this operation it is, from 1, in the order of arrival.
    pub n: u64,
    /// Which call of all it is, from 0.
    pub index: u64,
    /// Whether an intermediary may send it twice by itself (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
}

/// How a service writes what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `X-Amz-Target` and JSON: SSM, Organizations, EventBridge, SQS, DynamoDB.
    Json,
    /// Paths and JSON: Lambda.
    RestJson,
    /// Paths and XML: Route 53, S3.
    RestXml,
    /// A form and XML: STS, EC2.
    Query,
}

/// Service and operation of a request.
#[must_use]
pub fn name(request: &Message) -> (String, String) {
    let (method, target) = request.method_and_target();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let named = request.header("x-amz-target").and_then(|target| target.rsplit_once('.'));
    let form = form_action(&request.body);
    let service = signed_for(request).map(str::to_owned).unwrap_or_else(|| match (named, form) {
        (Some((prefix, _)), _) => prefix.to_ascii_lowercase(),
        // A web identity's session is asked for without a signature.
        (None, Some(_)) => "sts".to_owned(),
        (None, None) => "unsigned".to_owned(),
    });
    let operation = match (named, form, service.as_str()) {
        (Some((_, operation)), _, _) => Some(operation),
        (None, Some(action), _) => Some(action),
        (None, None, "route53") => route53(method, path),
        (None, None, "s3") => s3(method, path, query),
        (None, None, "lambda") => lambda(method, path),
        (None, None, _) => None,
    };
    let operation = operation.map_or_else(|| format!("{method} {path}"), str::to_owned);
    (service, operation)
}

/// How the service that a request goes to writes what went wrong.
#[must_use]
pub fn protocol(service: &str, request: &Message) -> Protocol {
    match service {
        _ if request.header("x-amz-target").is_some() => Protocol::Json,
        "route53" | "s3" => Protocol::RestXml,
        "lambda" => Protocol::RestJson,
        _ => Protocol::Query,
    }
}

/// The service in `Authorization: AWS4-HMAC-SHA256 Credential=key/date/region/service/aws4_request, …`.
fn signed_for(request: &Message) -> Option<&str> {
    let (_, scope) = request.header("authorization")?.split_once("Credential=")?;
    scope.split([',', ' ']).next()?.split('/').nth(3)
}

fn form_action(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    text.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

fn route53(method: &str, path: &str) -> Option<&'static str> {
    let mut parts = path.trim_matches('/').split('/').skip(1);
    let (noun, id, rest) = (parts.next()?, parts.next(), parts.next());
    Some(match (method, noun, id, rest) {
        ("POST", "hostedzone", None, _) => "CreateHostedZone",
        ("GET", "hostedzone", None, _) => "ListHostedZones",
        ("GET", "hostedzone", Some(_), None) => "GetHostedZone",
        ("POST", "hostedzone", Some(_), None) => "UpdateHostedZoneComment",
        ("DELETE", "hostedzone", Some(_), None) => "DeleteHostedZone",
        ("POST", "hostedzone", Some(_), Some("rrset")) => "ChangeResourceRecordSets",
        ("GET", "hostedzone", Some(_), Some("rrset")) => "ListResourceRecordSets",
        ("GET", "hostedzonesbyname", ..) => "ListHostedZonesByName",
        ("GET", "hostedzonecount", ..) => "GetHostedZoneCount",
        ("GET", "change", Some(_), None) => "GetChange",
        ("POST", "tags", Some(_), Some(_)) => "ChangeTagsForResource",
        ("GET", "tags", Some(_), Some(_)) => "ListTagsForResource",
        ("GET", "testdnsanswer", ..) => "TestDNSAnswer",
        _ => return None,
    })
}

fn s3(method: &str, path: &str, query: &str) -> Option<&'static str> {
    let asked = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let key = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    Some(match (method, key) {
        ("GET", false) if asked("object-lock") => "GetObjectLockConfiguration",
        ("PUT", false) if asked("object-lock") => "PutObjectLockConfiguration",
        ("GET", false) if asked("versioning") => "GetBucketVersioning",
        ("PUT", false) if asked("versioning") => "PutBucketVersioning",
        ("GET", false) if asked("location") => "GetBucketLocation",
        ("GET", false) if asked("list-type") => "ListObjectsV2",
        ("PUT", false) if query.is_empty() => "CreateBucket",
        ("HEAD", false) => "HeadBucket",
        ("DELETE", false) if query.is_empty() => "DeleteBucket",
        ("GET", true) if asked("retention") => "GetObjectRetention",
        ("PUT", true) if asked("retention") => "PutObjectRetention",
        ("GET", true) => "GetObject",
        ("PUT", true) => "PutObject",
        ("HEAD", true) => "HeadObject",
        ("DELETE", true) => "DeleteObject",
        _ => return None,
    })
}

fn lambda(method: &str, path: &str) -> Option<&'static str> {
    // `/2015-03-31/functions/name/policy`
    let mut parts = path.trim_matches('/').split('/').skip(1);
    let (noun, name, rest) = (parts.next()?, parts.next(), parts.next());
    Some(match (method, noun, name, rest) {
        ("GET", "functions", Some(_), None) => "GetFunction",
        ("GET", "functions", Some(_), Some("configuration")) => "GetFunctionConfiguration",
        ("GET", "functions", Some(_), Some("policy")) => "GetPolicy",
        ("POST", "functions", Some(_), Some("policy")) => "AddPermission",
        ("POST", "functions", Some(_), Some("invocations")) => "Invoke",
        ("POST", "functions", None, _) => "CreateFunction",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(start: &str, headers: &[(&str, &str)], body: &str) -> Message {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Message { start: format!("{start} HTTP/1.1"), headers, body: body.into() }
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn operations_are_named_by_target_form_or_path() {
        for (start, service, target, body, operation) in [
            ("POST /", "sqs", "AmazonSQS.ReceiveMessage", "{}", "ReceiveMessage"),
            ("POST /", "dynamodb", "DynamoDB_20120810.PutItem", "{}", "PutItem"),
            ("POST /", "organizations", "AWSOrganizationsV20161128.CreateAccount", "{}", "CreateAccount"),
            ("POST /", "ssm", "AmazonSSM.SendCommand", "{}", "SendCommand"),
            ("POST /", "events", "AWSEvents.PutEvents", "{}", "PutEvents"),
            ("POST /", "sts", "", "Action=AssumeRole&Version=2011-06-15", "AssumeRole"),
            ("POST /2013-04-01/hostedzone", "route53", "", "<x/>", "CreateHostedZone"),
            ("POST /2013-04-01/hostedzone/Z1/rrset", "route53", "", "<x/>", "ChangeResourceRecordSets"),
            ("POST /2013-04-01/hostedzone/Z1/rrset/", "route53", "", "<x/>", "ChangeResourceRecordSets"),
            ("GET /2013-04-01/hostedzone/Z1/rrset?name=a", "route53", "", "", "ListResourceRecordSets"),
            ("GET /2013-04-01/hostedzone/Z1", "route53", "", "", "GetHostedZone"),
            ("GET /2013-04-01/hostedzonesbyname?dnsname=a", "route53", "", "", "ListHostedZonesByName"),
            ("GET /2013-04-01/change/C1", "route53", "", "", "GetChange"),
            ("PATCH /2013-04-01/change/C1", "route53", "", "", "PATCH /2013-04-01/change/C1"),
            ("PUT /bucket/a/b?x-id=PutObject", "s3", "", "{}", "PutObject"),
            ("GET /bucket/?list-type=2&prefix=a", "s3", "", "", "ListObjectsV2"),
            ("GET /bucket?object-lock", "s3", "", "", "GetObjectLockConfiguration"),
            ("PUT /bucket", "s3", "", "", "CreateBucket"),
            ("GET /2015-03-31/functions/gate/policy", "lambda", "", "", "GetPolicy"),
        ] {
            let authorization = signed(service);
            let mut headers = vec![("Authorization", authorization.as_str())];
            headers.extend((!target.is_empty()).then_some(("X-Amz-Target", target)));
            let named = name(&request(start, &headers, body));
            assert_eq!(named, (service.to_owned(), operation.to_owned()), "{start}");
        }
        let unsigned = request("POST /", &[], "Action=AssumeRoleWithWebIdentity");
        assert_eq!(name(&unsigned), ("sts".to_owned(), "AssumeRoleWithWebIdentity".to_owned()));
        assert_eq!(name(&request("GET /x", &[], "")), ("unsigned".to_owned(), "GET /x".to_owned()));
    }
}
