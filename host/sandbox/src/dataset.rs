//! Immutable tables, indexed once, that plugins may look things up in.
//!
//! A table lives in the host: a guest pays for the rows it asks for, not for the table.

use ipnet::IpNet;
use reeve_model::Digest;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Most rows of one table: ten million names are about a gigabyte.
pub(crate) const DATASET_ROWS_TOTAL_MAX: usize = 10_000_000;

/// How the keys of a table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Exact strings.
    Strings,
    /// DNS names, canonical.
    Names,
    /// Address blocks in CIDR notation.
    Cidrs,
}

impl Index {
    /// The word in the policy file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strings => "strings",
            Self::Names => "names",
            Self::Cidrs => "cidrs",
        }
    }
}

/// Why rows make no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// A key is not of the index's form.
    #[error("key `{0}` is not of the form the index needs")]
    Key(String),
    /// A row without values.
    #[error("key `{0}` has no values")]
    Empty(String),
    /// Too many rows.
    #[error("the table has more than {DATASET_ROWS_TOTAL_MAX} rows")]
    TooLarge,
}

/// Why a look-up has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LookupError {
    UnknownTable(String),
    BadKey(String),
}

/// A row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) key: &'a str,
    pub(crate) values: &'a [String],
}

type Stored = (String, Vec<String>);

#[derive(Debug, Clone)]
enum Rows {
    Strings(BTreeMap<String, Vec<String>>),
    /// By reversed labels, each with a dot after it, so that what is below a name follows it directly.
    Names(BTreeMap<String, Stored>),
    Cidrs(BTreeMap<IpNet, Stored>),
}

/// One table.
#[derive(Debug, Clone)]
pub struct Dataset {
    rows: Rows,
    digest: Digest,
}

impl Dataset {
    /// Indexes rows; values under equal keys are joined.
    ///
    /// # Errors
    /// The first row that does not fit.
    pub fn new(index: Index, rows: impl IntoIterator<Item = (String, Vec<String>)>) -> Result<Self, DatasetError> {
        let mut joined: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, values) in rows {
            if values.is_empty() {
                return Err(DatasetError::Empty(key));
            }
            joined.entry(key).or_default().extend(values);
            if joined.len() > DATASET_ROWS_TOTAL_MAX {
                return Err(DatasetError::TooLarge);
            }
        }
        let digest = digest(index, &joined);
        let rows = match index {
            Index::Strings => Rows::Strings(joined),
            Index::Names => {
                let stored = |(key, values): (String, Vec<String>)| {
                    let reversed = reversed(&key).ok_or_else(|| DatasetError::Key(key.clone()))?;
                    Ok((reversed, (key, values)))
                };
                Rows::Names(joined.into_iter().map(stored).collect::<Result<_, DatasetError>>()?)
            }
            Index::Cidrs => {
                let stored = |(key, values): (String, Vec<String>)| {
                    let net: IpNet = key.parse().map_err(|_| DatasetError::Key(key.clone()))?;
                    Ok((net.trunc(), (key, values)))
                };
                Rows::Cidrs(joined.into_iter().map(stored).collect::<Result<_, DatasetError>>()?)
            }
        };
        Ok(Self { rows, digest })
    }

    /// Digest over index, keys and values.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

fn digest(index: Index, rows: &BTreeMap<String, Vec<String>>) -> Digest {
    use reeve_json::Value;
    let rows = rows.iter().map(|(key, values)| (key.as_str(), Value::array(values.iter().map(String::as_str))));
    let value = Value::object([("index", Value::from(index.as_str())), ("rows", Value::object(rows))]);
    Digest::of(reeve_json::canonical(&value).as_bytes())
}

/// `a.example.com` as `com.example.a.`; none when it is no canonical name.
fn reversed(name: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'*'))
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return None;
    }
    let mut out = String::with_capacity(name.len() + 1);
    for label in name.rsplit('.') {
        out.push_str(label);
        out.push('.');
    }
    Some(out)
}

/// The tables that one policy was granted, by name.
#[derive(Debug, Clone, Default)]
pub struct Datasets(BTreeMap<String, Dataset>);

impl Datasets {
    /// Tables by name.
    #[must_use]
    pub fn new(tables: impl IntoIterator<Item = (String, Dataset)>) -> Self {
        Self(tables.into_iter().collect())
    }

    /// Whether no table is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and digests.
    pub fn digests(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.0.iter().map(|(name, table)| (name.as_str(), &table.digest))
    }

    fn rows(&self, table: &str) -> Result<&Rows, LookupError> {
        let found = self.0.get(table).map(|table| &table.rows);
        found.ok_or_else(|| LookupError::UnknownTable(reeve_model::text::shown(table, 64)))
    }

    fn names(&self, table: &str) -> Result<&BTreeMap<String, Stored>, LookupError> {
        match self.rows(table)? {
            Rows::Names(rows) => Ok(rows),
            Rows::Strings(_) | Rows::Cidrs(_) => Err(LookupError::BadKey("the table is not of DNS names".to_owned())),
        }
    }

    pub(crate) fn exact(&self, table: &str, key: &str) -> Result<Option<Row<'_>>, LookupError> {
        Ok(match self.rows(table)? {
            Rows::Strings(rows) => rows.get_key_value(key).map(|(key, values)| Row { key, values }),
            Rows::Names(rows) => row(rows.get(&name_key(key)?)),
            Rows::Cidrs(rows) => {
                let net: IpNet = key.parse().map_err(|_| LookupError::BadKey("not an address block".to_owned()))?;
                row(rows.get(&net.trunc()))
            }
        })
    }

    pub(crate) fn longest_suffix(&self, table: &str, name: &str) -> Result<Option<Row<'_>>, LookupError> {
        let rows = self.names(table)?;
        let key = name_key(name)?;
        let mut prefix = key.as_str();
        while !prefix.is_empty() {
            if let Some(stored) = rows.get(prefix) {
                return Ok(row(Some(stored)));
            }
            let parent = prefix.strip_suffix('.').and_then(|rest| rest.rfind('.')).map_or(0, |at| at + 1);
            prefix = prefix.get(..parent).unwrap_or_default();
        }
        Ok(None)
    }

    pub(crate) fn below(&self, table: &str, name: &str, limit: usize) -> Result<Vec<Row<'_>>, LookupError> {
        let rows = self.names(table)?;
        let key = name_key(name)?;
        let below = rows.range(key.clone()..).take_while(|(other, _)| other.starts_with(&key));
        let strictly = below.filter(|(other, _)| other.len() > key.len());
        Ok(strictly.take(limit).filter_map(|(_, stored)| row(Some(stored))).collect())
    }

    pub(crate) fn longest_prefix(&self, table: &str, address: &str) -> Result<Option<Row<'_>>, LookupError> {
        let Rows::Cidrs(rows) = self.rows(table)? else {
            return Err(LookupError::BadKey("the table is not of address blocks".to_owned()));
        };
        let address: IpAddr = address.parse().map_err(|_| LookupError::BadKey("not an address".to_owned()))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let nets = (0..=bits).rev().filter_map(|length| IpNet::new(address, length).ok());
        Ok(nets.map(|net| net.trunc()).find_map(|net| row(rows.get(&net))))
    }
}

fn row(stored: Option<&Stored>) -> Option<Row<'_>> {
    stored.map(|(key, values)| Row { key, values })
}

fn name_key(name: &str) -> Result<String, LookupError> {
    reversed(name).ok_or_else(|| LookupError::BadKey("not a canonical DNS name".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Datasets {
        let row = |key: &str| (key.to_owned(), vec![key.to_uppercase()]);
        let names = ["example.com", "a.example.com", "b.a.example.com", "a-b.example.com", "example-x.com"].map(row);
        let cidrs = ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"].map(row);
        Datasets::new([
            ("names".to_owned(), Dataset::new(Index::Names, names).expect("good")),
            ("cidrs".to_owned(), Dataset::new(Index::Cidrs, cidrs).expect("good")),
            ("strings".to_owned(), Dataset::new(Index::Strings, ["x".to_owned()].map(|key| row(&key))).expect("good")),
        ])
    }

    #[test]
    fn names_are_found_at_label_boundaries() {
        let tables = tables();
        let longest = |name| tables.longest_suffix("names", name).expect("answer").map(|row| row.key);
        for (name, key) in [
            ("example.com", Some("example.com")),
            ("x.b.a.example.com", Some("b.a.example.com")),
            ("c.a.example.com", Some("a.example.com")),
            ("aa.example.com", Some("example.com")),
            ("evilexample.com", None),
            ("com", None),
        ] {
            assert_eq!(longest(name), key, "{name}");
        }
        let below = |name, limit| -> Vec<&str> {
            tables.below("names", name, limit).expect("answer").iter().map(|row| row.key).collect()
        };
        assert_eq!(below("example.com", 9), ["a-b.example.com", "a.example.com", "b.a.example.com"]);
        assert_eq!(below("example.com", 2).len(), 2);
        assert_eq!(below("a.example.com", 9), ["b.a.example.com"]);
        assert!(below("b.a.example.com", 9).is_empty());
    }

    #[test]
    fn addresses_are_found_by_longest_prefix() {
        let tables = tables();
        let longest = |text| tables.longest_prefix("cidrs", text).expect("answer").map(|row| row.key);
        assert_eq!(longest("10.1.2.3"), Some("10.1.0.0/16"));
        assert_eq!(longest("10.2.2.3"), Some("10.0.0.0/8"));
        assert_eq!(longest("11.0.0.0"), None);
        assert_eq!(longest("2001:db8::1"), Some("2001:db8::/32"));
        assert_eq!(tables.exact("strings", "x").expect("answer").map(|row| row.values), Some(&["X".to_owned()][..]));
    }

    #[test]
    fn what_cannot_be_looked_up_is_said() {
        let tables = tables();
        assert_eq!(tables.exact("none", "x"), Err(LookupError::UnknownTable("none".to_owned())));
        assert!(matches!(tables.longest_suffix("cidrs", "a.b"), Err(LookupError::BadKey(_))));
        assert!(matches!(tables.longest_suffix("names", "A.b"), Err(LookupError::BadKey(_))));
        assert!(matches!(tables.longest_prefix("cidrs", "10.0.0"), Err(LookupError::BadKey(_))));
        let bad = |index, key: &str| Dataset::new(index, [(key.to_owned(), vec![String::new()])]).map(|_| ());
        assert_eq!(bad(Index::Names, "A.b"), Err(DatasetError::Key("A.b".to_owned())));
        assert_eq!(bad(Index::Cidrs, "10.0.0.1/33"), Err(DatasetError::Key("10.0.0.1/33".to_owned())));
        assert_eq!(
            Dataset::new(Index::Strings, [("x".to_owned(), vec![])]).map(|_| ()),
            Err(DatasetError::Empty("x".to_owned()))
        );
    }

    #[test]
    fn the_digest_depends_on_content_alone() {
        let rows = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), vec!["v".to_owned()])).collect::<Vec<_>>();
        let digest = |index, keys: &[&str]| Dataset::new(index, rows(keys)).expect("good").digest().clone();
        assert_eq!(digest(Index::Names, &["a.b", "c.d"]), digest(Index::Names, &["c.d", "a.b"]));
        assert_ne!(digest(Index::Names, &["a.b"]), digest(Index::Strings, &["a.b"]));
        assert_ne!(digest(Index::Names, &["a.b"]), digest(Index::Names, &["a.c"]));
    }
}
