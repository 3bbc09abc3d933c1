//! `LIST_ACCOUNTS`: the accounts of the organization, answered with the reply. It changes nothing.
//!
//! The answer is for a pipeline that compares the organization with a file: name, address and unit are what
//! `CREATE_ACCOUNT` is asked with.

use crate::create_account::place;
use crate::{Ask, Draft, Kind, Need, Organization, World};
use reeve_json::Value;
use reeve_model::{PlannedAction, Refusal};

/// The kind `LIST_ACCOUNTS`. It has nothing to configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListAccounts;

impl Kind for ListAccounts {
    fn name(&self) -> &'static str {
        "LIST_ACCOUNTS"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        ask.fields().finish()?;
        Ok(Box::new(Asked))
    }
}

/// There is nothing to know of the request but that it was made.
struct Asked;

impl Draft for Asked {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Organization]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        place::known(world).map(|_| Vec::new())
    }

    fn answer(&self, world: &World) -> Option<Value> {
        world.organization.as_ref().map(directory)
    }
}

/// One object for each account, sorted by id. Two units may have one name, so the id of the parent is there too.
fn directory(organization: &Organization) -> Value {
    Value::array(organization.accounts.values().map(|account| {
        let unit = organization.unit_name(&account.parent_id);
        Value::object([
            ("id", Value::from(account.id.as_str())),
            ("name", account.name.as_str().into()),
            ("email", account.email.as_str().into()),
            ("organizational_unit", unit.into()),
            ("parent_id", account.parent_id.as_str().into()),
        ])
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add_account, event, expected, organization, plan, refused, world_of};
    use reeve_json::compact;

    #[test]
    fn it_needs_the_organization_and_does_nothing() {
        let event = event(&ListAccounts, "{}");
        let ask = Ask::read(&event, &ListAccounts).expect("good");
        assert_eq!(ListAccounts.draft(&ask).expect("good").needs(), [Need::Organization]);
        for detail in ["{}", r#"{"dryrun":true}"#, r#"{"account":"012345678901"}"#] {
            assert_eq!(plan(&ListAccounts, detail, &world_of(organization())), Ok(Vec::new()), "{detail}");
        }
        assert_eq!(refused(&ListAccounts, "{}", &World::default()), expected(&[("FACT_UNAVAILABLE", "")]));
    }

    #[test]
    fn the_answer_is_sorted_and_tells_where_each_account_is() {
        let answer = |world: &World| {
            let event = event(&ListAccounts, "{}");
            let ask = Ask::read(&event, &ListAccounts).expect("good");
            ListAccounts.draft(&ask).expect("good").answer(world).map(|answer| compact(&answer))
        };
        let mut organization = organization();
        add_account(&mut organization, "000000000001", "ou-gone-00000000");
        let wanted = concat!(
            r#"[{"id":"000000000001","name":"account 000000000001","email":"000000000001@example.com","#,
            r#""organizational_unit":null,"parent_id":"ou-gone-00000000"},"#,
            r#"{"id":"111111111111","name":"account 111111111111","email":"111111111111@example.com","#,
            r#""organizational_unit":"Dev","parent_id":"ou-abcd-11111111"},"#,
            r#"{"id":"999999999999","name":"account 999999999999","email":"999999999999@example.com","#,
            r#""organizational_unit":"root","parent_id":"r-abcd"}]"#,
        );
        assert_eq!(answer(&world_of(organization)).as_deref(), Some(wanted));
        assert_eq!(answer(&World::default()), None);
    }

    #[test]
    fn every_field_of_its_own_is_refused() {
        for (detail, code, at) in [
            (r#"{"filter":"*"}"#, "UNKNOWN_FIELD", "/detail/filter"),
            (r#"{"a/b":1}"#, "UNKNOWN_FIELD", "/detail/a~1b"),
            (r#"{"reply_to":"bus"}"#, "REPLY_TARGET_NOT_ALLOWED", "/detail/reply_to"),
            (r#"{"account":"111111111111"}"#, "SENDER_MISMATCH", "/detail/account"),
        ] {
            assert_eq!(refused(&ListAccounts, detail, &World::default()), expected(&[(code, at)]), "{detail}");
        }
    }
}
