//! Whether an answer came whole.
//!
//! The SDK reads a document that is cut off as one whose other members are not there: half a page of record sets is the
//! last page, an empty body is an empty list. So every answer of success must end as it begins.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Operations whose answer is never empty begin so.
const READS: [&str; 5] = ["Describe", "Get", "List", "Query", "Receive"];

/// Refuses an answer of success that is cut off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole;

#[dyn_dispatch_hint]
impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "reeve: whole answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        // A body that is streamed is not here; whoever reads it counts its bytes.
        let Some(body) = answer.body().bytes().filter(|_| answer.status().is_success()) else { return Ok(()) };
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        if is_whole(operation, body) { Ok(()) } else { Err("the answer is cut off".into()) }
    }
}

fn is_whole(operation: &str, body: &[u8]) -> bool {
    let body = body.trim_ascii();
    match body.first() {
        None => !READS.iter().any(|read| operation.starts_with(read)),
        Some(b'{') => body.len() > 1 && body.ends_with(b"}"),
        Some(b'<') => ends_as_it_begins(body),
        // What is neither JSON nor XML has no end to look for.
        Some(_) => true,
    }
}

/// Whether an XML text ends with the end tag of its first element, or is one element without content.
fn ends_as_it_begins(body: &[u8]) -> bool {
    let mut rest = body;
    // The XML declaration.
    if let Some(at) = rest.strip_prefix(b"<?").and_then(|rest| rest.windows(2).position(|pair| pair == b"?>")) {
        rest = rest.get(at + 4..).unwrap_or_default().trim_ascii_start();
    }
    let Some(tag) = rest.strip_prefix(b"<") else { return false };
    let stop = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let Some(name) = tag.iter().position(stop).and_then(|end| tag.get(..end)) else { return false };
    let close = [b"</", name, b">"].concat();
    let single = rest.ends_with(b"/>") && rest.iter().filter(|byte| **byte == b'<').count() == 1;
    rest.ends_with(&close) || single
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_cut_off_anywhere_is_not_whole() {
        for body in [
            "<?xml version=\"1.0\"?>\n<A xmlns=\"https://x/\"><B>1</B><A2/></A>\n",
            "<A><B><A></A></B></A>",
            r#"{"Accounts":[{"Id":"1"}],"NextToken":"t"}"#,
            "{}",
        ] {
            assert!(is_whole("ListThings", body.as_bytes()), "{body}");
        }
        assert!(is_whole("ListThings", b"<A xmlns=\"https://x/\"/>"));
        let (xml, json) = ("<?xml version=\"1.0\"?>\n<A><B>1</B><C/></A>", r#"{"Accounts":["a","b"]}"#);
        for text in [xml, json] {
            for end in 0..text.len() {
                assert!(!is_whole("ListThings", &text.as_bytes()[..end]), "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn only_what_reads_must_have_a_body() {
        for (operation, expected) in [
            ("AttachPolicy", true),
            ("PutObject", true),
            ("DeleteMessage", true),
            ("ListAccounts", false),
            ("GetParameters", false),
            ("DescribeOrganization", false),
        ] {
            assert_eq!(is_whole(operation, b""), expected, "{operation}");
        }
    }
}
