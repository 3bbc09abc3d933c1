//! `LIST_ACCOUNTS`: the directory of accounts, answered with the reply. It asks for nothing and changes nothing.

use crate::{Ask, Draft, Kind, Need, World};
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
        Vec::new()
    }

    fn actions(&self, _world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{event, expected, plan, refused};

    #[test]
    fn it_needs_nothing_and_does_nothing() {
        let event = event(&ListAccounts, "{}");
        let ask = Ask::read(&event, &ListAccounts).expect("good");
        assert_eq!(ListAccounts.draft(&ask).expect("good").needs(), []);
        for detail in ["{}", r#"{"dryrun":true}"#, r#"{"account":"012345678901"}"#] {
            assert_eq!(plan(&ListAccounts, detail, &World::default()), Ok(Vec::new()), "{detail}");
        }
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
