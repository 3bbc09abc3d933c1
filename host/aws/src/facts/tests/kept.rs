//! Parameters, instances and the organization: what is kept for a while, and what is asked for in a role.

use super::*;

#[test]
fn parameters_for_planning_are_there_or_absent() {
    let (facts, calls, _) = facts(|call| {
        let asked = call.body.matches("/p/").count();
        assert!(asked <= 10, "{}", call.body);
        let found: Vec<String> = (0..12)
            .filter(|at| call.body.contains(&format!("\"/p/{at:02}\"")))
            .map(|at| format!(r#"{{"Name":"/p/{at:02}","Type":"String","Value":"v{at}","Version":3}}"#))
            .collect();
        let absent = if call.body.contains("/p/none") { "\"/p/none\"" } else { "" };
        let secret = if call.body.contains("/p/secret") {
            r#",{"Name":"/p/secret","Type":"SecureString","Value":"ciphertext","Version":1}"#
        } else {
            ""
        };
        (200, format!(r#"{{"Parameters":[{}{secret}],"InvalidParameters":[{absent}]}}"#, found.join(",")))
    });
    let mut names: BTreeSet<String> = (0..12).map(|at| format!("/p/{at:02}")).collect();
    names.extend(["/p/none".to_owned(), "/p/secret".to_owned()]);
    let found = facts.world(&[Need::Parameters(names)]).expect("facts").parameters;
    assert_eq!(found.len(), 13);
    assert_eq!(found["/p/11"], Parameter { value: "v11".to_owned(), parameter_type: "String".to_owned() });
    assert_eq!(found["/p/secret"].value, "", "ciphertext goes nowhere");
    assert!(!found.contains_key("/p/none"));
    let calls = calls.all();
    assert_eq!(calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), ["GetParameters"; 2]);
    assert!(calls.iter().all(|call| call.body.contains("\"WithDecryption\":false")));
}

#[test]
fn a_parameter_that_an_answer_leaves_out_is_an_error() {
    let (facts, _, _) = facts(|_| (200, "{}".to_owned()));
    assert!(facts.world(&[Need::Parameters(BTreeSet::from(["/a".to_owned()]))]).is_err());
}

fn parameter_need(name: &str, domains: bool) -> FactNeed {
    let source = FactSource::Parameter { name: name.to_owned(), list: true, domains };
    FactNeed { name: "allowed".to_owned(), source }
}

fn sender() -> Sender {
    NoFiles.sender(&account(), true)
}

#[test]
fn a_list_in_a_parameter_is_what_its_reader_makes_of_it() {
    let stored = |kind: &str, value: &str| {
        format!(r#"{{"Parameter":{{"Name":"x","Type":"{kind}","Value":"{value}","Version":7}}}}"#)
    };
    let texts = |items: &[&str]| Some(FactValue::Texts(items.iter().map(|&item| item.to_owned()).collect()));
    let not_found = r#"{"__type":"ParameterNotFound","message":""}"#.to_owned();
    for (status, body, domains, expected) in [
        (200, stored("StringList", "example.com,=a.example.org"), true, texts(&["example.com", "=a.example.org"])),
        (200, stored("String", "a,b"), false, texts(&["a", "b"])),
        (200, stored("StringList", "example.com,com"), true, None),
        (200, stored("StringList", "example.com,"), true, None),
        (200, stored("StringList", ""), true, None),
        (200, stored("SecureString", "AQICAH"), false, None),
        (400, not_found, true, None),
    ] {
        let (facts, calls, _) = facts(move |_| (status, body.clone()));
        let need = parameter_need("/reeve/{sender.account}/domains", domains);
        let fact = facts.fact("p", &need, &sender()).expect("readable");
        match expected {
            Some(value) => {
                assert_eq!(fact.value, value);
                assert_eq!(fact.source, "ssm:/reeve/111122223333/domains:7");
            }
            None if status == 400 => assert!(matches!(fact.value, FactValue::Missing(_)), "{fact:?}"),
            None => assert!(matches!(fact.value, FactValue::Invalid(_)), "{fact:?}"),
        }
        assert!(calls.all()[0].body.contains("\"/reeve/111122223333/domains\""));
    }
}

#[test]
fn a_list_in_shards_is_whole_or_invalid() {
    let shard = |at: &str, value: &str| {
        format!(r#"{{"Name":"/d/{at}","Type":"StringList","Value":"{value}","Version":{}}}"#, value.len())
    };
    let pages = |first: Vec<String>, second: Vec<String>| {
        let first = format!(r#"{{"Parameters":[{}],"NextToken":"t"}}"#, first.join(","));
        (first, format!(r#"{{"Parameters":[{}]}}"#, second.join(",")))
    };
    let both = FactValue::Texts(vec!["a.com".to_owned(), "bb.com".to_owned()]);
    for ((first, second), expected) in [
        // In the order of their numbers, whatever order they come in; an empty page is not the end.
        (pages(vec![shard("1", "bb.com")], vec![shard("0", "a.com")]), Some(both.clone())),
        (pages(Vec::new(), vec![shard("0", "a.com"), shard("1", "bb.com")]), Some(both)),
        (pages(vec![shard("0", "a.com")], vec![shard("2", "bb.com")]), None),
        (pages(vec![shard("0", "a.com")], vec![shard("01", "bb.com")]), None),
        (pages(vec![shard("0", "a.com")], vec![shard("1", "com")]), None),
    ] {
        let (facts, calls, _) =
            facts(move |call| (200, if call.body.contains("NextToken") { second.clone() } else { first.clone() }));
        let fact = facts.fact("p", &parameter_need("/d/", true), &sender()).expect("readable");
        match expected {
            Some(value) => {
                assert_eq!(fact.value, value);
                assert_eq!(fact.source, "ssm:/d/:5,6");
            }
            None => assert!(matches!(fact.value, FactValue::Invalid(_)), "{fact:?}"),
        }
        assert!(calls.all().iter().all(|call| call.operation == "GetParametersByPath"));
    }
}

#[test]
fn parameters_of_tables_are_read_anew_each_time() {
    let shard = |at: &str, kind: &str| format!(r#"{{"Name":"/d/{at}","Type":"{kind}","Value":"v{at}","Version":1}}"#);
    let first = format!(r#"{{"Parameters":[{}],"NextToken":"t"}}"#, shard("1", "SecureString"));
    let second = format!(r#"{{"Parameters":[{}]}}"#, shard("0", "String"));
    let (facts, calls, _) =
        facts(move |call| (200, if call.body.contains("NextToken") { second.clone() } else { first.clone() }));
    let parameter = |kind: &str, value: &str| Parameter { value: value.to_owned(), parameter_type: kind.to_owned() };
    for _ in 0..2 {
        let found = super::parameters_below(&facts.aws, "/d").expect("readable");
        // What is encrypted is not shown, not even as it is.
        let expected = [("0", parameter("String", "v0")), ("1", parameter("SecureString", ""))];
        assert_eq!(found, expected.map(|(name, it)| (name.to_owned(), it)).into());
    }
    assert_eq!(calls.all().len(), 4);
    assert!(calls.all().iter().all(|call| call.body.contains("\"Path\":\"/d\"")), "{:?}", calls.all());
}

#[test]
fn a_parameter_is_kept_for_its_time_and_an_error_is_never_missing() {
    let up = Arc::new(Mutex::new(true));
    let is_up = Arc::clone(&up);
    let (facts, calls, hand) = facts(move |_| match *is_up.lock().unwrap() {
        true => (200, r#"{"Parameter":{"Name":"/a","Type":"String","Value":"v","Version":1}}"#.to_owned()),
        false => (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned()),
    });
    let ask = || facts.fact("p", &parameter_need("/a", false), &sender());
    assert!(ask().is_ok());
    *up.lock().unwrap() = false;
    *hand.lock().unwrap() += Duration::from_secs(29);
    assert!(ask().is_ok(), "kept");
    *hand.lock().unwrap() += Duration::from_secs(1);
    assert_eq!(ask(), Err(FactError("GetParameter: ThrottlingException: Rate exceeded".to_owned())));
    *up.lock().unwrap() = true;
    assert!(ask().is_ok(), "read again");
    assert_eq!(calls.all().len(), 3);
}

#[test]
fn facts_of_the_accounts_file_are_read_by_files() {
    let (facts, calls, _) = facts(|_| (500, String::new()));
    let need = FactNeed { name: "tier".to_owned(), source: FactSource::Accounts { key: "tier".to_owned() } };
    let fact = facts.fact("dns", &need, &sender()).expect("files");
    assert_eq!(fact.value, FactValue::Text("files for dns".to_owned()));
    assert_eq!(calls.all().len(), 0);
}

/// STS gives a key of its own, so that it shows in the next call whose credentials made it.
const ASSUMED: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
    <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

#[test]
fn an_instance_is_looked_for_with_the_role_of_its_own_account() {
    let id = "i-0123456789abcdef0";
    let listed = |computer: &str| {
        format!(
            r#"{{"InstanceInformationList":[{{"InstanceId":"{id}","ComputerName":"{computer}","IPAddress":"10.0.0.5"}}]}}"#
        )
    };
    let empty_first = r#"{"InstanceInformationList":[],"NextToken":"t"}"#.to_owned();
    for (first, second, expected) in [
        (listed("web-1.corp.example"), String::new(), Some(("web-1", "corp.example"))),
        (empty_first.clone(), listed("WEB-1"), Some(("WEB-1", ""))),
        (empty_first, r#"{"InstanceInformationList":[]}"#.to_owned(), None),
        (r#"{"InstanceInformationList":[{"InstanceId":"i-0aaaaaaaaaaaaaaaa"}]}"#.to_owned(), String::new(), None),
    ] {
        let role = Some("arn:aws-cn:iam::{account}:role/look".to_owned());
        let (facts, calls, _) =
            facts_with(FactsConfig { instance_role: role, ..FactsConfig::default() }, move |call| {
                (
                    200,
                    match call {
                        call if call.body.contains("Action=AssumeRole") => ASSUMED.to_owned(),
                        call if call.body.contains("NextToken") => second.clone(),
                        _ => first.clone(),
                    },
                )
            });
        let needs = [Need::Instance { id: id.to_owned(), account: account() }];
        let world = facts.world(&needs);
        if expected.is_none() {
            let why = world.expect_err("it may still report").to_string();
            assert!(why.contains("has not reported"), "{why}");
        } else {
            check_instance(&world.expect("facts"), id, expected);
        }
        let calls = calls.all();
        assert!(calls[0].body.contains("role%2Flook") && calls[0].body.contains(ACCOUNT) && calls[0].key == "AKIDOWN");
        assert!(calls[1..].iter().all(|call| call.key == "ASIAROLE"), "{calls:#?}");
    }
}

#[test]
fn an_instance_without_a_role_to_look_is_an_error() {
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let need = [Need::Instance { id: "i-0123456789abcdef0".to_owned(), account: account() }];
    let (unset, _, _) = facts(|_| (500, String::new()));
    assert!(unset.world(&need).is_err());
    let role = Some("arn:aws:iam::{account}:role/look".to_owned());
    let config = FactsConfig { instance_role: role, ..FactsConfig::default() };
    let (refused, _, _) = facts_with(config, move |_| (403, denied.to_owned()));
    assert!(refused.world(&need).unwrap_err().0.contains("AccessDenied"));
}

/// An organization of one unit in another, two accounts, and two policies.
fn organization_answer(call: &Call) -> (u16, String) {
    let at = |parent: &str| call.body.contains(parent);
    let member = |id: &str, name: &str| format!(r#"{{"Id":"{id}","Name":"{name}","Email":"{name}@example.com"}}"#);
    let body = match call.operation.as_str() {
        "DescribeOrganization" => r#"{"Organization":{"MasterAccountId":"999999999999"}}"#.to_owned(),
        // The first page is empty and has a next one.
        "ListRoots" if !at("NextToken") => r#"{"Roots":[],"NextToken":"t"}"#.to_owned(),
        "ListRoots" => r#"{"Roots":[{"Id":"r-1"}]}"#.to_owned(),
        "ListOrganizationalUnitsForParent" if at("r-1") => {
            r#"{"OrganizationalUnits":[{"Id":"ou-a","Name":"Dev"}]}"#.to_owned()
        }
        "ListOrganizationalUnitsForParent" if at("ou-a") => {
            r#"{"OrganizationalUnits":[{"Id":"ou-b","Name":"Team"}]}"#.to_owned()
        }
        "ListAccountsForParent" if at("r-1") => format!(r#"{{"Accounts":[{}]}}"#, member("999999999999", "main")),
        "ListAccountsForParent" if at("ou-b") && !at("NextToken") => r#"{"Accounts":[],"NextToken":"n"}"#.to_owned(),
        "ListAccountsForParent" if at("ou-b") => format!(r#"{{"Accounts":[{}]}}"#, member(ACCOUNT, "team")),
        "ListPolicies" => r#"{"Policies":[{"Id":"p-FullAWSAccess","Name":"FullAWSAccess","AwsManaged":true},
            {"Id":"p-2","Name":"guard","Description":"d","AwsManaged":false}]}"#
            .to_owned(),
        "DescribePolicy" => r#"{"Policy":{"Content":"{}"}}"#.to_owned(),
        "ListTargetsForPolicy" if at("p-2") => r#"{"Targets":[{"TargetId":"ou-b"}]}"#.to_owned(),
        "ListTargetsForPolicy" => r#"{"Targets":[{"TargetId":"r-1"},{"TargetId":"ou-b"}]}"#.to_owned(),
        _ => "{}".to_owned(),
    };
    (200, body)
}

#[test]
fn the_organization_is_read_to_its_last_page_and_kept_until_it_is_forgotten() {
    let (facts, calls, _) = facts(organization_answer);
    let read = || facts.world(&[Need::Organization]).expect("facts").organization.expect("an organization");
    let found = read();
    assert_eq!((found.root_id.as_str(), found.management_account.as_str()), ("r-1", "999999999999"));
    let unit = |name: &str, parent: &str| Unit { name: name.to_owned(), parent_id: parent.to_owned() };
    let units = [("ou-a".to_owned(), unit("Dev", "r-1")), ("ou-b".to_owned(), unit("Team", "ou-a"))];
    assert_eq!(found.units, BTreeMap::from(units));
    assert_eq!(found.accounts.len(), 2);
    assert_eq!(found.accounts[ACCOUNT].parent_id, "ou-b");
    assert!(found.policies["p-FullAWSAccess"].aws_managed && found.policies["p-2"].document == "{}");
    let attached = |target: &str| found.attachments[target].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(attached("r-1"), ["p-FullAWSAccess"]);
    assert_eq!(attached("ou-b"), ["p-2", "p-FullAWSAccess"]);
    let calls_once = calls.all().len();
    assert_eq!(read(), found);
    assert_eq!(calls.all().len(), calls_once, "kept");
    facts.forget();
    assert_eq!(read(), found);
    assert_eq!(calls.all().len(), 2 * calls_once, "read again");
}

/// An account that is made between the reading of the tree and of what is attached is in neither or in both.
#[test]
fn an_organization_of_two_moments_is_read_again() {
    for (changes, expected) in [(1, true), (2, true), (3, false)] {
        let listings = Arc::new(Mutex::new(0));
        let (facts, calls, _) = facts(move |call| {
            if call.operation == "ListTargetsForPolicy" && call.body.contains("p-2") {
                let mut at = listings.lock().unwrap();
                *at += 1;
                if *at <= changes {
                    return (200, r#"{"Targets":[{"TargetId":"ou-b"},{"TargetId":"222233334444"}]}"#.to_owned());
                }
            }
            organization_answer(call)
        });
        let found = facts.world(&[Need::Organization]).map(|world| world.organization.expect("an organization"));
        assert_eq!(found.is_ok(), expected, "{changes} changes: {found:?}");
        if let Ok(found) = found {
            assert_eq!(found.attachments.keys().collect::<Vec<_>>(), ["ou-b", "r-1"]);
        }
        let read = calls.all().iter().filter(|call| call.operation == "DescribeOrganization").count();
        assert_eq!(read, 3.min(changes + 1));
    }
}

#[test]
fn half_an_organization_is_none() {
    for (operation, status, body) in [
        ("ListAccountsForParent", 400, r#"{"__type":"TooManyRequestsException"}"#),
        ("ListAccountsForParent", 200, r#"{"Accounts":[{"Id":"111122223333"}]}"#),
        ("ListAccountsForParent", 200, r#"{"Accounts":[],"NextToken":"always the same"}"#),
        ("ListPolicies", 200, r#"{"Policies":[{"Id":"p-1","Na"#),
        ("ListPolicies", 200, ""),
        ("DescribePolicy", 200, "{}"),
        ("DescribeOrganization", 200, "{}"),
        ("ListRoots", 200, "{}"),
        ("ListTargetsForPolicy", 500, "<html>"),
    ] {
        let (facts, _, _) =
            facts(
                move |call| {
                    if call.operation == operation { (status, body.to_owned()) } else { organization_answer(call) }
                },
            );
        assert!(facts.world(&[Need::Organization]).is_err(), "{operation} {status} {body}");
    }
}

#[test]
fn a_herd_of_threads_makes_one_call() {
    let (facts, calls, _) = facts(organization_answer);
    let once = {
        let (alone, calls, _) = facts_with(FactsConfig::default(), organization_answer);
        alone.world(&[Need::Organization]).expect("facts");
        calls.all().len()
    };
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| facts.world(&[Need::Organization]).expect("facts"));
        }
    });
    assert_eq!(calls.all().len(), once);
}

#[test]
fn registered_hosts_are_the_ledgers() {
    let (facts, calls, _) = facts(|_| (500, String::new()));
    let world = facts.world(&[Need::RegisteredHost("i-1".to_owned())]).expect("facts");
    assert_eq!(world, World::default());
    assert_eq!(calls.all().len(), 0);
}

#[test]
fn types_that_nobody_can_ask_for_are_left_out() {
    let (facts, _, _) = facts(|call| {
        let sets = [
            set("a.example.com.", "SOA", &values(1, &["x"])),
            set("a.example.com.", "NEW", &values(1, &["x"])),
            set("a.example.com.", "A", &values(1, &["192.0.2.1"])),
        ];
        (200, if call.path.contains("rrset") { page(&sets, None) } else { zone_answer(3) })
    });
    let world = facts.world(&[sets_need(&["a.example.com"])]).expect("facts");
    assert_eq!(world.record_sets["Z1"].iter().map(|set| set.record_type).collect::<Vec<_>>(), [RecordType::A]);
}

fn check_instance(world: &World, id: &str, expected: Option<(&str, &str)>) {
    let found = world.instances.get(id);
    assert_eq!(found.map(|it| (it.host.as_str(), it.zone.as_str())), expected);
    assert!(found.is_some_and(|it| it.account == account() && it.private_ip == "10.0.0.5"));
}
