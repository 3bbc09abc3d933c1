//! Tables over hostile and ordinary requests of the kind above.

use super::*;
use crate::testing::{event, expected, organization, plan, refused, world_of};
use reeve_json::{Value, compact};
use reeve_model::action::OrganizationalUnit;

fn config() -> CreateAccount {
    CreateAccount {
        email_domains: vec!["example.com".to_owned()],
        units: vec!["Dev".to_owned(), "ou-abcd-22222222".to_owned()],
        role_name: "OrganizationAccountAccessRole".to_owned(),
        forward_bus: None,
    }
}

/// A good detail, with some fields replaced or, by `null`, taken out.
fn detail(changes: &[(&str, Value)]) -> String {
    let mut fields = Value::object([("name", "foo"), ("email", "aws+foo@example.com"), ("OU", "Dev")]);
    if let Value::Object(object) = &mut fields {
        for (key, value) in changes {
            if *value == Value::Null {
                object.remove(key);
            } else {
                object.set(*key, value.clone());
            }
        }
    }
    compact(&fields)
}

#[track_caller]
fn refused_with(changes: &[(&str, Value)]) -> Vec<(&'static str, String)> {
    refused(&config(), &detail(changes), &world_of(organization()))
}

#[test]
fn the_original_request_is_planned_as_sent() {
    // The sample of the published system that this kind replaces, to the letter.
    let sent = concat!(
        r#"{"name":"foo-nonprod-us-east-1","email":"aws+foo-nonprod-us-east-1@example.com","OU":"Dev","#,
        r#""tags":{"scope":"dev","service-name":"foo","environment":"nonprod","region":"us-east-1"},"#,
        r#""nonce":"687754b2-abd6-3ae6-ae2d-f98bd134512e","dryrun":false}"#,
    );
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let action = Action::CreateAccount(action::CreateAccount {
        name: "foo-nonprod-us-east-1".to_owned(),
        email: "aws+foo-nonprod-us-east-1@example.com".to_owned(),
        role_name: "OrganizationAccountAccessRole".to_owned(),
        tags: vec![
            tag("scope", "dev"),
            tag("service-name", "foo"),
            tag("environment", "nonprod"),
            tag("region", "us-east-1"),
        ],
        destination: OrganizationalUnit { name: "Dev".to_owned(), id: "ou-abcd-11111111".to_owned() },
    });
    let planned = plan(&config(), sent, &world_of(organization()));
    assert_eq!(planned, Ok(vec![PlannedAction { at: "/detail".to_owned(), action }]));
    let (config, event) = (config(), event(&config(), sent));
    let ask = Ask::read(&event, &config).expect("good");
    assert_eq!(config.draft(&ask).expect("good").needs(), [Need::Organization]);
}

#[test]
fn addresses_follow_the_rules_of_organizations() {
    let local = "a".repeat(EMAIL_CHARS_MAX - "@example.com".len());
    for (email, code) in [
        ("a@example.com", None),
        ("a.b!#$*+-/=?^_`{}~@EXAMPLE.com", None),
        (&format!("{local}@example.com"), None),
        (&format!("{local}a@example.com"), Some("EMAIL_FORMAT")),
        ("", Some("EMAIL_FORMAT")),
        ("a@b.c", Some("EMAIL_FORMAT")),
        ("a@b.cd", Some("EMAIL_NOT_ALLOWED")),
        ("a b@example.com", Some("EMAIL_FORMAT")),
        ("a\t@example.com", Some("EMAIL_FORMAT")),
        ("a@b@example.com", Some("EMAIL_FORMAT")),
        ("a@evil.com@example.com", Some("EMAIL_FORMAT")),
        ("example.com", Some("EMAIL_FORMAT")),
        ("@example.com", Some("EMAIL_FORMAT")),
        (".a@example.com", Some("EMAIL_FORMAT")),
        ("\"a\"@example.com", Some("EMAIL_FORMAT")),
        ("a%evil@example.com", Some("EMAIL_FORMAT")),
        ("Foo<a@example.com", Some("EMAIL_FORMAT")),
        ("\u{430}bc@example.com", Some("EMAIL_FORMAT")),
        ("abc@ex\u{430}mple.com", Some("EMAIL_FORMAT")),
        ("abc@examplecom", Some("EMAIL_FORMAT")),
        ("abc@-example.com", Some("EMAIL_FORMAT")),
        ("abc@example.com-", Some("EMAIL_FORMAT")),
        ("abc@.example.com", Some("EMAIL_FORMAT")),
        ("abc@example.com.", Some("EMAIL_FORMAT")),
        ("abc@example..com", Some("EMAIL_FORMAT")),
        ("abc@exam_ple.com", Some("EMAIL_FORMAT")),
        ("abc@example.com\n", Some("EMAIL_FORMAT")),
        ("abc@evilexample.com", Some("EMAIL_NOT_ALLOWED")),
        ("abc@sub.example.com", Some("EMAIL_NOT_ALLOWED")),
        ("abc@example.com.evil", Some("EMAIL_NOT_ALLOWED")),
        ("111111111111@example.com", Some("EMAIL_NOT_ALLOWED")),
        ("111111111111@Example.COM", Some("EMAIL_NOT_ALLOWED")),
    ] {
        let result = plan(&config(), &detail(&[("email", email.into())]), &world_of(organization()));
        let codes = result.map_err(|refusals| crate::testing::codes(&refusals)).err();
        assert_eq!(codes, code.map(|code| expected(&[(code, "/detail/email")])), "{email}");
    }
}

#[test]
fn names_follow_the_rules_of_organizations() {
    let long = "x".repeat(ACCOUNT_NAME_CHARS_MAX);
    for (name, good) in [
        ("x", true),
        ("a name, with ~ all of !", true),
        (&long, true),
        (&format!("{long}x"), false),
        ("", false),
        (" ", false),
        (" x", false),
        ("x ", false),
        ("x\ny", false),
        ("caf\u{e9}", false),
    ] {
        let result = plan(&config(), &detail(&[("name", name.into())]), &world_of(organization()));
        let codes = result.map_err(|refusals| crate::testing::codes(&refusals)).err();
        assert_eq!(codes, (!good).then(|| expected(&[("ACCOUNT_NAME", "/detail/name")])), "{name}");
    }
}

#[test]
fn units_are_those_of_the_gate() {
    for (unit, code) in [
        ("Morgue", "OU_NOT_ALLOWED"),
        ("ou-abcd-33333333", "OU_NOT_ALLOWED"),
        ("ou-wxyz-11111111", "OU_NOT_ALLOWED"),
        ("Twin", "OU_NOT_ALLOWED"),
        ("r-abcd", "OU_NOT_ALLOWED"),
        ("root", "OU_NOT_ALLOWED"),
        ("", "OU_NOT_ALLOWED"),
        ("r-abcd;x", "OU_ID"),
        ("ou-abcd-11111111 ", "OU_ID"),
    ] {
        assert_eq!(refused_with(&[("OU", unit.into())]), expected(&[(code, "/detail/OU")]), "{unit}");
    }
    for unit in ["ou-abcd-11111111", "Standard", "ou-abcd-22222222"] {
        let planned = plan(&config(), &detail(&[("OU", unit.into())]), &world_of(organization()));
        assert!(planned.is_ok(), "{unit}");
    }
}

#[test]
fn tags_are_checked_one_by_one() {
    let key = "k".repeat(TAG_KEY_CHARS_MAX);
    let value = "v".repeat(TAG_VALUE_CHARS_MAX);
    let tag = |key: &str, value: &str| Value::object([(key, value)]);
    for tags in [
        tag("a:b/c=d+e-f@g_h", ""),
        tag("\u{540d}\u{524d} 1", "\u{e4}\u{f6}\u{a0}\u{fc}"),
        tag(&key, &value),
        tag("awsome", "aws:x"),
        Value::object([("", ""); 0]),
    ] {
        assert!(plan(&config(), &detail(&[("tags", tags)]), &world_of(organization())).is_ok());
    }
    for (tags, at) in [
        (tag("aws:x", "1"), "/aws:x"),
        (tag("AWS:x", "1"), "/AWS:x"),
        (tag("", "1"), "/"),
        (tag(&format!("{key}k"), "1"), &*format!("/{key}k")),
        (tag("k", &format!("{value}v")), "/k"),
        (tag("k", "a;b"), "/k"),
        (tag("k", "a\nb"), "/k"),
        (tag("a/b*", "1"), "/a~1b*"),
        (tag("k\u{1f600}", "1"), "/k\u{1f600}"),
        (Value::object([("Env", "1"), ("env", "2")]), "/env"),
    ] {
        let shown = compact(&tags);
        assert_eq!(refused_with(&[("tags", tags)]), expected(&[("TAG", &format!("/detail/tags{at}"))]), "{shown}");
    }
    let many = |count: usize| Value::object((0..count).map(|index| (format!("k{index}"), "v")));
    assert!(plan(&config(), &detail(&[("tags", many(TAGS_MAX))]), &world_of(organization())).is_ok());
    assert_eq!(refused_with(&[("tags", many(TAGS_MAX + 1))]), expected(&[("TAG", "/detail/tags")]));
}

#[test]
fn types_and_fields_are_strict() {
    for (changes, code, at) in [
        (("tags", Value::array(["a"])), "BAD_TYPE", "/detail/tags"),
        (("tags", Value::object([("k", 1i64)])), "BAD_TYPE", "/detail/tags/k"),
        (("name", Value::from(1i64)), "BAD_TYPE", "/detail/name"),
        (("name", Value::Null), "MISSING_FIELD", "/detail/name"),
        (("email", Value::Null), "MISSING_FIELD", "/detail/email"),
        (("OU", Value::Null), "MISSING_FIELD", "/detail/OU"),
        (("ou", Value::from("Dev")), "UNKNOWN_FIELD", "/detail/ou"),
        (("role", Value::from("Admin")), "FIELD_NOT_CALLER_SETTABLE", "/detail/role"),
        (("role_arn", Value::from("x")), "FIELD_NOT_CALLER_SETTABLE", "/detail/role_arn"),
    ] {
        assert_eq!(refused_with(&[changes]), expected(&[(code, at)]), "{code} {at}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let codes = refused_with(&[
        ("name", "".into()),
        ("email", "x".into()),
        ("OU", "r-x".into()),
        ("tags", Value::object([("aws:", "1")])),
        ("zzz", true.into()),
    ]);
    let wanted = [
        ("ACCOUNT_NAME", "/detail/name"),
        ("EMAIL_FORMAT", "/detail/email"),
        ("OU_ID", "/detail/OU"),
        ("TAG", "/detail/tags/aws:"),
        ("UNKNOWN_FIELD", "/detail/zzz"),
    ];
    assert_eq!(codes, expected(&wanted));
    let later = refused_with(&[("email", "111111111111@example.com".into()), ("OU", "Morgue".into())]);
    assert_eq!(later, expected(&[("EMAIL_NOT_ALLOWED", "/detail/email"), ("OU_NOT_ALLOWED", "/detail/OU")]));
}

#[test]
fn without_the_organization_nothing_is_planned() {
    assert_eq!(refused(&config(), &detail(&[]), &World::default()), expected(&[("FACT_UNAVAILABLE", "")]));
}

#[test]
fn role_names_follow_iam() {
    let long = "r".repeat(ROLE_NAME_CHARS_MAX);
    for (name, good) in [
        ("OrganizationAccountAccessRole", true),
        ("a+=,.@-_9", true),
        (&long, true),
        (&format!("{long}r"), false),
        ("", false),
        ("AWSServiceRoleForX", false),
        ("awsserviceroleforx", false),
        ("../x", false),
        ("a b", false),
        ("r\u{f6}le", false),
    ] {
        let code = CreateAccount::check_role_name(name).err().map(|refusal| refusal.code);
        assert_eq!(code, (!good).then_some(Code::RoleName), "{name}");
    }
}

fn forwarding() -> CreateAccount {
    let forward = ForwardBus {
        bus: "infra".to_owned(),
        rule_prefix: "to-".to_owned(),
        detail_types: vec!["PUT_PARAMETER".to_owned(), "CREATE_VPC".to_owned()],
        from: vec![AccountId::parse("777788889999").expect("an id")],
        target: "arn:aws:events:ap-southeast-2:{account}:event-bus/infra".to_owned(),
    };
    CreateAccount { forward_bus: Some(forward), ..config() }
}

/// The actions of a round, or codes.
type Planned = Result<Vec<Action>, Vec<(&'static str, String)>>;

/// What a round plans, and whether there is another one.
fn round(config: &CreateAccount, round: u32, world: &World) -> (Planned, bool) {
    let event = event(config, &detail(&[]));
    let mut ask = Ask::read(&event, config).expect("good");
    ask.round = round;
    let draft = config.draft(&ask).expect("good");
    let planned = draft.actions(world).map_err(|refusals| crate::testing::codes(&refusals));
    (planned.map(|planned| planned.into_iter().map(|it| it.action).collect()), draft.continues(world))
}

fn organization_with(accounts: &[(&str, &str, &str, &str)]) -> World {
    let mut organization = organization();
    for (id, name, email, parent_id) in accounts {
        let account = OrganizationAccount {
            id: AccountId::parse(id).expect("an id"),
            name: (*name).to_owned(),
            email: (*email).to_owned(),
            parent_id: (*parent_id).to_owned(),
        };
        organization.accounts.insert((*id).to_owned(), account);
    }
    world_of(organization)
}

#[test]
fn a_bus_is_told_of_the_account_once_there_is_one() {
    let (first, again) = round(&forwarding(), 0, &world_of(organization()));
    assert!(matches!(first.as_deref(), Ok([Action::CreateAccount(_)])), "{first:?}");
    assert!(again);
    let made = organization_with(&[("012345678909", "foo", "AWS+foo@example.com", "ou-abcd-11111111")]);
    let (second, again) = round(&forwarding(), 1, &made);
    let rule = action::PutRule {
        bus: "infra".to_owned(),
        name: "to-012345678909".to_owned(),
        pattern: r#"{"account":["777788889999"],"detail-type":["PUT_PARAMETER","CREATE_VPC"]}"#.to_owned(),
        target_arn: "arn:aws:events:ap-southeast-2:012345678909:event-bus/infra".to_owned(),
    };
    reeve_pattern::Pattern::compile(&crate::testing::json(&rule.pattern)).expect("EventBridge takes it");
    assert_eq!(second, Ok(vec![Action::PutRule(rule)]));
    assert!(!again);
    // Without a bus there is one round, as the first one.
    let (only, again) = round(&config(), 0, &world_of(organization()));
    assert!(matches!(only.as_deref(), Ok([Action::CreateAccount(_)])), "{only:?}");
    assert!(!again);
}

#[test]
fn only_the_account_that_was_made_is_sent_to() {
    let (email, unit) = ("aws+foo@example.com", "ou-abcd-11111111");
    let not_as_asked = expected(&[("EMAIL_NOT_ALLOWED", "/detail/email")]);
    for (accounts, codes) in [
        (&[][..], expected(&[("FACT_UNAVAILABLE", "/detail/email")])),
        (&[("012345678909", "bar", email, unit)], not_as_asked.clone()),
        (&[("012345678909", "foo", email, "ou-abcd-22222222")], not_as_asked.clone()),
        (&[("012345678908", "foo", email, unit), ("012345678909", "foo", email, unit)], not_as_asked.clone()),
    ] {
        assert_eq!(round(&forwarding(), 1, &organization_with(accounts)).0, Err(codes), "{accounts:?}");
    }
    let there = organization_with(&[("012345678909", "foo", email, unit)]);
    assert_eq!(round(&forwarding(), 0, &there).0, Err(not_as_asked.clone()), "it was there before");
    assert_eq!(round(&config(), 1, &there).0, Err(not_as_asked), "there is no second round without a bus");
}
