//! The organization from JSON: the member `organization` of the facts that a request is planned from.

use crate::document::Document;
use crate::organization::{Organization, OrganizationError};
use reeve_json::{Object, Value};

impl Organization {
    /// Reads `{root_id, management_account, units: {id: {name, parent_id}}, accounts: {key: {id, name, email,
    /// parent_id}}, policies: {id: {name, description?, document, aws_managed?}}, attachments: {target id: [policy
    /// id]}}`; the four tables may be missing. Other members are passed over: the writer of the facts is the host.
    /// Accounts get their ids as keys.
    ///
    /// # Errors
    /// What is missing or of another type, by JSON pointer; or what [`crate::Builder::build`] refuses.
    pub fn from_json(value: &Value) -> Result<Self, OrganizationError> {
        let organization = object(value, "")?;
        let mut builder =
            Self::builder(text(organization, "", "root_id")?, text(organization, "", "management_account")?);
        for (id, at, unit) in table(organization, "units")? {
            let unit = object(unit, &at)?;
            builder.unit(id, text(unit, &at, "name")?, text(unit, &at, "parent_id")?);
        }
        for (_, at, account) in table(organization, "accounts")? {
            let account = object(account, &at)?;
            let id = text(account, &at, "id")?;
            builder.account(id, Some(id), text(account, &at, "name")?, text(account, &at, "parent_id")?);
        }
        for (id, at, policy) in table(organization, "policies")? {
            let policy = object(policy, &at)?;
            let name = text(policy, &at, "name")?;
            let document = Document::parse(text(policy, &at, "document")?)
                .map_err(|error| OrganizationError::Document(name.to_owned(), error))?;
            builder.policy(id, name, document);
        }
        for (target, at, ids) in table(organization, "attachments")? {
            for id in ids.as_array().ok_or_else(|| wrong(&at, "an array"))? {
                builder.attach(target, id.as_str().ok_or_else(|| wrong(&at, "an array of strings"))?);
            }
        }
        builder.build()
    }
}

fn wrong(at: &str, what: &str) -> OrganizationError {
    OrganizationError::Json(format!("`{}` of the organization is not {what}", at.escape_debug()))
}

fn object<'v>(value: &'v Value, at: &str) -> Result<&'v Object, OrganizationError> {
    value.as_object().ok_or_else(|| wrong(at, "an object"))
}

fn text<'v>(object: &'v Object, at: &str, name: &str) -> Result<&'v str, OrganizationError> {
    let found = object.get(name).and_then(reeve_json::Node::as_str);
    found.ok_or_else(|| wrong(&format!("{at}/{name}"), "a string"))
}

/// The rows of a table: key, JSON pointer, value.
fn table<'v>(object: &'v Object, name: &str) -> Result<Vec<(&'v str, String, &'v Value)>, OrganizationError> {
    let Some(node) = object.get(name) else { return Ok(Vec::new()) };
    let rows = node.as_object().ok_or_else(|| wrong(&format!("/{name}"), "an object"))?;
    let at = |key: &str| format!("/{name}/{}", reeve_json::escape_pointer_token(key));
    Ok(rows.iter().map(|row| (row.key.as_str(), at(&row.key), &row.value.value)).collect())
}
