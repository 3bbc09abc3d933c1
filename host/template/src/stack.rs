//! The stack in the making, and its parts in the order in which a person reads them: what comes in, what is kept, who
//! runs it.

use crate::needs::Place;
use crate::{Effect, Partition, Statement, Template, check, intake, keep, run};
use reeve_json::{Object, Value};

/// The CloudFormation template of a gate; [`crate::render`] writes it. It takes `CAPABILITY_NAMED_IAM` to deploy.
///
/// # Errors
/// Everything that is wrong with the values, one clause each.
pub fn cloudformation(template: &Template<'_>) -> Result<Value, Vec<String>> {
    let mut stack = Stack { wrong: check::check(template), ..Stack::default() };
    intake::add(template, &mut stack);
    keep::add(template, &mut stack);
    run::add(template, &mut stack);
    if !stack.wrong.is_empty() {
        return Err(stack.wrong);
    }
    let mut out = Object::new();
    out.set("AWSTemplateFormatVersion", "2010-09-09");
    out.set("Description", format!("The Reeve gate {}, for account {}", template.gate, template.account));
    if !stack.parameters.is_empty() {
        out.set("Parameters", stack.parameters);
    }
    out.set("Resources", stack.resources);
    Ok(Value::Object(out))
}

/// Parameters, resources and the role's permissions, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    parameters: Object,
    resources: Object,
    permitted: Vec<Statement>,
    wrong: Vec<String>,
}

impl Stack {
    pub(crate) fn wrong(&mut self, message: String) {
        self.wrong.push(message);
    }

    /// A parameter: a text that must not be empty.
    pub(crate) fn parameter(&mut self, name: &str, description: &str) {
        let properties = [
            ("Type", Value::from("String")),
            ("Description", Value::from(description)),
            ("MinLength", Value::from(1_u32)),
        ];
        self.parameters.set(name, Value::object(properties));
    }

    pub(crate) fn resource(&mut self, id: &str, resource_type: &str, properties: Value) {
        let resource = [("Type", Value::from(resource_type)), ("Properties", properties)];
        self.add(id, Value::object(resource));
    }

    /// A resource that outlives the stack.
    pub(crate) fn kept(&mut self, id: &str, resource_type: &str, properties: Value) {
        let resource = [
            ("Type", Value::from(resource_type)),
            ("DeletionPolicy", Value::from("Retain")),
            ("UpdateReplacePolicy", Value::from("Retain")),
            ("Properties", properties),
        ];
        self.add(id, Value::object(resource));
    }

    fn add(&mut self, id: &str, resource: Value) {
        if self.resources.get(id).is_some() {
            self.wrong.push(format!("two resources would be named `{id}`"));
        }
        self.resources.set(id, resource);
    }

    /// A permission of the role. The same permission of two kinds is one.
    pub(crate) fn permit(&mut self, statement: Statement) {
        match self.permitted.iter_mut().find(|there| there.sid == statement.sid) {
            None => self.permitted.push(statement),
            Some(there)
                if there.effect == statement.effect
                    && there.conditions == statement.conditions
                    && there.actions == statement.actions =>
            {
                // Two kinds that read different zones, say.
                let more: Vec<String> =
                    statement.resources.into_iter().filter(|arn| !there.resources.contains(arn)).collect();
                there.resources.extend(more);
            }
            Some(there) => self.wrong.push(format!("two permissions are named `{}`", there.sid)),
        }
    }

    /// The permissions: what is allowed, then what is denied.
    pub(crate) fn take_permitted(&mut self) -> Vec<Statement> {
        let permitted = std::mem::take(&mut self.permitted);
        let (allowed, denied): (Vec<_>, Vec<_>) =
            permitted.into_iter().partition(|statement| statement.effect == Effect::Allow);
        allowed.into_iter().chain(denied).collect()
    }
}

/// Where the gate is.
pub(crate) fn place<'a>(it: &Template<'a>) -> Place<'a> {
    Place { partition: Partition::of(it.region), account: it.account, region: it.region }
}

/// `Ref`.
pub(crate) fn reference(id: &str) -> Value {
    Value::object([("Ref", id)])
}

/// `Fn::GetAtt`.
pub(crate) fn get_att(id: &str, attribute: &str) -> Value {
    Value::object([("Fn::GetAtt", Value::array([id, attribute]))])
}
