//! Tables over hostile and ordinary requests of the kind above.

mod order;

use super::*;
use crate::testing::{ALLOW_ALL, add_policy, codes, event, expected, organization, plan, refused, world_of};
use reeve_json::{Value, compact};
use reeve_model::action::{Attachment, PolicyRef};

const DEV: &str = "ou-abcd-11111111";
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

fn config() -> ScpUpdate {
    ScpUpdate { size_quota_chars: 10_240, attach_max: 10, protected_targets: vec!["Quarantine".to_owned()] }
}

fn policy(name: &str, document: &str, more: &[(&str, &str)]) -> Value {
    let fields = [("name", name), ("document", document)];
    Value::object(fields.into_iter().chain(more.iter().copied()))
}

fn pair(policy: &str, target: &str) -> Value {
    Value::object([("policy", policy), ("target", target)])
}

fn detail(lists: [&[Value]; 3]) -> String {
    let lists = ["policies", "attach", "detach"].into_iter().zip(lists);
    compact(&Value::object(lists.map(|(name, items)| (name, Value::array(items.iter().cloned())))))
}

/// `guard000`, a Deny, is attached to Dev beside `FullAWSAccess`; `spare000` is the same and attached nowhere.
fn guarded() -> Organization {
    let mut organization = organization();
    add_policy(&mut organization, "p-guard000", DENY, &[DEV]);
    add_policy(&mut organization, "p-spare000", DENY, &[]);
    organization
}

fn planned(at: &str, action: Action) -> PlannedAction {
    PlannedAction { at: at.to_owned(), action }
}

fn attachment(name: &str, id: Option<&str>, target: &str) -> Attachment {
    let policy = PolicyRef { name: name.to_owned(), id: id.map(str::to_owned) };
    Attachment { policy, target_id: target.to_owned() }
}

#[track_caller]
fn refused_by(organization: Organization, lists: [&[Value]; 3]) -> Vec<(&'static str, String)> {
    refused(&config(), &detail(lists), &world_of(organization))
}

/// The calls and policies of a plan, in order.
fn calls(config: &ScpUpdate, organization: Organization, lists: [&[Value]; 3]) -> Result<Vec<String>, Vec<Refusal>> {
    let actions = plan(config, &detail(lists), &world_of(organization))?;
    let call = |planned: &PlannedAction| {
        let json = planned.to_json();
        let field = |name: &str| json.as_object()?.get(name)?.as_str().map(str::to_owned);
        let call = planned.action.call().trim_start_matches("organizations:");
        format!("{call} {}", field("policy").or_else(|| field("name")).unwrap_or_default())
    };
    Ok(actions.iter().map(call).collect())
}

#[test]
fn a_request_is_planned_in_a_safe_order() {
    let policies = [
        policy("guard000", ALLOW_ALL, &[("description", "allows")]),
        policy("fresh", DENY, &[("type", "SERVICE_CONTROL_POLICY")]),
    ];
    let attach = [pair("fresh", "root"), pair("spare000", "Dev"), pair("guard000", DEV), pair("fresh", "111111111111")];
    let detach = [pair("FullAWSAccess", "Dev"), pair("spare000", "Lab")];
    let wanted = vec![
        planned(
            "/detail/policies/1",
            Action::CreatePolicy(CreatePolicy {
                name: "fresh".to_owned(),
                description: String::new(),
                document: DENY.to_owned(),
            }),
        ),
        planned("/detail/attach/0", Action::AttachPolicy(attachment("fresh", None, "r-abcd"))),
        planned("/detail/attach/1", Action::AttachPolicy(attachment("spare000", Some("p-spare000"), DEV))),
        planned("/detail/attach/3", Action::AttachPolicy(attachment("fresh", None, "111111111111"))),
        planned(
            "/detail/policies/0",
            Action::UpdatePolicy(UpdatePolicy {
                policy_id: "p-guard000".to_owned(),
                name: "guard000".to_owned(),
                description: "allows".to_owned(),
                document: ALLOW_ALL.to_owned(),
                before: DENY.to_owned(),
            }),
        ),
        planned("/detail/detach/0", Action::DetachPolicy(attachment("FullAWSAccess", Some("p-FullAWSAccess"), DEV))),
    ];
    let sent = detail([&policies, &attach, &detach]);
    assert_eq!(plan(&config(), &sent, &world_of(guarded())), Ok(wanted));
    let (config, event) = (config(), event(&config(), &sent));
    let ask = Ask::read(&event, &config).expect("good");
    assert_eq!(config.draft(&ask).expect("good").needs(), [Need::Organization]);
}

#[test]
fn what_is_already_so_is_nothing_to_do() {
    let stale = Digest::of(b"long ago");
    let policies = [
        policy("guard000", DENY, &[("description", "")]),
        policy("spare000", DENY, &[("replaces", stale.as_str())]),
        policy("FullAWSAccess", ALLOW_ALL, &[]),
    ];
    let lists: [&[Value]; 3] = [&policies, &[pair("guard000", "Dev")], &[pair("spare000", "Dev")]];
    assert_eq!(calls(&config(), guarded(), lists), Ok(Vec::new()));
}

#[test]
fn a_description_is_kept_unless_it_is_sent() {
    let mut organization = guarded();
    organization.policies.get_mut("p-guard000").expect("there").description = "old".to_owned();
    for (more, wanted) in [(&[][..], None), (&[("description", "old")], None), (&[("description", "new")], Some("new"))]
    {
        let sent = detail([&[policy("guard000", DENY, more)], &[], &[]]);
        let actions = plan(&config(), &sent, &world_of(organization.clone())).expect("good");
        let described = actions.iter().filter_map(|planned| {
            let json = planned.to_json();
            json.as_object()?.get("description")?.as_str().map(str::to_owned)
        });
        assert_eq!(described.collect::<Vec<_>>(), Vec::from_iter(wanted.map(str::to_owned)));
    }
}

#[test]
fn lost_updates_are_refused() {
    let (now, other) = (Digest::of(DENY.as_bytes()), Digest::of(b"other"));
    let with = |name: &str, digest: &Digest| [policy(name, ALLOW_ALL, &[("replaces", digest.as_str())])];
    assert_eq!(
        calls(&config(), guarded(), [&with("spare000", &now), &[], &[]]),
        Ok(vec!["UpdatePolicy spare000".into()])
    );
    // A document that is as wanted was changed by this request before; only the description is left to do.
    let described = [policy("spare000", DENY, &[("replaces", other.as_str()), ("description", "new")])];
    assert_eq!(calls(&config(), guarded(), [&described, &[], &[]]), Ok(vec!["UpdatePolicy spare000".into()]));
    for (name, digest) in [("spare000", &other), ("fresh", &now)] {
        let found = refused_by(guarded(), [&with(name, digest), &[], &[]]);
        assert_eq!(found, expected(&[("POLICY_CHANGED_SINCE_READ", "/detail/policies/0/replaces")]), "{name}");
    }
}

#[test]
fn policies_of_aws_are_not_edited() {
    let mut organization = guarded();
    organization.policies.get_mut("p-spare000").expect("there").aws_managed = true;
    let policies = [policy("FullAWSAccess", DENY, &[]), policy("spare000", ALLOW_ALL, &[])];
    let wanted = [("FULLAWSACCESS_GUARD", "/detail/policies/0"), ("POLICY_TYPE", "/detail/policies/1")];
    assert_eq!(refused_by(organization, [&policies, &[], &[]]), expected(&wanted));
}

#[test]
fn sizes_count_what_is_sent() {
    let config = ScpUpdate { size_quota_chars: 20, ..config() };
    let refusal = |document: &str| {
        let found = plan(&config, &detail([&[policy("x", document, &[])], &[], &[]]), &world_of(organization()));
        found.err().map(|found| (codes(&found), found.into_iter().next().and_then(|refusal| refusal.fix)))
    };
    let at = expected(&[("SCP_TOO_LARGE", "/detail/policies/0/document")]);
    assert_eq!(refusal(&"x".repeat(20)), None);
    assert_eq!(refusal(&"\u{1f600}".repeat(20)), None);
    assert_eq!(refusal(&"x".repeat(21)), Some((at.clone(), Some("split the policy".to_owned()))));
    let fix = "send it without white space between its tokens: then it has 20 characters";
    assert_eq!(refusal(&format!("{} ", "x".repeat(20))), Some((at, Some(fix.to_owned()))));
    assert_eq!(refusal("").map(|(codes, _)| codes), Some(expected(&[("BAD_VALUE", "/detail/policies/0/document")])));
}

#[test]
fn policies_are_read_strictly() {
    let long = "n".repeat(POLICY_NAME_CHARS_MAX);
    let words = "d".repeat(DESCRIPTION_CHARS_MAX);
    for good in [
        policy(&long, DENY, &[("description", &words)]),
        policy(&"\u{1f600}".repeat(POLICY_NAME_CHARS_MAX), DENY, &[]),
        policy("a b/c", DENY, &[]),
    ] {
        assert!(plan(&config(), &detail([&[good], &[], &[]]), &world_of(organization())).is_ok());
    }
    for (bad, code, field) in [
        (policy("", DENY, &[]), "POLICY_NAME", "/name"),
        (policy(&format!("{long}n"), DENY, &[]), "POLICY_NAME", "/name"),
        (policy("a\nb", DENY, &[]), "POLICY_NAME", "/name"),
        (policy("x", DENY, &[("description", &format!("{words}d"))]), "POLICY_NAME", "/description"),
        (policy("x", DENY, &[("type", "RESOURCE_CONTROL_POLICY")]), "POLICY_TYPE", "/type"),
        (policy("x", DENY, &[("type", "")]), "POLICY_TYPE", "/type"),
        (policy("x", DENY, &[("replaces", "sha256:00")]), "BAD_VALUE", "/replaces"),
        (policy("x", DENY, &[("id", "p-x")]), "UNKNOWN_FIELD", "/id"),
        (Value::object([("name", "x")]), "MISSING_FIELD", "/document"),
        (Value::object([("document", DENY)]), "MISSING_FIELD", "/name"),
        (
            Value::object([("name", Value::from("x")), ("document", Value::object([("a", "b")]))]),
            "BAD_TYPE",
            "/document",
        ),
        (Value::from("x"), "BAD_TYPE", ""),
    ] {
        let wanted = format!("/detail/policies/0{field}");
        assert_eq!(refused_by(organization(), [&[bad], &[], &[]]), expected(&[(code, &wanted)]), "{code} {field}");
    }
}

#[test]
fn lists_are_bounded_and_one_must_be_there() {
    for sent in ["{}", r#"{"policies":[],"attach":[],"detach":[]}"#] {
        let found = refused(&config(), sent, &world_of(organization()));
        assert_eq!(found, expected(&[("MISSING_FIELD", "/detail")]), "{sent}");
    }
    for (sent, code, at) in [
        (r#"{"attach":{}}"#, "BAD_TYPE", "/detail/attach"),
        (r#"{"attach":[1]}"#, "BAD_TYPE", "/detail/attach/0"),
        (r#"{"detach":[{"policy":"x"}]}"#, "MISSING_FIELD", "/detail/detach/0/target"),
        (r#"{"attach":[{"policy":1,"target":"root"}]}"#, "BAD_TYPE", "/detail/attach/0/policy"),
        (r#"{"disable":true}"#, "UNKNOWN_FIELD", "/detail/disable"),
    ] {
        assert_eq!(refused(&config(), sent, &world_of(organization())), expected(&[(code, at)]), "{sent}");
    }
    let many = |count: usize| (0..count).map(|index| policy(&format!("p{index}"), DENY, &[])).collect::<Vec<_>>();
    assert_eq!(calls(&config(), organization(), [&many(ENTRIES_MAX), &[], &[]]).map(|it| it.len()), Ok(ENTRIES_MAX));
    let found = refused_by(organization(), [&many(ENTRIES_MAX + 1), &[], &[]]);
    assert_eq!(found, expected(&[("BAD_VALUE", "/detail/policies")]));
    let unread = refused(&config(), &detail([&many(1), &[], &[]]), &World::default());
    assert_eq!(unread, expected(&[("FACT_UNAVAILABLE", "")]));
}

#[test]
fn policies_and_targets_must_be_known() {
    let mut organization = guarded();
    add_policy(&mut organization, "p-twin0001", DENY, &[]);
    add_policy(&mut organization, "p-twin0002", DENY, &[]);
    for id in ["p-twin0001", "p-twin0002"] {
        organization.policies.get_mut(id).expect("there").name = "twin".to_owned();
    }
    organization.units.get_mut("ou-abcd-33333333").expect("Morgue").name = "111111111111".to_owned();
    for (policy, target, code, field) in [
        ("nothing", "Dev", "POLICY_UNKNOWN", "policy"),
        ("p-guard000", "Dev", "POLICY_UNKNOWN", "policy"),
        ("Guard000", "Dev", "POLICY_UNKNOWN", "policy"),
        ("twin", "Dev", "POLICY_UNKNOWN", "policy"),
        ("spare000", "Nowhere", "TARGET_UNKNOWN", "target"),
        ("spare000", "", "TARGET_UNKNOWN", "target"),
        ("spare000", "r-abcd;x", "TARGET_UNKNOWN", "target"),
        ("spare000", "r-wxyz", "TARGET_UNKNOWN", "target"),
        ("spare000", "222222222222", "TARGET_UNKNOWN", "target"),
        ("spare000", "Twin", "TARGET_UNKNOWN", "target"),
        ("spare000", "111111111111", "TARGET_UNKNOWN", "target"),
        ("spare000", "999999999999", "MGMT_TARGET", "target"),
        ("spare000", "Quarantine", "TARGET_NOT_ALLOWED", "target"),
        ("spare000", "ou-abcd-44444444", "TARGET_NOT_ALLOWED", "target"),
    ] {
        for (list, name) in [(1, "attach"), (2, "detach")] {
            let pairs = [pair(policy, target)];
            let mut lists: [&[Value]; 3] = [&[], &[], &[]];
            lists[list] = &pairs;
            let wanted = format!("/detail/{name}/0/{field}");
            assert_eq!(refused_by(organization.clone(), lists), expected(&[(code, &wanted)]), "{policy} {target}");
        }
    }
    let both = refused_by(organization, [&[], &[pair("nothing", "Nowhere")], &[]]);
    let wanted = [("POLICY_UNKNOWN", "/detail/attach/0/policy"), ("TARGET_UNKNOWN", "/detail/attach/0/target")];
    assert_eq!(both, expected(&wanted));
}

#[test]
fn a_policy_on_a_protected_target_is_not_edited() {
    let mut organization = organization();
    add_policy(&mut organization, "p-guard000", DENY, &["ou-abcd-44444444", DEV]);
    let found = refused_by(organization, [&[policy("guard000", ALLOW_ALL, &[])], &[], &[]]);
    assert_eq!(found, expected(&[("TARGET_NOT_ALLOWED", "/detail/policies/0/name")]));
    let config = ScpUpdate { protected_targets: vec!["root".to_owned()], ..config() };
    let found = refused(&config, &detail([&[], &[pair("spare000", "r-abcd")], &[]]), &world_of(guarded()));
    assert_eq!(found, expected(&[("TARGET_NOT_ALLOWED", "/detail/attach/0/target")]));
}

#[test]
fn contradictions_are_refused() {
    let twice = [policy("x", DENY, &[]), policy("x", DENY, &[])];
    let found = refused_by(guarded(), [&twice, &[], &[]]);
    assert_eq!(found, expected(&[("BATCH_CONFLICT", "/detail/policies/1/name")]));
    let (one, other) = ([pair("spare000", "Dev")], [pair("spare000", DEV)]);
    assert_eq!(refused_by(guarded(), [&[], &one, &other]), expected(&[("BATCH_CONFLICT", "/detail/detach/0")]));
    let found = refused_by(guarded(), [&[], &[pair("spare000", "Dev"), pair("spare000", DEV)], &[]]);
    assert_eq!(found, expected(&[("BATCH_CONFLICT", "/detail/attach/1")]));
}

#[test]
fn the_quota_counts_what_the_request_leaves() {
    let config = ScpUpdate { attach_max: 3, ..config() };
    let new = |count: usize| (0..count).map(|index| policy(&format!("n{index}"), DENY, &[])).collect::<Vec<_>>();
    let on_dev = |count: usize| (0..count).map(|index| pair(&format!("n{index}"), "Dev")).collect::<Vec<_>>();
    let found = |attach: usize, detach: &[Value]| {
        calls(&config, guarded(), [&new(attach), &on_dev(attach), detach])
            .map(|it| it.join(","))
            .map_err(|it| codes(&it))
    };
    assert_eq!(found(1, &[]), Ok("CreatePolicy n0,AttachPolicy n0".to_owned()));
    assert_eq!(found(2, &[]), Err(expected(&[("ATTACH_QUOTA", "/detail/attach/1")])));
    // A full target gives up the policy that allows nothing before it is attached to.
    let guard = [pair("guard000", "Dev")];
    let swapped = "CreatePolicy n0,CreatePolicy n1,DetachPolicy guard000,AttachPolicy n0,AttachPolicy n1";
    assert_eq!(found(2, &guard), Ok(swapped.to_owned()));
    assert_eq!(found(3, &guard), Err(expected(&[("ATTACH_QUOTA", "/detail/attach/2")])));
}

#[test]
fn a_full_target_keeps_its_allow_while_it_changes() {
    let config = ScpUpdate { attach_max: 1, ..config() };
    // The only policy cannot go first, and the new one cannot come first.
    let allow = [policy("ours", ALLOW_ALL, &[])];
    let lists: [&[Value]; 3] = [&allow, &[pair("ours", "Lab")], &[pair("FullAWSAccess", "Lab")]];
    let found = calls(&config, organization(), lists).map_err(|it| codes(&it));
    assert_eq!(found, Err(expected(&[("ATTACH_QUOTA", "/detail/attach/0")])));
    // Nor may a Deny go first that is all there is.
    let mut denied = organization();
    denied.attachments.insert(DEV.to_owned(), Vec::new());
    add_policy(&mut denied, "p-guard000", DENY, &[DEV]);
    let lists: [&[Value]; 3] = [&allow, &[pair("ours", "Dev")], &[pair("guard000", "Dev")]];
    let found = calls(&config, denied, lists).map_err(|it| codes(&it));
    assert_eq!(found, Err(expected(&[("ATTACH_QUOTA", "/detail/attach/0")])));
    // FullAWSAccess may go first when another policy that allows everything is there.
    let mut organization = organization();
    add_policy(&mut organization, "p-allow000", ALLOW_ALL, &[DEV]);
    let config = ScpUpdate { attach_max: 2, ..config };
    let lists: [&[Value]; 3] = [&allow, &[pair("ours", "Dev")], &[pair("FullAWSAccess", "Dev")]];
    let wanted = ["CreatePolicy ours", "DetachPolicy FullAWSAccess", "AttachPolicy ours"].map(str::to_owned).to_vec();
    assert_eq!(calls(&config, organization.clone(), lists), Ok(wanted));
    // An Allow of less does not go first when nothing else allows.
    organization.attachments.insert(DEV.to_owned(), vec!["p-some0000".to_owned(), "p-guard000".to_owned()]);
    let some = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    add_policy(&mut organization, "p-some0000", some, &[]);
    add_policy(&mut organization, "p-guard000", DENY, &[]);
    let lists: [&[Value]; 3] = [&allow, &[pair("ours", "Dev")], &[pair("some0000", "Dev")]];
    let found = calls(&config, organization, lists).map_err(|it| codes(&it));
    assert_eq!(found, Err(expected(&[("ATTACH_QUOTA", "/detail/attach/0")])));
}

#[test]
fn a_target_keeps_a_policy_and_an_allow() {
    let full = |target: &str| [pair("FullAWSAccess", target)];
    let lab = refused_by(organization(), [&[], &[], &full("Lab")]);
    assert_eq!(lab, expected(&[("LAST_SCP", "/detail/detach/0")]));
    let dev = refused_by(guarded(), [&[], &[], &full("Dev")]);
    assert_eq!(dev, expected(&[("FULLAWSACCESS_GUARD", "/detail/detach/0")]));
    let narrow = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"b"}}}}"#;
    for (document, good) in [(ALLOW_ALL, true), (narrow, false), (DENY, false), ("", false)] {
        // A policy that is there and allows counts, as does one that the request attaches or changes.
        let mut organization = organization();
        add_policy(&mut organization, "p-there000", document, &["ou-abcd-55555555"]);
        let found = calls(&config(), organization.clone(), [&[], &[], &full("Lab")]);
        assert_eq!(found.is_ok(), good, "{document}");
        if document.is_empty() {
            continue;
        }
        let new = [policy("new", document, &[])];
        let found = calls(&config(), organization, [&new, &[pair("new", "Standard")], &full("Standard")]);
        let wanted = ["CreatePolicy new", "AttachPolicy new", "DetachPolicy FullAWSAccess"].map(str::to_owned).to_vec();
        match found {
            Ok(found) => assert_eq!((found, good), (wanted, true)),
            Err(found) => {
                assert_eq!((codes(&found), good), (expected(&[("FULLAWSACCESS_GUARD", "/detail/detach/0")]), false))
            }
        }
        let changed = [policy("guard000", document, &[])];
        assert_eq!(calls(&config(), guarded(), [&changed, &[], &full("Dev")]).is_ok(), good, "{document}");
    }
}

#[test]
fn every_target_is_judged() {
    let detach = [pair("FullAWSAccess", "Lab"), pair("FullAWSAccess", "Dev"), pair("FullAWSAccess", "Standard")];
    let wanted = [
        ("FULLAWSACCESS_GUARD", "/detail/detach/1"),
        ("LAST_SCP", "/detail/detach/2"),
        ("LAST_SCP", "/detail/detach/0"),
    ];
    assert_eq!(refused_by(guarded(), [&[], &[], &detach]), expected(&wanted));
}
