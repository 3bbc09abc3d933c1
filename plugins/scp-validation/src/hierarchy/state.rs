//! The organization as plain values, so that a request's actions can be made on a copy of it.
//!
//! It must not know rules or conditions. Its JSON is the member `organization` of the facts that the host plans from.

use reeve_json::{Object, Options, StringRule, Value};
use reeve_scp::{Document, Organization};
use reeve_sdk::{Action, PlannedAction, PolicyRef};
use std::collections::BTreeMap;

/// Longest fact, bytes: 10,000 policies of 10,240 characters do not fit, an organization of 1,000 accounts with its
/// policies does twenty times.
const FACT_BYTES_MAX: usize = 32 << 20;

/// How deep the fact nests: organization, table, row, list.
const FACT_DEPTH_MAX: usize = 8;

/// A unit or an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) parent: String,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) text: String,
}

/// An organization, before or after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) root: String,
    pub(super) management_account: String,
    /// By id.
    pub(super) units: BTreeMap<String, Node>,
    /// By id of 12 digits.
    pub(super) accounts: BTreeMap<String, Node>,
    /// By id; a policy that the request makes has none yet and stands under [`new_key`].
    pub(super) policies: BTreeMap<String, Policy>,
    /// Keys of policies by target id, in the order in which they were attached.
    pub(super) attachments: BTreeMap<String, Vec<String>>,
}

/// What one action of a request does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// JSON pointer of the action.
    pub(super) at: String,
    pub(super) what: What,
}

/// See [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A policy gets a document.
    Stored { policy: String },
    /// A policy is attached.
    Attached { policy: String, target: String },
    /// A policy is detached.
    Detached { policy: String, target: String },
    /// An account goes to another unit.
    Moved { account: String },
}

impl Change {
    /// Whether it stores the document of this policy.
    pub(super) fn stores(&self, key: &str) -> bool {
        matches!(&self.what, What::Stored { policy, .. } if policy == key)
    }
}

/// Why there is no organization to decide by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// This policy's document cannot be evaluated.
    Document { policy: String, message: String },
    /// The parts do not fit together.
    Tree(String),
}

/// The key of a policy that does not exist yet; ids never hold a space.
fn new_key(name: &str) -> String {
    format!("new {name}")
}

impl State {
    /// Reads the fact.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let options = Options { bytes_max: FACT_BYTES_MAX, depth_max: FACT_DEPTH_MAX, strings: StringRule::Any };
        let node = reeve_json::parse(text.as_bytes(), &options).map_err(|error| error.to_string())?;
        let object = node.as_object().ok_or("it is no object")?;
        let text_of = |object: &Object, at: &str, name: &str| -> Result<String, String> {
            let found = object.get(name).and_then(reeve_json::Node::as_str);
            found.map(str::to_owned).ok_or_else(|| format!("`{at}/{name}` is no string"))
        };
        let mut state = Self {
            root: text_of(object, "", "root_id")?,
            management_account: text_of(object, "", "management_account")?,
            units: BTreeMap::new(),
            accounts: BTreeMap::new(),
            policies: BTreeMap::new(),
            attachments: BTreeMap::new(),
        };
        for (id, row) in rows(object, "units")? {
            let node = Node { name: text_of(row, "/units", "name")?, parent: text_of(row, "/units", "parent_id")? };
            state.units.insert(id.to_owned(), node);
        }
        for (_, row) in rows(object, "accounts")? {
            let (name, parent) = (text_of(row, "/accounts", "name")?, text_of(row, "/accounts", "parent_id")?);
            state.accounts.insert(text_of(row, "/accounts", "id")?, Node { name, parent });
        }
        for (id, row) in rows(object, "policies")? {
            let (name, text) = (text_of(row, "/policies", "name")?, text_of(row, "/policies", "document")?);
            state.policies.insert(id.to_owned(), Policy { name, text });
        }
        let Some(attachments) = object.get("attachments") else { return Ok(state) };
        for member in attachments.as_object().ok_or("`/attachments` is no object")? {
            let ids = member
                .value
                .as_array()
                .and_then(|list| list.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
            state.attachments.insert(member.key.to_string(), ids.ok_or("`/attachments` holds no lists of ids")?);
        }
        Ok(state)
    }

    /// The same with the actions made, in their order, and what each one did. Actions that do not touch what is judged
    /// here are passed over.
    pub(super) fn with(&self, actions: &[PlannedAction], folder: &str) -> Result<(Self, Vec<Change>), String> {
        let mut head = self.clone();
        let mut changes = Vec::new();
        for planned in actions {
            if let Some(what) = head.make(&planned.action, folder)? {
                changes.push(Change { at: planned.at.clone(), what });
            }
        }
        Ok((head, changes))
    }

    fn make(&mut self, action: &Action, folder: &str) -> Result<Option<What>, String> {
        Ok(match action {
            Action::CreatePolicy(it) => Some(self.store(new_key(&it.name), &it.name, &it.document)),
            Action::UpdatePolicy(it) => {
                if !self.policies.contains_key(&it.policy_id) {
                    return Err(format!("it has no policy `{}`", it.policy_id.escape_debug()));
                }
                Some(self.store(it.policy_id.clone(), &it.name, &it.document))
            }
            Action::AttachPolicy(it) => {
                let policy = self.key_of(&it.policy)?;
                let attached = self.attachments.entry(it.target_id.clone()).or_default();
                if !attached.contains(&policy) {
                    attached.push(policy.clone());
                }
                Some(What::Attached { policy, target: it.target_id.clone() })
            }
            Action::DetachPolicy(it) => {
                let policy = self.key_of(&it.policy)?;
                self.attachments.entry(it.target_id.clone()).or_default().retain(|key| *key != policy);
                Some(What::Detached { policy, target: it.target_id.clone() })
            }
            Action::MoveAccount(it) => {
                let account = self.accounts.get_mut(&it.account);
                let account = account.ok_or_else(|| format!("it has no account `{}`", it.account.escape_debug()))?;
                account.parent.clone_from(&it.destination.id);
                Some(What::Moved { account: it.account.clone() })
            }
            Action::MergeFile(it) => self.merge(it, folder),
            Action::ChangeRecordSets(_)
            | Action::CreateHostedZone(_)
            | Action::PutParameter(_)
            | Action::DeleteParameter(_)
            | Action::SendCommand(_)
            | Action::CreateAccount(_)
            | Action::TagResource(_)
            | Action::PutRule(_) => None,
        })
    }

    /// A file below the folder of SCPs stands for the policy of its name; a removed file removes no policy.
    fn merge(&mut self, file: &reeve_sdk::MergeFile, folder: &str) -> Option<What> {
        let name = crate::policy::name_of(&file.path, folder)?;
        let text = file.after.as_ref()?;
        let known = self.policies.iter().find(|(_, policy)| policy.name == name).map(|(key, _)| key.clone());
        Some(self.store(known.unwrap_or_else(|| new_key(name)), name, text))
    }

    fn store(&mut self, key: String, name: &str, text: &str) -> What {
        let policy = Policy { name: name.to_owned(), text: text.to_owned() };
        self.policies.insert(key.clone(), policy);
        What::Stored { policy: key }
    }

    fn key_of(&self, policy: &PolicyRef) -> Result<String, String> {
        let key = policy.id.clone().unwrap_or_else(|| new_key(&policy.name));
        let known = self.policies.contains_key(&key);
        known.then_some(key).ok_or_else(|| format!("it has no policy `{}`", policy.name.escape_debug()))
    }

    /// The organization to decide by.
    pub(super) fn compile(&self) -> Result<Organization, Broken> {
        let mut builder = Organization::builder(&self.root, &self.management_account);
        for (id, unit) in &self.units {
            builder.unit(id, &unit.name, &unit.parent);
        }
        for (id, account) in &self.accounts {
            builder.account(id, Some(id), &account.name, &account.parent);
        }
        for (key, policy) in &self.policies {
            let document = Document::parse(&policy.text)
                .map_err(|error| Broken::Document { policy: key.clone(), message: error.to_string() })?;
            builder.policy(key, &policy.name, document);
        }
        for (target, keys) in &self.attachments {
            for key in keys {
                builder.attach(target, key);
            }
        }
        builder.build().map_err(|error| Broken::Tree(error.to_string()))
    }

    /// The keys of what is attached to a target.
    pub(super) fn attached(&self, target: &str) -> &[String] {
        self.attachments.get(target).map_or(&[], Vec::as_slice)
    }

    /// The target itself and everything above it, up to the root; cut after `max` steps.
    pub(super) fn path<'s>(&'s self, target: &'s str, max: usize) -> Vec<&'s str> {
        let mut path = vec![target];
        let mut at = target;
        while let Some(node) = self.accounts.get(at).or_else(|| self.units.get(at)).filter(|_| path.len() < max) {
            at = &node.parent;
            path.push(at);
        }
        path
    }
}

/// The rows of a table of objects; none when the table is not there.
fn rows<'o>(object: &'o Object, name: &str) -> Result<Vec<(&'o str, &'o Object)>, String> {
    let Some(node) = object.get(name) else { return Ok(Vec::new()) };
    let Value::Object(table) = &node.value else { return Err(format!("`/{name}` is no object")) };
    let row = |member: &'o reeve_json::Member| {
        let row = member.value.as_object().ok_or_else(|| format!("a row of `/{name}` is no object"))?;
        Ok((member.key.as_str(), row))
    };
    table.iter().map(row).collect()
}
