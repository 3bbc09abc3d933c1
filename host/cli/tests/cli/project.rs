//! `reeve plan` and `reeve check` on a repository: what a merge leads to, and on which lines that is said.

use crate::repo::{NOW, Repo};
use crate::stories::{ACCOUNTS, STORIES};

fn make(repo: &Repo, edits: &[(&str, &str, &str)]) {
    for (file, from, to) in edits {
        match (*from, *to) {
            ("", "") => std::fs::remove_file(repo.at(file)).expect("it was there"),
            ("", text) => repo.write(file, text),
            (from, to) => repo.edit(file, from, to),
        }
    }
}

#[test]
fn each_change_leads_to_its_requests_and_findings() {
    let repo = Repo::new();
    let mut wrong = Vec::new();
    for story in STORIES {
        make(&repo, story.edits);
        let planned = repo.planned();
        let planned: Vec<&str> = planned.iter().map(String::as_str).collect();
        let (code, json) = repo.check(&[]);
        let found = repo.told(&json);
        let mut expected: Vec<(String, String)> =
            story.findings.iter().map(|(code, file, begin)| ((*code).to_owned(), repo.place(file, begin))).collect();
        expected.sort();
        if (&planned[..], &found[..], code) != (story.requests, &expected[..], story.exit) {
            wrong.push(format!("{}: {planned:?}\n  {found:?}\nand not\n  {expected:?}\nexit {code}", story.name));
        }
        repo.restore();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
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
fn nothing_outside_the_repository_is_read() {
    let outside = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(outside.path(), "s3cret second\ns3cret: [\n").expect("written");
    let path = outside.path().display().to_string();
    let policy = "policies/sender-trust/policy.yaml";
    let needs = |text: &str| format!("{text}\n{}", Repo::new().read(policy));
    for (file, from, to) in [
        ("management/gate.yaml", "accounts: ../accounts.yaml", format!("accounts: {path}")),
        ("dns/gate.yaml", "accounts: ../accounts.yaml", format!("accounts: ../accounts.yaml\nfacts: {path}")),
        ("reeve.yaml", "policies/scp-validation/actions.txt", path.clone()),
        (policy, "", needs(&format!("datasets: {{ d: {{ file: {path}, index: names }} }}"))),
        (policy, "", needs(&format!("settings-files: {{ d: {path} }}"))),
    ] {
        let repo = Repo::new();
        make(&repo, &[(file, from, to.as_str())]);
        repo.edit("scps/restrict-regions.json", "StringNotEquals", "StringEquals");
        let output = repo.reeve(&["check", "--base", "HEAD", "--now", NOW]);
        assert_ne!(output.code, 0, "{file} {to}");
        assert!(!format!("{output:?}").contains("s3cret"), "{output:?}");
        assert!(format!("{output:?}").contains("outside the repository"), "{output:?}");
    }
    // Nor is what git keeps inside: a checkout may have left credentials there.
    for (file, from, to) in [
        ("reeve.yaml", "policies/scp-validation/actions.txt", ".git/secret".to_owned()),
        ("reeve.yaml", "accounts: accounts.yaml", "accounts: .git/secret".to_owned()),
        (policy, "", needs("settings-files: { d: ../../.git/secret }")),
    ] {
        let repo = Repo::new();
        repo.write(".git/secret", "s3cret: [\n");
        make(&repo, &[(file, from, to.as_str())]);
        repo.edit("scps/restrict-regions.json", "StringNotEquals", "StringEquals");
        let output = repo.reeve(&["check", "--base", "HEAD", "--now", NOW]);
        assert_ne!(output.code, 0, "{file} {to}");
        assert!(!format!("{output:?}").contains("s3cret"), "{output:?}");
    }
    // Waivers are read as files of the tree are.
    let repo = Repo::new();
    std::fs::remove_file(repo.at("waivers.yaml")).expect("there");
    std::os::unix::fs::symlink(outside.path(), repo.at("waivers.yaml")).expect("linked");
    let output = repo.reeve(&["check", "--now", NOW]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(!format!("{output:?}").contains("s3cret"), "{output:?}");
}

#[test]
fn a_base_that_cannot_be_read_hides_nothing() {
    let repo = Repo::new();
    let good = repo.read(ACCOUNTS);
    repo.write(ACCOUNTS, "Accounts: [");
    repo.commit("broken");
    repo.write(ACCOUNTS, &good);
    let codes: Vec<String> = repo.found(&[]).into_iter().map(|(code, _)| code).collect();
    assert!(codes.contains(&"BASE_UNREADABLE".to_owned()), "{codes:?}");
    assert_eq!(repo.check(&[]).0, 4);

    // Where there was no project, everything is new: also a policy that lay there before.
    let repo = Repo::new();
    let project = repo.read("reeve.yaml");
    std::fs::remove_file(repo.at("reeve.yaml")).expect("there");
    repo.write(
        "scps/locks-out.json",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
    );
    repo.commit("before Reeve");
    repo.write("reeve.yaml", &project);
    let (code, _) = repo.check(&[]);
    let codes: Vec<String> = repo.found(&[]).into_iter().map(|(code, _)| code).collect();
    assert!(code == 4 && codes.contains(&"DENY_ALL".to_owned()), "{codes:?}");

    // What was no text is new text.
    let repo = Repo::new();
    std::fs::write(repo.at("policies/sender-trust/README"), b"\xff").expect("written");
    std::fs::write(repo.at("scps/odd.json"), b"{\"Version\": \"\xe9\"}").expect("written");
    repo.commit("latin-1");
    repo.write(
        "scps/odd.json",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
    );
    assert_eq!(repo.check(&[]).0, 4);
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
