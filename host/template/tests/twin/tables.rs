//! The twin of small allowlists: which call gets which answer, how lists are split, and what holds for any of them.

use super::{Pair, TYPES, call, owner, read, upsert, writes, zone};
use crate::iam::{Call, allows};
use crate::native::Change;
use proptest::prelude::*;
use reeve_accounts::DomainOwner;
use reeve_template::{Partition, TwinKind, TwinNames, TwinOptions, TwinZone, iam_twin_of};
use std::collections::BTreeSet;

fn small() -> Vec<DomainOwner> {
    let entries =
        [("1", "foo.example.com"), ("2", "pay.foo.example.com"), ("3", "=example.com"), ("4", ".low.example.com")];
    entries.map(|(id, entry)| owner(id, entry)).to_vec()
}

#[test]
fn each_call_gets_its_answer() {
    let twin = iam_twin_of(&small(), &[writes(&[zone("example.com")])], TwinOptions::default());
    assert!(twin.notes.is_empty(), "{:?}", twin.notes);
    let gate = read(&twin.gate);
    let one = || call(&[upsert("A", "foo.example.com")]);
    type Edit = fn(&mut Call);
    for (what, edit, expected) in [
        ("as it is", (|_| ()) as Edit, true),
        ("a name below", |it| it.names = vec!["a.b.foo.example.com".into()], true),
        ("a wildcard", |it| it.names = vec!["\\052.foo.example.com".into()], true),
        ("a look-alike", |it| it.names = vec!["evilfoo.example.com".into()], false),
        ("the zone of nobody", |it| it.names = vec!["bar.example.com".into()], false),
        ("an exact name", |it| it.names = vec!["example.com".into()], true),
        ("an attribute of an exact name", |it| it.names = vec!["s1._domainkey.example.com".into()], true),
        ("only below", |it| it.names = vec!["low.example.com".into()], false),
        ("one foreign name of two", |it| it.names.push("bar.example.com".into()), false),
        ("two names", |it| it.names.push("a.low.example.com".into()), true),
        ("no name", |it| it.names.clear(), false),
        ("no type", |it| it.types.clear(), false),
        ("no operation", |it| it.operations.clear(), false),
        ("another type", |it| it.types = vec!["MX".into()], false),
        ("one other type of two", |it| it.types.push("MX".into()), false),
        ("an operation to come", |it| it.operations = vec!["REPLACE".into()], false),
        ("another zone", |it| it.resource = "arn:aws:route53:::hostedzone/Z2".into(), false),
        ("another action", |it| it.action = "route53:DeleteHostedZone".into(), false),
    ] {
        let mut call = one();
        edit(&mut call);
        assert_eq!(allows(&gate, &call), expected, "{what}");
    }
}

#[test]
fn the_policy_of_an_account_leaves_out_longer_matches() {
    let mut owners = small();
    owners.push(owner("5", "a.b.foo.example.com"));
    owners.push(owner("1", "mine.a.b.foo.example.com"));
    let twin = iam_twin_of(&owners, &[writes(&[zone("example.com")])], TwinOptions::default());
    let foo = twin.accounts.iter().find(|it| it.id == "1").expect("foo");
    let policies = read(&foo.documents);
    for (name, expected) in [
        ("foo.example.com", true),
        ("x.foo.example.com", true),
        ("pay.foo.example.com", false),
        ("deep.pay.foo.example.com", false),
        ("_dmarc.pay.foo.example.com", false),
        // It owns a name inside this longer match, so the match cannot be left out.
        ("mine.a.b.foo.example.com", true),
        ("other.a.b.foo.example.com", true),
        ("example.com", false),
    ] {
        assert_eq!(allows(&policies, &call(&[upsert("A", name)])), expected, "{name}");
    }
}

#[test]
fn wildcards_and_kinds_bound_the_names() {
    let options = TwinOptions { wildcards: false, partition: Partition::China, ..TwinOptions::default() };
    let twin = iam_twin_of(&small(), &[writes(&[zone("example.com")])], options);
    let gate = read(&twin.gate);
    let china =
        |name: &str| Call { resource: "arn:aws-cn:route53:::hostedzone/Z1".into(), ..call(&[upsert("A", name)]) };
    assert!(allows(&gate, &china("foo.example.com")));
    assert!(!allows(&gate, &china("*.foo.example.com")));
    let validations =
        TwinKind { zones: vec![zone("example.com")], types: vec!["CNAME".into()], names: TwinNames::Attributes };
    let gate = read(&iam_twin_of(&small(), &[validations], TwinOptions::default()).gate);
    for (record_type, name, expected) in [
        ("CNAME", "_0123456789abcdef0123456789abcdef.foo.example.com", true),
        ("CNAME", "_0123456789abcdef0123456789abcdef.www.foo.example.com", true),
        ("CNAME", "_0123456789abcdef0123456789abcdef.example.com", true),
        ("CNAME", "foo.example.com", false),
        ("TXT", "_0123456789abcdef0123456789abcdef.foo.example.com", false),
    ] {
        assert_eq!(allows(&gate, &call(&[upsert(record_type, name)])), expected, "{record_type} {name}");
    }
}

#[test]
fn a_name_goes_to_the_zone_with_the_longest_name() {
    let upper = TwinZone { id: "ZUPPER".into(), name: "example.com".into() };
    let lower = TwinZone { id: "ZLOWER".into(), name: "foo.example.com".into() };
    let twin = iam_twin_of(&small(), &[writes(&[upper.clone(), lower.clone()])], TwinOptions::default());
    let gate = read(&twin.gate);
    let at = |zone: &TwinZone, name: &str| {
        let resource = format!("arn:aws:route53:::hostedzone/{}", zone.id);
        allows(&gate, &Call { resource, ..call(&[upsert("A", name)]) })
    };
    assert!(at(&lower, "foo.example.com") && at(&lower, "a.pay.foo.example.com") && at(&upper, "example.com"));
    assert!(!at(&upper, "foo.example.com") && !at(&upper, "pay.foo.example.com") && !at(&lower, "example.com"));
    // A kind that writes the upper zone alone still finds its names there.
    let twin = iam_twin_of(&small(), &[writes(&[upper.clone(), lower]), writes(&[upper])], TwinOptions::default());
    let call =
        Call { resource: "arn:aws:route53:::hostedzone/ZUPPER".into(), ..call(&[upsert("A", "foo.example.com")]) };
    assert!(allows(&read(&twin.gate), &call));
}

#[test]
fn lists_are_split_between_accounts_and_never_inside_one() {
    let names = |id: &str, count: usize| -> Vec<DomainOwner> {
        (0..count).map(|at| owner(id, &format!("name-{at:04}-of-{id}.example.com"))).collect()
    };
    let kinds = [writes(&[zone("example.com")])];
    let owners = [names("1", 60), names("2", 60), names("3", 5)].concat();
    let twin = iam_twin_of(&owners, &kinds, TwinOptions::default());
    let parts: Vec<Vec<&str>> =
        twin.parts.iter().map(|part| part.accounts.iter().map(String::as_str).collect()).collect();
    assert_eq!(parts, [vec!["1"], vec!["2", "3"]]);
    assert_eq!(
        twin.notes,
        ["the names of zone `Z1` are in 2 statements: IAM refuses a call that mixes accounts of several"]
    );
    assert_eq!(twin.gate.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["dns", "dns-2"]);
    let gate = read(&twin.gate);
    let all = |id: &str| {
        let mine = owners.iter().filter(|it| it.id == id);
        call(&mine.map(|it| upsert("A", &it.entry.name)).collect::<Vec<_>>())
    };
    assert!(["1", "2", "3"].iter().all(|id| allows(&gate, &all(id))));
    // One account alone is too much: its zone bounds it, and the note says so.
    let many = names("1", 500);
    let twin = iam_twin_of(&many, &kinds, TwinOptions::default());
    assert_eq!((twin.gate.len(), twin.notes.len()), (1, 1));
    assert!(twin.notes[0].starts_with("the names of account `account-1` in zone `Z1` do not fit"), "{:?}", twin.notes);
    let (gate, own) = (read(&twin.gate), read(&twin.accounts[0].documents));
    let call = call(&many.iter().map(|it| upsert("A", &it.entry.name)).collect::<Vec<_>>());
    assert!(allows(&gate, &call) && allows(&own, &call));
}

/// A name of few labels, so that names meet.
fn name() -> impl Strategy<Value = String> {
    let label = prop_oneof![3 => Just("a"), 3 => Just("b"), 1 => Just("_x"), 1 => Just("*")];
    proptest::collection::vec(label, 0..4).prop_map(|labels| {
        let plain: Vec<&str> = labels
            .iter()
            .enumerate()
            .filter(|(at, label)| *at == 0 || **label != "*")
            .map(|(_, label)| *label)
            .collect();
        plain.into_iter().chain(["example.com"]).collect::<Vec<_>>().join(".")
    })
}

fn entry() -> impl Strategy<Value = DomainOwner> {
    let label = prop_oneof![Just("a"), Just("b"), Just("ab")];
    let name = proptest::collection::vec(label, 0..3);
    (prop_oneof![Just(""), Just("."), Just("=")], name, 1..4_u32).prop_map(|(sign, labels, id)| {
        let name = labels.into_iter().chain(["example.com"]).collect::<Vec<_>>().join(".");
        owner(&id.to_string(), &format!("{sign}{name}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn iam_is_never_narrower_and_broader_only_as_documented(
        owners in proptest::collection::vec(entry(), 1..7),
        names in proptest::collection::vec(name(), 1..12),
        zone in prop_oneof![Just("example.com"), Just("a.example.com"), Just("_x.example.com")],
        wildcards in proptest::bool::ANY,
    ) {
        let mut seen = BTreeSet::new();
        let owners: Vec<DomainOwner> = owners.into_iter().filter(|it| seen.insert(it.entry.clone())).collect();
        let mut pair = Pair::new(owners, zone, wildcards);
        for name in names.iter().filter(|name| *name == zone || name.ends_with(&format!(".{zone}"))) {
            for record_type in TYPES {
                for id in ["1", "2", "3"] {
                    for delete in [false, true] {
                        if pair.native.of(id).next().is_some() {
                            pair.check(id, &Change { name: name.clone(), record_type, delete });
                        }
                    }
                }
            }
        }
    }
}
