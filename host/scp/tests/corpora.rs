//! Published policies and recorded calls. Set `REEVE_CORPORA` to the corpora folder; without it these tests only say that
//! they ran without.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr, unreachable_pub)]

use std::path::{Path, PathBuf};

#[path = "corpora/cloudtrail.rs"]
mod cloudtrail;
#[path = "corpora/guide.rs"]
mod guide;
#[path = "corpora/policies.rs"]
mod policies;

/// A folder of the corpora, if there are any.
fn folder(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("REEVE_CORPORA") else {
        eprintln!("ran without corpora: REEVE_CORPORA is not set");
        return None;
    };
    let folder = Path::new(&root).join(name);
    assert!(folder.is_dir(), "{} is in the corpora", folder.display());
    Some(folder)
}

/// Every JSON file below a folder, by its name below it, in order.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "json") {
                let name = path.strip_prefix(folder).expect("below it").to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found.sort();
    found
}

fn json(text: &str) -> reeve_json::Node {
    let options = reeve_json::Options { bytes_max: 1 << 24, depth_max: 64, strings: reeve_json::StringRule::Any };
    reeve_json::parse(text.as_bytes(), &options).expect("JSON")
}
