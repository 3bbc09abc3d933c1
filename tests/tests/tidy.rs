//! The house rules that a machine can check. `BLESS=1` accepts a new crate graph, which is a thing to do on purpose.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn tracked(ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() && !["target", ".git", "receipts"].contains(&name.as_str()) {
                walk(&path, ending, out);
            } else if name.ends_with(ending) {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&root(), ending, &mut out);
    assert!(!out.is_empty(), "no file ends with {ending}");
    out
}

#[test]
fn the_crate_graph_is_as_blessed() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let members: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().expect("name")).collect();
    let mut edges = BTreeSet::new();
    for package in packages {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let name = dependency["name"].as_str().expect("name");
            if dependency["kind"].is_null()
                && (members.contains(name) || name == "wasmtime" || name.starts_with("aws-"))
            {
                edges.insert(format!("{} -> {name}", package["name"].as_str().expect("name")));
            }
        }
    }
    let graph = edges.into_iter().collect::<Vec<_>>().join("\n") + "\n";
    let golden = root().join("tests/golden/crate-edges.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &graph).expect("written");
    }
    assert_eq!(graph, read(&golden), "a new edge is blessed on purpose: `cargo xtask bless`");
    for pure in ["reeve-model", "reeve-kinds", "reeve-engine", "reeve-pattern", "reeve-json", "reeve-scp"] {
        for heavy in ["wasmtime", "reeve-sandbox", "reeve-local", "reeve-yaml"] {
            assert!(!graph.contains(&format!("{pure} -> {heavy}\n")), "{pure} must not know {heavy}");
        }
    }
    for guest in ["dns-allowlist", "sender-trust", "scp-validation", "reeve-sdk"] {
        let host = graph.lines().filter(|edge| edge.starts_with(&format!("{guest} -> reeve-")));
        let shared = ["-> reeve-sdk", "-> reeve-json", "-> reeve-scp"];
        let beyond: Vec<&str> = host.filter(|edge| !shared.iter().any(|end| edge.ends_with(end))).collect();
        assert!(beyond.is_empty(), "{beyond:?}");
    }
}

#[test]
fn every_manifest_inherits_what_the_workspace_says() {
    for path in tracked("Cargo.toml").into_iter().filter(|path| path.parent() != Some(root().as_path())) {
        let text = read(&path);
        for line in ["[lints]\nworkspace = true", "edition.workspace = true", "license.workspace = true"] {
            assert!(text.contains(line), "{} lacks {line:?}", path.display());
        }
        let stated = text.lines().find(|line| line.contains("version = \""));
        assert!(stated.is_none(), "{}: {stated:?} states a version; the workspace does", path.display());
    }
}

#[test]
fn every_code_is_documented_with_its_meaning() {
    let text = read(&root().join("docs/codes.md"));
    for code in reeve_model::Code::ALL {
        let line = format!("| `{}` | {} |", code.as_str(), code.meaning());
        assert!(text.lines().any(|it| it == line), "docs/codes.md lacks: {line}");
    }
}

/// Codes of findings are words in capitals; so are kinds, which are not codes.
#[test]
fn every_code_of_a_finding_is_documented() {
    let documents: String = ["files", "findings", "scp-checks", "codes", "rendered"]
        .map(|name| read(&root().join(format!("docs/{name}.md"))))
        .concat();
    let mut missing = Vec::new();
    let mut seen = 0;
    for path in tracked(".rs") {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let tells =
            ["host/cli/src/check", "host/cli/src/project", "host/plan/src", "host/accounts/src/l", "host/render/src"];
        if !tells.iter().any(|folder| name.starts_with(folder)) || name.contains("test") {
            continue;
        }
        let text = read(&path);
        for word in text.split('"').skip(1).step_by(2) {
            let code = word.starts_with(|it: char| it.is_ascii_uppercase())
                && word.contains('_')
                && word.chars().all(|it| it.is_ascii_uppercase() || "_0123456789".contains(it));
            if code && !reeve_config::BUILT_IN.contains(&word) {
                seen += 1;
                if !documents.contains(&format!("`{word}`")) {
                    missing.push(format!("{name}: {word}"));
                }
            }
        }
    }
    assert!(seen > 80, "{seen} codes were seen");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_module_says_what_it_owns() {
    for path in tracked(".rs") {
        let text = read(&path);
        assert!(text.starts_with("//!"), "{} begins without a module comment", path.display());
    }
}

/// Files over 400 lines, each with its reason. Tests and generated code are files too.
const LONG_FILES: [(&str, &str); 1] =
    [("host/model/src/action.rs", "one type for each AWS call, mirroring the contract")];

#[test]
fn long_files_have_a_reason() {
    let mut long = Vec::new();
    for path in tracked(".rs") {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let code = read(&path).split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
        if code > 400 && !LONG_FILES.iter().any(|(known, _)| *known == name) {
            long.push(format!("{name}: {code}"));
        }
    }
    assert!(long.is_empty(), "over 400 lines without a reason: {long:?}");
}

#[test]
fn nothing_names_a_machine() {
    // Spelt apart, so that this file does not hold what it looks for.
    let forbidden = [["/work", "/"].concat(), ["/ro", "ot/"].concat(), ["../sha", "red/"].concat()];
    for ending in [".rs", ".md", ".toml", ".yaml", ".wit", ".json"] {
        for path in tracked(ending) {
            let text = read(&path);
            let found = forbidden.iter().find(|name| text.contains(name.as_str()));
            assert!(found.is_none(), "{} names {found:?}", path.display());
        }
    }
}

#[test]
fn the_readme_states_the_commands_that_exist() {
    let readme = read(&root().join("README.md"));
    for command in ["cargo xtask demo", "cargo xtask test"] {
        assert!(readme.contains(command), "README.md lacks `{command}`");
    }
    let run = read(&root().join(".ci/run"));
    assert!(run.contains("cargo xtask test"), ".ci/run does not call the README's test command");
}
