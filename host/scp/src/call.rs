//! One AWS call as an authorizer sees it: action, resource, condition keys, each as far as it is known.

use crate::glob::Glob;
use crate::principal;
use std::collections::BTreeMap;

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// The request does not have the key.
    Absent,
    /// The request has the key with these values. No value at all is the same as [`Key::Absent`] to AWS.
    Values(Vec<String>),
    /// The request has the key with one value, of which only this pattern is known.
    Like(Glob),
    /// Nothing is known: it may be absent, and may have several values.
    Unknown,
}

impl Key {
    /// The key with one value.
    #[must_use]
    pub fn value(value: impl Into<String>) -> Self {
        Self::Values(vec![value.into()])
    }

    /// The key with one value that matches the pattern, which is the value itself if it has no `*` and no `?`.
    #[must_use]
    pub fn like(pattern: &str) -> Self {
        let glob = Glob::new(pattern);
        if glob.as_literal().is_some() { Self::value(pattern) } else { Self::Like(glob) }
    }

    /// The key with one value, whatever it is.
    #[must_use]
    pub fn present() -> Self {
        Self::Like(Glob::new("*"))
    }
}

/// The condition keys of a call, by lower-case name: AWS takes their names in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    known: BTreeMap<String, Key>,
    others: Key,
}

impl Default for Keys {
    /// Nothing is known of any key.
    fn default() -> Self {
        Self { known: BTreeMap::new(), others: Key::Unknown }
    }
}

impl Keys {
    /// Every key that is not named is absent: the keys are all there are.
    #[must_use]
    pub fn complete() -> Self {
        Self { known: BTreeMap::new(), others: Key::Absent }
    }

    /// Says what is known of a key.
    pub fn set(&mut self, name: &str, key: Key) {
        self.known.insert(name.to_ascii_lowercase(), key);
    }

    /// What is known of the key with this lower-case name.
    #[must_use]
    pub fn get(&self, lower: &str) -> &Key {
        self.known.get(lower).unwrap_or(&self.others)
    }
}

/// The resource of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// Its ARN, or `*` for an action that takes no resource.
    Known(String),
    /// Any resource that the pattern matches.
    Like(Glob),
    /// Any resource.
    Unknown,
}

/// One AWS call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Service prefix, lower case.
    pub(crate) service: String,
    /// Name of the action, lower case.
    pub(crate) name: String,
    /// The resource.
    pub resource: Resource,
    /// The condition keys.
    pub keys: Keys,
}

impl Call {
    /// The call of an action, `service:Action` in any case, of which nothing else is known. A text without a colon is
    /// an action that only `*` matches.
    #[must_use]
    pub fn new(action: &str) -> Self {
        let lower = action.to_ascii_lowercase();
        let (service, name) = lower.split_once(':').unwrap_or((&lower, ""));
        let (service, name) = (service.to_owned(), name.to_owned());
        Self { service, name, resource: Resource::Unknown, keys: Keys::default() }
    }

    /// The call made directly by this principal, whose ARN may be a pattern: a role's own ARN for its sessions, a
    /// user's, or `arn:aws:iam::<account>:root`. Sets the keys that follow from it (IAM user guide, "AWS global
    /// condition context keys"); what a call can also have otherwise stays unknown.
    #[must_use]
    pub fn by(mut self, principal_arn: &str, account: &str) -> Self {
        principal::set(&mut self.keys, &self.service, principal_arn, account);
        self
    }

    /// The same call on this resource.
    #[must_use]
    pub fn on(mut self, arn: &str) -> Self {
        self.resource = Resource::Known(arn.to_owned());
        self
    }

    /// The same call with this key.
    #[must_use]
    pub fn with(mut self, name: &str, key: Key) -> Self {
        self.keys.set(name, key);
        self
    }

    /// The same call with another action. `aws:ViaAWSService` becomes unknown if the other service does not support it.
    #[must_use]
    pub fn of_action(&self, action: &str) -> Self {
        let Self { service, name, .. } = Self::new(action);
        let mut keys = self.keys.clone();
        if service != self.service && principal::hides_via(&service) {
            keys.set(principal::VIA_SERVICE, Key::Unknown);
        }
        Self { service, name, resource: self.resource.clone(), keys }
    }

    /// The action, lower case.
    #[must_use]
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }
}
