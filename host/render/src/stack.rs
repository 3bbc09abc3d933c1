//! A CloudFormation template in the making: its parameters and resources in order, and its text.

use crate::finding::{Findings, NOTHING, TOO_LARGE};
use crate::limits::{RESOURCES_MAX, TEMPLATE_BYTES_MAX};
use reeve_json::{Object, Value, pretty};
use reeve_model::{Digest, Place};

/// The version of the template's format (CloudFormation user guide, format version).
const FORMAT: &str = "2010-09-09";

/// Longest readable part of a logical id, characters: ids have up to 255 (CloudFormation user guide, resources).
const READABLE_CHARS_MAX: usize = 64;

/// A template.
#[derive(Debug)]
pub(crate) struct Stack {
    description: &'static str,
    parameters: Object,
    resources: Object,
}

impl Stack {
    pub(crate) fn new(description: &'static str) -> Self {
        Self { description, parameters: Object::new(), resources: Object::new() }
    }

    pub(crate) fn parameter(&mut self, name: &str, parameter: Value) {
        self.parameters.set(name, parameter);
    }

    pub(crate) fn resource(&mut self, id: &str, resource_type: &str, properties: Object) {
        let resource = [("Type", Value::from(resource_type)), ("Properties", Value::Object(properties))];
        self.resources.set(id, Value::object(resource));
    }

    /// A resource that outlives the stack.
    pub(crate) fn kept(&mut self, id: &str, resource_type: &str, properties: Object) {
        let resource = [
            ("Type", Value::from(resource_type)),
            ("DeletionPolicy", Value::from("Retain")),
            ("UpdateReplacePolicy", Value::from("Retain")),
            ("Properties", Value::Object(properties)),
        ];
        self.resources.set(id, Value::object(resource));
    }

    /// The template's text. What is too much for CloudFormation, or too little, is told at `place`.
    pub(crate) fn text(self, place: &Place, findings: &mut Findings) -> String {
        let count = self.resources.len();
        // Where the input is refused, that there is nothing follows and is not told.
        if count == 0 && !findings.refused() {
            let message = "the document would hold no resource".to_owned();
            findings.error(NOTHING, place.clone(), message, "leave the document out of the project file");
        }
        if count > RESOURCES_MAX {
            let message = format!("the template has {count} resources, at most {RESOURCES_MAX} fit");
            findings.error(TOO_LARGE, place.clone(), message, "split the input into several documents");
        }
        let mut template = Object::new();
        template.set("AWSTemplateFormatVersion", FORMAT);
        template.set("Description", self.description);
        if !self.parameters.is_empty() {
            template.set("Parameters", self.parameters);
        }
        template.set("Resources", self.resources);
        let text = pretty(&Value::Object(template)) + "\n";
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("the template has {} bytes, at most {TEMPLATE_BYTES_MAX} fit", text.len());
            findings.error(TOO_LARGE, place.clone(), message, "split the input into several documents");
        }
        text
    }
}

/// The logical id of what a name stands for. It depends on that name alone, since CloudFormation replaces a resource
/// whose id changes; eight digits of the name's digest keep apart names that differ only in what an id cannot hold.
pub(crate) fn logical_id(prefix: &str, name: &str) -> String {
    let mut id = prefix.to_owned();
    for word in name.split(|char: char| !char.is_ascii_alphanumeric()) {
        let mut chars = word.chars();
        id.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        id.extend(chars);
    }
    let digest = Digest::of(name.as_bytes());
    let hex = digest.as_str().chars().skip_while(|char| *char != ':').skip(1).take(8);
    id.chars().take(prefix.len() + READABLE_CHARS_MAX).chain(hex).collect()
}

/// A policy document of these statements.
pub(crate) fn policy(statements: impl IntoIterator<Item = Value>) -> Value {
    Value::object([("Version", Value::from("2012-10-17")), ("Statement", Value::array(statements))])
}

/// A text in which CloudFormation fills in `${…}`.
pub(crate) fn sub(text: impl Into<String>) -> Value {
    Value::object([("Fn::Sub", Value::from(text.into()))])
}

/// `Ref`.
pub(crate) fn reference(id: &str) -> Value {
    Value::object([("Ref", id)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn texts(stack: Stack) -> (String, Vec<String>) {
        let mut findings = Findings::default();
        let place = Place { file: "reeve.yaml".to_owned(), line: 1, column: 1 };
        let text = stack.text(&place, &mut findings);
        let messages = findings.finish().unwrap_or_else(|all| all).into_iter().map(|finding| finding.message);
        (text, messages.collect())
    }

    #[test]
    fn logical_ids_tell_names_apart_and_do_not_grow() {
        let long = "a".repeat(256);
        let names = ["foo-bar", "foo/bar", "foo.bar", "foo_bar", "foobar", "foo-slash-bar", "foo-2", "foo2", &long];
        let ids: BTreeSet<String> = names.iter().map(|name| logical_id("Repository", name)).collect();
        assert_eq!(ids.len(), names.len());
        for id in ids {
            assert!(id.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        }
        assert!(logical_id("Repository", "foo-bar").starts_with("RepositoryFooBar"));
    }

    #[test]
    fn a_template_has_1_to_500_resources() {
        for (count, expected) in [
            (0, vec!["the document would hold no resource"]),
            (1, vec![]),
            (500, vec![]),
            (501, vec!["the template has 501 resources, at most 500 fit"]),
        ] {
            let mut stack = Stack::new("test");
            (0..count).for_each(|at| stack.resource(&format!("R{at}"), "T", Object::new()));
            assert_eq!(texts(stack).1, expected, "{count}");
        }
    }

    #[test]
    fn a_template_has_at_most_a_megabyte() {
        let of = |filler: usize| {
            let mut stack = Stack::new("test");
            let properties = [("P", "x".repeat(filler))].map(|(key, text)| (key, Value::from(text)));
            let mut object = Object::new();
            properties.into_iter().for_each(|(key, value)| object.set(key, value));
            stack.resource("R", "T", object);
            texts(stack)
        };
        let rest = of(0).0.len();
        assert_eq!(of(TEMPLATE_BYTES_MAX - rest).1, Vec::<String>::new());
        let expected = "the template has 1000001 bytes, at most 1000000 fit";
        assert_eq!(of(TEMPLATE_BYTES_MAX - rest + 1).1, [expected]);
    }
}
