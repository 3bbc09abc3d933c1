//! `reeve plan` and `reeve check` on a repository: what a merge leads to, and on which lines that is said.

use crate::repo::{NOW, Repo};

/// One change of the files, and what must come of it.
struct Story {
    name: &'static str,
    /// File, text that is there, text instead of it.
    edits: &'static [(&'static str, &'static str, &'static str)],
    /// Ids of the planned requests, in order.
    requests: &'static [&'static str],
    /// Codes of findings that must be among those told, each with the file and the beginning of its line.
    findings: &'static [(&'static str, &'static str, &'static str)],
    exit: i32,
}

const STORIES: &[Story] = &[
    Story {
        name: "a new account is made, and what depends on its id waits",
        edits: &[(
            "accounts.yaml",
            "  bar:\n    id: \"444455556666\"",
            "  new:\n    email: aws+new@example.com\n    service: new\n    scope: dev\n    allowed_dns_domains: [new.example.com]\n\n  bar:\n    id: \"444455556666\"",
        )],
        requests: &["create-account/new", "put-parameter/management/new/pub/accounts/new"],
        // Nobody puts the list of domains: the dns gate of the example takes no parameters.
        findings: &[("PLAN_NO_GATE", "accounts.yaml", "allowed_dns_domains: [new.example.com]")],
        exit: 4,
    },
    Story {
        name: "an address outside the company is refused by the gate, at its line",
        edits: &[(
            "accounts.yaml",
            "  bar:\n    id: \"444455556666\"",
            "  new:\n    email: aws+new@example.net\n    scope: dev\n\n  bar:\n    id: \"444455556666\"",
        )],
        requests: &["create-account/new", "put-parameter/management/new/pub/accounts/new"],
        findings: &[("EMAIL_NOT_ALLOWED", "accounts.yaml", "email: aws+new@example.net")],
        exit: 4,
    },
    Story {
        name: "a policy that turns a region deny round is refused, in the file that was written",
        edits: &[("scps/restrict-regions.json", "StringNotEquals", "StringEquals")],
        requests: &["scp-update/restrict-regions"],
        findings: &[("REGION_DENY_INVERTED", "scps/restrict-regions.json", "\"aws:RequestedRegion\"")],
        exit: 4,
    },
];

#[test]
fn each_change_leads_to_its_requests_and_findings() {
    for story in STORIES {
        let repo = Repo::new();
        for (file, from, to) in story.edits {
            repo.edit(file, from, to);
        }
        let plan = repo.plan();
        let ids: Vec<&str> =
            plan["requests"].as_array().expect("requests").iter().map(|it| it["id"].as_str().expect("id")).collect();
        assert_eq!(ids, story.requests, "{}", story.name);
        let (code, json) = repo.check(&[]);
        let found = repo.found(&[]);
        for (code, file, begin) in story.findings {
            let place = format!("{file}:{}", repo.line(file, begin));
            assert!(
                found.contains(&((*code).to_owned(), place.clone())),
                "{}: {code} at {place} in {found:?}",
                story.name
            );
        }
        assert_eq!(code, story.exit, "{}: {json}", story.name);
    }
}

#[test]
fn an_unchanged_tree_is_told_nothing_of() {
    let repo = Repo::new();
    let output = repo.reeve(&["check", "--base", "HEAD", "--now", NOW]);
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{}", output.stderr);
    let output = repo.reeve(&["plan", "--base", "HEAD"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{}", output.stderr);
}

#[test]
fn links_are_not_followed() {
    let repo = Repo::new();
    std::os::unix::fs::symlink("/etc/hostname", repo.at("scps/secret.json")).expect("linked");
    let output = repo.reeve(&["check", "--now", NOW]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("`scps/secret.json` is a link"), "{}", output.stderr);
    repo.commit("a link");
    let output = repo.reeve(&["plan", "--base", "HEAD"]);
    assert_eq!(output.code, 1, "{output:?}");
}

#[test]
fn a_revision_is_never_an_option() {
    let repo = Repo::new();
    for revision in ["--upload-pack=x", "-h", "nothing", "HEAD:accounts.yaml"] {
        let output = repo.reeve(&["check", &format!("--base={revision}"), "--now", NOW]);
        assert_eq!(output.code, 1, "{revision}: {output:?}");
        assert!(output.stderr.contains("there is no revision"), "{}", output.stderr);
    }
}
