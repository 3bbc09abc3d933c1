//! `MOVE_ACCOUNT`: a member account moves to another organizational unit.
//!
//! A move changes which policies bind the account. One that would drop a Deny, written or by what a level does not allow,
//! is refused, but for destinations that the gate file lists. Source: Organizations API reference, MoveAccount; user guide, SCP inheritance.

mod allows;

use crate::create_account::place;
use crate::policy_document::denies;
use crate::{Ask, Draft, Kind, Need, Organization, OrganizationAccount, World};
use reeve_model::action::{self, OrganizationalUnit};
use reeve_model::{AccountId, Action, Code, PlannedAction, Refusal};
use std::collections::BTreeSet;

/// Most lost statements that one message names: as many as a person reads.
const LOST_NAMED_MAX: usize = 10;

/// The kind `MOVE_ACCOUNT`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveAccount {
    /// Names or ids of the organizational units an account may be moved to.
    pub units: Vec<String>,
    /// Names or ids of those where an account may lose a Deny, such as the unit of closed accounts.
    pub may_lose_deny: Vec<String>,
}

impl Kind for MoveAccount {
    fn name(&self) -> &'static str {
        "MOVE_ACCOUNT"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let (account_at, unit_at) = (fields.at("account_to_move"), fields.at("OU"));
        let account = fields.string("account_to_move").and_then(|text| {
            let message = format!("`{}` is not an account id of twelve digits", text.escape_debug());
            fields.note(AccountId::parse(text).ok_or_else(|| Refusal::new(Code::BadAccountId, account_at, message)))
        });
        let unit = fields.string("OU");
        if let Some(unit) = unit {
            fields.note(place::check_text(unit, &unit_at));
        }
        fields.finish()?;
        match account.zip(unit) {
            Some((account, unit)) => Ok(Box::new(Asked { config: self, account, unit })),
            // Whatever is missing has left a refusal, so `finish` has returned it.
            None => Err(vec![Refusal::new(Code::BadValue, "/detail", "the request is malformed")]),
        }
    }
}

struct Asked<'a> {
    config: &'a MoveAccount,
    account: AccountId,
    unit: &'a str,
}

impl Draft for Asked<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::Organization]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let organization = place::known(world)?;
        let account = self.account(organization);
        let destination = place::listed_unit(organization, &self.config.units, self.unit, "/detail/OU");
        let (account, destination) = match (account, destination) {
            (Ok(account), Ok(destination)) => (account, destination),
            (account, destination) => return Err(account.err().into_iter().chain(destination.err()).collect()),
        };
        if account.parent_id == destination.id {
            return Ok(Vec::new());
        }
        if place::lists(organization, &self.config.may_lose_deny, &account.parent_id) {
            // Else two permitted moves, in and out again, would shed what one may not.
            let message = "the account stands where Denies may be lost, and does not come back by request";
            return Err(vec![Refusal::new(Code::MoveLosesDeny, "/detail/account_to_move", message)]);
        }
        self.keeps_denies(organization, account, &destination.id)?;
        let source = OrganizationalUnit {
            name: organization.unit_name(&account.parent_id).unwrap_or(&account.parent_id).to_owned(),
            id: account.parent_id.clone(),
        };
        let action = Action::MoveAccount(action::MoveAccount { account: account.id.clone(), source, destination });
        Ok(vec![PlannedAction { at: "/detail".to_owned(), action }])
    }
}

impl Asked<'_> {
    fn account<'a>(&self, organization: &'a Organization) -> Result<&'a OrganizationAccount, Refusal> {
        let at = "/detail/account_to_move";
        if organization.management_account == self.account.as_str() {
            let message = format!("`{}` is the management account, which stays where it is", self.account);
            return Err(Refusal::new(Code::MgmtTarget, at, message));
        }
        organization.accounts.get(self.account.as_str()).ok_or_else(|| {
            Refusal::new(Code::AccountNotFound, at, format!("the organization has no account `{}`", self.account))
        })
    }

    /// Every Deny on the way from the account up to the root must be there after the move, whichever policy holds it, and
    /// every list of what alone is allowed one that allows no more.
    fn keeps_denies(
        &self,
        organization: &Organization,
        account: &OrganizationAccount,
        destination_id: &str,
    ) -> Result<(), Vec<Refusal>> {
        if place::lists(organization, &self.config.may_lose_deny, destination_id) {
            return Ok(());
        }
        let path = |parent_id| path_to_root(organization, parent_id).map_err(|refusal| vec![refusal]);
        let (before, mut after) = (path(&account.parent_id)?, path(destination_id)?);
        after.push(account.id.as_str());
        let kept: BTreeSet<String> = after
            .iter()
            .flat_map(|target| organization.attached(target))
            .flat_map(|(_, policy)| denies(&policy.document))
            .map(|deny| deny.rule)
            .collect();
        let mut lost = Vec::new();
        for (_, policy) in before.iter().flat_map(|target| organization.attached(target)) {
            for deny in denies(&policy.document).into_iter().filter(|deny| !kept.contains(&deny.rule)) {
                let named = format!("{} of policy `{}`", deny.label, policy.name.escape_debug());
                if !lost.contains(&named) {
                    lost.push(named);
                }
            }
        }
        let mut refusals = Vec::new();
        if !lost.is_empty() {
            refusals.push(loses(&self.account, &lost));
        }
        let levels = allows::lost(organization, &before, &after);
        if !levels.is_empty() {
            let named = |id: &&str| format!("`{}`", organization.unit_name(id).unwrap_or(id).escape_debug());
            refusals.push(widens(&self.account, &levels.iter().map(named).collect::<Vec<_>>()));
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }
}

fn loses(account: &AccountId, lost: &[String]) -> Refusal {
    let mut named = lost.iter().take(LOST_NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if let Some(more) = lost.len().checked_sub(LOST_NAMED_MAX).filter(|&more| more > 0) {
        named.push_str(&format!(" and {more} more"));
    }
    let message = format!("the move would free `{account}` of a Deny that binds it now: {named}");
    Refusal::new(Code::MoveLosesDeny, "/detail/OU", message)
        .fix("attach the same Deny to the destination first, or have the gate file list it under `may-lose-deny`")
}

/// `levels` are few enough to be named: a path has seven at most.
fn widens(account: &AccountId, levels: &[String]) -> Refusal {
    let levels = levels.join(" and of ");
    let message = format!("the move would free `{account}` of the list of what alone is allowed, that of {levels}");
    Refusal::new(Code::MoveLosesDeny, "/detail/OU", message).fix(
        "replace `FullAWSAccess` on the destination by the same list first, or have the gate file list it under \
         `may-lose-deny`",
    )
}

/// Ids from `parent_id` up to the root. A path that ends elsewhere would hide policies.
fn path_to_root<'a>(organization: &'a Organization, parent_id: &'a str) -> Result<Vec<&'a str>, Refusal> {
    let path = organization.path_up(parent_id);
    if path.last() == Some(&organization.root_id.as_str()) {
        return Ok(path);
    }
    let message = format!("the units above `{}` do not lead to the root", parent_id.escape_debug());
    Err(Refusal::new(Code::FactUnavailable, "", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{add_account, add_policy, event, expected, organization, plan, refused, world_of};

    const DENY: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"NoLeave","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"},
        {"Effect":"Deny","Action":"s3:*","Resource":"*"},
        {"Sid":"Rest","Effect":"Allow","Action":"*","Resource":"*"}]}"#;

    fn config() -> MoveAccount {
        MoveAccount {
            units: ["Dev", "Standard", "Morgue", "Lab"].map(str::to_owned).to_vec(),
            may_lose_deny: vec!["Morgue".to_owned()],
        }
    }

    fn detail(account: &str, unit: &str) -> String {
        format!(r#"{{"account_to_move":"{account}","OU":"{unit}"}}"#)
    }

    fn unit(name: &str, id: &str) -> OrganizationalUnit {
        OrganizationalUnit { name: name.to_owned(), id: id.to_owned() }
    }

    fn moved(source: OrganizationalUnit, destination: OrganizationalUnit) -> Vec<PlannedAction> {
        let account = AccountId::parse("111111111111").expect("an id");
        let action = Action::MoveAccount(action::MoveAccount { account, source, destination });
        vec![PlannedAction { at: "/detail".to_owned(), action }]
    }

    #[test]
    fn a_move_names_source_and_destination() {
        let mut organization = organization();
        let (dev, standard) = (unit("Dev", "ou-abcd-11111111"), unit("Standard", "ou-abcd-22222222"));
        for asked in ["Standard", "ou-abcd-22222222"] {
            let planned = plan(&config(), &detail("111111111111", asked), &world_of(organization.clone()));
            assert_eq!(planned, Ok(moved(dev.clone(), standard.clone())), "{asked}");
        }
        add_account(&mut organization, "111111111111", "r-abcd");
        let planned = plan(&config(), &detail("111111111111", "Dev"), &world_of(organization));
        assert_eq!(planned, Ok(moved(unit("root", "r-abcd"), dev)));
        let (config, event) = (config(), event(&config(), &detail("111111111111", "Dev")));
        let ask = Ask::read(&event, &config).expect("good");
        assert_eq!(config.draft(&ask).expect("good").needs(), [Need::Organization]);
    }

    #[test]
    fn what_is_already_so_is_nothing_to_do() {
        let world = world_of(organization());
        for asked in ["Dev", "ou-abcd-11111111"] {
            assert_eq!(plan(&config(), &detail("111111111111", asked), &world), Ok(Vec::new()), "{asked}");
        }
    }

    #[test]
    fn accounts_and_units_are_checked() {
        for (account, asked, pairs) in [
            ("222222222222", "Dev", &[("ACCOUNT_NOT_FOUND", "/detail/account_to_move")][..]),
            ("999999999999", "Dev", &[("MGMT_TARGET", "/detail/account_to_move")]),
            ("11111111111", "Dev", &[("BAD_ACCOUNT_ID", "/detail/account_to_move")]),
            ("1111111111111", "Dev", &[("BAD_ACCOUNT_ID", "/detail/account_to_move")]),
            ("11111111111a", "Dev", &[("BAD_ACCOUNT_ID", "/detail/account_to_move")]),
            ("", "Dev", &[("BAD_ACCOUNT_ID", "/detail/account_to_move")]),
            ("111111111111", "Quarantine", &[("OU_NOT_ALLOWED", "/detail/OU")]),
            ("111111111111", "r-abcd", &[("OU_NOT_ALLOWED", "/detail/OU")]),
            ("111111111111", "root", &[("OU_NOT_ALLOWED", "/detail/OU")]),
            ("111111111111", "Twin", &[("OU_NOT_ALLOWED", "/detail/OU")]),
            ("111111111111", "r-abcd;x", &[("OU_ID", "/detail/OU")]),
            ("1", "r-abcd;x", &[("BAD_ACCOUNT_ID", "/detail/account_to_move"), ("OU_ID", "/detail/OU")]),
            ("2", "Dev", &[("BAD_ACCOUNT_ID", "/detail/account_to_move")]),
            (
                "222222222222",
                "Quarantine",
                &[("ACCOUNT_NOT_FOUND", "/detail/account_to_move"), ("OU_NOT_ALLOWED", "/detail/OU")],
            ),
        ] {
            let refusals = refused(&config(), &detail(account, asked), &world_of(organization()));
            assert_eq!(refusals, expected(pairs), "{account} {asked}");
        }
        for (detail, pairs) in [
            ("{}", &[("MISSING_FIELD", "/detail/account_to_move"), ("MISSING_FIELD", "/detail/OU")][..]),
            (r#"{"account_to_move":111111111111,"OU":"Dev"}"#, &[("BAD_TYPE", "/detail/account_to_move")]),
            (r#"{"account_to_move":"111111111111","OU":"Dev","from":"Dev"}"#, &[("UNKNOWN_FIELD", "/detail/from")]),
        ] {
            assert_eq!(refused(&config(), detail, &world_of(organization())), expected(pairs), "{detail}");
        }
        let unread = refused(&config(), &detail("111111111111", "Dev"), &World::default());
        assert_eq!(unread, expected(&[("FACT_UNAVAILABLE", "")]));
    }

    #[test]
    fn a_deny_must_survive_the_move() {
        let lost = |targets: &[&str], asked: &str| {
            let mut organization = organization();
            add_policy(&mut organization, "p-guard000", DENY, targets);
            plan(&config(), &detail("111111111111", asked), &world_of(organization)).map(|actions| actions.len())
        };
        let refusals = lost(&["ou-abcd-11111111"], "Standard").expect_err("loses two");
        assert_eq!(crate::testing::codes(&refusals), expected(&[("MOVE_LOSES_DENY", "/detail/OU")]));
        let message = &refusals.first().expect("one").message;
        assert!(
            message.ends_with("now: `NoLeave` of policy `guard000`, statement 2 of policy `guard000`"),
            "{message}"
        );
        // Into the unit below, at the root, on both sides, on the account itself, or where it may be lost: all keep.
        for (targets, asked) in [
            (&["ou-abcd-11111111"][..], "Lab"),
            (&["r-abcd"], "Standard"),
            (&["ou-abcd-11111111", "ou-abcd-22222222"], "Standard"),
            (&["ou-abcd-11111111", "111111111111"], "Standard"),
            (&["ou-abcd-22222222"], "Standard"),
            (&["ou-abcd-11111111"], "Morgue"),
        ] {
            assert_eq!(lost(targets, asked), Ok(1), "{targets:?} {asked}");
        }
    }

    #[test]
    fn a_list_of_what_alone_is_allowed_must_survive_the_move() {
        let support = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"support:*","Resource":"*"}}"#;
        let moved = |targets: &[&str], asked: &str| {
            let mut organization = organization();
            for target in targets {
                organization.attachments.insert((*target).to_owned(), Vec::new());
            }
            add_policy(&mut organization, "p-support0", support, targets);
            plan(&config(), &detail("111111111111", asked), &world_of(organization)).map(|actions| actions.len())
        };
        let refusals = moved(&["ou-abcd-11111111"], "Standard").expect_err("sheds the list");
        assert_eq!(crate::testing::codes(&refusals), expected(&[("MOVE_LOSES_DENY", "/detail/OU")]));
        let message = "the move would free `111111111111` of the list of what alone is allowed, that of `Dev`";
        assert_eq!(refusals.first().map(|refusal| refusal.message.as_str()), Some(message));
        // Below it, to one of its like, with the list on the account, into the narrower, and where it may be lost.
        for (targets, asked) in [
            (&["ou-abcd-11111111"][..], "Lab"),
            (&["ou-abcd-11111111", "ou-abcd-22222222"], "Standard"),
            (&["ou-abcd-11111111", "111111111111"], "Standard"),
            (&["ou-abcd-22222222"], "Standard"),
            (&["ou-abcd-11111111"], "Morgue"),
        ] {
            assert_eq!(moved(targets, asked), Ok(1), "{targets:?} {asked}");
        }
    }

    #[test]
    fn another_policy_may_hold_the_same_deny() {
        let mut organization = organization();
        add_policy(&mut organization, "p-guard000", DENY, &["ou-abcd-11111111"]);
        let respelled = DENY.replace("NoLeave", "Stay").replace('\n', "");
        add_policy(&mut organization, "p-other000", &respelled, &["ou-abcd-22222222"]);
        assert!(plan(&config(), &detail("111111111111", "Standard"), &world_of(organization)).is_ok());
    }

    #[test]
    fn a_long_list_of_losses_is_cut() {
        let message = |count: usize| {
            let lost: Vec<String> = (0..count).map(|index| format!("`S{index}` of policy `p`")).collect();
            loses(&AccountId::parse("111111111111").expect("an id"), &lost).message
        };
        assert!(message(LOST_NAMED_MAX).ends_with("`S9` of policy `p`"));
        assert!(message(LOST_NAMED_MAX + 1).ends_with("`S9` of policy `p` and 1 more"));
    }

    #[test]
    fn nothing_comes_back_from_where_denies_may_be_lost() {
        let mut organization = organization();
        add_account(&mut organization, "333344445555", "ou-abcd-33333333");
        let refusals = refused(&config(), &detail("333344445555", "Standard"), &world_of(organization));
        assert_eq!(refusals, expected(&[("MOVE_LOSES_DENY", "/detail/account_to_move")]));
    }

    #[test]
    fn a_path_that_does_not_reach_the_root_plans_nothing() {
        for parent in ["ou-abcd-99999999", "ou-abcd-11111111"] {
            let mut organization = organization();
            add_account(&mut organization, "111111111111", "ou-abcd-55555555");
            organization.units.get_mut("ou-abcd-55555555").expect("Lab").parent_id = parent.to_owned();
            organization.units.get_mut("ou-abcd-11111111").expect("Dev").parent_id = "ou-abcd-55555555".to_owned();
            let refusals = refused(&config(), &detail("111111111111", "Standard"), &world_of(organization));
            assert_eq!(refusals, expected(&[("FACT_UNAVAILABLE", "")]), "{parent}");
        }
    }
}
