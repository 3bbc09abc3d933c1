//! Identifiers, each its own type: two strings side by side in a signature cannot be swapped.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

/// An AWS account id: twelve ASCII digits, kept as text because of leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Reads exactly twelve ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS Region name: `ap-southeast-2`, `us-gov-west-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// Reads the shape of a Region name: lower-case words joined by `-`, the last a number. The list of Regions grows,
    /// so membership is not checked.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let (number, words) = parts.split_last()?;
        let shaped = text.len() <= 32
            && (2..=4).contains(&words.len())
            && words.iter().all(|word| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
            && (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The sender's name for a request: the shape of a UUID, of any version, in lower case.
///
/// It becomes a Route 53 caller reference, a tag value and a log field, so nothing else is taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(String);

impl Nonce {
    /// Reads `8-4-4-4-12` hexadecimal digits of either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        uuid_shaped(text).then(|| Self(text.to_ascii_lowercase()))
    }

    /// A nonce that follows from content: a UUID of version 8, whose free bits are those of the digest (RFC 9562,
    /// section 5.8).
    #[must_use]
    pub fn of(digest: &Digest) -> Self {
        let mut hex = digest.as_str().trim_start_matches("sha256:").chars();
        let mut text = String::with_capacity(36);
        for at in 0..36 {
            match at {
                8 | 13 | 18 | 23 => text.push('-'),
                14 | 19 => text.push('8'),
                _ => text.extend(hex.next()),
            }
        }
        Self(text)
    }

    /// The text, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text has the shape of a UUID. EventBridge promises the shape, not the version.
#[must_use]
pub fn uuid_shaped(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Characters of a written digest: `sha256:` and 64 digits.
const DIGEST_CHARS: usize = 7 + 64;

/// SHA-256 of some bytes, written `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// The digest of the bytes of all parts, one after the other.
    #[must_use]
    pub fn of_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hash = Sha256::new();
        parts.into_iter().for_each(|part| hash.update(part));
        let halves = hash.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = halves.map(|half| DIGITS.get(usize::from(half)).copied().unwrap_or_default());
        let mut text = [0; DIGEST_CHARS];
        text.iter_mut().zip(b"sha256:".iter().copied().chain(digits)).for_each(|(place, byte)| *place = byte);
        // All of it is ASCII.
        Self(std::str::from_utf8(&text).unwrap_or_default().into())
    }

    /// Reads the written form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (hex.len() == 64 && hex.bytes().all(lower)).then(|| Self(text.into()))
    }

    /// The written form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_of_content_has_the_form_of_a_uuid() {
        let nonce = Nonce::of(&Digest::of(b"x"));
        // The digits of SHA-256 of `x` are 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.
        assert_eq!(nonce.as_str(), "2d711642-b726-8b04-8401-627ca9fbac32");
        assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce));
    }

    #[test]
    fn ids_take_exactly_their_shape() {
        for (text, good) in [
            ("123456789012", true),
            ("012345678901", true),
            ("12345678901", false),
            ("1234567890123", false),
            ("12345678901a", false),
            ("\u{ff11}23456789012", false),
            ("", false),
        ] {
            assert_eq!(AccountId::parse(text).is_some(), good, "{text}");
        }
        for (text, good) in [
            ("ap-southeast-2", true),
            ("us-gov-west-1", true),
            ("cn-north-1", true),
            ("us-east1", false),
            ("US-EAST-1", false),
            ("-1", false),
            ("eu-central-1/..", false),
        ] {
            assert_eq!(Region::parse(text).is_some(), good, "{text}");
        }
        for (text, good) in [
            ("687754b2-abd6-3ae6-ae2d-f98bd134512e", true),
            ("687754B2-ABD6-3AE6-AE2D-F98BD134512E", true),
            ("687754b2abd63ae6ae2df98bd134512e", false),
            ("687754b2-abd6-3ae6-ae2d-f98bd134512/", false),
            ("687754b2-abd6-3ae6-ae2d-f98bd134512\n", false),
            ("", false),
        ] {
            assert_eq!(Nonce::parse(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_digest_reads_back() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.as_str(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::parse(digest.as_str()), Some(digest));
        assert_eq!(Digest::parse("sha256:BA"), None);
    }
}
