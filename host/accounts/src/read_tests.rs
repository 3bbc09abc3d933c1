//! Merging with provenance, and every error with place, message and hint.

use crate::{Accounts, DomainOwner, Layer, Mark, Status, Value};

/// The sample file of system B.
const SAMPLE: &str = "\
Default:
  create_vpc: false
  region: ap-southeast-2
  nat_gateway_count: 3
  global_region: us-east-1
  allowed_regions:
    - ap-southeast-2
    - us-east-1
    - us-west-1
    - us-west-2

Scopes:
  dev:
    organization_unit: Dev
    create_vpc: true
    nat_gateway_count: 1
    access:
      all: Admin
      rw: PowerUser,Developer

Accounts:
  foo:                   # An internal readable name of the account
    service: foo         # Name of the service residing in this account
    scope: dev
    region: us-east-1    # The primary region of the account.
    create_vpc: false    # Do not create default vpc for this account.
    use_cfr: true        # Will send Cloudfront logs to a central bucket.
";

#[track_caller]
fn accounts(text: &str) -> Accounts {
    Accounts::parse("accounts.yaml", text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Every error as `line:column: message` and `-> hint`.
#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = Accounts::parse("a.yaml", text).expect_err(text);
    let line = |error: &reeve_yaml::YamlError| match error.hint() {
        Some(hint) => format!("{error} -> {hint}"),
        None => error.to_string(),
    };
    errors.iter().map(line).collect()
}

#[test]
fn the_sample_merges_key_by_key() {
    let accounts = accounts(SAMPLE);
    assert_eq!((accounts.len(), accounts.is_empty(), accounts.file()), (1, false, "accounts.yaml"));
    let foo = accounts.by_name("foo").expect("foo");
    assert_eq!(
        (foo.name(), foo.at(), foo.id(), foo.email(), foo.tier()),
        ("foo", Mark { line: 22, column: 3 }, None, None, None)
    );
    assert_eq!((foo.region(), foo.global_region(), foo.service()), (Some("us-east-1"), Some("us-east-1"), Some("foo")));
    assert_eq!((foo.scope(), foo.organization_unit()), (Some("dev"), Some("Dev")));
    assert_eq!((foo.create_vpc(), foo.use_cfr(), foo.nat_gateway_count()), (Some(false), Some(true), Some(1)));
    assert_eq!(foo.allowed_regions(), ["ap-southeast-2", "us-east-1", "us-west-1", "us-west-2"]);
    assert_eq!(foo.access(), [("all", "Admin"), ("rw", "PowerUser,Developer")]);
    assert_eq!((foo.status(), foo.allowed_dns_domains().len()), (Status::Active, 0));
}

#[test]
fn every_value_knows_its_layer_and_line() {
    let accounts = accounts(SAMPLE);
    let foo = accounts.by_name("foo").expect("foo");
    let values: Vec<String> =
        foo.values().map(|(key, value)| format!("{key} {} {}", value.layer, value.place())).collect();
    assert_eq!(
        values,
        [
            "access Scopes.dev accounts.yaml:17:5",
            "allowed_regions Default accounts.yaml:6:3",
            "create_vpc Accounts.foo accounts.yaml:26:5",
            "global_region Default accounts.yaml:5:3",
            "nat_gateway_count Scopes.dev accounts.yaml:16:5",
            "organization_unit Scopes.dev accounts.yaml:14:5",
            "region Accounts.foo accounts.yaml:25:5",
            "scope Accounts.foo accounts.yaml:24:5",
            "service Accounts.foo accounts.yaml:23:5",
            "use_cfr Accounts.foo accounts.yaml:27:5",
        ]
    );
    let region = foo.value("region").expect("region");
    assert_eq!(region.value_at, Mark { line: 25, column: 13 });
    assert_eq!(&*region.file, "accounts.yaml");
    let beaten = |key: &str| -> Vec<(Layer, Value, u32)> {
        foo.overridden(key).map(|value| (value.layer.clone(), value.value.clone(), value.at.line)).collect()
    };
    assert_eq!(
        beaten("create_vpc"),
        [(Layer::Scope("dev".into()), Value::Bool(true), 15), (Layer::Default, Value::Bool(false), 2)]
    );
    assert_eq!(beaten("nat_gateway_count"), [(Layer::Default, Value::Int(3), 4)]);
    assert_eq!(beaten("global_region"), []);
    assert!(foo.value("colour").is_none() && beaten("colour").is_empty());
}

#[test]
fn whole_values_are_replaced() {
    let accounts = accounts(
        "Default: {allowed_regions: [us-east-1, us-west-2], access: {all: ReadOnly, rw: Developer}}\n\
         Scopes: {dev: {access: {all: Admin}}}\n\
         Accounts:\n  a: {scope: dev, allowed_regions: [eu-west-1]}\n  b: {}\n",
    );
    let a = accounts.by_name("a").expect("a");
    assert_eq!((a.access(), a.allowed_regions()), (vec![("all", "Admin")], vec!["eu-west-1"]));
    let b = accounts.by_name("b").expect("b");
    assert_eq!(b.access(), [("all", "ReadOnly"), ("rw", "Developer")]);
}

const FULL: &str = "\
Scopes:
  prod: {tier: prod, status: active}
Accounts:
  web:
    id: \"012345678901\"
    email: web@example.com
    scope: prod
    allowed_dns_domains: [web.example.com, =example.com]
  api:
    id: '111122223333'
    scope: prod
    status: suspended
    allowed_dns_domains: [.example.com]
  new:
    allowed_dns_domains: [new.example.com]
OrganizationUnits:
  Workloads/Prod: {id: ou-ab12-cd34ef56, policies: [deny-leave, Regions.v2]}
  Root: {id: r-ab12}
  Empty: {}
";

#[test]
fn accounts_are_found_by_id_and_listed_by_name() {
    let accounts = accounts(FULL);
    assert_eq!(accounts.iter().map(|account| account.name()).collect::<Vec<_>>(), ["api", "new", "web"]);
    let web = accounts.by_id("012345678901").expect("web");
    assert_eq!((web.name(), web.email(), web.tier()), ("web", Some("web@example.com"), Some("prod")));
    assert_eq!(accounts.by_id("111122223333").map(crate::Account::status), Some(Status::Suspended));
    assert!(accounts.by_id("999999999999").is_none() && accounts.by_id("web").is_none());
}

#[test]
fn domain_owners_are_sorted_and_have_an_id() {
    let shown: Vec<String> = accounts(FULL)
        .domain_owners()
        .into_iter()
        .map(|DomainOwner { entry, account, id }| format!("{entry} {account} {id}"))
        .collect();
    assert_eq!(
        shown,
        ["=example.com web 012345678901", ".example.com api 111122223333", "web.example.com web 012345678901"]
    );
}

#[test]
fn organizational_units_carry_their_policies() {
    let accounts = accounts(FULL);
    let names: Vec<&str> = accounts.organizational_units().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["Empty", "Root", "Workloads/Prod"]);
    let unit = accounts.organizational_unit("Workloads/Prod").expect("unit");
    assert_eq!((unit.id.as_deref(), unit.at), (Some("ou-ab12-cd34ef56"), Mark { line: 17, column: 3 }));
    let policies: Vec<String> = unit.policies.iter().map(|policy| format!("{} {}", policy.name, policy.at)).collect();
    assert_eq!(policies, ["deny-leave 17:53", "Regions.v2 17:65"]);
    assert_eq!(accounts.organizational_unit("Root").and_then(|unit| unit.id.clone()).as_deref(), Some("r-ab12"));
}

#[test]
fn each_wrong_value_is_refused_with_place_and_hint() {
    let region = "regions look like `us-east-1`";
    let string = "put the value in quotes";
    let list = "put one item in brackets: `[item]`";
    let word = "lower-case letters, digits and dashes, starting with a letter";
    for (pair, message, hint) in [
        ("region: us-east", "`region` must be an AWS region, found `us-east`", region),
        ("region: US-EAST-1", "`region` must be an AWS region, found `US-EAST-1`", region),
        ("region: us-east-1a", "`region` must be an AWS region, found `us-east-1a`", region),
        ("region: us-1", "`region` must be an AWS region, found `us-1`", region),
        ("region: 1", "`region` must be a string, found an integer", string),
        ("global_region: aws-global", "`global_region` must be an AWS region, found `aws-global`", region),
        ("allowed_regions: us-east-1", "`allowed_regions` must be a list, found a string", list),
        ("allowed_regions: []", "`allowed_regions` must name at least one region", ""),
        ("create_vpc: yes", "`create_vpc` must be a boolean, found a string", "write `true`"),
        ("use_cfr: 1", "`use_cfr` must be a boolean, found an integer", ""),
        ("nat_gateway_count: -1", "`nat_gateway_count` must be from 0 to 4294967295, found `-1`", ""),
        ("nat_gateway_count: 1.5", "`nat_gateway_count` must be an integer, found a decimal number", ""),
        ("nat_gateway_count: '1'", "`nat_gateway_count` must be an integer, found a string", "write it without quotes"),
        ("service: ''", "`service` must be a name, found ``", ""),
        ("organization_unit: ' x'", "organizational unit ` x` must be a name without spaces around it", ""),
        ("organization_unit: [x]", "`organization_unit` must be a string, found a list", ""),
        ("access: Admin", "`access` must be a mapping, found a string", ""),
        ("access: ~", "`access` must be a mapping, found null", "write `{}` for an empty mapping"),
        (
            "id: 111122223333",
            "`id` must be an account id in quotes",
            "put the account id in quotes, or leading zeros get lost",
        ),
        (
            "id: 012345678901",
            "`id` must be an account id in quotes",
            "put the account id in quotes, or leading zeros get lost",
        ),
        ("id: '1'", "`id` must be an account id of 12 digits, found `1`", ""),
        ("email: someone", "`email` must be an e-mail address, found `someone`", ""),
        ("email: a b@x.com", "`email` must be an e-mail address, found `a b@x.com`", ""),
        ("email: a@b@x.com", "`email` must be an e-mail address, found `a@b@x.com`", ""),
        ("email: a@x..com", "`email` must be an e-mail address, found `a@x..com`", ""),
        ("tier: Prod", "`tier` must be a word, found `Prod`", word),
        ("tier: 1st", "`tier` must be a word, found `1st`", word),
        ("status: closed", "`status` cannot be `closed`", "known values: `active`, `suspended`"),
        ("status: Active", "`status` cannot be `Active`", "did you mean `active`? known values: `active`, `suspended`"),
        ("scope: dv", "scope `dv` is not defined", "did you mean `dev`? known scopes: `dev`"),
        ("scope: production", "scope `production` is not defined", "known scopes: `dev`"),
        ("allowed_dns_domains: example.com", "`allowed_dns_domains` must be a list, found a string", list),
    ] {
        let text = format!("Scopes: {{dev: {{}}}}\nAccounts:\n  foo:\n    {pair}\n");
        let column = 5 + pair.find(' ').expect("space") + 1;
        let hint = if hint.is_empty() { String::new() } else { format!(" -> {hint}") };
        assert_eq!(errors(&text), [format!("a.yaml:4:{column}: {message}{hint}")], "{pair}");
    }
}

#[test]
fn items_of_lists_have_places_of_their_own() {
    let text = "Accounts:\n  foo:\n    allowed_regions: [us-east-1, mars, us-east-1]\n    access: {rw: 1}\n    \
                allowed_dns_domains: [Example.com, a.example, 1, a.example, co.uk]\n";
    assert_eq!(
        errors(text),
        [
            "a.yaml:3:34: item 2 of `allowed_regions` must be an AWS region, found `mars` -> regions \
             look like `us-east-1`",
            "a.yaml:3:40: region `us-east-1` stands twice in the list",
            "a.yaml:4:18: `rw` must be a string, found an integer -> put the value in quotes",
            "a.yaml:5:27: ALLOWLIST_SYNTAX: `Example.com` holds a capital: names are written in lower case",
            "a.yaml:5:51: item 3 of `allowed_dns_domains` must be a string, found an integer -> put the \
             value in quotes",
            "a.yaml:5:54: domain `a.example` stands twice in the list",
            "a.yaml:5:65: ALLOWLIST_SYNTAX: `co.uk` is a public suffix: its names belong to many owners",
        ]
    );
}

#[test]
fn unknown_and_misplaced_keys_are_refused() {
    let own = "`access`, `allowed_dns_domains`, `allowed_regions`, `create_vpc`, `email`, `global_region`, `id`, \
               `nat_gateway_count`, `organization_unit`, `policies`, `region`, `scope`, `service`, `status`, `tags`, \
               `tier`, `use_cfr`";
    let shared =
        own.replace("`email`, ", "").replace("`id`, ", "").replace("`scope`, ", "").replace("`policies`, ", "");
    let account = "write it on the account";
    assert_eq!(
        errors("Default: {scope: dev, regoin: us-east-1}\n\
             Scopes: {dev: {id: '111122223333', email: 1}}\n\
             Accounts: {foo: {colour: red}}\nAcounts: {}\n"),
        [
            format!("a.yaml:1:11: key `scope` does not belong in `Default` -> {account}"),
            format!("a.yaml:1:23: key `regoin` is not known -> did you mean `region`? known keys: {shared}"),
            format!("a.yaml:2:16: key `id` does not belong in `Scopes.dev` -> {account}"),
            format!("a.yaml:2:36: key `email` does not belong in `Scopes.dev` -> {account}"),
            format!("a.yaml:3:18: key `colour` is not known -> known keys: {own}"),
            "a.yaml:4:1: key `Acounts` is not known -> known keys: `Default`, `Scopes`, `Accounts`, `OrganizationUnits`"
                .to_owned(),
        ]
    );
}

#[test]
fn the_frame_of_the_file_is_checked() {
    let braces = "write `{}` for an empty mapping";
    for (text, expected) in [
        ("- a\n", "a.yaml:1:1: the file must be a mapping, found a list".to_owned()),
        ("", "a.yaml:1:1: the file is empty".to_owned()),
        ("Default: {}\n", "a.yaml:1:1: key `Accounts` is missing".to_owned()),
        ("Accounts:\n", format!("a.yaml:1:9: `Accounts` must be a mapping, found null -> {braces}")),
        ("Accounts: [a]\n", "a.yaml:1:11: `Accounts` must be a mapping, found a list".to_owned()),
        ("Accounts:\n  foo:\n", format!("a.yaml:2:6: `foo` must be a mapping, found null -> {braces}")),
        ("Default: x\nAccounts: {}\n", "a.yaml:1:10: `Default` must be a mapping, found a string".to_owned()),
        ("Scopes: {dev: 1}\nAccounts: {}\n", "a.yaml:1:15: `dev` must be a mapping, found an integer".to_owned()),
        (
            "Accounts: {a: {}, a: {}}\n",
            "a.yaml:1:19: key `a` stands twice in one mapping -> it stands first at 1:12".to_owned(),
        ),
    ] {
        assert_eq!(errors(text), [expected], "{text}");
    }
    assert_eq!(
        errors("accounts: {}\n"),
        [
            "a.yaml:1:1: key `Accounts` is missing -> `accounts` at 1:1 looks like it",
            "a.yaml:1:1: key `accounts` is not known -> did you mean `Accounts`? known keys: `Default`, `Scopes`, \
             `Accounts`, `OrganizationUnits`",
        ]
    );
    assert!(accounts("Accounts: {}\n").is_empty());
}

#[test]
fn names_are_checked() {
    let long = "a".repeat(51);
    for (name, fault) in [
        ("Foo", "must start with a lower-case letter or a digit"),
        ("-foo", "must start with a lower-case letter or a digit"),
        ("foo_bar", "may hold only lower-case letters, digits and dashes"),
        (long.as_str(), "is longer than 50 characters"),
    ] {
        let expected = |kind: &str| [format!("a.yaml:1:12: {kind} name `{name}` {fault}")];
        assert_eq!(errors(&format!("Accounts: {{{name}: {{}}}}\n")), expected("account"));
        assert_eq!(errors(&format!("Scopes:   {{{name}: {{}}}}\nAccounts: {{}}\n")), expected("scope"));
    }
    assert_eq!(accounts(&format!("Accounts: {{{}: {{}}, 0-a: {{}}, 123: {{}}}}\n", "a".repeat(50))).len(), 3);
}

#[test]
fn accounts_share_no_id_address_or_domain() {
    let text = "\
Scopes:
  pair: {allowed_dns_domains: [shared.example]}
Accounts:
  a: {id: '111122223333', email: a@example.com, allowed_dns_domains: [one.example, =two.example]}
  b: {id: '111122223333', email: A@example.com, allowed_dns_domains: [.two.example, x.one.example, one.example]}
  c: {scope: pair}
  d: {scope: pair}
";
    assert_eq!(
        errors(text),
        [
            "a.yaml:2:32: domain `shared.example` of account `d` is claimed by account `c` at 2:32 already -> the list \
             stands in `Scopes.pair`, which several accounts share: write it on the account",
            "a.yaml:5:11: id `111122223333` is that of account `a` at 4:11 already",
            "a.yaml:5:34: e-mail `A@example.com` is that of account `a` at 4:34 already",
            "a.yaml:5:100: domain `one.example` of account `b` is claimed by account `a` at 4:71 already",
        ]
    );
}

#[test]
fn regions_of_every_partition_are_known_by_shape() {
    for region in [
        "us-east-1",
        "ap-southeast-7",
        "us-gov-west-1",
        "cn-north-1",
        "us-isob-east-1",
        "eusc-de-east-1",
        "me-central-1",
    ] {
        let text = format!("Accounts: {{foo: {{region: {region}}}}}\n");
        assert_eq!(accounts(&text).by_name("foo").and_then(crate::Account::region), Some(region));
    }
}

#[test]
fn long_addresses_are_refused() {
    let email = |length: usize| format!("Accounts: {{foo: {{email: {}@example.com}}}}\n", "a".repeat(length - 12));
    assert!(Accounts::parse("a.yaml", &email(64)).is_ok());
    assert_eq!(errors(&email(65)), ["a.yaml:1:25: `email` must be at most 64 characters long"]);
}

#[test]
fn values_are_explained_line_by_line() {
    let accounts = accounts(SAMPLE);
    let foo = accounts.by_name("foo").expect("foo");
    assert_eq!(
        crate::explain(foo, "create_vpc"),
        [
            "create_vpc = false",
            "    from Accounts.foo, accounts.yaml:26:5",
            "    over true in Scopes.dev, accounts.yaml:15:5",
            "    over false in Default, accounts.yaml:2:3",
        ]
    );
    assert!(crate::explain(foo, "tier").is_empty() && crate::explain(foo, "colour").is_empty());
}
