//! In which order calls are made, and what may never stand between two of them.

use super::*;

const NO_EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
const BOTH: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;

/// Dev has `base`, which allows everything, and `guard`, a Deny; Lab has `other`, a Deny, beside `FullAWSAccess`;
/// `spare` is a Deny on nothing.
fn based() -> Organization {
    let mut organization = organization();
    organization.attachments.insert(DEV.to_owned(), Vec::new());
    add_policy(&mut organization, "p-base", ALLOW_ALL, &[DEV]);
    add_policy(&mut organization, "p-guard", DENY, &[DEV]);
    add_policy(&mut organization, "p-other", DENY, &["ou-abcd-55555555"]);
    add_policy(&mut organization, "p-spare", DENY, &[]);
    organization
}

#[test]
fn what_is_added_comes_before_what_is_changed_and_that_before_what_goes() {
    let mut both = organization();
    add_policy(&mut both, "p-a", BOTH, &[DEV]);
    let described = |name: &str, document: &str| policy(name, document, &[("description", "new")]);
    let full = [pair("FullAWSAccess", "Dev")];
    for (organization, lists, wanted) in [
        // The other allow is there before this one goes.
        (based(), [&[policy("base", NO_EC2, &[])][..], &full, &[]], "AttachPolicy FullAWSAccess,UpdatePolicy base"),
        // A Deny that goes to another policy holds all the while.
        (
            both,
            [&[policy("a", NO_EC2, &[]), policy("b", DENY, &[])], &[pair("b", "Dev")], &[]],
            "CreatePolicy b,AttachPolicy b,UpdatePolicy a",
        ),
        // A document that binds nothing yet changes before it is attached, and may take over.
        (
            based(),
            [&[policy("base", NO_EC2, &[]), policy("spare", ALLOW_ALL, &[])], &[pair("spare", "Dev")], &[]],
            "UpdatePolicy spare,AttachPolicy spare,UpdatePolicy base",
        ),
        // No target is bound to the old text for a moment.
        (
            based(),
            [
                &[policy("guard", NO_EC2, &[])],
                &[pair("guard", "Standard"), pair("spare", "Standard")],
                &[pair("other", "Lab")],
            ],
            "AttachPolicy spare,UpdatePolicy guard,AttachPolicy guard,DetachPolicy other",
        ),
        // A new description binds nobody.
        (
            based(),
            [&[described("guard", DENY)], &[pair("guard", "Standard")], &[]],
            "UpdatePolicy guard,AttachPolicy guard",
        ),
        // An allow that comes by an edit is there before the one goes that is detached.
        (
            based(),
            [&[policy("guard", ALLOW_ALL, &[])], &[], &[pair("base", "Dev")]],
            "UpdatePolicy guard,DetachPolicy base",
        ),
    ] {
        assert_eq!(calls(&config(), organization, lists).map(|calls| calls.join(",")), Ok(wanted.to_owned()));
    }
}

#[test]
fn a_slot_is_given_up_by_the_document_of_that_moment() {
    let config = ScpUpdate { attach_max: 2, ..config() };
    // `guard` allows nothing when it must go, whatever it is to say later.
    let lists: [&[Value]; 3] = [&[policy("guard", NO_EC2, &[])], &[pair("spare", "Dev")], &[pair("guard", "Dev")]];
    let wanted = "DetachPolicy guard,AttachPolicy spare,UpdatePolicy guard";
    assert_eq!(calls(&config, based(), lists).map(|calls| calls.join(",")), Ok(wanted.to_owned()));
    // `base` is the allow until `guard` is edited, and cannot go first.
    let lists: [&[Value]; 3] = [&[policy("guard", ALLOW_ALL, &[])], &[pair("spare", "Dev")], &[pair("base", "Dev")]];
    let found = calls(&config, based(), lists).map_err(|found| codes(&found));
    assert_eq!(found, Err(expected(&[("ATTACH_QUOTA", "/detail/attach/0")])));
}

#[test]
fn no_call_leaves_a_target_without_an_allow() {
    let split = "split the request: put what is to allow in place first, and take away what allows now in the next one";
    let attach = "attach a policy that allows something in the same request";
    let shut = |name: &str| policy(name, NO_EC2, &[]);
    let open = |name: &str| policy(name, ALLOW_ALL, &[]);
    let base = [pair("base", "Dev")];
    let (edit, gone) = ("/detail/policies/0/document", "/detail/detach/0");
    for (lists, wanted) in [
        ([&[][..], &[], &base[..]], Some((gone, attach))),
        ([&[], &[pair("spare", "Dev")], &base], Some((gone, attach))),
        ([&[shut("base")], &[], &[]], Some((edit, attach))),
        ([&[shut("base")], &[pair("spare", "Dev")], &[pair("guard", "Dev")]], Some((edit, attach))),
        // The end is good, and the way there is not.
        ([&[shut("base"), open("guard")], &[], &[]], Some((edit, split))),
        ([&[shut("base"), open("other")], &[pair("other", "Dev")], &[]], Some((edit, split))),
        ([&[open("other"), shut("base")], &[pair("other", "Dev")], &[]], Some(("/detail/policies/1/document", split))),
        // Another policy allows by then.
        ([&[open("guard"), shut("base")], &[], &[]], None),
        ([&[open("new"), shut("base")], &[pair("new", "Dev")], &[]], None),
        ([&[open("new")], &[pair("new", "Dev")], &base], None),
        ([&[], &[pair("FullAWSAccess", "Dev")], &base], None),
        ([&[], &[], &[pair("guard", "Dev")]], None),
    ] {
        let found = plan(&config(), &detail(lists), &world_of(based())).err().unwrap_or_default();
        let told: Vec<_> = codes(&found).into_iter().zip(found.iter().map(|it| it.fix.as_deref())).collect();
        let wanted = wanted.map(|(at, fix)| (("FULLAWSACCESS_GUARD", at.to_owned()), Some(fix)));
        assert_eq!(told, Vec::from_iter(wanted), "{}", detail(lists));
    }
}

#[test]
fn what_allows_nothing_already_loses_nothing() {
    let mut organization = based();
    organization.attachments.insert(DEV.to_owned(), vec!["p-guard".to_owned(), "p-spare".to_owned()]);
    let lists: [&[Value]; 3] = [&[policy("guard", NO_EC2, &[])], &[], &[pair("spare", "Dev")]];
    let wanted = ["UpdatePolicy guard", "DetachPolicy spare"].map(str::to_owned).to_vec();
    assert_eq!(calls(&config(), organization, lists), Ok(wanted));
}

#[test]
fn all_targets_of_an_edit_are_told_at_once() {
    let mut organization = based();
    organization.attachments.insert("ou-abcd-22222222".to_owned(), vec!["p-base".to_owned()]);
    let sent = detail([&[policy("base", NO_EC2, &[])], &[], &[]]);
    let found = plan(&config(), &sent, &world_of(organization)).expect_err("starves two");
    let message = "`ou-abcd-11111111` and 1 more would be left without any allow, so everything there would be denied";
    assert_eq!(found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), [message]);
}
