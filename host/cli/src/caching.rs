//! Where compiled plugins are kept between runs: a folder of the user, and the key that vouches for what is in it.

use crate::exit::Failure;
use reeve_sandbox::{Cache, CacheKey};
use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The variable that names the folder, or says [`OFF`].
const FOLDER: &str = "REEVE_CACHE";
/// The variable that names the file of the key.
const KEY: &str = "REEVE_CACHE_KEY";
/// What turns the cache off.
const OFF: &str = "off";

/// Folder and key of a cache.
#[derive(Debug, PartialEq, Eq)]
struct Places {
    folder: PathBuf,
    key: PathBuf,
    /// Whether somebody has named them: then it is an error if they cannot be used.
    named: bool,
}

/// The cache that the environment names, or the user's; none where there is no user or it is turned off.
///
/// # Errors
/// When one was named and cannot be used.
pub(crate) fn open() -> Result<Option<Cache>, Failure> {
    let Some(places) = places(&|name| std::env::var_os(name)) else { return Ok(None) };
    match open_at(&places) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if places.named => {
            let message = format!("failed to use the cache `{}`: {error}", places.folder.display());
            Err(Failure::new(message).hint(format!("`{FOLDER}={OFF}` runs without a cache")))
        }
        // Nobody asked for it, so nothing is missing.
        Err(_) => Ok(None),
    }
}

fn open_at(places: &Places) -> std::io::Result<Cache> {
    if let Some(folder) = places.key.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    Cache::open(&places.folder, CacheKey::at(&places.key)?)
}

/// Folder and key by the environment, in the places of the XDG Base Directory Specification unless they are named. The key
/// is kept apart from the entries, so that a cache can be shared or thrown away without it.
fn places(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Places> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below = |name: &str, home: &str| {
        let base = set(name).filter(|path| path.is_absolute());
        base.or_else(|| set("HOME").map(|path| path.join(home))).map(|path| path.join("reeve"))
    };
    let named = set(FOLDER);
    if named.as_deref() == Some(Path::new(OFF)) {
        return None;
    }
    let key = set(KEY).or_else(|| below("XDG_STATE_HOME", ".local/state").map(|path| path.join("cache.key")));
    let folder = named.clone().or_else(|| below("XDG_CACHE_HOME", ".cache"));
    Some(Places { folder: folder?, key: key?, named: named.is_some() || set(KEY).is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_where_the_cache_is() {
        let with = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> =
                set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            places(&move |name| set.iter().find(|(other, _)| other == name).map(|(_, value)| value.into()))
        };
        let at = |folder: &str, key: &str, named| Some(Places { folder: folder.into(), key: key.into(), named });
        for (set, expected) in [
            (&[("HOME", "/h")][..], at("/h/.cache/reeve", "/h/.local/state/reeve/cache.key", false)),
            (&[("HOME", "/h"), (FOLDER, "c")], at("c", "/h/.local/state/reeve/cache.key", true)),
            (&[("HOME", "/h"), (FOLDER, "c"), (KEY, "k")], at("c", "k", true)),
            (&[("HOME", "/h"), (KEY, "k")], at("/h/.cache/reeve", "k", true)),
            (&[("XDG_CACHE_HOME", "/x"), ("XDG_STATE_HOME", "/y")], at("/x/reeve", "/y/reeve/cache.key", false)),
            // A relative path there is invalid and to be ignored, says the specification.
            (
                &[("HOME", "/h"), ("XDG_CACHE_HOME", "x")],
                at("/h/.cache/reeve", "/h/.local/state/reeve/cache.key", false),
            ),
            (&[("HOME", "/h"), (FOLDER, OFF)], None),
            (&[(FOLDER, "c")], None),
            (&[], None),
        ] {
            assert_eq!(with(set), expected, "{set:?}");
        }
    }
}
