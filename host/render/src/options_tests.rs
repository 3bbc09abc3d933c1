//! What the project file may say about a document, and what it may not.

use super::*;
use reeve_yaml::Document as Yaml;

fn read(text: &str) -> Result<Options, Vec<YamlError>> {
    let yaml = Yaml::parse("reeve.yaml", text).expect("YAML");
    Options::read(yaml.root())
}

#[test]
fn each_document_has_its_options() {
    let text =
        "document: ecr\noutput: out/ecr.json\ninput: ecr.yaml\nclasses:\n  nonprod: { scopes: [dev], tiers: [test] }\n";
    let options = read(text).expect("good");
    let at = |line, column| Place { file: "reeve.yaml".to_owned(), line, column };
    let nonprod = Class { scopes: vec![("dev".to_owned(), at(5, 23))], tiers: vec![("test".to_owned(), at(5, 37))] };
    let ecr = EcrOptions { input: "ecr.yaml".to_owned(), classes: [("nonprod".to_owned(), nonprod)].into() };
    assert_eq!((options.kind(), options.input()), (Document::Ecr, Some("ecr.yaml")));
    let expected = Options { output: "out/ecr.json".to_owned(), place: at(1, 1), document: DocumentOptions::Ecr(ecr) };
    assert_eq!(options, expected);

    let logs = |senders| DocumentOptions::LogBucket(LogBucketOptions { role: "a/b".to_owned(), senders });
    for (text, document) in [
        ("{document: log-bucket, output: l.json, role: a/b}", logs(Senders::Accounts)),
        (
            "{document: log-bucket, output: l.json, role: a/b, organization: o-abcdefghij}",
            logs(Senders::Organization("o-abcdefghij".to_owned())),
        ),
        ("{document: identity-access, output: l.json}", DocumentOptions::IdentityAccess),
    ] {
        let options = read(text).expect(text);
        assert_eq!((options.document.clone(), options.input()), (document, None), "{text}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    for (text, expected) in [
        ("[]", vec!["the file must be a mapping, found a list"]),
        ("output: x", vec!["key `document` is missing"]),
        ("document: ecs", vec!["`document` cannot be `ecs`"]),
        ("document: ecr", vec!["key `output` is missing", "key `input` is missing"]),
        (
            "{document: ecr, output: /etc/x, input: ../x, class: {}}",
            vec![
                "`output` must be a path inside the repository, found `/etc/x`",
                "`input` must be a path inside the repository, found `../x`",
                "key `class` is not known",
            ],
        ),
        (
            "{document: ecr, output: 'a\\b', input: 'C:x', classes: {dev: {}, qa: {scope: [x]}}}",
            vec![
                "`output` must be a path inside the repository, found `a\\b`",
                "`input` must be a path inside the repository, found `C:x`",
                "`dev` must name a scope or a tier",
                "key `scope` is not known",
                "`qa` must name a scope or a tier",
            ],
        ),
        (
            "{document: log-bucket, output: x, role: '*', organization: r-abcd}",
            vec![
                "`role` must be the name of a role, found `*`",
                "`organization` must be the id of an organization, found `r-abcd`",
            ],
        ),
        (
            "{document: log-bucket, output: x, role: 'r${AWS::AccountId}', input: x}",
            vec!["`role` must be the name of a role, found `r${AWS::AccountId}`", "key `input` is not known"],
        ),
    ] {
        let messages: Vec<String> = read(text).expect_err(text).into_iter().map(|error| error.message).collect();
        assert_eq!(messages, expected, "{text}");
    }
}
