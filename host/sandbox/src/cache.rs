//! Compiled plugins that outlive the process.
//!
//! Compiled code runs as the gate runs, so an entry is executed only if this gate, or one with the same key, has written
//! exactly these bytes under exactly this name: each carries a code (HMAC-SHA-256, RFC 2104) that is checked over bytes in
//! memory that nobody can change, from which the code is then loaded. What is damaged, foreign or of another engine is not
//! there: it is compiled again and replaced.

use crate::engine::{ENGINE_SETTINGS, Sandbox};
use crate::image::Setup;
use crate::limits::{CACHE_BYTES_MAX, CACHE_ENTRY_BYTES_MAX, CACHE_UNFINISHED_SECONDS};
use crate::sealed::Sealed;
use hmac::{Hmac, Mac};
use reeve_model::Digest;
use sha2::Sha256;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use wasmtime::component::Component;

/// The first bytes of an entry: its format.
const MAGIC: &[u8] = b"reeve compiled plugin 1\n";
/// Bytes of the code that vouches for an entry.
const MAC_BYTES: usize = 32;
/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// What an entry holds, in its first byte behind the code.
const CODE: u8 = b'c';
/// See [`CODE`].
const NO_SNAPSHOT: u8 = b'n';
/// Bits of a file's mode that let others in.
const OTHERS: u32 = 0o077;

/// The secret with which a gate knows its own entries again.
#[derive(Clone)]
pub struct CacheKey([u8; KEY_BYTES]);

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CacheKey")
    }
}

impl CacheKey {
    /// Reads the key in a file, or makes one there. Whoever can read the file can have a gate run any code.
    ///
    /// # Errors
    /// When the file cannot be read or made, is not a key, or can be read by others.
    pub fn at(path: &Path) -> io::Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&key)?;
        file.sync_all()?;
        // Of two processes that make a key at once, the first has made it.
        let linked = fs::hard_link(&temporary, path);
        let _ = fs::remove_file(&temporary);
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Self::read(path),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        private(path, &file.metadata()?)?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(1 + u64::try_from(KEY_BYTES).unwrap_or(0)).read_to_end(&mut bytes)?;
        let key = bytes.try_into().map_err(|_| bad(path, &format!("is not a key of {KEY_BYTES} bytes")))?;
        Ok(Self(key))
    }
}

/// Refuses what lets others in.
fn private(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.mode() & OTHERS != 0 {
        return Err(bad(path, "is open to others than its owner: take their rights away (`chmod go= PATH`)"));
    }
    Ok(())
}

fn bad(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}` {what}", path.display()))
}

/// What an entry is the compiled form of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(String);

impl Id {
    /// Of a component as its author built it.
    pub(crate) fn of_component(component: &Digest) -> Self {
        Self::of("component", &[component.as_str()])
    }

    /// Of a component that has read its settings: all that `configure` could see is part of it.
    pub(crate) fn of_snapshot(component: &Digest, setup: &Setup) -> Self {
        let settings = Digest::of(setup.settings.as_bytes());
        let (memory, reply) = (setup.limits.memory_bytes.to_string(), setup.limits.reply_bytes.to_string());
        let mut parts = vec![component.as_str(), settings.as_str(), &memory, &reply];
        for (name, digest) in setup.datasets.digests() {
            parts.extend([name, digest.as_str()]);
        }
        Self::of("snapshot", &parts)
    }

    fn of(what: &str, parts: &[&str]) -> Self {
        let mut text = String::new();
        let fixed = [what, ENGINE_SETTINGS, std::env::consts::ARCH, std::env::consts::OS];
        for part in fixed.iter().chain(parts) {
            // With its length, so that no two lists of parts make one text.
            text.push_str(&format!("{}:{part}\n", part.len()));
        }
        Self(Digest::of(text.as_bytes()).as_str().replace(':', "-"))
    }
}

/// What the cache knows under an id.
pub(crate) enum Entry {
    /// The compiled component.
    Code(Component),
    /// No snapshot of it can be made, and why.
    NoSnapshot(String),
}

/// An entry whose code was found to be right.
#[derive(Debug)]
struct Payload {
    /// What it holds, as its first byte says.
    kind: u8,
    /// What is behind that byte, where nobody can change it.
    rest: Sealed,
}

/// A folder of compiled plugins, and the key that vouches for them.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    key: CacheKey,
    written: AtomicU64,
}

impl Cache {
    /// Opens a folder, or makes it, and clears away what others have begun to write and not ended.
    ///
    /// # Errors
    /// When it cannot be made or read, or others may write there.
    pub fn open(folder: &Path, key: CacheKey) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        private(folder, &fs::metadata(folder)?)?;
        let cache = Self { folder: folder.to_owned(), key, written: AtomicU64::new(0) };
        let old = Duration::from_secs(CACHE_UNFINISHED_SECONDS);
        for file in cache.files()? {
            let unfinished = file.path.extension().is_some_and(|it| it == "tmp");
            if unfinished && file.used.elapsed().is_ok_and(|age| age > old) {
                let _ = fs::remove_file(&file.path);
            }
        }
        Ok(cache)
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(&id.0)
    }

    fn mac(&self, id: &Id, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0).ok()?;
        mac.update(MAGIC);
        mac.update(id.0.as_bytes());
        mac.update(payload);
        Some(mac)
    }

    /// The payload of an entry that this key vouches for.
    fn read(&self, id: &Id) -> Option<Payload> {
        let path = self.path(id);
        let mut file = File::open(&path).ok()?.take(CACHE_ENTRY_BYTES_MAX);
        let (mut magic, mut mac, mut kind) = ([0; MAGIC.len()], [0; MAC_BYTES], [0]);
        file.read_exact(&mut magic).ok().filter(|()| magic == MAGIC)?;
        file.read_exact(&mut mac).ok()?;
        file.read_exact(&mut kind).ok()?;
        // Sealed first: what is authenticated can no longer be changed, whoever may have written to it until then.
        let mut rest = Sealed::of(&mut file).ok()?;
        let mut actual = self.mac(id, &kind)?;
        rest.read_through(|piece| actual.update(piece)).ok()?;
        actual.verify_slice(&mac).ok()?;
        // What is used stays. Whether it could be marked changes nothing else.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        let [kind] = kind;
        Some(Payload { kind, rest })
    }

    /// Writes an entry beside its place, then moves it there: whoever reads sees all of it or nothing. It is not forced to
    /// the disk: what a crash leaves behind half is found out by its code.
    fn write(&self, id: &Id, payload: &[u8]) -> io::Result<()> {
        let mac = self.mac(id, payload).ok_or_else(|| io::Error::other("no code"))?.finalize().into_bytes();
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!("{}.{}.{number}.tmp", id.0, std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let whole = [MAGIC, &mac, payload].into_iter().try_for_each(|part| file.write_all(part));
        let moved = whole.and_then(|()| fs::rename(&temporary, self.path(id)));
        if moved.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        moved.and_then(|()| self.shrink())
    }

    /// Removes what was not used for longest, until the rest fits.
    fn shrink(&self) -> io::Result<()> {
        self.shrink_to(CACHE_BYTES_MAX)
    }

    fn shrink_to(&self, bytes_max: u64) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort_by_key(|file| std::cmp::Reverse(file.used));
        let mut total: u64 = 0;
        for file in files {
            total = total.saturating_add(file.bytes);
            if total > bytes_max {
                fs::remove_file(&file.path)?;
            }
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<CacheFile>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another process may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                files.push(CacheFile { path: entry.path(), bytes: metadata.len(), used: metadata.modified()? });
            }
        }
        Ok(files)
    }
}

struct CacheFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Sandbox {
    /// What the cache holds under an id, if it is whole, our own, and fits this engine.
    pub(crate) fn cached(&self, id: &Id) -> Option<Entry> {
        let payload = self.cache.as_ref()?.read(id)?;
        match payload.kind {
            CODE => self.load_code(payload.rest).map(Entry::Code),
            NO_SNAPSHOT => String::from_utf8(payload.rest.bytes().ok()?).ok().map(Entry::NoSnapshot),
            _ => None,
        }
    }

    #[expect(unsafe_code, reason = "the one place where compiled code is loaded")]
    fn load_code(&self, code: Sealed) -> Option<Component> {
        if let Sealed::File(file) = &code {
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            // SAFETY: the bytes are what `Component::serialize` returned in a process that had the key, unchanged: their
            // code was verified, and they are in a sealed file in memory, which the kernel lets nobody change any more;
            // `file` keeps the descriptor taken, so that the path leads there. Wasmtime refuses those of another version
            // or configuration itself.
            if let Ok(component) = unsafe { Component::deserialize_file(&self.engine, path) } {
                return Some(component);
            }
        }
        // A system may forbid to run what is in such a file, or have no /proc.
        // SAFETY: as above, but the bytes are in this process's own memory.
        unsafe { Component::deserialize(&self.engine, code.bytes().ok()?) }.ok()
    }

    /// Keeps compiled code. A cache that cannot be written to is as good as none.
    pub(crate) fn keep(&self, id: &Id, component: &Component) {
        let Some(cache) = &self.cache else { return };
        if let Ok(code) = component.serialize() {
            let payload = [&[CODE], code.as_slice()].concat();
            let _ = cache.write(id, &payload);
        }
    }

    /// Keeps that no snapshot can be made.
    pub(crate) fn keep_refusal(&self, id: &Id, why: &str) {
        let Some(cache) = &self.cache else { return };
        let payload = [&[NO_SNAPSHOT], why.as_bytes()].concat();
        let _ = cache.write(id, &payload);
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
