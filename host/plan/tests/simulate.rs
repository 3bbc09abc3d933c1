//! A state as the organization that permissions are simulated in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::{DENY, state};
use reeve_scp::{Call, Truth};

#[test]
fn policies_bind_what_is_below_them() {
    let state = state(
        "\
Accounts:
  foo: {organization_unit: Lab}
  bar: {id: \"111111111111\", organization_unit: Standard}
  own: {organization_unit: Standard, policies: [FullAWSAccess, guard]}
  shut: {organization_unit: Standard, policies: [guard]}
OrganizationUnits:
  Dev: {policies: [FullAWSAccess, guard]}
  Lab: {parent: Dev}
",
        &[("guard", DENY)],
    );
    let organization = state.to_scp().expect("a tree");
    let leave = Call::new("organizations:LeaveOrganization");
    let list = Call::new("s3:ListAllMyBuckets");
    for (account, may_leave, may_list) in [
        ("foo", Truth::False, Truth::True),
        ("bar", Truth::True, Truth::True),
        ("own", Truth::False, Truth::True),
        ("shut", Truth::False, Truth::False),
    ] {
        let decide = |call| organization.decide(account, call).expect(account).allowed;
        assert_eq!((decide(&leave), decide(&list)), (may_leave, may_list), "{account}");
    }
    assert_eq!(organization.account_id("bar"), Some("111111111111"));
}

#[test]
fn what_cannot_be_simulated_is_found_where_it_stands() {
    for (text, document, expected) in [
        (
            "Accounts: {}\n",
            "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\"Effect\": \"Perhaps\", \"Action\": \"*\", \"Resource\": \"*\"}]\n}",
            "PLAN_POLICY_UNDECIDABLE scp/guard.json:3",
        ),
        (
            "Accounts: {}\nOrganizationUnits:\n  Dev: {policies: [gone]}\n",
            DENY,
            "PLAN_POLICY_FILE_MISSING accounts.yaml:3",
        ),
    ] {
        let found = state(text, &[("guard", document)]).to_scp().expect_err(text);
        let place = found.first().expect("one").place.clone().expect("a place");
        assert_eq!(format!("{} {}:{}", found.first().expect("one").code, place.file, place.line), expected);
    }
}
