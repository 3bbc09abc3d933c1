//! Services, actions and resource types of a table.

use super::key::{ConditionKey, KeySet, Keys};
use super::text::{POINTER_CHARS, find, lower_bound, row_at, rows, take, take_number};

/// What an action does ("Actions, resources, and condition keys for AWS services", column "Access level").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads what a resource holds.
    Read,
    /// Creates, changes or deletes resources.
    Write,
    /// Changes tags only.
    Tagging,
    /// Grants or changes permissions.
    PermissionsManagement,
}

impl AccessLevel {
    /// Every level.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::Tagging, Self::PermissionsManagement];

    /// The words of the AWS reference.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Tagging => "Tagging",
            Self::PermissionsManagement => "Permissions management",
        }
    }

    pub(super) const fn letter(self) -> &'static str {
        match self {
            Self::List => "L",
            Self::Read => "R",
            Self::Write => "W",
            Self::Tagging => "T",
            Self::PermissionsManagement => "P",
        }
    }
}

/// Separates a resource type's name from its ARNs.
pub(super) const NAME_END: char = '=';
/// Separates the ARNs of one resource type.
pub(super) const ARN_END: char = '|';
/// Marks a resource type that an action needs; any other byte marks one that it may have.
pub(super) const REQUIRED: &str = "!";
/// See [`REQUIRED`].
pub(super) const OPTIONAL: &str = ".";

/// A service.
#[derive(Debug, Clone, Copy)]
pub struct Service<'t> {
    prefix: &'t str,
    name: &'t str,
    keys: Keys<'t>,
    key_set: usize,
    types: &'t str,
    shapes: &'t str,
    actions: &'t str,
}

impl<'t> Service<'t> {
    pub(super) fn read(prefix: &'t str, mut text: &'t str, keys: Keys<'t>) -> Option<Self> {
        let key_set = take_number(&mut text, POINTER_CHARS)?;
        let types = take_number(&mut text, POINTER_CHARS)?;
        let shapes = take_number(&mut text, POINTER_CHARS)?;
        let actions = take_number(&mut text, POINTER_CHARS)?;
        let name = row_at(text, 0)?;
        take(&mut text, name.len() + 1)?;
        let types = take(&mut text, types)?;
        let shapes = take(&mut text, shapes)?;
        let actions = take(&mut text, actions)?;
        Some(Self { prefix, name, keys, key_set, types, shapes, actions })
    }

    /// The prefix of its actions, in lower case: `s3`.
    #[must_use]
    pub fn prefix(&self) -> &'t str {
        self.prefix
    }

    /// Its name for people: `Amazon S3`.
    #[must_use]
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// Its actions, sorted by name without regard to case.
    pub fn actions(&self) -> impl Iterator<Item = Action<'t>> + use<'t> {
        let service = *self;
        rows(self.actions).filter_map(move |row| Action::read(service, row))
    }

    /// The action of that name, without the prefix; letter case does not count.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Action<'t>> {
        Action::read(*self, find(self.actions, POINTER_CHARS, name)?)
    }

    /// The actions whose names begin so; letter case does not count.
    pub fn actions_from(&self, head: &str) -> impl Iterator<Item = Action<'t>> + use<'t> {
        let start = lower_bound(self.actions, POINTER_CHARS, head).map_or(self.actions.len(), |(start, _)| start);
        let (service, head) = (*self, head.to_ascii_lowercase());
        rows(self.actions.get(start..).unwrap_or_default())
            .filter_map(move |row| Action::read(service, row))
            .take_while(move |action| {
                action.name().get(..head.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&head))
            })
    }

    /// Its resource types, sorted by name.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType<'t>> + use<'t> {
        let keys = self.keys;
        rows(self.types).filter_map(move |row| ResourceType::read(row, keys))
    }

    /// The condition keys that the service lists, global ones such as tags included.
    #[must_use]
    pub fn condition_keys(&self) -> KeySet<'t> {
        self.keys.set(self.key_set)
    }
}

/// An action of a service.
#[derive(Debug, Clone, Copy)]
pub struct Action<'t> {
    service: Service<'t>,
    name: &'t str,
    level: AccessLevel,
    deprecated: bool,
    key_set: usize,
    types: &'t str,
}

impl<'t> Action<'t> {
    fn read(service: Service<'t>, mut row: &'t str) -> Option<Self> {
        let shape = take_number(&mut row, POINTER_CHARS)?;
        let mut types = row_at(service.shapes, shape)?;
        let letter = take(&mut types, 1)?;
        let level = AccessLevel::ALL.into_iter().find(|level| level.letter().eq_ignore_ascii_case(letter))?;
        let deprecated = letter != level.letter();
        let key_set = take_number(&mut types, POINTER_CHARS)?;
        Some(Self { service, name: row, level, deprecated, key_set, types })
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> Service<'t> {
        self.service
    }

    /// The name as AWS writes it, without the prefix: `GetObject`.
    #[must_use]
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// What it does.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        self.level
    }

    /// Whether AWS says that it will go, or has gone.
    #[must_use]
    pub fn deprecated(&self) -> bool {
        self.deprecated
    }

    /// The resource types that a statement may name for it, in the order of the reference. None: the action works on
    /// `*` alone.
    pub fn resource_types(&self) -> impl Iterator<Item = ActionResource<'t>> + use<'t> {
        let (service, mut left) = (self.service, self.types);
        std::iter::from_fn(move || {
            let pointer = take_number(&mut left, POINTER_CHARS)?;
            let required = take(&mut left, 1)? == REQUIRED;
            let key_set = take_number(&mut left, POINTER_CHARS)?;
            let resource_type = ResourceType::read(row_at(service.types, pointer)?, service.keys)?;
            Some(ActionResource { resource_type, required, keys: service.keys, key_set })
        })
    }

    /// The condition keys that it takes on whatever resource. Keys of a resource type are with the type.
    #[must_use]
    pub fn condition_keys(&self) -> KeySet<'t> {
        self.service.keys.set(self.key_set)
    }

    /// All condition keys that a request for it may carry: its own, those of its resource types in this action, and
    /// those of the types themselves. A key may come more than once.
    pub fn all_condition_keys(&self) -> impl Iterator<Item = ConditionKey<'t>> + use<'t> {
        let of_types = self.resource_types().flat_map(|resource| {
            let of_type = resource.resource_type.condition_keys();
            resource.condition_keys().chain(of_type)
        });
        self.condition_keys().chain(of_types)
    }
}

/// A resource type as one action takes it.
#[derive(Debug, Clone, Copy)]
pub struct ActionResource<'t> {
    resource_type: ResourceType<'t>,
    required: bool,
    keys: Keys<'t>,
    key_set: usize,
}

impl<'t> ActionResource<'t> {
    /// The type.
    #[must_use]
    pub fn resource_type(&self) -> ResourceType<'t> {
        self.resource_type
    }

    /// Whether every request for the action names a resource of this type.
    #[must_use]
    pub fn required(&self) -> bool {
        self.required
    }

    /// The condition keys that the action takes for this type.
    #[must_use]
    pub fn condition_keys(&self) -> KeySet<'t> {
        self.keys.set(self.key_set)
    }
}

/// A resource type of a service.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType<'t> {
    name: &'t str,
    arns: &'t str,
    keys: Keys<'t>,
    key_set: usize,
}

impl<'t> ResourceType<'t> {
    fn read(mut row: &'t str, keys: Keys<'t>) -> Option<Self> {
        let key_set = take_number(&mut row, POINTER_CHARS)?;
        let (name, arns) = row.split_once(NAME_END)?;
        Some(Self { name, arns, keys, key_set })
    }

    /// The name in the reference: `bucket`.
    #[must_use]
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// Its ARN patterns; nearly always one.
    pub fn arns(&self) -> impl Iterator<Item = ArnPattern<'t>> + use<'t> {
        self.arns.split(ARN_END).map(ArnPattern)
    }

    /// The condition keys that such a resource answers to, in every action.
    #[must_use]
    pub fn condition_keys(&self) -> KeySet<'t> {
        self.keys.set(self.key_set)
    }
}

/// The ARN of a resource type from the service on, such as `s3:::*`. What differs from resource to resource is `*`; the
/// partition is always any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArnPattern<'t>(&'t str);

impl<'t> ArnPattern<'t> {
    /// Service, Region, account and resource, each a pattern; `None` for the missing ones of a damaged table.
    #[must_use]
    pub fn parts(&self) -> Option<[&'t str; 4]> {
        let mut parts = self.0.splitn(4, ':');
        Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
    }
}

impl std::fmt::Display for ArnPattern<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "arn:*:{}", self.0)
    }
}
