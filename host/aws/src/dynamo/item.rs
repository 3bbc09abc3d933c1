//! The items of the table: keys, attributes, and how they are read.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | claim, later the answer | `request ACCOUNT NONCE LENGTH KIND SOURCE` | `claim` |
//! | a round's plan | the same | `progress ERA plan ROUND` |
//! | a note | the same | `progress ERA note ROUND ACTION NAME` |
//! | part of a long plan | the same | `progress ERA text DIGEST PART` |
//! | part of a long answer | the same | `reply DIGEST PART` |
//! | an hour's amount | `spend SCOPE` | the hour |
//! | a holding | `holding SCOPE` | the name |
//!
//! An era is one life of a key, from its first claim until its answer is forgotten; what an older era has left behind is
//! not seen. It is the token without its lowest [`CLAIM_BITS`], so a lease knows it. Attributes used in expressions have
//! names that are not among DynamoDB's reserved words.

use aws_sdk_dynamodb::types::AttributeValue;
use reeve_engine::{Holding, Lease, LedgerKey};
use reeve_model::{AccountId, Digest, Timestamp};
use std::collections::HashMap;

/// One item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The claim's sort key.
pub(super) const CLAIM: &str = "claim";
/// Phase: held by a lease.
pub(super) const HELD: &str = "held";
/// Phase: given back.
pub(super) const GIVEN_BACK: &str = "given back";
/// Phase: ended with an answer.
pub(super) const ENDED: &str = "ended";
/// Bits of a token that count the claims of one era: a million claims of one request.
pub(super) const CLAIM_BITS: u32 = 20;
/// Longest name in a sort key, bytes. DynamoDB takes 1,024 for the whole key.
const NAME_BYTES_MAX: usize = 800;

/// A number.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A text.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Partition key of all that belongs to a request. Unambiguous: account and nonce have fixed shapes, the kind is
/// preceded by its length.
pub(super) fn request_key(key: &LedgerKey) -> String {
    let LedgerKey { account, source, kind, nonce } = key;
    format!("request {account} {} {} {kind} {source}", nonce.as_str(), kind.len())
}

/// The first token of a new era: later than `after`, the token of the era before.
pub(super) fn first_token(now: Timestamp, after: u64) -> u64 {
    let era = now.as_second().max(1).unsigned_abs().max((after >> CLAIM_BITS) + 1);
    era << CLAIM_BITS
}

/// Prefix of the sort keys of a lease's progress.
pub(super) fn progress_prefix(token: u64) -> String {
    format!("progress {:012} ", token >> CLAIM_BITS)
}

/// Sort key of a round's plan.
pub(super) fn plan_sort_key(lease: &Lease, round: u32) -> String {
    format!("{}plan {round:010}", progress_prefix(lease.token))
}

/// A name as the end of a sort key: itself, or its beginning and its digest where it is too long.
pub(super) fn name_sort_key(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let beginning = name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
    format!("{beginning} {}", Digest::of(name.as_bytes()))
}

/// An item with its two keys.
pub(super) fn item(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Keys of a holding.
pub(super) fn holding_key(scope: &str, name: &str) -> Item {
    item(&format!("holding {scope}"), &name_sort_key(name))
}

/// Keys of an hour's amount.
pub(super) fn spend_key(scope: &str, hour: i64) -> Item {
    item(&format!("spend {scope}"), &hour.to_string())
}

/// An attribute that is a text.
pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An attribute that is a whole number.
pub(super) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A claim item, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) body: String,
    pub(super) token: u64,
    pub(super) holder: String,
    pub(super) phase: Phase,
    pub(super) until: i64,
    pub(super) expires: i64,
}

/// What a claim item says of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Held,
    GivenBack,
    Ended,
}

impl Row {
    /// Reads an item; `None` when no ledger wrote it.
    pub(super) fn read(item: &Item) -> Option<Self> {
        let phase = match text_of(item, "claim_phase")? {
            HELD => Phase::Held,
            GIVEN_BACK => Phase::GivenBack,
            ENDED => Phase::Ended,
            _ => return None,
        };
        Some(Self {
            body: text_of(item, "body_digest")?.to_owned(),
            token: number_of(item, "claim_token")?,
            holder: text_of(item, "claim_holder")?.to_owned(),
            phase,
            until: number_of(item, "claim_until")?,
            expires: number_of(item, "expires")?,
        })
    }
}

/// Reads a holding of a scope.
pub(super) fn read_holding(scope: &str, item: &Item) -> Option<Holding> {
    Some(Holding {
        scope: scope.to_owned(),
        name: text_of(item, "held_name")?.to_owned(),
        owner: AccountId::parse(text_of(item, "owner_account")?)?,
        value: text_of(item, "made_value")?.to_owned(),
    })
}

/// The item of a holding.
pub(super) fn holding_item(holding: &Holding) -> Item {
    let mut item = holding_key(&holding.scope, &holding.name);
    item.insert("held_name".to_owned(), text(&holding.name));
    item.insert("owner_account".to_owned(), text(holding.owner.as_str()));
    item.insert("made_value".to_owned(), text(&holding.value));
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::Nonce;

    #[test]
    fn keys_are_told_apart() {
        let key = |source: &str, kind: &str| {
            request_key(&LedgerKey {
                account: AccountId::parse("111122223333").expect("good"),
                source: source.to_owned(),
                kind: kind.to_owned(),
                nonce: Nonce::parse("00000000-0000-4000-8000-000000000001").expect("good"),
            })
        };
        let all = [key("a b", "K"), key("b", "K a"), key("a", "K"), key("a", "k")];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "{all:?}");
        assert_eq!(all[0], "request 111122223333 00000000-0000-4000-8000-000000000001 1 K a b");
    }

    #[test]
    fn long_names_fit_and_stay_apart() {
        let (one, other) = ("é".repeat(2_000), format!("{}x", "é".repeat(2_000)));
        assert!(name_sort_key(&one).len() <= 1_024);
        assert_ne!(name_sort_key(&one), name_sort_key(&other));
        assert_eq!(name_sort_key("www.example.com A"), "www.example.com A");
    }

    #[test]
    fn a_new_era_has_greater_tokens() {
        let now = Timestamp::from_second(1_800_000_000).expect("good");
        let first = first_token(now, 0);
        assert_eq!(first >> CLAIM_BITS, 1_800_000_000);
        assert!(first_token(now, first + 7) > first + 7, "even within the same second");
        assert!(first_token(Timestamp::UNIX_EPOCH, 0) > 0);
    }
}
