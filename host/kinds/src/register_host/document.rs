//! The document that a command runs: which one, and that it stays that one.
//!
//! Source: Systems Manager API reference, SendCommand and CreateDocument.

use reeve_model::{Code, Refusal};

/// The document of AWS that runs a script; it is not ours to hash, and its version is pinned.
pub(super) const RUN_POWERSHELL_SCRIPT: &str = "AWS-RunPowerShellScript";
/// Shortest and longest document name, characters (Systems Manager).
const DOCUMENT_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=128;
/// Hexadecimal digits of a SHA-256.
const SHA256_DIGITS: usize = 64;
/// Beginnings of the names of public documents that AWS owns, lower case (Systems Manager, CreateDocument).
const DOCUMENT_PREFIXES_RESERVED: [&str; 3] = ["aws", "amazon", "amzn"];

/// The document that a command runs, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Name, of a document of the controllers' own account or [`RUN_POWERSHELL_SCRIPT`].
    pub name: String,
    /// Version: a number, never `$LATEST` or `$DEFAULT`.
    pub version: String,
    /// SHA-256 of its content, 64 hexadecimal digits; needed for every document but [`RUN_POWERSHELL_SCRIPT`].
    pub hash: Option<String>,
}

impl Document {
    /// Whether what runs is fixed: a name in our own account, a version by number, and a hash unless AWS owns it.
    ///
    /// # Errors
    /// `DOCUMENT_NOT_PINNED`, with an empty pointer: the document stands in the gate file, not in an event.
    pub fn check(&self) -> Result<(), Refusal> {
        let refuse = |message: String| Err(Refusal::new(Code::DocumentNotPinned, "", message));
        let (name, version) = (self.name.escape_debug(), self.version.escape_debug());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !DOCUMENT_NAME_CHARS.contains(&self.name.len()) || !self.name.bytes().all(plain) {
            return refuse(format!("`{name}` is not the name of a document of the account itself"));
        }
        let lower = self.name.to_ascii_lowercase();
        let of_aws = DOCUMENT_PREFIXES_RESERVED.iter().any(|prefix| lower.starts_with(prefix));
        if of_aws && self.name != RUN_POWERSHELL_SCRIPT {
            return refuse(format!("`{name}` is a public document; only `{RUN_POWERSHELL_SCRIPT}` is taken"));
        }
        if !self.version.bytes().all(|byte| byte.is_ascii_digit()) || !self.version.starts_with(|it| it > '0') {
            return refuse(format!("version `{version}` of document `{name}` is not a number"));
        }
        match &self.hash {
            None if self.name == RUN_POWERSHELL_SCRIPT => Ok(()),
            None => refuse(format!("document `{name}` has no SHA-256 hash")),
            Some(hash) if hash.len() == SHA256_DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
            Some(hash) => refuse(format!("`{}` is not {SHA256_DIGITS} hexadecimal digits", hash.escape_debug())),
        }
    }
}
