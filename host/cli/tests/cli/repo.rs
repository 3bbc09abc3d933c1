//! A git repository with the example organization in it, to be changed.

use crate::support::{Output, finish, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The moment as of which merges are judged.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

/// Copies a folder of files and folders.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// A repository of its own, one commit old.
pub(crate) struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    /// The example organization.
    pub(crate) fn new() -> Self {
        let repo = Self { folder: tempfile::tempdir().expect("folder") };
        let examples = root().join("policies/examples");
        for name in ["accounts.yaml", "management/gate.yaml", "dns/gate.yaml", "reeve.yaml", "waivers.yaml"] {
            repo.write(name, &std::fs::read_to_string(examples.join(name)).expect(name));
        }
        for entry in std::fs::read_dir(examples.join("scps")).expect("policies") {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            repo.write(&format!("scps/{name}"), &std::fs::read_to_string(&path).expect("text"));
        }
        for folder in ["dns-allowlist", "scp-validation", "sender-trust"] {
            copy(&root().join("policies").join(folder), &repo.at(&format!("policies/{folder}")));
        }
        copy(&root().join("target/plugins"), &repo.at("target/plugins"));
        repo.write(".gitignore", "target\n");
        for gate in ["management/gate.yaml", "dns/gate.yaml"] {
            repo.edit(gate, "policies-root: ../..", "policies-root: ../policies");
            let text = repo.read(gate);
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("facts:")).collect();
            repo.write(gate, &(kept.join("\n") + "\n"));
        }
        repo.edit("reeve.yaml", "[../scp-validation]", "[policies/scp-validation]");
        repo.edit("reeve.yaml", "../scp-validation/actions.txt", "policies/scp-validation/actions.txt");
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.commit("base");
        repo
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).expect(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// Replaces a text that is there once.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {name}");
        self.write(name, &text.replace(from, to));
    }

    /// Everything as it was committed.
    pub(crate) fn restore(&self) {
        self.git(&["reset", "--quiet", "--hard"]);
        self.git(&["clean", "--quiet", "--force", "-d"]);
    }

    /// Ids of the requests that are planned; none when the files cannot be planned from.
    pub(crate) fn planned(&self) -> Vec<String> {
        let output = self.reeve(&["plan", "--base", "HEAD", "--format", "json"]);
        let Ok(plan) = serde_json::from_str::<serde_json::Value>(&output.stdout) else {
            assert_eq!(output.code, 1, "{output:?}");
            return Vec::new();
        };
        let requests = plan["requests"].as_array().expect("requests");
        requests.iter().map(|it| it["id"].as_str().expect("id").to_owned()).collect()
    }

    /// `file:line` of the line that begins with this text; of the first one when the text is empty; nothing without a file.
    #[track_caller]
    pub(crate) fn place(&self, file: &str, begin: &str) -> String {
        let text = if file.is_empty() { String::new() } else { self.read(file) };
        let at = text.find(begin).unwrap_or_else(|| panic!("`{begin}` in {file}"));
        let line = text.get(..at).expect("a boundary").matches('\n').count() + 1;
        if file.is_empty() { String::new() } else { format!("{file}:{line}") }
    }

    /// Code and place of the findings in the output of a check but remarks, sorted.
    pub(crate) fn told(&self, json: &serde_json::Value) -> Vec<(String, String)> {
        let findings = json["findings"].as_array().expect("findings");
        let mut told: Vec<_> = findings.iter().filter(|it| it["severity"] != "info").map(code_and_place).collect();
        told.sort();
        told
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path()).args(["-c", "user.name=test", "-c", "user.email=test@example.com"]).args(args);
        let output = git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().expect("git");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// `reeve`, started in the repository.
    pub(crate) fn reeve(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
        finish(command.args(args).current_dir(self.path()).stdin(Stdio::null()))
    }

    /// `reeve check --base HEAD`, as JSON.
    pub(crate) fn check(&self, more: &[&str]) -> (i32, serde_json::Value) {
        let mut args = vec!["check", "--base", "HEAD", "--format", "json", "--now", NOW];
        args.extend_from_slice(more);
        let output = self.reeve(&args);
        let json = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (output.code, json)
    }

    /// Code, place and subject of what stands.
    pub(crate) fn found(&self, more: &[&str]) -> Vec<(String, String)> {
        let (_, json) = self.check(more);
        let findings = json["findings"].as_array().expect("findings").clone();
        findings.iter().map(code_and_place).collect()
    }
}

fn code_and_place(finding: &serde_json::Value) -> (String, String) {
    let place = &finding["place"];
    let place = match place.is_null() {
        true => String::new(),
        false => format!("{}:{}", place["file"].as_str().expect("file"), place["line"]),
    };
    (finding["code"].as_str().expect("code").to_owned(), place)
}
