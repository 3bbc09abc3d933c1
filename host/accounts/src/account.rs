//! One account with its merged values.

use crate::domain::DomainEntry;
use crate::layer::{Layer, Setting, Sourced};
use crate::units::PolicyName;
use reeve_yaml::{Mark, Node, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether an account takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It does; meant where the key is left out.
    Active,
    /// It is closed or about to be.
    Suspended,
}

/// Which file an id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdSource {
    /// The accounts file.
    File,
    /// The lock file.
    Lock,
}

/// One account of the file. Every accessor gives the merged value, `None` where no layer sets it.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) name: String,
    pub(crate) at: Mark,
    pub(crate) settings: BTreeMap<&'static str, Setting>,
    pub(crate) domains: Vec<DomainEntry>,
}

impl Account {
    /// The readable name, the key below `Accounts`: `[a-z0-9][a-z0-9-]*`, at most 50 characters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its name stands in the file.
    #[must_use]
    pub fn at(&self) -> Mark {
        self.at
    }

    /// The value of a key with the layer and place that set it; `None` for a key that no layer sets or that is unknown.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Sourced> {
        self.settings.get(key).map(|setting| setting.winner.as_ref())
    }

    /// The values of a key that a later layer replaced, the nearest layer first.
    pub fn overridden(&self, key: &str) -> impl Iterator<Item = &Sourced> {
        self.settings.get(key).into_iter().flat_map(|setting| setting.beaten.iter().map(Arc::as_ref))
    }

    /// Every key that has a value, sorted by key.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Sourced)> {
        self.settings.iter().map(|(key, setting)| (*key, setting.winner.as_ref()))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.value(key).and_then(|sourced| sourced.value.as_str())
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.value(key).and_then(|sourced| sourced.value.as_bool())
    }

    /// The account id, twelve digits, once it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// The e-mail address of its root user.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// The scope it takes values from.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.text("scope")
    }

    /// The tier of its trust: `[a-z][a-z0-9-]*`.
    #[must_use]
    pub fn tier(&self) -> Option<&str> {
        self.text("tier")
    }

    /// The name of the organizational unit it belongs in.
    #[must_use]
    pub fn organization_unit(&self) -> Option<&str> {
        self.text("organization_unit")
    }

    /// The service that lives in it.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.text("service")
    }

    /// Its primary region.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.text("region")
    }

    /// The region of its global resources.
    #[must_use]
    pub fn global_region(&self) -> Option<&str> {
        self.text("global_region")
    }

    /// The regions it may use, in the order of the file.
    #[must_use]
    pub fn allowed_regions(&self) -> Vec<&str> {
        let items = self.value("allowed_regions").and_then(|sourced| sourced.value.as_sequence()).unwrap_or_default();
        items.iter().filter_map(|item| item.value.as_str()).collect()
    }

    /// Whether it gets a network.
    #[must_use]
    pub fn create_vpc(&self) -> Option<bool> {
        self.flag("create_vpc")
    }

    /// Whether its CloudFront logs go to the central bucket.
    #[must_use]
    pub fn use_cfr(&self) -> Option<bool> {
        self.flag("use_cfr")
    }

    /// How many NAT gateways its network has.
    #[must_use]
    pub fn nat_gateway_count(&self) -> Option<u32> {
        self.value("nat_gateway_count")
            .and_then(|sourced| sourced.value.as_i64())
            .and_then(|count| count.try_into().ok())
    }

    /// Who may do what: pairs of a class of people and their roles as written (`PowerUser,Developer`), in the order of
    /// the file.
    #[must_use]
    pub fn access(&self) -> Vec<(&str, &str)> {
        self.texts("access")
    }

    /// The domains it may ask changes for, in the order of the file.
    #[must_use]
    pub fn allowed_dns_domains(&self) -> &[DomainEntry] {
        &self.domains
    }

    /// Its tags in Organizations, in the order of the file.
    #[must_use]
    pub fn tags(&self) -> Vec<(&str, &str)> {
        self.texts("tags")
    }

    /// The service control policies attached to the account itself, in the order of the file; `None` where the key is
    /// left out, so that nothing is said of them.
    #[must_use]
    pub fn policies(&self) -> Option<Vec<PolicyName>> {
        let items = self.value("policies")?.value.as_sequence()?;
        let name = |item: &Node| Some(PolicyName { name: item.value.as_str()?.to_owned(), at: item.at });
        Some(items.iter().filter_map(name).collect())
    }

    /// Which file its id comes from; `None` for an account without id.
    #[must_use]
    pub fn id_source(&self) -> Option<IdSource> {
        self.value("id").map(|sourced| match sourced.layer {
            Layer::Lock => IdSource::Lock,
            Layer::Default | Layer::Scope(_) | Layer::Account(_) => IdSource::File,
        })
    }

    /// The entries of a mapping of texts, in the order of the file.
    fn texts(&self, key: &str) -> Vec<(&str, &str)> {
        let Some(mapping) = self.value(key).and_then(|sourced| sourced.value.as_mapping()) else {
            return Vec::new();
        };
        mapping.iter().filter_map(|entry| Some((entry.key.as_str(), entry.node.value.as_str()?))).collect()
    }

    /// Whether it takes part.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.text("status") {
            Some("suspended") => Status::Suspended,
            _ => Status::Active,
        }
    }

    /// The domain entries of a merged value with their places; the value has passed its checks.
    pub(crate) fn domain_items(sourced: &Sourced) -> Vec<(DomainEntry, Mark)> {
        let Value::Sequence(items) = &sourced.value else { return Vec::new() };
        let entry = |item: &Node| Some((DomainEntry::parse(item.value.as_str()?).ok()?, item.at));
        items.iter().filter_map(entry).collect()
    }
}
