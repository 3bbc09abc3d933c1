//! The published sample of system B, read from the corpora folder as it is.
#![allow(clippy::expect_used, clippy::print_stderr)]

use reeve_accounts::lint::{Bus, LintOptions, lint};
use reeve_accounts::{Accounts, Layer, Value};

/// Names the folder that holds `systems/accounts.yaml`. Without it the test only says so; with it the file must exist.
const CORPORA: &str = "REEVE_CORPORA";

#[test]
fn the_published_sample_parses_verbatim() {
    let Some(corpora) = std::env::var_os(CORPORA) else {
        eprintln!("{CORPORA} is not set: ran without the corpora");
        return;
    };
    let path = std::path::Path::new(&corpora).join("systems/accounts.yaml");
    let text = std::fs::read_to_string(&path).expect("systems/accounts.yaml is in the corpora");
    let accounts = Accounts::parse("accounts.yaml", &text).expect("the sample is valid");

    let names: Vec<&str> = accounts.iter().map(|account| account.name()).collect();
    assert_eq!(names, ["foo"]);
    let foo = accounts.by_name("foo").expect("foo");
    let layer_of = |key: &str| foo.value(key).map(|value| value.layer.clone());
    let own = Some(Layer::Account("foo".to_owned()));
    let dev = Some(Layer::Scope("dev".to_owned()));

    assert_eq!((foo.region(), layer_of("region")), (Some("us-east-1"), own.clone()));
    let region = foo.value("region").expect("region");
    let line = text.lines().nth(region.at.line as usize - 1).expect("the line exists");
    assert!(line.trim_start().starts_with("region: us-east-1"), "{line}");

    assert_eq!((foo.create_vpc(), layer_of("create_vpc")), (Some(false), own.clone()));
    let beaten: Vec<(Layer, Value)> =
        foo.overridden("create_vpc").map(|value| (value.layer.clone(), value.value.clone())).collect();
    assert_eq!(beaten, [(Layer::Scope("dev".to_owned()), Value::Bool(true)), (Layer::Default, Value::Bool(false))]);

    assert_eq!((foo.nat_gateway_count(), layer_of("nat_gateway_count")), (Some(1), dev.clone()));
    assert_eq!((foo.organization_unit(), layer_of("organization_unit")), (Some("Dev"), dev.clone()));
    assert_eq!((foo.access(), layer_of("access")), (vec![("all", "Admin"), ("rw", "PowerUser,Developer")], dev));
    assert_eq!((foo.global_region(), layer_of("global_region")), (Some("us-east-1"), Some(Layer::Default)));
    assert_eq!(foo.allowed_regions(), ["ap-southeast-2", "us-east-1", "us-west-1", "us-west-2"]);
    assert_eq!((foo.use_cfr(), layer_of("use_cfr")), (Some(true), own.clone()));
    assert_eq!((foo.service(), layer_of("service")), (Some("foo"), own));
    assert_eq!((foo.id(), foo.tier(), foo.allowed_dns_domains().len()), (None, None, 0));
}

/// What AWS publishes as policies of event buses: one account of a lower tier is admitted by each.
#[test]
fn published_bus_policies_are_understood() {
    let Some(corpora) = std::env::var_os(CORPORA) else {
        eprintln!("{CORPORA} is not set: ran without the corpora");
        return;
    };
    let text = "Accounts:\n  app: {id: '111112222333', tier: dev}\n  hub: {id: '123456789012', tier: infra}\n";
    let accounts = Accounts::parse("accounts.yaml", text).expect("valid");
    for (name, expected) in [
        ("eb-event-bus-perms.1", vec!["TIER_INVERSION bus.json:7:22"]),
        ("eb-event-bus-perms.2", vec!["TIER_INVERSION bus.json:10:20"]),
        // A condition on the rule's Region narrows which events come, not from whom.
        ("eb-event-bus-perms.5", vec!["TIER_INVERSION bus.json:7:20"]),
        ("eb-event-bus-perms.6", vec!["TIER_INVERSION bus.json:7:20"]),
        ("eb-event-bus-perms.7", vec!["TIER_INVERSION bus.json:7:20"]),
        // Policies of identities have no principal, and those of other services send no events.
        ("eb-use-conditions.3", vec![]),
        ("eb-setup.1", vec![]),
        ("eb-use-resource-based.1", vec![]),
        ("eb-use-resource-based.2", vec![]),
    ] {
        let path =
            std::path::Path::new(&corpora).join("events/awsdocs-eventbridge").join(format!("{name}.policy.json"));
        let policy = std::fs::read_to_string(&path).expect(name);
        let bus = |gate| Bus {
            account: "hub".to_owned(),
            name: "default".to_owned(),
            gate,
            file: "bus.json".to_owned(),
            policy: policy.clone(),
        };
        let options = |gate| LintOptions {
            tiers: vec!["dev".to_owned(), "infra".to_owned()],
            buses: vec![bus(gate)],
            ..LintOptions::default()
        };
        let found = |gate| -> Vec<String> {
            let place = |it: &reeve_model::Finding| it.place.as_ref().map(ToString::to_string).unwrap_or_default();
            lint(&accounts, &options(gate)).iter().map(|it| format!("{} {}", it.code, place(it))).collect()
        };
        assert_eq!(found(false), expected, "{name}");
        assert_eq!(found(true), Vec::<String>::new(), "{name}, where a gate listens");
    }
}
