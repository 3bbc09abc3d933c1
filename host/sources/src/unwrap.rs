//! What a document holds: an event, an SQS message, the answer to ReceiveMessage, or a Lambda batch of SQS messages.
//!
//! Sources: SQS API reference, ReceiveMessage; Lambda developer guide, "Using Lambda with Amazon SQS".

use crate::stream::DOCUMENT_BYTES_MAX;
use reeve_engine::Delivery;
use reeve_json::{Node, Object, Options, StringRule};

/// The deliveries in one document. A document that is no wrapper is an event, good or bad.
pub(crate) fn unwrap(document: Vec<u8>, origin: &str, vouched: bool) -> Vec<Delivery> {
    let event =
        |body: Vec<u8>| vec![Delivery { body, origin: origin.to_owned(), verified: vouched, content_type: None }];
    if !might_wrap(&document) {
        return event(document);
    }
    let options = Options { bytes_max: DOCUMENT_BYTES_MAX, depth_max: 64, strings: StringRule::Any };
    let Ok(node) = reeve_json::parse(&document, &options) else { return event(document) };
    let Some(object) = node.as_object() else { return event(document) };
    for (list, body, attributes, value) in [
        ("Records", "body", "messageAttributes", "stringValue"),
        ("Messages", "Body", "MessageAttributes", "StringValue"),
    ] {
        if let Some(items) = object.get(list).and_then(Node::as_array)
            && object.get("detail").is_none()
        {
            let message = |(index, item): (usize, &Node)| {
                let origin = format!("{origin}#{index}");
                message(item, body, attributes, value, origin, vouched)
            };
            return items.iter().enumerate().map(message).collect();
        }
        let alone = object.get(body).and_then(Node::as_str).is_some() && object.get("detail").is_none();
        if alone {
            return vec![message(&node, body, attributes, value, origin.to_owned(), vouched)];
        }
    }
    event(document)
}

/// A cheap look for the names of wrappers, so that plain events are parsed once.
pub(crate) fn might_wrap(document: &[u8]) -> bool {
    [&b"\"Records\""[..], b"\"Messages\"", b"\"body\"", b"\"Body\""]
        .iter()
        .any(|name| document.windows(name.len()).any(|window| window == *name))
}

fn message(item: &Node, body: &str, attributes: &str, value: &str, origin: String, vouched: bool) -> Delivery {
    static NOTHING: Object = Object::EMPTY;
    let object = item.as_object().unwrap_or(&NOTHING);
    // A message without a body is delivered as what it is, and refused for it.
    let text = object.get(body).and_then(Node::as_str).map(str::to_owned);
    let text = text.unwrap_or_else(|| reeve_json::compact(&item.value));
    let content_type = object
        .get(attributes)
        .and_then(|it| it.as_object()?.get("ContentType")?.as_object()?.get(value)?.as_str())
        .map(str::to_owned);
    Delivery { body: text.into_bytes(), origin, verified: vouched, content_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(document: &str) -> Vec<(String, String, Option<String>)> {
        let text = |it: Delivery| (it.origin, String::from_utf8(it.body).expect("utf-8"), it.content_type);
        unwrap(document.as_bytes().to_vec(), "in", true).into_iter().map(text).collect()
    }

    #[test]
    fn wrappers_are_taken_off() {
        let event = r#"{"id":"1"}"#;
        let quoted = r#""{\"id\":\"1\"}""#;
        let one = |origin: &str| vec![(origin.to_owned(), event.to_owned(), None)];
        assert_eq!(bodies(event), one("in"));
        assert_eq!(bodies(&format!(r#"{{"Records":[{{"messageId":"m","body":{quoted}}}]}}"#)), one("in#0"));
        assert_eq!(bodies(&format!(r#"{{"Messages":[{{"MessageId":"m","Body":{quoted}}}]}}"#)), one("in#0"));
        assert_eq!(bodies(&format!(r#"{{"MessageId":"m","Body":{quoted}}}"#)), one("in"));
        assert_eq!(bodies(&format!(r#"{{"messageId":"m","body":{quoted}}}"#)), one("in"));
        let typed = format!(
            r#"{{"Records":[{{"body":{quoted},"messageAttributes":{{"ContentType":{{"stringValue":"text/plain"}}}}}}]}}"#
        );
        assert_eq!(bodies(&typed)[0].2.as_deref(), Some("text/plain"));
    }

    #[test]
    fn what_is_no_wrapper_is_an_event() {
        for document in [
            r#"{"detail":{"body":"x"}}"#,
            r#"{"body":"x","detail":{}}"#,
            r#"{"Records":[],"detail":{}}"#,
            r#"{"Records":{}}"#,
            r#"{"Records":[1"#,
            "[]",
            r#""body""#,
        ] {
            assert_eq!(bodies(document), [("in".to_owned(), document.to_owned(), None)], "{document}");
        }
        assert_eq!(bodies(r#"{"Records":[{"x":1}]}"#)[0].1, r#"{"x":1}"#);
        assert!(bodies(r#"{"Records":[]}"#).is_empty());
    }
}
