//! Receipts in S3, one object each, chained by hash as on disk.
//!
//! A process keeps a few chains, so that receipts need not wait for each other's way to S3. Each chain is a folder of
//! its own: `<prefix>/<gate>/<process>-<lane>/<number>-<hash>.json`; within one, the order of keys is that of the chain.

use crate::bucket::Service;
use crate::client::Aws;
use crate::execute::{Pace, read};
use crate::failure::Failure;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ObjectLockEnabled, ObjectLockMode};
use reeve_engine::{KeepError, Receipts, Story};
use reeve_model::{Digest, Receipt, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

/// Chains of one process. A put takes S3 some 20 to 100 ms, so that sixteen keep over a hundred receipts a second.
pub const LANES: usize = 16;
/// How often one receipt is put in one delivery, beside the tries of the SDK.
const TRIES_MAX: u32 = 3;
/// Seconds of a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Where receipts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptsConfig {
    /// Bucket.
    pub bucket: String,
    /// What every key begins with, without a slash at its end; may be empty.
    pub prefix: String,
    /// Name of the gate.
    pub gate: String,
    /// What tells this process from every other, also from earlier ones: two must never write to one chain.
    pub process: String,
    /// How long nobody may delete a receipt, days, when the bucket has object lock. Without it, the bucket's own
    /// default holds.
    pub retention_days: Option<u32>,
}

/// Keeps receipts in S3.
#[derive(Debug)]
pub struct S3Receipts {
    aws: Aws,
    config: ReceiptsConfig,
    lanes: Vec<Mutex<Chain>>,
    next: AtomicUsize,
    locks: OnceLock<bool>,
    pace: Pace,
}

/// The end of one chain.
#[derive(Debug, Default)]
struct Chain {
    /// Receipts that are kept.
    length: u64,
    last: Option<Digest>,
    /// A receipt of which nobody knows whether it is kept. Nothing can follow until that is known.
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    key: String,
    line: String,
    hash: Digest,
}

/// What became of a put.
enum Put {
    Kept,
    Refused(Failure),
    Unknown(Failure),
}

impl S3Receipts {
    /// Receipts in a bucket. Nothing is called yet.
    #[must_use]
    pub fn new(aws: Aws, config: ReceiptsConfig) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::default()).collect();
        let (next, locks) = (AtomicUsize::new(0), OnceLock::new());
        Self { aws, config, lanes, next, locks, pace: Pace::default() }
    }

    /// Whether the bucket has object lock.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn object_lock(&self) -> Result<bool, KeepError> {
        if let Some(locks) = self.locks.get() {
            return Ok(*locks);
        }
        let client = self.aws.s3();
        let answer = self.aws.run(async {
            self.aws.spend(Service::S3, "GetObjectLockConfiguration").await;
            client.get_object_lock_configuration().bucket(&self.config.bucket).send().await
        });
        let locks = match answer {
            Ok(answer) => {
                let enabled = answer.object_lock_configuration().and_then(|lock| lock.object_lock_enabled());
                enabled == Some(&ObjectLockEnabled::Enabled)
            }
            Err(error) => {
                let failure = read(&error);
                if !failure.is("ObjectLockConfigurationNotFoundError") {
                    return Err(KeepError(format!("failed to read the bucket's object lock: {failure}")));
                }
                false
            }
        };
        Ok(*self.locks.get_or_init(|| locks))
    }

    /// Seals a receipt after the last one of a free chain and keeps it.
    fn keep_sealed(&self, seal: impl Fn(Option<&Digest>) -> Receipt) -> Result<Digest, KeepError> {
        let (lane, mut chain) = self.lane()?;
        if let Some(open) = chain.open.clone() {
            self.close(&mut chain, &open)?;
        }
        let receipt = seal(chain.last.as_ref());
        let hash = receipt.hash().clone();
        let hex = hash.as_str().trim_start_matches("sha256:");
        let ReceiptsConfig { prefix, gate, process, .. } = &self.config;
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{slash}{gate}/{process}-{lane:02}/{:012}-{hex}.json", chain.length + 1);
        let open = Open { key, line: receipt.into_line(), hash: hash.clone() };
        chain.open = Some(open.clone());
        self.close(&mut chain, &open)?;
        Ok(hash)
    }

    /// A chain that nobody is at, or the next one.
    fn lane(&self) -> Result<(usize, MutexGuard<'_, Chain>), KeepError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len().max(1);
        for lane in (first..self.lanes.len()).chain(0..first) {
            match self.lanes.get(lane).map(Mutex::try_lock) {
                Some(Ok(chain)) => return Ok((lane, chain)),
                Some(Err(TryLockError::Poisoned(poisoned))) => return Ok((lane, poisoned.into_inner())),
                Some(Err(TryLockError::WouldBlock)) | None => {}
            }
        }
        let chain = self.lanes.get(first).ok_or_else(|| KeepError("there is no chain".to_owned()))?;
        Ok((first, chain.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Puts the open receipt, the same bytes under the same key as often as it takes.
    fn close(&self, chain: &mut Chain, open: &Open) -> Result<(), KeepError> {
        for round in 1..=TRIES_MAX {
            match self.put(open)? {
                Put::Kept => {
                    chain.length += 1;
                    chain.last = Some(open.hash.clone());
                    chain.open = None;
                    return Ok(());
                }
                Put::Refused(failure) => {
                    chain.open = None;
                    return Err(KeepError(format!("failed to keep the receipt: {failure}")));
                }
                Put::Unknown(failure) if round == TRIES_MAX => {
                    return Err(KeepError(format!("failed to keep the receipt: {failure}")));
                }
                Put::Unknown(_) => {
                    let wait = self.pace.wait(round);
                    self.aws.run(async { tokio::time::sleep(wait).await });
                }
            }
        }
        Err(KeepError("failed to keep the receipt".to_owned()))
    }

    fn put(&self, open: &Open) -> Result<Put, KeepError> {
        let client = self.aws.s3();
        let call = client.put_object().bucket(&self.config.bucket).key(&open.key).if_none_match("*");
        let mut call = call.content_type("application/json").body(ByteStream::from(open.line.clone().into_bytes()));
        if let Some(days) = self.config.retention_days
            && self.object_lock()?
        {
            let until = Timestamp::now().checked_add(Duration::from_secs(u64::from(days) * DAY_SECONDS));
            let until = until.map_err(|error| KeepError(format!("the retention is too long: {error}")))?;
            call = call.object_lock_mode(ObjectLockMode::Compliance);
            call = call.object_lock_retain_until_date(DateTime::from_secs(until.as_second()));
        }
        let answer = self.aws.run(async {
            self.aws.spend(Service::S3, "PutObject").await;
            call.send().await
        });
        Ok(match answer {
            Ok(_) => Put::Kept,
            Err(error) => {
                let failure = read(&error);
                // The key holds the hash of what is there, and no other process writes to this folder.
                if failure.is("PreconditionFailed") {
                    Put::Kept
                } else if failure.is_transient() {
                    Put::Unknown(failure)
                } else {
                    Put::Refused(failure)
                }
            }
        })
    }
}

impl Receipts for S3Receipts {
    fn keep(&self, story: &Story) -> Result<Digest, KeepError> {
        self.keep_sealed(|previous| story.seal(previous))
    }
}

/// The receipts below a prefix, in the order of their keys: chain after chain, each from its beginning.
#[derive(Debug)]
pub struct ReceiptLines {
    aws: Aws,
    bucket: String,
    prefix: String,
    keys: VecDeque<String>,
    token: Option<String>,
    over: bool,
}

impl ReceiptLines {
    /// All receipts of `bucket` whose keys begin with `prefix`.
    #[must_use]
    pub fn list(aws: Aws, bucket: &str, prefix: &str) -> Self {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        Self { aws, bucket, prefix, keys: VecDeque::new(), token: None, over: false }
    }

    fn more(&mut self) -> Result<(), KeepError> {
        let client = self.aws.s3();
        let list = client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let list = list.set_continuation_token(self.token.take());
        let page = self.aws.run(async {
            self.aws.spend(Service::S3, "ListObjectsV2").await;
            list.send().await
        });
        let page = page.map_err(|error| KeepError(format!("failed to list receipts: {}", read(&error))))?;
        let keys = page.contents().iter().filter_map(|object| object.key());
        self.keys.extend(keys.filter(|key| key.ends_with(".json")).map(str::to_owned));
        self.token = page.next_continuation_token().map(str::to_owned);
        self.over = self.token.is_none();
        Ok(())
    }

    fn get(&self, key: &str) -> Result<Vec<u8>, KeepError> {
        let client = self.aws.s3();
        let failed = |why: String| KeepError(format!("failed to read the receipt `{key}`: {why}"));
        self.aws.run(async {
            self.aws.spend(Service::S3, "GetObject").await;
            let object = client.get_object().bucket(&self.bucket).key(key).send().await;
            let object = object.map_err(|error| failed(read(&error).to_string()))?;
            let bytes = object.body.collect().await.map_err(|error| failed(error.to_string()))?;
            Ok(bytes.to_vec())
        })
    }
}

impl Iterator for ReceiptLines {
    /// A key and the receipt's line.
    type Item = Result<(String, Vec<u8>), KeepError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.keys.is_empty() && !self.over {
            if let Err(error) = self.more() {
                self.over = true;
                return Some(Err(error));
            }
        }
        let key = self.keys.pop_front()?;
        Some(self.get(&key).map(|line| (key, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::testing::{Play, Script, Seen, ok};
    use reeve_json::Object;

    fn receipts(script: &Script, retention_days: Option<u32>) -> S3Receipts {
        let config = ReceiptsConfig {
            bucket: "audit".to_owned(),
            prefix: "reeve".to_owned(),
            gate: "dns".to_owned(),
            process: "p1".to_owned(),
            retention_days,
        };
        let pace = Pace { poll: Duration::from_millis(1), settle: Duration::ZERO };
        let lanes = vec![Mutex::default()];
        S3Receipts { pace, lanes, ..S3Receipts::new(script.aws.clone(), config) }
    }

    fn keep(receipts: &S3Receipts, text: &str) -> Result<Digest, KeepError> {
        let mut story = Object::new();
        story.set("decision", text);
        receipts.keep_sealed(|previous| Receipt::seal(story.clone(), previous))
    }

    fn s3_error(status: u16, code: &str) -> Play {
        Play::Answer(status, format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
    }

    #[track_caller]
    fn chain(seen: &[Seen]) -> Vec<Receipt> {
        let mut last: Option<Digest> = None;
        let mut receipts = Vec::new();
        for put in seen {
            let receipt = Receipt::read(put.body.as_bytes(), Some(last.as_ref())).expect("follows");
            last = Some(receipt.hash().clone());
            receipts.push(receipt);
        }
        receipts
    }

    #[test]
    fn receipts_are_chained_under_keys_in_order_and_never_replaced() {
        let script = Script::new([("PUT", ok("")), ("PUT", ok(""))]);
        let receipts = receipts(&script, None);
        let hashes = [keep(&receipts, "one").expect("kept"), keep(&receipts, "two").expect("kept")];
        let seen = script.finish();
        for ((number, put), hash) in (1..).zip(&seen).zip(&hashes) {
            let hex = hash.as_str().trim_start_matches("sha256:");
            let key = format!("/audit/reeve/dns/p1-00/{number:012}-{hex}.json");
            assert_eq!(put.path.split('?').next(), Some(key.as_str()));
            assert_eq!(put.headers.get("if-none-match").map(String::as_str), Some("*"));
            assert!(!put.headers.contains_key("x-amz-object-lock-mode"));
        }
        let kept = chain(&seen);
        assert_eq!(kept.iter().map(|receipt| receipt.hash().clone()).collect::<Vec<_>>(), hashes);
    }

    #[test]
    fn what_was_not_answered_is_put_again_as_it_was() {
        let lost = || ("PUT", Play::Close);
        // Two tries of the SDK, three of ours; then the next receipt waits for this one.
        let mut plays = vec![lost(), lost(), lost(), lost(), lost(), lost()];
        plays.extend([("PUT", s3_error(412, "PreconditionFailed")), ("PUT", ok(""))]);
        let script = Script::new(plays);
        let receipts = receipts(&script, None);
        assert!(keep(&receipts, "one").is_err());
        keep(&receipts, "two").expect("kept");
        let seen = script.finish();
        let first = &seen[0];
        assert!(seen[..7].iter().all(|put| (&put.path, &put.body) == (&first.path, &first.body)));
        chain(&[first.clone(), seen[7].clone()]);
    }

    #[test]
    fn what_was_refused_leaves_no_gap() {
        let script = Script::new([("PUT", s3_error(403, "AccessDenied")), ("PUT", ok(""))]);
        let receipts = receipts(&script, None);
        assert!(keep(&receipts, "one").is_err());
        keep(&receipts, "two").expect("kept");
        let seen = script.finish();
        chain(&seen[1..]);
        assert!(seen[1].path.contains("/000000000001-"), "{}", seen[1].path);
    }

    #[test]
    fn objects_are_locked_where_the_bucket_can() {
        let enabled =
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
        for (answer, locked) in [(ok(enabled), true), (s3_error(404, "ObjectLockConfigurationNotFoundError"), false)] {
            let script = Script::new([("GET", answer), ("PUT", ok("")), ("PUT", ok(""))]);
            let receipts = receipts(&script, Some(30));
            keep(&receipts, "one").expect("kept");
            keep(&receipts, "two").expect("kept");
            let seen = script.finish();
            let mode = |put: &Seen| put.headers.get("x-amz-object-lock-mode").map(String::as_str) == Some("COMPLIANCE");
            assert!(seen[1..].iter().all(|put| mode(put) == locked), "{locked}");
        }
    }

    #[test]
    fn receipts_are_read_back_page_by_page() {
        let page = |keys: &[&str], next: &str| {
            let keys: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            ok(format!("<ListBucketResult>{keys}{next}</ListBucketResult>"))
        };
        let script = Script::new([
            ("GET", page(&["a/1.json"], "<NextContinuationToken>t</NextContinuationToken>")),
            ("GET", ok("one")),
            ("GET", page(&["a/2.json", "a/note.txt"], "")),
            ("GET", ok("two")),
        ]);
        let lines: Result<Vec<_>, _> = ReceiptLines::list(script.aws.clone(), "audit", "a/").collect();
        let expected = [("a/1.json", "one"), ("a/2.json", "two")];
        let expected = expected.map(|(key, line)| (key.to_owned(), line.as_bytes().to_vec()));
        assert_eq!(lines.expect("read"), expected);
        script.finish();
    }
}
