//! What a level denies by what its policies do not allow.
//!
//! An action must be allowed on every level from the root to the account (Organizations user guide, "SCP evaluation"), so
//! a level whose Allow statements are a narrow list denies all the rest to everything below it, without any Deny.

use crate::Organization;
use crate::policy_document::allows_everything;
use reeve_scp::{Document, Effect, Statement};

/// What the policies of one level allow.
#[derive(Debug)]
struct Allows {
    statements: Vec<Statement>,
    /// Documents that cannot be evaluated: they are like themselves alone.
    unread: Vec<String>,
}

impl Allows {
    /// Nothing when no list binds here: one statement allows everything, or no policy is known of.
    fn of(organization: &Organization, target_id: &str) -> Option<Self> {
        let documents: Vec<&str> =
            organization.attached(target_id).map(|(_, policy)| policy.document.as_str()).collect();
        if documents.is_empty() || documents.iter().any(|document| allows_everything(document)) {
            return None;
        }
        let mut allows = Self { statements: Vec::new(), unread: Vec::new() };
        for text in documents {
            match Document::parse(text) {
                Ok(document) => {
                    let own = document.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
                    allows.statements.extend(own.cloned());
                }
                Err(_) => allows.unread.push(text.to_owned()),
            }
        }
        Some(allows)
    }

    /// Whether each statement is one of `other`, or within one of them. `false` may mean that this could not be shown.
    fn is_within(&self, other: &Self) -> bool {
        self.statements.iter().all(|mine| other.statements.iter().any(|theirs| theirs.covers(mine)))
            && self.unread.iter().all(|mine| other.unread.contains(mine))
    }
}

/// The levels of `before` whose lists would bind no more: no level of `after` allows as little.
pub(super) fn lost<'a>(organization: &Organization, before: &[&'a str], after: &[&str]) -> Vec<&'a str> {
    let left: Vec<&str> = before.iter().copied().filter(|level| !after.contains(level)).collect();
    let lists: Vec<Allows> = after.iter().filter_map(|level| Allows::of(organization, level)).collect();
    let is_lost = |level: &&str| {
        Allows::of(organization, level).is_some_and(|list| !lists.iter().any(|kept| kept.is_within(&list)))
    };
    left.into_iter().filter(is_lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ALLOW_ALL, add_policy, organization};

    const DEV: &str = "ou-abcd-11111111";
    const STANDARD: &str = "ou-abcd-22222222";

    fn allow(actions: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"*"}}]}}"#)
    }

    /// Whether the list of Dev is lost on the way to Standard, each with these documents and nothing else.
    fn is_lost(dev: &[&str], standard: &[&str]) -> bool {
        let mut organization = organization();
        for (target, documents) in [(DEV, dev), (STANDARD, standard)] {
            organization.attachments.insert(target.to_owned(), Vec::new());
            for (index, document) in documents.iter().enumerate() {
                add_policy(&mut organization, &format!("p-{target}-{index}"), document, &[target]);
            }
        }
        !lost(&organization, &[DEV, "r-abcd"], &[STANDARD, "r-abcd", "111111111111"]).is_empty()
    }

    #[test]
    fn a_list_is_kept_by_one_that_allows_no_more() {
        let support = allow(r#""support:*""#);
        let two = allow(r#"["support:*","s3:*"]"#);
        let spaced = r#"{"Statement":{"Sid":"Only","Resource":["*"],"Action":["Support:*"],"Effect":"Allow"},"Version":"2012-10-17"}"#;
        let condition = |effect: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"eu-west-1"}}}}}}}}"#
            )
        };
        let (under, never) = (condition("Allow"), condition("Deny"));
        let unread = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Frobnicate":{}}}}"#;
        for (dev, standard, lost) in [
            (&[support.as_str()][..], &[ALLOW_ALL][..], true),
            (&[&support], &[&two], true),
            (&[&support], &[&support, ALLOW_ALL], true),
            (&[&support], &[&support, &two], true),
            (&[&support], &[&support], false),
            (&[&support], &[spaced], false),
            (&[&support], &[&support, &never], false),
            (&[&two], &[&support], false),
            (&[&two], &[&allow(r#""s3:Get*""#)], false),
            // Two lists on one level are one list.
            (&[&support, &allow(r#""s3:*""#)], &[&support], false),
            (&[&support, &two], &[&two], false),
            // A level that allows nothing denies everything, and nothing is within it but the like.
            (&[&never], &[&support], true),
            (&[&never], &[&never], false),
            (&[&support], &[&never], false),
            // Everything under a condition is a list.
            (&[&under], &[ALLOW_ALL], true),
            (&[&under], &[&under], false),
            (&[&under], &[&support], true),
            // Nothing is lost where everything is allowed.
            (&[ALLOW_ALL], &[&support], false),
            (&[ALLOW_ALL, &support], &[ALLOW_ALL], false),
            (&[ALLOW_ALL, &never], &[ALLOW_ALL], false),
            // What cannot be evaluated is like itself alone.
            (&[unread], &[ALLOW_ALL], true),
            (&[unread], &[unread], false),
            (&[&support], &[unread], true),
        ] {
            assert_eq!(is_lost(dev, standard), lost, "{dev:?} {standard:?}");
        }
    }

    #[test]
    fn any_level_of_the_new_path_may_keep_a_list() {
        let support = allow(r#""support:*""#);
        for (also, lost_levels) in
            [(STANDARD, &[][..]), ("r-abcd", &[]), ("111111111111", &[]), ("ou-abcd-33333333", &[DEV])]
        {
            let mut organization = organization();
            for target in [DEV, also] {
                organization.attachments.insert(target.to_owned(), Vec::new());
            }
            add_policy(&mut organization, "p-narrow", &support, &[DEV, also]);
            let found = lost(&organization, &[DEV, "r-abcd"], &[STANDARD, "r-abcd", "111111111111"]);
            assert_eq!(found, lost_levels, "{also}");
        }
    }
}
