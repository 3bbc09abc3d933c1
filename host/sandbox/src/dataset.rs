//! Immutable tables, indexed once, that plugins may look things up in.
//!
//! A table lives in the host: a guest pays for the rows it asks for, not for the table.

use hashbrown::HashTable;
use ipnet::IpNet;
use reeve_model::Digest;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

/// Most rows of one table: ten million names are about half a gigabyte.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) key: String,
    pub(crate) values: &'a [String],
}

/// One table: keys side by side in one text, in order, with a hash table over them. It is made once and never changes; all
/// who were granted it share it.
#[derive(Clone)]
pub struct Dataset(Arc<Table>);

struct Table {
    index: Index,
    /// All keys in the form in which they are compared, in order, without anything between.
    keys: Vec<u8>,
    rows: Vec<RowAt>,
    /// Lists of values. Many rows of a table hold equal ones.
    values: Vec<Box<[String]>>,
    /// Places in `rows`, by the hash of the key.
    places: HashTable<u32>,
    hasher: RandomState,
    digest: Digest,
}

/// Where a row is.
#[derive(Debug, Clone, Copy)]
struct RowAt {
    key_begin: u32,
    key_bytes: u16,
    values: u32,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset").field("index", &self.0.index).field("digest", &self.0.digest).finish_non_exhaustive()
    }
}

impl Dataset {
    /// Indexes rows; values under equal keys are joined.
    ///
    /// # Errors
    /// The first row that does not fit.
    pub fn new<K, V, S>(index: Index, rows: impl IntoIterator<Item = (K, V)>) -> Result<Self, DatasetError>
    where
        K: AsRef<str>,
        V: AsRef<[S]>,
        S: AsRef<str>,
    {
        let mut filling = Filling::default();
        for (key, values) in rows {
            filling.push(index, key.as_ref(), values.as_ref())?;
        }
        Ok(Self(Arc::new(filling.finish(index))))
    }

    /// Digest over index, keys and values.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// How many keys it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.rows.len()
    }
}

/// A table while rows come in, in any order.
#[derive(Default)]
struct Filling {
    keys: Vec<u8>,
    rows: Vec<RowAt>,
    values: Vec<Box<[String]>>,
    known: HashMap<Box<[String]>, u32>,
}

impl Filling {
    fn push<S: AsRef<str>>(&mut self, index: Index, key: &str, values: &[S]) -> Result<(), DatasetError> {
        if values.is_empty() {
            return Err(DatasetError::Empty(key.to_owned()));
        }
        let compared = compared(index, key).ok_or_else(|| DatasetError::Key(key.to_owned()))?;
        let key_begin = u32::try_from(self.keys.len()).map_err(|_| DatasetError::TooLarge)?;
        let key_bytes = u16::try_from(compared.len()).map_err(|_| DatasetError::Key(key.to_owned()))?;
        self.keys.extend_from_slice(&compared);
        let values: Box<[String]> = values.iter().map(|value| value.as_ref().to_owned()).collect();
        let values = self.list(values)?;
        self.rows.push(RowAt { key_begin, key_bytes, values });
        if self.rows.len() > DATASET_ROWS_TOTAL_MAX {
            return Err(DatasetError::TooLarge);
        }
        Ok(())
    }

    /// The place of a list of values.
    fn list(&mut self, values: Box<[String]>) -> Result<u32, DatasetError> {
        if let Some(&place) = self.known.get(&values) {
            return Ok(place);
        }
        let place = u32::try_from(self.values.len()).map_err(|_| DatasetError::TooLarge)?;
        self.known.insert(values.clone(), place);
        self.values.push(values);
        Ok(place)
    }

    fn finish(mut self, index: Index) -> Table {
        let unsorted = std::mem::take(&mut self.keys);
        let key = |row: &RowAt| bytes_at(&unsorted, row);
        let mut given = std::mem::take(&mut self.rows);
        // Stable: values under equal keys are joined in the order in which they came.
        given.sort_by(|one, other| key(one).cmp(key(other)));
        let mut keys = Vec::with_capacity(unsorted.len());
        let mut rows: Vec<RowAt> = Vec::with_capacity(given.len());
        for equal in given.chunk_by(|one, other| key(one) == key(other)) {
            let Some(first) = equal.first() else { continue };
            let values = match equal {
                [one] => one.values,
                many => {
                    let lists = many.iter().filter_map(|row| self.values.get(place(row.values)));
                    let joined: Box<[String]> = lists.flat_map(|list| list.iter().cloned()).collect();
                    // There are fewer joined lists than rows, and those are counted by the same type.
                    self.list(joined).unwrap_or(first.values)
                }
            };
            let key_begin = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            keys.extend_from_slice(key(first));
            rows.push(RowAt { key_begin, key_bytes: first.key_bytes, values });
        }
        let (hasher, values) = (RandomState::new(), self.values);
        let mut places = HashTable::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(0_u32..) {
            let hash = |row: &RowAt| hasher.hash_one(bytes_at(&keys, row));
            places.insert_unique(hash(row), number, |&other| rows.get(place(other)).map_or(0, hash));
        }
        let mut table = Table { index, keys, rows, values, places, hasher, digest: Digest::of(b"") };
        table.digest = table.digest_of_all();
        table
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn bytes_at<'a>(keys: &'a [u8], row: &RowAt) -> &'a [u8] {
    let begin = place(row.key_begin);
    keys.get(begin..begin + usize::from(row.key_bytes)).unwrap_or_default()
}

impl Table {
    fn key(&self, row: &RowAt) -> &[u8] {
        bytes_at(&self.keys, row)
    }

    fn find(&self, key: &[u8]) -> Option<&RowAt> {
        let same = |&number: &u32| self.rows.get(place(number)).is_some_and(|row| self.key(row) == key);
        self.rows.get(place(*self.places.find(self.hasher.hash_one(key), same)?))
    }

    /// The row as it is told: its key as it is written.
    fn row(&self, row: &RowAt) -> Row<'_> {
        Row { key: written(self.index, self.key(row)), values: self.values_of(row) }
    }

    fn values_of(&self, row: &RowAt) -> &[String] {
        self.values.get(place(row.values)).map(AsRef::as_ref).unwrap_or_default()
    }

    /// Over the canonical text of `{"index": …, "rows": {key: [value, …], …}}`, taken piece by piece: all of it at once would
    /// be as large as the table.
    fn digest_of_all(&self) -> Digest {
        use reeve_json::{Value, canonical};
        let mut order: Vec<(String, &RowAt)> =
            self.rows.iter().map(|row| (written(self.index, self.key(row)), row)).collect();
        // The order of members in canonical JSON.
        order.sort_by(|(one, _), (other, _)| one.cmp(other));
        let index = canonical(&Value::from(self.index.as_str()));
        let begin = std::iter::once(format!("{{\"index\":{index},\"rows\":{{"));
        let members = order.into_iter().enumerate().map(|(number, (key, row))| {
            let values = canonical(&Value::array(self.values_of(row).iter().map(String::as_str)));
            let comma = if number == 0 { "" } else { "," };
            format!("{comma}{}:{values}", canonical(&Value::from(key)))
        });
        Digest::of_parts(begin.chain(members).chain(std::iter::once("}}".to_owned())))
    }
}

/// A key in the form in which it is looked up and ordered; none when it is not of the index's form.
fn compared(index: Index, key: &str) -> Option<Vec<u8>> {
    match index {
        Index::Strings => Some(key.as_bytes().to_vec()),
        // Reversed labels, each with a dot after it, so that what is below a name follows it directly.
        Index::Names => reversed(key).map(String::into_bytes),
        Index::Cidrs => key.parse().ok().map(|net| net_key(&net)),
    }
}

/// Address and length of a block. Version 4 and 6 differ in length.
fn net_key(net: &IpNet) -> Vec<u8> {
    let mut key = match net.trunc() {
        IpNet::V4(net) => net.network().octets().to_vec(),
        IpNet::V6(net) => net.network().octets().to_vec(),
    };
    key.push(net.prefix_len());
    key
}

/// A key as it is written, from the form in which it is looked up.
fn written(index: Index, key: &[u8]) -> String {
    let text = || String::from_utf8_lossy(key).into_owned();
    match index {
        Index::Strings => text(),
        Index::Names => {
            let text = text();
            let labels: Vec<&str> = text.trim_end_matches('.').rsplit('.').collect();
            labels.join(".")
        }
        Index::Cidrs => match key.split_last() {
            Some((length, &[a, b, c, d])) => format!("{}/{length}", std::net::Ipv4Addr::from([a, b, c, d])),
            Some((length, address)) => {
                let octets: [u8; 16] = address.try_into().unwrap_or_default();
                format!("{}/{length}", std::net::Ipv6Addr::from(octets))
            }
            None => String::new(),
        },
    }
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
        self.0.iter().map(|(name, table)| (name.as_str(), table.digest()))
    }

    fn table(&self, table: &str) -> Result<&Table, LookupError> {
        let found = self.0.get(table).map(|table| table.0.as_ref());
        found.ok_or_else(|| LookupError::UnknownTable(reeve_model::text::shown(table, 64)))
    }

    fn names(&self, table: &str) -> Result<&Table, LookupError> {
        let table = self.table(table)?;
        if table.index != Index::Names {
            return Err(LookupError::BadKey("the table is not of DNS names".to_owned()));
        }
        Ok(table)
    }

    pub(crate) fn exact(&self, table: &str, key: &str) -> Result<Option<Row<'_>>, LookupError> {
        let table = self.table(table)?;
        let what = match table.index {
            Index::Strings => "a string",
            Index::Names => "a canonical DNS name",
            Index::Cidrs => "an address block",
        };
        let key = compared(table.index, key).ok_or_else(|| LookupError::BadKey(format!("not {what}")))?;
        Ok(table.find(&key).map(|row| table.row(row)))
    }

    pub(crate) fn longest_suffix(&self, table: &str, name: &str) -> Result<Option<Row<'_>>, LookupError> {
        let table = self.names(table)?;
        let key = name_key(name)?;
        let ends = key.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at + 1);
        let found = ends.filter_map(|end| key.as_bytes().get(..end)).find_map(|key| table.find(key));
        Ok(found.map(|row| table.row(row)))
    }

    pub(crate) fn below(&self, table: &str, name: &str, limit: usize) -> Result<Vec<Row<'_>>, LookupError> {
        let table = self.names(table)?;
        let key = name_key(name)?;
        let from = table.rows.partition_point(|row| table.key(row) <= key.as_bytes());
        let behind = table.rows.get(from..).unwrap_or_default().iter();
        let below = behind.take_while(|row| table.key(row).starts_with(key.as_bytes()));
        Ok(below.take(limit).map(|row| table.row(row)).collect())
    }

    pub(crate) fn longest_prefix(&self, table: &str, address: &str) -> Result<Option<Row<'_>>, LookupError> {
        let table = self.table(table)?;
        if table.index != Index::Cidrs {
            return Err(LookupError::BadKey("the table is not of address blocks".to_owned()));
        }
        let address: IpAddr = address.parse().map_err(|_| LookupError::BadKey("not an address".to_owned()))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let nets = (0..=bits).rev().filter_map(|length| IpNet::new(address, length).ok());
        Ok(nets.map(|net| net_key(&net)).find_map(|key| table.find(&key)).map(|row| table.row(row)))
    }
}

fn name_key(name: &str) -> Result<String, LookupError> {
    reversed(name).ok_or_else(|| LookupError::BadKey("not a canonical DNS name".to_owned()))
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
