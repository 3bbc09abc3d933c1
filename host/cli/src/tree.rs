//! A tree of files: what lies in a folder, or what a commit holds.
//!
//! What a pull request changes is a stranger's: a link is never followed, since what it points to (a secret of the
//! machine that checks) could end up in a finding. Git is asked for objects only, by full hash, so that no hook runs and
//! no revision is taken for an option.

use crate::exit::Failure;
use crate::loader::GIT;
use anyhow::Context;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Largest file that is read, bytes: far more than any file of a project, and little enough to hold many.
const FILE_BYTES_MAX: u64 = 16 * 1_048_576;
/// Most files below one folder: a project has hundreds.
const FILES_MAX: usize = 100_000;

/// Mode of a link in a tree of git.
const LINK: &str = "120000";
/// Mode of a submodule in a tree of git.
const SUBMODULE: &str = "160000";

/// A tree of files, by path relative to the folder of the project.
#[derive(Debug)]
pub enum Tree {
    /// What lies in a folder now.
    Work(PathBuf),
    /// What a commit holds.
    Commit(Commit),
}

/// The files of a commit below a folder.
#[derive(Debug)]
pub struct Commit {
    folder: PathBuf,
    /// Full hash of the commit.
    pub hash: String,
    /// Mode and object of each file.
    files: BTreeMap<String, (String, String)>,
}

/// A git repository around a folder.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: PathBuf,
    /// The root of the repository.
    pub top: PathBuf,
    /// The folder's path from the root of the repository: empty, or with a slash at its end.
    pub prefix: String,
}

impl Repository {
    /// The repository that `folder` is in; none when it is in none.
    ///
    /// # Errors
    /// When it is in one that git does not read, or there is no git: what is compared must not depend on that.
    pub fn around(folder: &Path) -> Result<Option<Self>, Failure> {
        let there = folder.canonicalize().with_context(|| format!("failed to find `{}`", folder.display()))?;
        if !there.ancestors().any(|above| above.join(".git").exists()) {
            return Ok(None);
        }
        let told = |failure: Failure| {
            failure.hint("for a repository of somebody else: `git config --global --add safe.directory FOLDER`")
        };
        let line = |args: &[&str]| git(folder, args).map(|text| text.trim_end_matches('\n').to_owned()).map_err(told);
        let (prefix, top) = (line(&["rev-parse", "--show-prefix"])?, line(&["rev-parse", "--show-toplevel"])?);
        Ok(Some(Self { folder: folder.to_owned(), top: PathBuf::from(top), prefix }))
    }

    /// Whether a file below a path, from the folder, is other than in a commit, or is not known to git yet.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn differs(&self, hash: &str, path: &str) -> Result<bool, Failure> {
        let known = git(&self.folder, &["diff", "--name-only", "--no-ext-diff", "--no-textconv", hash, "--", path])?;
        let new = git(&self.folder, &["ls-files", "--others", "--exclude-standard", "--", path])?;
        Ok(!known.is_empty() || !new.is_empty())
    }

    /// The full hash of a commit.
    ///
    /// # Errors
    /// When there is no such revision.
    pub fn commit(&self, revision: &str) -> Result<String, Failure> {
        let name = format!("{revision}^{{commit}}");
        let found = git(&self.folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]);
        let hash = found.map_err(|_| {
            Failure::new(format!("there is no revision `{}` in this repository", revision.escape_debug()))
                .hint("in a shallow clone, fetch it first: `fetch-depth: 0`")
        })?;
        Ok(hash.trim().to_owned())
    }

    /// Where the work on HEAD left `revision`: what a pull request is compared with.
    ///
    /// # Errors
    /// When there is no such revision, or the two have nothing in common.
    pub fn merge_base(&self, revision: &str) -> Result<String, Failure> {
        let (base, head) = (self.commit(revision)?, self.commit("HEAD")?);
        let found = git(&self.folder, &["merge-base", &base, &head]).map_err(|_| {
            Failure::new(format!("`{}` and HEAD have no commit in common", revision.escape_debug()))
                .hint("in a shallow clone, fetch the whole history first: `fetch-depth: 0`")
        })?;
        Ok(found.trim().to_owned())
    }

    /// The files of a commit, by its full hash.
    ///
    /// # Errors
    /// When git cannot list them.
    pub fn tree(&self, hash: String) -> Result<Tree, Failure> {
        let listing = git(&self.folder, &["ls-tree", "-r", "-z", &hash])?;
        let mut files = BTreeMap::new();
        for entry in listing.split('\0').filter(|entry| !entry.is_empty()) {
            let parsed = entry.split_once('\t').and_then(|(head, path)| {
                let mut words = head.split(' ');
                let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
                Some((mode.to_owned(), kind == "blob", object.to_owned(), path.to_owned()))
            });
            let (mode, blob, object, path) = parsed.ok_or_else(|| Failure::new("git listed something unreadable"))?;
            // Submodules stand with the hash of their commit: what is in them is another repository's.
            if blob || mode == SUBMODULE {
                files.insert(path, (mode, object));
            }
        }
        Ok(Tree::Commit(Commit { folder: self.folder.clone(), hash, files }))
    }
}

impl Tree {
    /// Paths of all files below a folder of the tree, sorted; none when there is no such folder.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let mut paths = match self {
            Self::Work(root) => {
                let mut found = Vec::new();
                walk(root, folder, &mut found)?;
                found
            }
            Self::Commit(commit) => {
                let prefix = format!("{folder}/");
                if commit.files.get(folder).is_some_and(|(mode, _)| mode == SUBMODULE) {
                    return Err(submodule(folder));
                }
                commit.files.keys().filter(|path| path.starts_with(&prefix)).cloned().collect()
            }
        };
        paths.sort();
        Ok(paths)
    }

    /// The files of these paths. A path that is not there is left out.
    ///
    /// # Errors
    /// When one cannot be read, is a link or is too large.
    pub fn files(&self, paths: &[String]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        match self {
            Self::Work(root) => {
                let mut found = BTreeMap::new();
                for path in paths {
                    found.extend(work_file(root, path)?.map(|bytes| (path.clone(), bytes)));
                }
                Ok(found)
            }
            Self::Commit(commit) => commit.blobs(paths),
        }
    }

    /// The files of these paths, as text. A path that is not there is left out.
    ///
    /// # Errors
    /// As [`Self::files`], and when one is not UTF-8.
    pub fn texts(&self, paths: &[String]) -> Result<BTreeMap<String, String>, Failure> {
        let bytes = self.files(paths)?;
        let text = |(path, bytes): (String, Vec<u8>)| match String::from_utf8(bytes) {
            Ok(text) => Ok((path, text)),
            Err(_) => Err(Failure::new(format!("`{}` is not UTF-8", path.escape_debug()))),
        };
        bytes.into_iter().map(text).collect()
    }

    /// One file as text; none when it is not there.
    ///
    /// # Errors
    /// As [`Self::texts`].
    pub fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        Ok(self.texts(&[path.to_owned()])?.into_values().next())
    }
}

fn link(path: &str) -> Failure {
    Failure::new(format!("`{}` is a link, and links are not followed", path.escape_debug()))
        .hint("put the file itself there")
}

fn submodule(path: &str) -> Failure {
    Failure::new(format!("`{}` is a submodule, whose changes this repository does not show", path.escape_debug()))
        .hint("put the files themselves there, or check the submodule by itself")
}

fn too_large(path: &str) -> Failure {
    Failure::new(format!("`{}` has more than {FILE_BYTES_MAX} bytes", path.escape_debug()))
}

/// A file below the root, no part of whose path is a link.
fn work_file(root: &Path, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let mut at = root.to_owned();
    if path.split('/').any(|part| part == GIT) {
        return Err(Failure::new(format!("`{}` is git's own, and is not read", path.escape_debug())));
    }
    for part in path.split('/') {
        at.push(part);
        match std::fs::symlink_metadata(&at) {
            Ok(there) if there.is_symlink() => return Err(link(path)),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(anyhow::Error::from(error).context(format!("failed to read `{path}`")).into()),
        }
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&at).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    let size = read.with_context(|| format!("failed to read `{}`", at.display()))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    Ok(Some(bytes))
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<(), Failure> {
    let entries = match std::fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(anyhow::Error::from(error).context(format!("failed to list `{folder}`")).into()),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("failed to list `{folder}`"))?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(Failure::new(format!("a file name in `{folder}` is not UTF-8")));
        };
        let path = format!("{folder}/{name}");
        let kind = entry.file_type().with_context(|| format!("failed to read `{path}`"))?;
        if kind.is_symlink() {
            return Err(link(&path));
        }
        if kind.is_dir() {
            walk(root, &path, found)?;
        } else {
            found.push(path);
        }
        if found.len() > FILES_MAX {
            return Err(Failure::new(format!("`{folder}` holds more than {FILES_MAX} files")));
        }
    }
    Ok(())
}

impl Commit {
    /// The contents of files, by one process of git.
    fn blobs(&self, paths: &[String]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut wanted = Vec::new();
        for path in paths {
            let Some((mode, object)) = self.files.get(path) else { continue };
            match mode.as_str() {
                LINK => return Err(link(path)),
                SUBMODULE => return Err(submodule(path)),
                _ => {}
            }
            wanted.push((path, object));
        }
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut child = command(&self.folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start git")?;
        let names: String = wanted.iter().map(|(_, object)| format!("{object}\n")).collect();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(Failure::new("git has no pipes")) };
        // Written from beside: git answers while it is asked, and two full pipes would wait for each other.
        let writer = std::thread::spawn(move || stdin.write_all(names.as_bytes()));
        let read = read_blobs(std::io::BufReader::new(stdout), &wanted);
        // An error on the way leaves git at work on what nobody reads.
        if read.is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
        let written = writer.join();
        let found = read?;
        if !matches!(written, Ok(Ok(()))) {
            return Err(Failure::new("git did not take the list of objects"));
        }
        Ok(found)
    }
}

fn read_blobs(
    mut stdout: impl std::io::BufRead,
    wanted: &[(&String, &String)],
) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut found = BTreeMap::new();
    for (path, _) in wanted {
        let mut head = String::new();
        stdout.read_line(&mut head).context("failed to read from git")?;
        let size = head.trim_end().rsplit(' ').next().and_then(|word| word.parse::<u64>().ok());
        let size = size.ok_or_else(|| Failure::new(format!("git cannot read `{}`", path.escape_debug())))?;
        if size > FILE_BYTES_MAX {
            return Err(too_large(path));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        stdout.read_exact(&mut bytes).context("failed to read from git")?;
        // Each blob ends with a line break that is not its own.
        stdout.read_exact(&mut [0]).context("failed to read from git")?;
        found.insert((*path).clone(), bytes);
    }
    Ok(found)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    // Nothing of the caller's environment may point git elsewhere than at this folder; a hook of git sets some of it.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command.arg("-C").arg(folder).args(["-c", "core.quotepath=off", "--no-pager"]);
    command
}

fn git(folder: &Path, args: &[&str]) -> Result<String, Failure> {
    let mut command = command(folder);
    let output = command.args(args).stdin(Stdio::null()).output().context("failed to start git")?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let line = told.lines().next().unwrap_or("it says nothing").escape_debug().to_string();
        return Err(Failure::new(format!("git {} failed: {line}", args.first().unwrap_or(&""))));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new("git answered with a name that is not UTF-8"))
}
