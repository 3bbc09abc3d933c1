//! Worlds there and back, and what is refused on the way.

use super::*;
use crate::testing::{json, organization as test_organization};
use proptest::prelude::*;
use reeve_json::canonical;

fn account() -> impl Strategy<Value = AccountId> {
    (0..1_000_000_000_000_u64).prop_map(|number| AccountId::parse(&format!("{number:012}")).expect("twelve digits"))
}

fn dns_name() -> impl Strategy<Value = DnsName> {
    let texts = ["a.example.com", "*.b.example.com", "_x._tcp.c.example.com", "com", "ns-1.awsdns-01.co.uk"];
    proptest::sample::select(texts.to_vec()).prop_map(|text| DnsName::parse(text, NameRule::Owner).expect("a name"))
}

/// Any text but nothing that JSON cannot hold.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter)
}

fn table<T: Strategy>(row: T) -> impl Strategy<Value = BTreeMap<String, T::Value>> {
    proptest::collection::btree_map(text(), row, 0..3)
}

fn names<T: Strategy>(row: T) -> impl Strategy<Value = BTreeMap<DnsName, T::Value>> {
    proptest::collection::btree_map(dns_name(), row, 0..3)
}

fn any_record_set() -> impl Strategy<Value = RecordSet> {
    let types = proptest::sample::select(RecordType::ALL.to_vec());
    let values = proptest::collection::vec(text(), 0..3);
    let parts = (dns_name(), types, any::<Option<u32>>(), values, proptest::option::of(account()), any::<bool>());
    parts.prop_map(|(name, record_type, ttl_seconds, values, owner, protected)| RecordSet {
        name,
        record_type,
        ttl_seconds,
        values,
        owner,
        protected,
    })
}

fn any_instance() -> impl Strategy<Value = Instance> {
    (account(), text(), text(), text()).prop_map(|(account, host, zone, private_ip)| Instance {
        account,
        host,
        zone,
        private_ip,
    })
}

fn any_organization() -> impl Strategy<Value = Organization> {
    let unit = (text(), text()).prop_map(|(name, parent_id)| Unit { name, parent_id });
    let member = (account(), text(), text(), text());
    let member = member.prop_map(|(id, name, email, parent_id)| OrganizationAccount { id, name, email, parent_id });
    let scp = (text(), text(), text(), any::<bool>());
    let scp =
        scp.prop_map(|(name, description, document, aws_managed)| Scp { name, description, document, aws_managed });
    let attached = table(proptest::collection::vec(text(), 0..3));
    (text(), text(), table(unit), table(member), table(scp), attached).prop_map(
        |(root_id, management_account, units, accounts, policies, attachments)| Organization {
            root_id,
            management_account,
            units,
            accounts,
            policies,
            attachments,
        },
    )
}

fn any_world() -> impl Strategy<Value = World> {
    let name_set = || proptest::collection::btree_set(dns_name(), 0..3);
    let inventory = (names(proptest::option::of(text())), names(name_set()));
    let inventory = inventory.prop_map(|(targets, delegation_sets)| Inventory { targets, delegation_sets });
    let parameter = (text(), text()).prop_map(|(value, parameter_type)| Parameter { value, parameter_type });
    let zone = (text(), text(), name_set());
    let zone =
        zone.prop_map(|(id, caller_reference, name_servers)| DelegatedZone { id, caller_reference, name_servers });
    let parts = (
        table(proptest::collection::vec(any_record_set(), 0..3)),
        inventory,
        table(parameter),
        table(any_instance()),
        proptest::option::of(any_organization()),
        table(any::<u32>()),
        names(zone),
        table(any_instance()),
        table(table(text())),
    );
    parts.prop_map(|(record_sets, inventory, parameters, instances, organization, sizes, zones, hosts, tags)| World {
        record_sets,
        inventory,
        parameters,
        instances,
        organization,
        zone_sizes: sizes,
        delegated_zones: zones,
        registered_hosts: hosts,
        tags,
    })
}

proptest! {
    #[test]
    fn a_world_reads_back_and_its_text_is_a_fixed_point(world in any_world()) {
        let text = canonical(&world.to_json());
        let read = World::from_json(&json(&text)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(canonical(&read.to_json()), text);
        prop_assert_eq!(read, world);
    }
}

#[test]
fn an_empty_world_is_an_empty_object_and_a_full_one_is_spelt_out() {
    assert_eq!(canonical(&World::default().to_json()), "{}");
    let name = |text: &str| DnsName::parse(text, NameRule::Owner).expect("a name");
    let owner = AccountId::parse("111122223333").expect("an id");
    let host =
        Instance { account: owner.clone(), host: "web-1".into(), zone: "z".into(), private_ip: "10.0.0.5".into() };
    let set = RecordSet {
        name: name("www.example.com"),
        record_type: RecordType::A,
        ttl_seconds: Some(300),
        values: vec!["192.0.2.1".to_owned()],
        owner: Some(owner),
        protected: true,
    };
    let alias = RecordSet { ttl_seconds: None, values: Vec::new(), owner: None, protected: false, ..set.clone() };
    let world = World {
        // A zone that was read and is empty is not a zone that was not read.
        record_sets: BTreeMap::from([("Z1".to_owned(), vec![set, alias]), ("Z2".to_owned(), Vec::new())]),
        inventory: Inventory {
            targets: BTreeMap::from([(name("x.example.net"), None)]),
            delegation_sets: BTreeMap::from([(name("a.example.com"), BTreeSet::from([name("ns.example.net")]))]),
        },
        parameters: BTreeMap::from([(
            "/pub/x".to_owned(),
            Parameter { value: "1".to_owned(), parameter_type: "String".to_owned() },
        )]),
        zone_sizes: BTreeMap::from([("Z1".to_owned(), u32::MAX)]),
        delegated_zones: BTreeMap::from([(
            name("b.example.com"),
            DelegatedZone { id: "Z9".into(), caller_reference: "r".into(), name_servers: BTreeSet::new() },
        )]),
        registered_hosts: BTreeMap::from([("i-01234567".to_owned(), host)]),
        ..World::default()
    };
    let wanted = concat!(
        r#"{"delegated_zones":{"b.example.com":{"caller_reference":"r","id":"Z9","name_servers":[]}},"#,
        r#""inventory":{"delegation_sets":{"a.example.com":["ns.example.net"]},"targets":{"x.example.net":null}},"#,
        r#""parameters":{"/pub/x":{"type":"String","value":"1"}},"#,
        r#""record_sets":{"Z1":[{"name":"www.example.com","owner":"111122223333","protected":true,"#,
        r#""ttl_seconds":300,"type":"A","values":["192.0.2.1"]},{"name":"www.example.com","type":"A"}],"Z2":[]},"#,
        r#""registered_hosts":{"i-01234567":{"account":"111122223333","host":"web-1","private_ip":"10.0.0.5","#,
        r#""zone":"z"}},"zone_sizes":{"Z1":4294967295}}"#,
    );
    assert_eq!(canonical(&world.to_json()), wanted);
    assert_eq!(World::from_json(&json(wanted)), Ok(world));
    let world = World { organization: Some(test_organization()), ..World::default() };
    assert_eq!(World::from_json(&world.to_json()), Ok(world));
}

#[test]
fn what_was_not_written_so_is_refused_with_its_place() {
    let not_one_form = "the facts are not in their one form: an empty part, a default, or the order of a set";
    for (text, message) in [
        ("[]", "`` of the facts is not an object"),
        (r#"{"records":{}}"#, "`/records` of the facts is not known"),
        (r#"{"a/b":1}"#, "`/a~1b` of the facts is not known"),
        (r#"{"record_sets":[]}"#, "`/record_sets` of the facts is not an object"),
        (r#"{"record_sets":{"Z":{}}}"#, "`/record_sets/Z` of the facts is not an array"),
        (r#"{"record_sets":{"Z":[{"type":"A"}]}}"#, "`/record_sets/Z/0/name` of the facts is missing"),
        (
            r#"{"record_sets":{"Z":[{"name":"A.example.com","type":"A"}]}}"#,
            "`/record_sets/Z/0/name` of the facts is not a canonical DNS name",
        ),
        (
            r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"SOA"}]}}"#,
            "`/record_sets/Z/0/type` of the facts is not a record type",
        ),
        (
            r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"A","ttl_seconds":4294967296}]}}"#,
            "`/record_sets/Z/0/ttl_seconds` of the facts is not a whole number of 32 bits",
        ),
        (
            r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"A","owner":"1"}]}}"#,
            "`/record_sets/Z/0/owner` of the facts is not an account id",
        ),
        (
            r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"A","alias":1}]}}"#,
            "`/record_sets/Z/0/alias` of the facts is not known",
        ),
        (r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"A","protected":false}]}}"#, not_one_form),
        (r#"{"record_sets":{"Z":[{"name":"a.example.com","type":"A","values":[]}]}}"#, not_one_form),
        (r#"{"record_sets":{}}"#, not_one_form),
        (r#"{"inventory":{}}"#, not_one_form),
        (
            r#"{"inventory":{"targets":{"X.net":null}}}"#,
            "`/inventory/targets/X.net` of the facts is not a canonical DNS name",
        ),
        (r#"{"inventory":{"targets":{"x.net":1}}}"#, "`/inventory/targets/x.net` of the facts is not a string"),
        (r#"{"inventory":{"delegation_sets":{"x.net":["b.net","a.net"]}}}"#, not_one_form),
        (r#"{"inventory":{"delegation_sets":{"x.net":["a.net","a.net"]}}}"#, not_one_form),
        (r#"{"parameters":{"/a/b":{"value":"1"}}}"#, "`/parameters/~1a~1b/type` of the facts is missing"),
        (r#"{"zone_sizes":{"Z":-1}}"#, "`/zone_sizes/Z` of the facts is not a whole number of 32 bits"),
        (r#"{"zone_sizes":{"Z":1.5}}"#, "`/zone_sizes/Z` of the facts is not a whole number of 32 bits"),
        (r#"{"organization":null}"#, "`/organization` of the facts is not an object"),
        (r#"{"organization":{"root_id":"r"}}"#, "`/organization/management_account` of the facts is missing"),
        (
            r#"{"organization":{"root_id":"r","management_account":"m","accounts":{"1":{"id":"1"}}}}"#,
            "`/organization/accounts/1/id` of the facts is not an account id",
        ),
        (
            r#"{"registered_hosts":{"i":{"account":"111122223333","host":1,"zone":"","private_ip":""}}}"#,
            "`/registered_hosts/i/host` of the facts is not a string",
        ),
    ] {
        assert_eq!(World::from_json(&json(text)), Err(message.to_owned()), "{text}");
    }
}
