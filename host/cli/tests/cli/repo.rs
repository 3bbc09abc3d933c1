//! A git repository with the example organization in it, to be changed.

use crate::support::{Output, finish, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The moment as of which merges are judged.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

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
        // The plugins are those of the workspace, wherever the copy lies.
        let policies = root().join("policies").display().to_string();
        for gate in ["management/gate.yaml", "dns/gate.yaml"] {
            repo.edit(gate, "policies-root: ../..", &format!("policies-root: {policies}"));
            let text = repo.read(gate);
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("facts:")).collect();
            repo.write(gate, &(kept.join("\n") + "\n"));
        }
        repo.edit("reeve.yaml", "[../scp-validation]", &format!("[{policies}/scp-validation]"));
        repo.edit("reeve.yaml", "../scp-validation/actions.txt", &format!("{policies}/scp-validation/actions.txt"));
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

    /// The line of a file that begins with this text, spaces aside.
    #[track_caller]
    pub(crate) fn line(&self, name: &str, begin: &str) -> u64 {
        let text = self.read(name);
        let at = text.lines().position(|line| line.trim_start().starts_with(begin));
        u64::try_from(at.unwrap_or_else(|| panic!("`{begin}` in {name}")) + 1).expect("a line")
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
        let told = |finding: &serde_json::Value| {
            let place = &finding["place"];
            let place = match place.is_null() {
                true => String::new(),
                false => format!("{}:{}", place["file"].as_str().expect("file"), place["line"]),
            };
            (finding["code"].as_str().expect("code").to_owned(), place)
        };
        findings.iter().map(told).collect()
    }

    /// `reeve plan --base HEAD`, as JSON.
    pub(crate) fn plan(&self) -> serde_json::Value {
        let output = self.reeve(&["plan", "--base", "HEAD", "--format", "json"]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }
}
