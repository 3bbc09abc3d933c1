//! Compiled plugins between runs of the binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The command line with a cache below `folder`.
fn reeve(folder: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
    command.current_dir(root).env("REEVE_CACHE", folder.join("cache")).env("REEVE_CACHE_KEY", folder.join("key"));
    command.args(["run", "--vouch", "--now", "2026-11-21T12:00:00Z", "--format", "json", "--gate"]);
    command.args(["policies/examples/dns/gate.yaml", "policies/examples/events/dns.ndjson"]);
    // A chain of its own, so that equal decisions have equal receipts.
    command.arg("--receipts").arg(tempfile::tempdir_in(folder).expect("a folder").keep());
    command
}

fn told(folder: &Path) -> Output {
    let output = reeve(folder).output().expect("starts");
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Entries of a cache by name.
fn entries(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut entries: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder.join("cache"))
        .expect("a cache")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_none())
        .map(|path| {
            (path.file_name().expect("a name").to_string_lossy().into_owned(), std::fs::read(path).expect("reads"))
        })
        .collect();
    entries.sort();
    entries
}

/// A process is killed again and again while it compiles and writes; whatever it leaves, the next one decides as ever.
#[test]
fn a_run_that_is_killed_leaves_a_cache_that_serves_or_is_rebuilt() {
    let (clean, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let expected = told(clean.path()).stdout;
    let whole = entries(clean.path());
    assert!(whole.len() >= 2, "one of each policy");
    let mut killed = 0;
    for round in 0..12_u32 {
        let mut child = reeve(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        // From before anything is written to when all is.
        std::thread::sleep(Duration::from_millis(u64::from(round) * 150));
        killed += u32::from(child.try_wait().expect("asks").is_none());
        child.kill().expect("kills");
        child.wait().expect("ends");
    }
    assert!(killed > 0, "some were killed at work");
    assert!(told(folder.path()).stdout == expected, "other decisions");
    let names = |entries: &[(String, Vec<u8>)]| entries.iter().map(|entry| entry.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&entries(folder.path())), names(&whole), "all are there in the end");
}

/// Damage, another key, and an entry in the place of another: never executed, always rebuilt.
#[test]
fn an_entry_that_is_not_its_own_is_compiled_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let expected = told(folder.path()).stdout;
    let whole = entries(folder.path());
    let path = |name: &str| folder.path().join("cache").join(name);
    let ((first, bytes), (second, _)) = (&whole[0], &whole[1]);
    let middle = bytes.len() / 2;
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (what, damaged) in [
        ("a bit in the head", flipped(3)),
        ("a bit in the middle", flipped(middle)),
        ("a bit in the last byte", flipped(bytes.len() - 1)),
        ("half of it", bytes[..middle].to_vec()),
        ("nothing", Vec::new()),
        ("the other entry", whole[1].1.clone()),
    ] {
        std::fs::write(path(first), &damaged).expect("writes");
        assert!(told(folder.path()).stdout == expected, "{what}: other decisions");
        let now = std::fs::read(path(first)).expect("there");
        assert_ne!(now, damaged, "{what}: replaced");
        assert!(now.len() > 1_000, "{what}: by a whole one");
    }
    std::fs::write(folder.path().join("key"), [7; 32]).expect("writes");
    assert!(told(folder.path()).stdout == expected, "another key: other decisions");
    let now = std::fs::read(path(second)).expect("there");
    assert_ne!(now, whole[1].1, "written anew under the new key");
}

/// A key that others can read vouches for nothing, and a cache that was asked for is not left out in silence.
#[test]
fn a_key_that_is_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).expect("writes");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("sets");
    let output = reeve(folder.path()).output().expect("starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("open to others") && told.contains("REEVE_CACHE=off"), "{told}");
    let output = reeve(folder.path()).env("REEVE_CACHE", "off").output().expect("starts");
    assert_eq!(output.status.code(), Some(3), "without a cache it runs");
}
