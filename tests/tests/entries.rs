//! Two crates read allowlist entries, and the second trusts nobody: they must read alike.

use dns_allowlist::name::{Entry, Scope};
use proptest::prelude::*;
use reeve_accounts::{DomainEntry, DomainScope};

fn alike(text: &str) -> Result<(), TestCaseError> {
    let Ok(host) = DomainEntry::parse(text) else { return Ok(()) };
    let plugin = Entry::parse(text);
    let scope = match host.scope {
        DomainScope::Exact => Scope::Exact,
        DomainScope::Subtree => Scope::Subtree,
        DomainScope::Below => Scope::Below,
    };
    prop_assert_eq!(plugin, Some(Entry { name: &host.name, scope }), "{}", text);
    Ok(())
}

proptest! {
    #[test]
    fn what_the_host_takes_the_plugin_reads_alike(text in "[=.]?[a-z0-9_-]{1,8}([.,*A-Z ]?[a-z0-9_-]{1,8}){0,4}\\.?") {
        alike(&text)?;
    }
}
