//! `TAG_ACCOUNT`: tags of a member account are set. Tags that it has beside them stay.
//!
//! Source: Organizations API reference, TagResource. Tags may be what access is granted by, so the gate file says
//! which keys can be asked for.

use crate::create_account::{place, tags};
use crate::{Ask, Draft, Kind, Need, World};
use reeve_json::escape_pointer_token;
use reeve_model::action::{Tag, TagResource};
use reeve_model::{AccountId, Action, Code, PlannedAction, Refusal};
use std::collections::BTreeSet;

/// The kind `TAG_ACCOUNT`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagAccount {
    /// Keys of tags that may be set, as written.
    pub keys: Vec<String>,
}

impl Kind for TagAccount {
    fn name(&self) -> &'static str {
        "TAG_ACCOUNT"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let at = fields.at("account_to_tag");
        let account = fields.string("account_to_tag").and_then(|text| {
            let message = format!("`{}` is not an account id of twelve digits", text.escape_debug());
            fields.note(AccountId::parse(text).ok_or_else(|| Refusal::new(Code::BadAccountId, at, message)))
        });
        let at = fields.at("tags");
        let _ = fields.required("tags");
        let tags = tags(&mut fields);
        for (key, _) in tags.iter().filter(|(key, _)| !self.keys.contains(key)) {
            let message = format!("tag `{}` is not one that this gate sets", key.escape_debug());
            let refusal = Refusal::new(Code::Tag, format!("{at}/{}", escape_pointer_token(key)), message);
            fields.refuse(refusal.fix("have the gate file list it under `keys` of `TAG_ACCOUNT`"));
        }
        fields.finish()?;
        match account {
            Some(_) if tags.is_empty() => {
                Err(vec![Refusal::new(Code::MissingField, at, "the request asks for no tag")])
            }
            Some(account) => Ok(Box::new(Asked { account, tags })),
            // Whatever is missing has left a refusal, so `finish` has returned it.
            None => Err(vec![Refusal::new(Code::BadValue, "/detail", "the request is malformed")]),
        }
    }
}

struct Asked {
    account: AccountId,
    tags: Vec<Tag>,
}

impl Draft for Asked {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Organization, Need::Tags(BTreeSet::from([self.account.clone()]))]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let organization = place::known(world)?;
        if !organization.accounts.contains_key(self.account.as_str()) {
            let message = format!("the organization has no account `{}`", self.account);
            return Err(vec![Refusal::new(Code::AccountNotFound, "/detail/account_to_tag", message)]);
        }
        let there = world.tags.get(self.account.as_str());
        let new = |(key, value): &&Tag| there.and_then(|there| there.get(key)) != Some(value);
        let tags: Vec<Tag> = self.tags.iter().filter(new).cloned().collect();
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let action = Action::TagResource(TagResource { resource_id: self.account.as_str().to_owned(), tags });
        Ok(vec![PlannedAction { at: "/detail/tags".to_owned(), action }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, expected, organization, plan, refused, world_of};
    use std::collections::BTreeMap;

    fn config() -> TagAccount {
        TagAccount { keys: ["scope", "region"].map(str::to_owned).to_vec() }
    }

    fn asked(tags: &str) -> String {
        format!(r#"{{"account_to_tag":"111111111111","tags":{tags}}}"#)
    }

    fn set(tags: &[(&str, &str)]) -> Vec<PlannedAction> {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let action = Action::TagResource(TagResource { resource_id: "111111111111".to_owned(), tags });
        vec![PlannedAction { at: "/detail/tags".to_owned(), action }]
    }

    #[test]
    fn only_tags_that_differ_are_set() {
        let mut world = world_of(organization());
        let both = asked(r#"{"scope":"dev","region":"us-east-1"}"#);
        assert_eq!(plan(&config(), &both, &world), Ok(set(&[("scope", "dev"), ("region", "us-east-1")])));
        let there = BTreeMap::from([("scope", "dev"), ("region", "eu-west-1"), ("owner", "x")]);
        let there = there.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        world.tags.insert("111111111111".to_owned(), there);
        assert_eq!(plan(&config(), &both, &world), Ok(set(&[("region", "us-east-1")])));
        assert_eq!(plan(&config(), &asked(r#"{"scope":"dev"}"#), &world), Ok(Vec::new()));
        let (config, event) = (config(), event(&config(), &both));
        let ask = Ask::read(&event, &config).expect("good");
        let account = AccountId::parse("111111111111").expect("an id");
        let needs = config.draft(&ask).expect("good").needs();
        assert_eq!(needs, [Need::Organization, Need::Tags(BTreeSet::from([account]))]);
    }

    #[test]
    fn what_is_not_taken_is_refused() {
        let world = world_of(organization());
        for (detail, codes) in [
            (asked("{}"), expected(&[("MISSING_FIELD", "/detail/tags")])),
            (asked("[]"), expected(&[("BAD_TYPE", "/detail/tags")])),
            (asked(r#"{"owner":"x"}"#), expected(&[("TAG", "/detail/tags/owner")])),
            (asked(r#"{"Scope":"x"}"#), expected(&[("TAG", "/detail/tags/Scope")])),
            (asked(r#"{"aws:x":"x"}"#), expected(&[("TAG", "/detail/tags/aws:x")])),
            (
                r#"{"account_to_tag":"11111111111","tags":{"scope":"x"}}"#.to_owned(),
                expected(&[("BAD_ACCOUNT_ID", "/detail/account_to_tag")]),
            ),
            (r#"{"account_to_tag":"111111111111"}"#.to_owned(), expected(&[("MISSING_FIELD", "/detail/tags")])),
            (
                r#"{"account_to_tag":"222222222222","tags":{"scope":"x"}}"#.to_owned(),
                expected(&[("ACCOUNT_NOT_FOUND", "/detail/account_to_tag")]),
            ),
        ] {
            assert_eq!(refused(&config(), &detail, &world), codes, "{detail}");
        }
    }
}
