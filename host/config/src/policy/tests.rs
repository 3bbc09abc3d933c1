//! What a policy file may say of its tables.

use super::*;

fn parsed(dataset: &str) -> Result<DatasetSource, String> {
    let text = format!("policy: p\nplugin: p.wasm\ndatasets: {{ d: {dataset} }}\n");
    let file = PolicyFile::parse("policy.yaml", &text).map_err(|error| error.to_string())?;
    let [(name, source)] = &file.datasets[..] else { panic!("one dataset: {:?}", file.datasets) };
    assert_eq!(name, "d");
    Ok(source.clone())
}

#[test]
fn a_dataset_has_one_source() {
    let parameter = |name: &str, index| DatasetSource::Parameter {
        name: name.to_owned(),
        index,
        place: "policy.yaml:3:23".to_owned(),
    };
    let lists =
        |name: &str| DatasetSource::ParameterDomains { name: name.to_owned(), place: "policy.yaml:3:23".to_owned() };
    for (text, source, index) in [
        ("{ accounts: allowed_dns_domains }", DatasetSource::AccountDomains, "names"),
        ("{ file: a.txt, index: cidrs }", DatasetSource::File { path: "a.txt".to_owned(), index: "cidrs" }, "cidrs"),
        ("{ ssm: /a/b, index: strings }", parameter("/a/b", "strings"), "strings"),
        ("{ ssm: /a/b/, index: names }", parameter("/a/b/", "names"), "names"),
        ("{ ssm: plain.Name_1-x, index: names }", parameter("plain.Name_1-x", "names"), "names"),
        ("{ ssm: \"/a/{sender.account}\", list: domains }", lists("/a/{sender.account}"), "names"),
        ("{ ssm: \"/a/{sender.account}/\", list: domains }", lists("/a/{sender.account}/"), "names"),
    ] {
        let found = parsed(text).expect(text);
        assert_eq!((found.index(), found), (index, source), "{text}");
    }
    let one_source = "a dataset has exactly one source";
    for text in [
        "{}",
        "{ index: names }",
        "{ list: domains }",
        "{ file: a.txt }",
        "{ ssm: /a }",
        "{ file: a.txt, ssm: /a, index: names }",
        "{ file: a.txt, list: domains }",
        "{ accounts: allowed_dns_domains, index: names }",
        "{ accounts: allowed_dns_domains, list: domains }",
        "{ ssm: \"/a/{sender.account}\", list: domains, index: names }",
    ] {
        assert_eq!(parsed(text).expect_err(text), format!("policy.yaml:3:16: {one_source}"), "{text}");
    }
}

#[test]
fn a_table_names_its_parameters_as_systems_manager_does() {
    let longest = "a".repeat(PARAMETER_NAME_MAX);
    assert!(parsed(&format!("{{ ssm: {longest}, index: names }}")).is_ok());
    let too_long = format!("{longest}a");
    for name in ["", "/", "a/b", "/a b", "/a\u{e4}", "/a/{sender.account}", too_long.as_str()] {
        let told = parsed(&format!("{{ ssm: \"{name}\", index: names }}")).expect_err(name);
        let must = "`ssm` must be the name of a parameter, or a path that ends in `/`";
        assert_eq!(told, format!("policy.yaml:3:23: {must}"), "{name}");
    }
    for name in
        ["/a", "/a/{sender.account}/{sender.account}", "/a/{sender.name}", "/a/{sender.account} ", "{sender.account}/a"]
    {
        let told = parsed(&format!("{{ ssm: \"{name}\", list: domains }}")).expect_err(name);
        let must = "`ssm` must be the name of a parameter with `{sender.account}` in it, once";
        assert_eq!(told, format!("policy.yaml:3:23: {must}"), "{name}");
    }
}
