//! What a cache gives back, and what it must not.

use super::*;
use crate::sealed::PIECE_BYTES;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

const PAYLOAD: &[u8] = b"npayload of an entry";

fn key(byte: u8) -> CacheKey {
    CacheKey([byte; KEY_BYTES])
}

fn id(text: &str) -> Id {
    Id::of_component(&Digest::of(text.as_bytes()))
}

/// A cache with one entry, and the bytes of that entry.
fn written() -> (tempfile::TempDir, Cache, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::open(&folder.path().join("cache"), key(1)).expect("opens");
    cache.write(&id("a"), PAYLOAD).expect("writes");
    let bytes = fs::read(cache.path(&id("a"))).expect("reads");
    (folder, cache, bytes)
}

/// What a cache gives back under a name, as it was written.
fn read(cache: &Cache, name: &str) -> Option<Vec<u8>> {
    let payload = cache.read(&id(name))?;
    Some([vec![payload.kind], payload.rest.bytes().ok()?].concat())
}

#[test]
fn what_was_written_is_read_under_its_own_name_alone() {
    let (_folder, cache, _) = written();
    assert_eq!(read(&cache, "a").as_deref(), Some(PAYLOAD));
    assert_eq!(read(&cache, "b"), None, "there is none");
    fs::copy(cache.path(&id("a")), cache.path(&id("b"))).expect("copies");
    assert_eq!(read(&cache, "b"), None, "an entry under another name");
    let other = Cache::open(&cache.folder, key(2)).expect("opens");
    assert_eq!(read(&other, "a"), None, "another key");
    other.write(&id("a"), b"of another").expect("writes");
    assert_eq!(read(&cache, "a"), None, "written by another key");
    cache.write(&id("a"), PAYLOAD).expect("writes");
    assert_eq!(read(&cache, "a").as_deref(), Some(PAYLOAD), "replaced");
}

#[test]
fn no_entry_with_a_flipped_bit_a_missing_end_or_more_is_read() {
    let (_folder, cache, whole) = written();
    let path = cache.path(&id("a"));
    let mut refused = 0;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).expect("writes");
            assert_eq!(read(&cache, "a"), None, "bit {bit} of byte {at}");
            refused += 1;
        }
        fs::write(&path, &whole[..at]).expect("writes");
        assert_eq!(read(&cache, "a"), None, "{at} bytes");
    }
    assert_eq!(refused, whole.len() * 8);
    fs::write(&path, [&whole[..], b"\0"].concat()).expect("writes");
    assert_eq!(read(&cache, "a"), None, "a byte more");
    fs::write(&path, &whole).expect("writes");
    assert_eq!(read(&cache, "a").as_deref(), Some(PAYLOAD), "and whole again");
}

/// An entry of several pieces, read while it is the same and after it has become another one.
#[test]
fn long_entries_are_read_piece_by_piece() {
    let (_folder, cache, _) = written();
    for length in [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7] {
        let payload: Vec<u8> = (0..=length).map(|at| u8::try_from(at % 251).expect("small")).collect();
        cache.write(&id("a"), &payload).expect("writes");
        assert!(read(&cache, "a").as_ref() == Some(&payload), "{length} bytes");
        let path = cache.path(&id("a"));
        let mut bytes = fs::read(&path).expect("reads");
        *bytes.last_mut().expect("a byte") ^= 1;
        fs::write(&path, &bytes).expect("writes");
        assert_eq!(read(&cache, "a"), None, "{length} bytes, the last one changed");
    }
}

/// What was verified is what runs: neither this process nor another that opens the file in memory can change it.
#[test]
#[cfg(target_os = "linux")]
fn what_was_verified_cannot_be_changed() {
    let (_folder, cache, _) = written();
    let Sealed::File(mut file) = cache.read(&id("a")).expect("reads").rest else { panic!("no file in memory") };
    assert!(file.write_all(b"other").is_err() && file.set_len(0).is_err());
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let again = OpenOptions::new().write(true).open(path);
    assert!(again.and_then(|mut again| again.write_all(b"other")).is_err());
    assert_eq!(Sealed::File(file).bytes().expect("reads"), PAYLOAD[1..]);
}

/// A system without files in memory, or one that runs no code from them, loads from its own memory.
#[test]
fn code_is_loaded_without_files_in_memory_too() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let component = Component::new(&sandbox.engine, wat::parse_str("(component)").expect("a component"));
    let code = component.expect("compiles").serialize().expect("code");
    let (_folder, cache, _) = written();
    cache.write(&id("c"), &[&[CODE], code.as_slice()].concat()).expect("writes");
    let sealed = cache.read(&id("c")).expect("reads").rest;
    assert!(sandbox.load_code(sealed).is_some());
    assert!(sandbox.load_code(Sealed::Memory(code.clone())).is_some());
    // A descriptor that leads to something else than what was sealed: what is read of it is refused.
    let (reader, _writer) = std::os::unix::net::UnixStream::pair().expect("sockets");
    drop(_writer);
    assert!(sandbox.load_code(Sealed::File(File::from(std::os::fd::OwnedFd::from(reader)))).is_none());
}

/// Everything that compiled code follows from tells one entry from another.
#[test]
fn whatever_a_plugin_is_made_of_is_part_of_its_name() {
    use crate::dataset::{Dataset, Datasets, Index};
    use crate::limits::Limits;
    use std::sync::Arc;
    let table = |value: &str| Dataset::new(Index::Strings, [("k".to_owned(), vec![value.to_owned()])]).expect("good");
    let setup = |settings: &str, tables: Vec<(&str, &str)>, memory_bytes| Setup {
        settings: settings.into(),
        datasets: Arc::new(Datasets::new(tables.into_iter().map(|(name, value)| (name.to_owned(), table(value))))),
        limits: Limits { memory_bytes, ..Limits::default() },
    };
    let component = Digest::of(b"component");
    let of = |setup: &Setup| Id::of_snapshot(&component, setup);
    let ids = [
        Id::of_component(&component),
        Id::of_component(&Digest::of(b"other")),
        Id::of_snapshot(&Digest::of(b"other"), &setup("{}", vec![], 1)),
        of(&setup("{}", vec![], 1)),
        of(&setup("{}", vec![], 2)),
        of(&setup("[]", vec![], 1)),
        of(&setup("{}", vec![("a", "x")], 1)),
        of(&setup("{}", vec![("b", "x")], 1)),
        of(&setup("{}", vec![("a", "y")], 1)),
        of(&setup("{}", vec![("a", "x"), ("b", "x")], 1)),
    ];
    for (at, one) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(one), "{at}");
    }
    assert_eq!(of(&setup("{}", vec![("a", "x")], 1)), ids[6]);
}

/// Code for another engine is refused by wasmtime even where name and key fit.
#[test]
fn code_of_an_engine_with_other_settings_is_not_loaded() {
    let (_folder, cache, _) = written();
    let sandbox = Sandbox::new().expect("a sandbox").with_cache(cache);
    let component = wat::parse_str("(component)").expect("a component");
    let code =
        |engine: &wasmtime::Engine| Component::new(engine, &component).expect("compiles").serialize().expect("code");
    let mut fuelless = wasmtime::Config::new();
    fuelless.epoch_interruption(true).wasm_component_model(true);
    let foreign = code(&wasmtime::Engine::new(&fuelless).expect("an engine"));
    let own = code(&sandbox.engine);
    let cache = sandbox.cache.clone().expect("a cache");
    for (what, code, loads) in [("foreign", &foreign, false), ("own", &own, true), ("none at all", &Vec::new(), false)]
    {
        cache.write(&id(what), &[&[CODE], code.as_slice()].concat()).expect("writes");
        assert_eq!(matches!(sandbox.cached(&id(what)), Some(Entry::Code(_))), loads, "{what}");
    }
    cache.write(&id("unknown"), b"x?").expect("writes");
    assert!(sandbox.cached(&id("unknown")).is_none(), "an entry of a kind to come");
    cache.write(&id("refusal"), b"nwhy").expect("writes");
    assert!(matches!(sandbox.cached(&id("refusal")), Some(Entry::NoSnapshot(why)) if why == "why"));
}

#[test]
fn a_key_is_made_once_and_kept_from_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let made = CacheKey::at(&path).expect("makes one");
    assert_eq!(CacheKey::at(&path).expect("reads it").0, made.0);
    assert_ne!(CacheKey::at(&folder.path().join("other")).expect("makes one").0, made.0, "keys are random");
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
    assert_eq!(format!("{made:?}"), "CacheKey", "a key is not shown");
    assert_eq!(fs::read_dir(folder.path()).expect("reads").count(), 2, "nothing is left behind");
    for mode in [0o640, 0o604, 0o620, 0o660] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("sets");
        assert_eq!(CacheKey::at(&path).expect_err("open to others").kind(), io::ErrorKind::InvalidData, "{mode:o}");
    }
    for length in [0, KEY_BYTES - 1, KEY_BYTES + 1] {
        let path = folder.path().join(length.to_string());
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).expect("opens");
        file.write_all(&vec![7; length]).expect("writes");
        assert!(CacheKey::at(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn unfinished_entries_are_cleared_away_once_they_are_old() {
    let (_folder, cache, _) = written();
    let (old, new) = (cache.folder.join("a.1.0.tmp"), cache.folder.join("b.1.0.tmp"));
    let hours_ago = SystemTime::now() - Duration::from_secs(2 * CACHE_UNFINISHED_SECONDS);
    for path in [&old, &new] {
        File::create(path).expect("creates").write_all(b"half").expect("writes");
    }
    File::options().append(true).open(&old).and_then(|file| file.set_modified(hours_ago)).expect("sets");
    let again = Cache::open(&cache.folder, key(1)).expect("opens");
    assert!(!old.exists() && new.exists());
    assert_eq!(read(&again, "a").as_deref(), Some(PAYLOAD));
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let (_folder, cache, whole) = written();
    for (hours, name) in [(3, "a"), (2, "b"), (1, "c")] {
        cache.write(&id(name), PAYLOAD).expect("writes");
        let used = SystemTime::now() - Duration::from_secs(hours * 3_600);
        File::options().append(true).open(cache.path(&id(name))).and_then(|it| it.set_modified(used)).expect("sets");
    }
    assert!(cache.read(&id("a")).is_some(), "reading is using");
    let size = u64::try_from(whole.len()).expect("small");
    cache.shrink_to(3 * size).expect("shrinks");
    assert!(["a", "b", "c"].iter().all(|name| cache.path(&id(name)).exists()), "all fit");
    cache.shrink_to(3 * size - 1).expect("shrinks");
    assert_eq!(["a", "b", "c"].map(|name| cache.path(&id(name)).exists()), [true, false, true]);
}
