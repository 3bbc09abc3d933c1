//! Every target over its seeds, and over a fixed number of mutations of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use reeve_fuzz::mutate::{Random, mutation, words};
use reeve_fuzz::{TARGETS, Target};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Where the numbers of the mutations begin.
const SEED: u64 = 0x5EED_0F2E_E7E5;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Names in a folder, sorted, without their endings.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let stem = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("entry").path().file_stem()?.to_str().map(str::to_owned)
    };
    let mut names: Vec<String> = entries.filter_map(stem).collect();
    names.sort();
    names
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let folder = folder("seeds").join(target.name);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("a folder of seeds").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seed", target.name);
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

/// Runs the target; when it panics, the input is told as a byte string of Rust.
fn run(target: &Target, input: &[u8]) {
    if catch_unwind(|| (target.run)(input)).is_err() {
        panic!("target `{}` fails; keep the input as a seed: b\"{}\"", target.name, input.escape_ascii());
    }
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let seeds = seeds(target);
    run(target, b"");
    seeds.iter().for_each(|seed| run(target, seed));
    let (mut random, words) = (Random::new(SEED), words(target.dictionary));
    for _ in 0..target.mutations {
        run(target, &mutation(&mut random, &seeds, &words));
    }
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*

        #[test]
        fn every_target_has_seeds_a_binary_and_a_test() {
            let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            targets.sort_unstable();
            assert_eq!([$(stringify!($name)),*].as_slice(), targets);
            assert_eq!(names(&folder("seeds")), targets);
            assert_eq!(names(&folder("fuzz_targets")), targets);
            assert_eq!(names(&folder("dictionaries")), targets);
            let manifest = std::fs::read_to_string(folder("Cargo.toml")).expect("the manifest");
            for target in targets {
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target} is no binary");
            }
        }
    };
}

replayed! { accounts_file delivery dns_name event gate_file json pattern request scp_document }
