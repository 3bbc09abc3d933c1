//! Receipts on disk: one file of JSON Lines, each chained to the one before.

use reeve_engine::{KeepError, Receipts, Story};
use reeve_model::receipt::{BadReceipt, RECEIPT_BYTES_MAX};
use reeve_model::{Digest, Receipt};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Name of the file in the receipts folder.
pub const RECEIPTS_FILE: &str = "receipts.jsonl";

/// Why receipts cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The file could not be read or written.
    #[error("failed to {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file's last line is no receipt, so nothing can follow it.
    #[error("`{path}` does not end in a receipt")]
    Chain {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BadReceipt,
    },
}

/// A file of receipts, open at its end. One process at a time: the file is locked.
#[derive(Debug)]
pub struct ReceiptFile {
    file: File,
    path: PathBuf,
    last: Option<Digest>,
    /// Why nothing may be appended any more: a write failed half way, and what it left could not be taken back.
    torn: bool,
}

impl ReceiptFile {
    /// Opens or makes the file in `dir`. A line that a killed process left unfinished is set aside beside the file, so
    /// that the chain ends in its last whole receipt and nothing is lost.
    ///
    /// # Errors
    /// When the folder or file cannot be used, another process holds it, or its last line is no receipt.
    pub fn open(dir: &Path) -> Result<Self, ReceiptError> {
        let path = dir.join(RECEIPTS_FILE);
        let failed = |what| move |path: &Path, source| ReceiptError::File { what, path: path.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(|source| failed("make the folder")(dir, source))?;
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(&path).map_err(|source| failed("open")(&path, source))?;
        file.try_lock().map_err(|error| failed("lock")(&path, error.into()))?;
        set_torn_tail_aside(&mut file, &path).map_err(|source| failed("repair")(&path, source))?;
        let line = last_line(&mut file).map_err(|source| failed("read")(&path, source))?;
        let last = match line {
            None => None,
            Some(line) => {
                let receipt = Receipt::read(&line, None);
                let receipt = receipt.map_err(|source| ReceiptError::Chain { path: path.clone(), source })?;
                Some(receipt.hash().clone())
            }
        };
        Ok(Self { file, path, last, torn: false })
    }

    /// Hash of the last receipt.
    #[must_use]
    pub fn last(&self) -> Option<&Digest> {
        self.last.as_ref()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a receipt sealed after [`Self::last`], in one write. What a failed write has left is taken back, so that
    /// the next receipt follows the last whole one; if that fails too, nothing can be appended until the file is opened
    /// anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, receipt: &Receipt) -> Result<(), ReceiptError> {
        let mut line = receipt.line().to_owned();
        line.push('\n');
        if line.len() > RECEIPT_BYTES_MAX {
            let reason = format!("the receipt has {} bytes, more than {RECEIPT_BYTES_MAX}", line.len());
            return Err(self.failed("write", io::Error::other(reason)));
        }
        if self.torn {
            return Err(self.failed("write", io::Error::other("an earlier write failed half way")));
        }
        let end = self.file.seek(SeekFrom::End(0)).map_err(|source| self.failed("write", source))?;
        if let Err(source) = self.file.write_all(line.as_bytes()) {
            self.torn = self.file.set_len(end).is_err();
            return Err(self.failed("write", source));
        }
        self.last = Some(receipt.hash().clone());
        Ok(())
    }

    /// Makes sure that what was appended survives a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), ReceiptError> {
        self.file.sync_data().map_err(|source| self.failed("sync", source))
    }

    fn failed(&self, what: &'static str, source: io::Error) -> ReceiptError {
        ReceiptError::File { what, path: self.path.clone(), source }
    }

    /// Reads every receipt of a file in order, checking the chain; gives `each` the line number and the receipt.
    ///
    /// # Errors
    /// When the file cannot be read. A broken receipt is given to `each` as an error, and reading ends.
    pub fn read_all(
        path: &Path,
        mut each: impl FnMut(usize, Result<Receipt, BadReceipt>) -> bool,
    ) -> Result<(), ReceiptError> {
        let failed = |source| ReceiptError::File { what: "read", path: path.to_owned(), source };
        let mut reader = BufReader::new(File::open(path).map_err(failed)?);
        let mut previous: Option<Digest> = None;
        for number in 1.. {
            let mut line = Vec::new();
            let limit = u64::try_from(RECEIPT_BYTES_MAX).unwrap_or(u64::MAX);
            if (&mut reader).take(limit).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            let whole = line.pop_if(|byte| *byte == b'\n').is_some();
            let receipt = if whole {
                Receipt::read(&line, Some(previous.as_ref()))
            } else {
                Err(BadReceipt::Form("the last line is not finished".to_owned()))
            };
            previous = receipt.as_ref().ok().map(|receipt| receipt.hash().clone());
            let broken = receipt.is_err();
            if !each(number, receipt) || broken {
                break;
            }
        }
        Ok(())
    }
}

/// A receipts file for many threads at once.
#[derive(Debug)]
pub struct DiskReceipts {
    file: Mutex<ReceiptFile>,
    durable: bool,
}

impl DiskReceipts {
    /// Receipts in this file. With `durable`, each is on the disk before it counts as kept; without, it is after
    /// [`Self::sync`].
    #[must_use]
    pub fn new(file: ReceiptFile, durable: bool) -> Self {
        Self { file: Mutex::new(file), durable }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned()
    }

    /// Makes sure that what was kept survives a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), ReceiptError> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).sync()
    }
}

impl Receipts for DiskReceipts {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let receipt = story.seal(file.last());
        let kept = file.append(&receipt).and_then(|()| if self.durable { file.sync() } else { Ok(()) });
        kept.map_err(|error| KeepError(format!("{error}: {}", source_of(&error))))?;
        Ok(receipt.hash().clone())
    }
}

fn source_of(error: &ReceiptError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Keeps nothing: each receipt is sealed as the first of its chain, for its hash.
#[derive(Debug, Clone, Copy)]
pub struct NoReceipts;

impl Receipts for NoReceipts {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        Ok(story.seal(None).hash().clone())
    }
}

/// Bytes read at once when looking for a line break from the end.
const TAIL_BYTES: u64 = 64 * 1_024;

/// Offset just after the last line break before `end`, or 0.
fn after_last_break(file: &mut File, end: u64) -> io::Result<u64> {
    let mut end = end;
    while end > 0 {
        let start = end.saturating_sub(TAIL_BYTES);
        let mut block = vec![0; usize::try_from(end - start).unwrap_or(0)];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        if let Some(at) = block.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + u64::try_from(at).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}

fn set_torn_tail_aside(file: &mut File, path: &Path) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let whole = after_last_break(file, end)?;
    if whole == end {
        return Ok(());
    }
    let mut torn = Vec::new();
    file.seek(SeekFrom::Start(whole))?;
    file.read_to_end(&mut torn)?;
    // Never over an earlier one: two runs may be torn at the same place.
    for number in 1.. {
        let aside = path.with_extension(format!("torn-at-{whole}-{number}"));
        match OpenOptions::new().write(true).create_new(true).open(aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => {
                other?.write_all(&torn)?;
                break;
            }
        }
    }
    file.set_len(whole)?;
    file.sync_data()
}

fn last_line(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let end = file.seek(SeekFrom::End(0))?;
    if end == 0 {
        return Ok(None);
    }
    let start = after_last_break(file, end - 1)?;
    let mut line = vec![0; usize::try_from(end - 1 - start).unwrap_or(0)];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut line)?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_json::Object;

    fn story(text: &str) -> Object {
        let mut object = Object::new();
        object.set("decision", text);
        object
    }

    fn append(file: &mut ReceiptFile, text: &str) {
        let receipt = Receipt::seal(story(text), file.last());
        file.append(&receipt).expect("written");
    }

    fn lines(path: &Path) -> Vec<Result<String, BadReceipt>> {
        let mut seen = Vec::new();
        let keep = |_, receipt: Result<Receipt, BadReceipt>| {
            seen.push(receipt.map(|it| it.body().get("decision").and_then(|d| d.as_str()).unwrap_or("").to_owned()));
            true
        };
        ReceiptFile::read_all(path, keep).expect("readable");
        seen
    }

    #[test]
    fn nothing_follows_what_could_not_be_taken_back() {
        let dir = tempfile::tempdir().expect("folder");
        let mut file = ReceiptFile::open(dir.path()).expect("opened");
        append(&mut file, "one");
        // A handle that can only read can neither write nor take back.
        let good = std::mem::replace(&mut file.file, File::open(dir.path().join(RECEIPTS_FILE)).expect("there"));
        let next = Receipt::seal(story("two"), file.last());
        assert!(file.append(&next).is_err());
        file.file = good;
        assert!(file.append(&next).is_err(), "until it is opened anew");
        assert_eq!(lines(&dir.path().join(RECEIPTS_FILE)).len(), 1);
    }

    #[test]
    fn a_chain_goes_on_over_runs_and_after_a_torn_write() {
        let dir = tempfile::tempdir().expect("folder");
        let mut file = ReceiptFile::open(dir.path()).expect("opened");
        append(&mut file, "one");
        append(&mut file, &"two".repeat(50_000));
        drop(file);
        let path = dir.path().join(RECEIPTS_FILE);
        let torn = b"{\"torn\":";
        OpenOptions::new().append(true).open(&path).expect("there").write_all(torn).expect("written");
        assert!(lines(&path).pop().expect("a line").is_err());
        let mut file = ReceiptFile::open(dir.path()).expect("opened again");
        append(&mut file, "three");
        file.sync().expect("synced");
        let seen: Vec<String> = lines(&path).into_iter().map(|line| line.expect("whole")).collect();
        assert_eq!(seen.len(), 3);
        assert_eq!((seen[0].as_str(), seen[2].as_str()), ("one", "three"));
        let aside: Vec<_> = std::fs::read_dir(dir.path())
            .expect("folder")
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|it| *it != path)
            .collect();
        assert_eq!(std::fs::read(&aside[0]).expect("set aside"), torn);
    }

    #[test]
    fn tails_torn_at_the_same_place_are_all_kept() {
        let dir = tempfile::tempdir().expect("folder");
        let path = dir.path().join(RECEIPTS_FILE);
        for torn in ["{\"first\":", "{\"second\":"] {
            std::fs::write(&path, torn).expect("written");
            ReceiptFile::open(dir.path()).expect("opened");
        }
        let entries = std::fs::read_dir(dir.path()).expect("folder").map(|entry| entry.expect("entry").path());
        let mut kept: Vec<String> =
            entries.filter(|it| *it != path).map(|it| std::fs::read_to_string(it).expect("kept")).collect();
        kept.sort();
        assert_eq!(kept, ["{\"first\":", "{\"second\":"]);
    }

    #[test]
    fn a_file_that_is_no_chain_is_not_appended_to() {
        let dir = tempfile::tempdir().expect("folder");
        std::fs::write(dir.path().join(RECEIPTS_FILE), "{}\n").expect("written");
        assert!(matches!(ReceiptFile::open(dir.path()), Err(ReceiptError::Chain { .. })));
    }

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().expect("folder");
        let _held = ReceiptFile::open(dir.path()).expect("opened");
        assert!(matches!(ReceiptFile::open(dir.path()), Err(ReceiptError::File { what: "lock", .. })));
    }

    #[test]
    fn a_removed_receipt_breaks_the_chain() {
        let dir = tempfile::tempdir().expect("folder");
        let mut file = ReceiptFile::open(dir.path()).expect("opened");
        for text in ["one", "two", "three"] {
            append(&mut file, text);
        }
        drop(file);
        let path = dir.path().join(RECEIPTS_FILE);
        let text = std::fs::read_to_string(&path).expect("read");
        let kept: Vec<&str> = text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
        std::fs::write(&path, format!("{}\n", kept.join("\n"))).expect("written");
        let seen = lines(&path);
        assert_eq!(seen.len(), 2);
        assert!(matches!(seen[1], Err(BadReceipt::Chain { .. })));
    }
}
