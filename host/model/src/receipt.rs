//! The whole story of one message, chained by hash.
//!
//! A receipt is one line of canonical JSON. `previous` is the hash of the line before, `hash` is the SHA-256 of the
//! receipt's canonical text without `hash` itself. Change, drop or reorder a line and the chain no longer closes.

use crate::Digest;
use reeve_json::{Object, Options, StringRule, Value};

/// Version of the receipt's form.
pub const RECEIPT_VERSION: i64 = 1;
/// The member that holds a receipt's own hash.
const HASH: &str = "hash";
/// Longest receipt line, bytes. An event of 1 MiB, escaped, stands beside actions of the same size and some megabytes
/// for each policy's reasons; a longer line is not written, so that every chain can be read back.
pub const RECEIPT_BYTES_MAX: usize = 256 * 1_048_576;
/// Deepest nesting of a receipt: an event's, and the receipt's own levels around it.
pub const RECEIPT_DEPTH_MAX: usize = crate::limits::EVENT_DEPTH_MAX + 8;

/// One sealed receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    body: Object,
    hash: Digest,
    line: String,
}

/// Why a line is no receipt, or not the next one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// Not strict JSON, or not an object.
    #[error("not a receipt: {0}")]
    Form(String),
    /// The content does not have the hash it states.
    #[error("the content has the hash {actual}, but the receipt states {stated}")]
    Hash {
        /// What the content has.
        actual: String,
        /// What it states.
        stated: String,
    },
    /// It does not follow the receipt before it.
    #[error("it follows {stated}, but the receipt before it is {actual}")]
    Chain {
        /// Hash of the receipt before.
        actual: String,
        /// What it states.
        stated: String,
    },
}

impl Receipt {
    /// Seals a story. `previous` is the hash of the receipt before, none for the first.
    #[must_use]
    pub fn seal(story: Object, previous: Option<&Digest>) -> Self {
        let mut body = story;
        body.set("version", RECEIPT_VERSION);
        body.set("previous", previous.map(|digest| digest.as_str().to_owned()));
        let (hash, line) = sealed(&body);
        Self { body, hash, line }
    }

    /// The receipt's hash.
    #[must_use]
    pub fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The members, without `hash`.
    #[must_use]
    pub fn body(&self) -> &Object {
        &self.body
    }

    /// The line, without the line break.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The line, without the line break, and nothing else.
    #[must_use]
    pub fn into_line(self) -> String {
        self.line
    }

    /// Reads a line and checks its hash; `previous` is what it must follow, none to leave that unchecked.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn read(line: &[u8], previous: Option<Option<&Digest>>) -> Result<Self, BadReceipt> {
        let options = Options { bytes_max: RECEIPT_BYTES_MAX, depth_max: RECEIPT_DEPTH_MAX, strings: StringRule::Any };
        let node = reeve_json::parse(line, &options).map_err(|error| BadReceipt::Form(error.to_string()))?;
        let Value::Object(mut body) = node.value else {
            return Err(BadReceipt::Form("not an object".to_owned()));
        };
        let stated = body.remove(HASH).and_then(|node| node.as_str().map(str::to_owned)).unwrap_or_default();
        let (hash, line) = sealed(&body);
        if hash.as_str() != stated {
            return Err(BadReceipt::Hash { actual: hash.as_str().to_owned(), stated });
        }
        if let Some(previous) = previous {
            let stated = body.get("previous").and_then(|node| node.as_str()).map(str::to_owned);
            let actual = previous.map(|digest| digest.as_str().to_owned());
            if stated != actual {
                let shown = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
                return Err(BadReceipt::Chain { actual: shown(actual), stated: shown(stated) });
            }
        }
        Ok(Self { body, hash, line })
    }
}

/// The hash of a receipt without one, and its line with it. The text is written once: the hash takes its place in it.
fn sealed(body: &Object) -> (Digest, String) {
    let (mut line, behind) = reeve_json::canonical_around(body, HASH);
    let hash = Digest::of_parts([&line, &behind]);
    let (first, last) = (line == "{", behind == "}");
    if last && !first {
        line.push(',');
    }
    line.push_str(&format!("\"{HASH}\":\"{hash}\""));
    if !last {
        line.push(',');
    }
    line.push_str(&behind);
    (hash, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(text: &str) -> Object {
        let mut object = Object::new();
        object.set("decision", text);
        object
    }

    /// The hash is spliced into the text: wherever its place is, the line is the canonical text of all members.
    #[test]
    fn the_line_is_canonical_with_the_hash_in_its_place() {
        for members in [&[][..], &["a"], &["z"], &["a", "gash", "hash!", "z"], &["z", "a"], &["hasg", "has"]] {
            let body = Value::object(members.iter().map(|key| (*key, true)));
            let Value::Object(body) = body else { panic!("an object") };
            let (hash, line) = sealed(&body);
            assert_eq!(hash, Digest::of(reeve_json::canonical(&Value::Object(body.clone())).as_bytes()), "{members:?}");
            let mut whole = body.clone();
            whole.set(HASH, hash.as_str());
            assert_eq!(line, reeve_json::canonical(&Value::Object(whole)), "{members:?}");
            let read = Receipt::read(line.as_bytes(), None).expect("reads");
            assert_eq!((read.body(), read.hash(), read.line()), (&body, &hash, line.as_str()));
        }
    }

    #[test]
    fn a_chain_closes_and_a_changed_line_breaks_it() {
        let first = Receipt::seal(story("permitted"), None);
        let second = Receipt::seal(story("denied"), Some(first.hash()));
        assert_eq!(Receipt::read(first.line().as_bytes(), Some(None)).as_ref(), Ok(&first));
        assert_eq!(Receipt::read(second.line().as_bytes(), Some(Some(first.hash()))).as_ref(), Ok(&second));
        let forged = second.line().replace("denied", "permitted");
        assert!(matches!(Receipt::read(forged.as_bytes(), None), Err(BadReceipt::Hash { .. })));
        assert!(matches!(Receipt::read(second.line().as_bytes(), Some(None)), Err(BadReceipt::Chain { .. })));
        assert!(matches!(Receipt::read(b"[]", None), Err(BadReceipt::Form(_))));
    }
}
