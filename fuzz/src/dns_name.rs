//! The target `dns_name`: names as senders write them.

use crate::text::assert_shown_safely;
use reeve_model::dns::{LABEL_BYTES_MAX, NAME_BYTES_MAX};
use reeve_model::{DnsName, NameRule};

/// Longest name on the wire, octets (RFC 1035, section 2.3.4).
const WIRE_OCTETS_MAX: usize = 255;

/// Reads a name under both rules; what is accepted is canonical, and accepted exactly when the rules of this file say.
pub fn dns_name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let [owner, target] = [NameRule::Owner, NameRule::Target].map(|rule| {
        let read = DnsName::parse(text, rule);
        assert_eq!(read, DnsName::parse(text, rule), "read twice");
        match &read {
            Ok(name) => accepted(text, name, rule),
            Err(bad) => {
                assert!(bad.code.as_str().starts_with("DNS_"), "{}", bad.code.as_str());
                assert_shown_safely(&bad.message);
            }
        }
        read
    });
    // A target is an owner without a wildcard and with two labels.
    let could_be_target = owner.clone().ok().filter(|name| !name.is_wildcard() && name.labels().count() >= 2);
    assert_eq!(target.ok(), could_be_target);
    if !text.to_ascii_lowercase().contains("xn--") {
        assert_eq!(owner.is_ok(), is_owner(text), "{owner:?}");
    }
}

fn accepted(text: &str, name: &DnsName, rule: NameRule) {
    assert_eq!(name.as_str(), text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase());
    assert_eq!(name.to_string(), name.as_str());
    let octets: usize = name.labels().map(|label| label.len() + 1).sum::<usize>() + 1;
    assert!(octets <= WIRE_OCTETS_MAX, "{octets} octets");
    assert!(name.labels().all(|label| (1..=LABEL_BYTES_MAX).contains(&label.len())));
    for same in [name.to_string(), format!("{name}."), name.as_str().to_ascii_uppercase()] {
        assert_eq!(DnsName::parse(&same, rule).as_ref(), Ok(name), "{same}");
    }
    assert!(name.is_in(name) && !name.is_below(name));
    if let Some(parent) = name.parent() {
        assert!(name.is_below(&parent) && name.is_in(&parent) && !parent.is_in(name));
        assert_eq!(DnsName::parse(parent.as_str(), NameRule::Owner), Ok(parent.clone()));
    }
}

/// Whether the text names an owner, said once more and shorter; labels that begin with `xn--` aside.
fn is_owner(text: &str) -> bool {
    let labels: Vec<&str> = text.strip_suffix('.').unwrap_or(text).split('.').collect();
    let plain = |label: &str| {
        let taken = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        label.bytes().all(taken) && !label.starts_with('-') && !label.ends_with('-')
    };
    let short = |label: &&str| (1..=LABEL_BYTES_MAX).contains(&label.len());
    let wildcard = labels.len() > 1 && labels.first() == Some(&"*");
    labels.join(".").len() <= NAME_BYTES_MAX
        && labels.iter().all(short)
        && labels.iter().skip(usize::from(wildcard)).all(|label| plain(label))
        && labels.last().is_some_and(|label| !label.bytes().all(|byte| byte.is_ascii_digit()))
}
