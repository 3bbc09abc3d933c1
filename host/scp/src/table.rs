//! The actions that AWS has: services, actions, resource types and condition keys, with the day on which they were so.
//!
//! A table is one text, read where it stands: nothing is parsed or allocated before somebody looks something up, so that
//! a plugin can hold it in its settings. No character in it needs an escape in a JSON string. This module owns the
//! format, for reading and for writing; it must not know where the data comes from or what follows from it.
//!
//! # Format 1
//!
//! A header of fields, each ended by `;`: `reeve-actions`, the format, the source's name, its version, its licence, the
//! day of the data, the numbers of services, actions and global keys, and the lengths of the four sections that follow.
//! Numbers in the header are decimal; all others are base 64 and of fixed width.
//!
//! | section | a row, ended by `;` | sorted |
//! |---|---|---|
//! | keys | letter of the type, flags, name | by name |
//! | sets | pointers into keys; the first row has the keys with a template | - |
//! | directory | offset into services, prefix | by prefix |
//! | services | per service: pointer to its set of keys, lengths of the three parts, name `;` types, shapes, actions | - |
//!
//! | part of a service | a row, ended by `;` | sorted |
//! |---|---|---|
//! | types | pointer to its set of keys, name `=` ARN patterns without `arn:*:`, separated by a bar | by name |
//! | shapes | letter of the level, small when deprecated, pointer to a set; for each resource type: pointer, `!` or `.`, pointer to a set | - |
//! | actions | pointer to a shape, name | by name |

mod header;
mod key;
mod service;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub use header::{Counts, TableError, days_of};
pub use key::{ConditionKey, KeySet, KeyType};
pub use service::{AccessLevel, Action, ActionResource, ArnPattern, ResourceType, Service};
pub use write::{ActionSource, ActionTypeSource, KeySource, ServiceSource, TableSource, TypeSource, WriteError, write};

use crate::glob::Glob;
use header::Header;
use key::Keys;
use text::{OFFSET_CHARS, find, rows, take_number};

/// A table of actions, over the text that holds it.
#[derive(Debug, Clone, Copy)]
pub struct ActionTable<'t> {
    header: Header<'t>,
    keys: Keys<'t>,
    directory: &'t str,
    services: &'t str,
}

impl<'t> ActionTable<'t> {
    /// Reads the header, and checks that the text is as long as the header says. It costs the same for every table.
    /// A table that is damaged further in answers with less than was written, and never panics.
    ///
    /// # Errors
    /// The text is no table, of another format, cut short or lengthened.
    pub fn parse(text: &'t str) -> Result<Self, TableError> {
        let (header, [keys, sets, directory, services]) = Header::parse(text)?;
        Ok(Self { header, keys: Keys { keys, sets }, directory, services })
    }

    /// The name of the data's source.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.header.source
    }

    /// The source's version.
    #[must_use]
    pub fn version(&self) -> &'t str {
        self.header.version
    }

    /// The licence of the data, an SPDX identifier.
    #[must_use]
    pub fn licence(&self) -> &'t str {
        self.header.licence
    }

    /// The day of the data, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(&self) -> &'t str {
        self.header.date
    }

    /// How many days before `now` (a date, or a moment of RFC 3339) the data was taken; negative when it is younger.
    /// `None` when `now` does not begin with a date.
    #[must_use]
    pub fn age_days(&self, now: &str) -> Option<i64> {
        Some(days_of(now)? - self.header.days)
    }

    /// What the header counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.header.counts
    }

    /// Every service, sorted by prefix.
    pub fn services(&self) -> impl Iterator<Item = Service<'t>> + use<'t> {
        let table = *self;
        rows(self.directory).filter_map(move |row| table.open(row))
    }

    /// The service with that prefix; letter case does not count.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<Service<'t>> {
        self.open(find(self.directory, OFFSET_CHARS, prefix)?)
    }

    fn open(&self, mut row: &'t str) -> Option<Service<'t>> {
        let offset = take_number(&mut row, OFFSET_CHARS)?;
        Service::read(row, self.services.get(offset..)?, self.keys)
    }

    /// The action of that full name, `s3:GetObject`; letter case does not count.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Action<'t>> {
        let (prefix, name) = name.split_once(':')?;
        self.service(prefix)?.action(name)
    }

    /// The actions that a pattern of a policy matches: `*`, or `service:Action` with wildcards in either part. They come
    /// sorted by service and name.
    pub fn actions_matching(&self, pattern: &str) -> impl Iterator<Item = Action<'t>> + use<'t> {
        let all = !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*');
        let (prefix, name) = if all { ("*", "*") } else { pattern.split_once(':').unwrap_or_default() };
        let one = self.service(prefix);
        let services = prefix.contains(WILDCARDS).then(|| Names::new(prefix));
        let table = *self;
        let many = services.map(|names| table.services().filter(move |service| names.hold(service.prefix())));
        let names = Names::new(name);
        one.into_iter().chain(many.into_iter().flatten()).flat_map(move |service| {
            let names = names.clone();
            service.actions_from(&names.head).filter(move |action| names.hold(action.name()))
        })
    }

    /// Every condition key, sorted by name without regard to case.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey<'t>> + use<'t> {
        self.keys.all()
    }

    /// The condition key of that name, global or of a service; letter case does not count, and a key with a template
    /// such as `aws:ResourceTag/${TagKey}` is found by what a policy writes, `aws:ResourceTag/team`.
    #[must_use]
    pub fn condition_key(&self, name: &str) -> Option<ConditionKey<'t>> {
        self.keys.find(name)
    }
}

/// Characters of a pattern that stand for others (IAM user guide, "IAM JSON policy elements: Action").
const WILDCARDS: [char; 2] = ['*', '?'];

/// A pattern over names that are compared without regard to case.
#[derive(Debug, Clone)]
struct Names {
    /// What stands before the first wildcard.
    head: String,
    rest: Rest,
}

/// What follows the head. Nearly every pattern is one of the first two, which allocate nothing for a name.
#[derive(Debug, Clone)]
enum Rest {
    Nothing,
    Anything,
    Pattern(Glob),
}

impl Names {
    fn new(pattern: &str) -> Self {
        let pattern = pattern.to_ascii_lowercase();
        let end = pattern.find(WILDCARDS).unwrap_or(pattern.len());
        let (head, rest) = pattern.split_at_checked(end).unwrap_or_default();
        let rest = match rest {
            "" => Rest::Nothing,
            _ if rest.bytes().all(|byte| byte == b'*') => Rest::Anything,
            _ => Rest::Pattern(Glob::new(rest)),
        };
        Self { head: head.to_owned(), rest }
    }

    fn hold(&self, name: &str) -> bool {
        let Some((head, left)) = name.split_at_checked(self.head.len()) else { return false };
        head.eq_ignore_ascii_case(&self.head)
            && match &self.rest {
                Rest::Nothing => left.is_empty(),
                Rest::Anything => true,
                Rest::Pattern(glob) => glob.matches(&left.to_ascii_lowercase()),
            }
    }
}
