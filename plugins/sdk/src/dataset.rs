//! Look-ups in the tables that the gate granted.

/// A row of a table.
pub use crate::bindings::reeve::policy::dataset::Entry;

/// Tables of DNS names, as rules see them: the imports in a plugin, a plain map in a native test.
pub trait Names {
    /// The row with the longest key that is `name` or an ancestor of it.
    ///
    /// # Errors
    /// Why there is no answer.
    fn longest_suffix(&self, name: &str) -> Result<Option<Entry>, String>;

    /// Rows strictly below `name`, at most `limit`.
    ///
    /// # Errors
    /// Why there is no answer.
    fn below(&self, name: &str, limit: u32) -> Result<Vec<Entry>, String>;
}

/// A granted table, by its name in the policy file.
#[cfg(target_arch = "wasm32")]
#[derive(Debug, Clone, Copy)]
pub struct Table(pub &'static str);

#[cfg(target_arch = "wasm32")]
impl Names for Table {
    fn longest_suffix(&self, name: &str) -> Result<Option<Entry>, String> {
        crate::bindings::reeve::policy::dataset::longest_suffix(self.0, name).map_err(|error| error.to_string())
    }

    fn below(&self, name: &str, limit: u32) -> Result<Vec<Entry>, String> {
        crate::bindings::reeve::policy::dataset::below(self.0, name, limit).map_err(|error| error.to_string())
    }
}

/// A table in memory, for native tests.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: std::collections::BTreeMap<Vec<String>, Entry>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Table {
    /// A table of `(name, values)` rows.
    pub fn new<'a>(rows: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> Self {
        let row = |(key, values): (&str, Vec<String>)| (reversed(key), Entry { key: key.to_owned(), values });
        Self { rows: rows.into_iter().map(row).collect() }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn reversed(name: &str) -> Vec<String> {
    name.rsplit('.').map(str::to_owned).collect()
}

#[cfg(not(target_arch = "wasm32"))]
impl Names for Table {
    fn longest_suffix(&self, name: &str) -> Result<Option<Entry>, String> {
        let mut labels = reversed(name);
        while !labels.is_empty() {
            if let Some(entry) = self.rows.get(&labels) {
                return Ok(Some(entry.clone()));
            }
            labels.pop();
        }
        Ok(None)
    }

    fn below(&self, name: &str, limit: u32) -> Result<Vec<Entry>, String> {
        let prefix = reversed(name);
        let from = self.rows.range(prefix.clone()..);
        let below = from.take_while(|(key, _)| key.starts_with(&prefix)).filter(|(key, _)| key.len() > prefix.len());
        Ok(below.map(|(_, entry)| entry.clone()).take(limit as usize).collect())
    }
}
