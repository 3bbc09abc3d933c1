//! The refusals that the services themselves would write.

use crate::http::Message;
use crate::proxy::call::Protocol;

/// Too many calls: code and shape are the service's own (each API's list of errors; S3 says it in its own way).
#[must_use]
pub(super) fn throttled(service: &str, protocol: Protocol) -> Message {
    match (protocol, service) {
        (Protocol::Json, "sqs") => {
            let kind = "com.amazonaws.sqs#RequestThrottled";
            // The header carries what the older query protocol called the error; SDKs of SQS read it first.
            json(400, kind, "x-amzn-query-error", "RequestThrottled;Sender")
        }
        (Protocol::Json, "organizations") => json(400, "TooManyRequestsException", "x-amzn-requestid", REQUEST_ID),
        (Protocol::Json, "dynamodb") => {
            json(400, "com.amazonaws.dynamodb.v20120810#ThrottlingException", "x-amzn-requestid", REQUEST_ID)
        }
        (Protocol::Json, _) => json(400, "ThrottlingException", "x-amzn-requestid", REQUEST_ID),
        (Protocol::RestJson, _) => {
            let headers = [("content-type", "application/json"), ("x-amzn-errortype", "TooManyRequestsException")];
            Message::reply(429, &headers, r#"{"Reason":"CallerRateLimitExceeded","message":"Rate exceeded"}"#)
        }
        (Protocol::RestXml, "s3") => xml(
            503,
            &format!(
                "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message><RequestId>{REQUEST_ID}</RequestId></Error>"
            ),
        ),
        (Protocol::RestXml, _) => xml(400, &error_response(ROUTE53, "Throttling", "Rate exceeded")),
        (Protocol::Query, _) => xml(400, &error_response(STS, "Throttling", "Rate exceeded")),
    }
}

/// Route 53, while an earlier change of the zone is under way.
#[must_use]
pub(super) fn prior_request_not_complete() -> Message {
    let told = "The request was rejected because Route 53 was still processing a prior request.";
    xml(400, &error_response(ROUTE53, "PriorRequestNotComplete", told))
}

/// A status without a word, as a load balancer in trouble gives it.
#[must_use]
pub(super) fn empty(status: u16) -> Message {
    Message::reply(status, &[], Vec::new())
}

const ROUTE53: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// A request id that no service gave.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

fn json(status: u16, kind: &str, name: &str, value: &str) -> Message {
    let body = format!(r#"{{"__type":"{kind}","message":"Rate exceeded"}}"#);
    Message::reply(status, &[("content-type", "application/x-amz-json-1.1"), (name, value)], body)
}

fn xml(status: u16, body: &str) -> Message {
    Message::reply(status, &[("content-type", "text/xml")], format!("<?xml version=\"1.0\"?>\n{body}"))
}

fn error_response(space: &str, code: &str, told: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{space}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{told}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
}
