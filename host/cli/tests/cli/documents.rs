//! What the documents show works: files parse, commands are ones that the binary takes.

use crate::support::{reeve, root};

/// Fenced blocks of a language, in the order of the document.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).expect("the document");
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).map(str::to_owned).collect()
}

#[test]
fn the_files_in_the_readme_are_files_that_reeve_reads() {
    let mut seen = Vec::new();
    for block in blocks("README.md", "yaml") {
        let no_file = |path: &str| Err(format!("no file `{path}`"));
        let key = block.split(':').next().unwrap_or_default().to_owned();
        match key.as_str() {
            "gate" => drop(reeve_config::GateFile::parse("README.md", &block, &no_file).expect(&block)),
            "policy" => drop(reeve_config::PolicyFile::parse("README.md", &block).expect(&block)),
            "case" => drop(reeve_config::Case::parse("README.md", &block, "2026-01-01T00:00:00Z").expect(&block)),
            other => panic!("`{other}` begins none of the files a user writes"),
        }
        seen.push(key);
    }
    assert_eq!(seen, ["gate", "policy", "case"]);
}

#[test]
fn the_policy_files_that_policies_show_are_files_that_reeve_reads() {
    let mut seen = 0;
    for policy in ["sender-trust", "dns-allowlist", "scp-validation"] {
        let document = format!("policies/{policy}/README.md");
        for block in blocks(&document, "yaml").iter().filter(|block| block.starts_with("policy:")) {
            let file = reeve_config::PolicyFile::parse(&document, block).expect(block);
            assert_eq!(file.name, policy);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_commands_in_the_readme_are_commands_that_reeve_takes() {
    let mut commands = 0;
    for line in blocks("README.md", "sh").iter().flat_map(|block| block.lines()) {
        let Some(start) = line.find("reeve ").filter(|start| !line[..*start].contains("target/")) else { continue };
        let words = line[start..].split('#').next().unwrap_or_default().split('>').next().unwrap_or_default();
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        // Arguments are checked before `--help` is answered only for names of commands and options.
        let mut asked: Vec<&str> = words.iter().copied().take_while(|word| !word.starts_with('-')).take(2).collect();
        asked.retain(|word| word.chars().all(|char| char.is_ascii_lowercase()));
        asked.push("--help");
        let help = reeve(&asked);
        assert_eq!(help.code, 0, "{line}");
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.stdout.contains(option), "{line}: `{option}` is no option of it");
        }
        commands += 1;
    }
    assert!(commands >= 8, "only {commands} commands");
}
