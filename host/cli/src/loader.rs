//! Reading the files that a gate or a policy names, and the sandbox that loads their plugins.

use crate::caching;
use crate::exit::Failure;
use anyhow::Context;
use reeve_sandbox::{Sandbox, SandboxError};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Largest text file that is read, bytes; each format has a smaller limit of its own.
const FILE_BYTES_MAX: u64 = 256 * 1_048_576;

/// The folder that git keeps beside the files, or the file that names it.
pub const GIT: &str = ".git";

/// How a file looks from outside. Whoever changes it changes one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed_nanos: i128,
}

impl Stamp {
    /// How it looks now; none when it is not there.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let it = std::fs::metadata(path).ok()?;
        let changed_nanos = i128::from(it.ctime()) * 1_000_000_000 + i128::from(it.ctime_nsec());
        Some(Self { device: it.dev(), inode: it.ino(), bytes: it.size(), changed_nanos })
    }
}

/// When plugins read their settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settings {
    /// In advance, where the cache keeps what comes of it; otherwise at each evaluation, of which there are few.
    Cached,
    /// In advance.
    InAdvance,
}

/// Where plugins are loaded, and which files may be read on the way.
#[derive(Debug)]
pub struct Loader {
    /// Where plugins run; one that several gates name is compiled once.
    pub sandbox: Sandbox,
    /// The same for plugins that are asked once or twice with these settings: reading them in advance is not worth it.
    pub once: Sandbox,
    /// The files that were read, and how each looked before.
    seen: Mutex<BTreeMap<PathBuf, Option<Stamp>>>,
    /// The folder that no file may lie outside of, links followed; none where whoever starts the gate has written it.
    within: Option<PathBuf>,
}

impl Loader {
    /// Reads whatever a gate names.
    ///
    /// # Errors
    /// When the machine cannot give what the sandbox reserves.
    pub fn new() -> Result<Self, Failure> {
        Self::starting(Settings::Cached)
    }

    /// Reads whatever a gate names, for a process that lives long.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn serving() -> Result<Self, Failure> {
        Self::starting(Settings::InAdvance)
    }

    fn starting(settings: Settings) -> Result<Self, Failure> {
        let failed = |error: SandboxError| Failure::new(error.to_string());
        let plain = Sandbox::new().map_err(failed)?;
        let cache = caching::open()?;
        let snapshots = settings == Settings::InAdvance || cache.is_some();
        let once = match cache {
            Some(cache) => plain.with_cache(cache),
            None => plain,
        };
        let sandbox = if snapshots { once.clone().with_snapshots().map_err(failed)? } else { once.clone() };
        Ok(Self { sandbox, once, seen: Mutex::default(), within: None })
    }

    /// The files that were read since it was made, or since this was asked, and how each looked just before it was read the
    /// first time.
    #[must_use]
    pub fn take_seen(&self) -> BTreeMap<PathBuf, Option<Stamp>> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads below a folder alone: what a stranger's gate or policy names elsewhere could be a secret of this machine,
    /// and end up in a message.
    ///
    /// # Errors
    /// As [`Self::new`], and when there is no such folder.
    pub fn within(folder: &Path) -> Result<Self, Failure> {
        let folder = folder.canonicalize().with_context(|| format!("failed to find `{}`", folder.display()))?;
        Ok(Self { within: Some(folder), ..Self::new()? })
    }

    /// Reads a file as bytes.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or lies outside.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        let stamp = Stamp::of(path);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_insert(stamp);
        if let Some(within) = &self.within {
            let real = path.canonicalize().with_context(|| format!("failed to read `{}`", path.display()))?;
            // What git keeps for itself, such as the credentials of a checkout, is not part of what is checked.
            let inside = real.strip_prefix(within).is_ok_and(|rest| rest.iter().all(|part| part != GIT));
            if !inside {
                let message = format!("`{}` is outside the repository, and is not read", path.display());
                return Err(Failure::new(message).hint("put the file into the repository"));
            }
        }
        read(path)
    }

    /// Reads a file as text.
    ///
    /// # Errors
    /// As [`Self::read`], and when it is not UTF-8.
    pub fn read_text(&self, path: &Path) -> Result<String, Failure> {
        text(self.read(path)?, path)
    }
}

/// Reads a file as bytes.
///
/// # Errors
/// When it cannot be read or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).and_then(|file| {
        // At once, and not in ever larger pieces; what is no file of a known length is read all the same.
        let length = file.metadata()?.len().min(FILE_BYTES_MAX);
        bytes.reserve(usize::try_from(length).unwrap_or_default().saturating_add(1));
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    });
    let size = file.with_context(|| format!("failed to read `{}`", path.display()))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(Failure::new(format!("`{}` has more than {FILE_BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

/// Reads a file as text.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    text(read(path)?, path)
}

fn text(bytes: Vec<u8>, path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{}` is not UTF-8", path.display())))
}

/// A path with `/` between its parts and without `.`, or `..` behind a name. Links are not looked at.
#[must_use]
pub fn plain(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                parts.pop();
            }
            part @ (Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_)) => {
                parts.push(part.as_os_str().to_string_lossy().into_owned());
            }
        }
    }
    // The root of an absolute path is a part of its own.
    match parts.first().map(String::as_str) {
        Some("/") => format!("/{}", parts.get(1..).unwrap_or_default().join("/")),
        Some(_) | None => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_in_one_way() {
        for (path, expected) in [
            ("a/b", "a/b"),
            ("./a/./b/", "a/b"),
            ("a/../b", "b"),
            ("a/b/../../../c", "../c"),
            ("../../a", "../../a"),
            ("/a/../b", "/b"),
            ("", ""),
        ] {
            assert_eq!(plain(Path::new(path)), expected, "{path}");
        }
    }
}
