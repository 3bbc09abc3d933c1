//! Sets that take the place of others, and sets that must not.

mod tables;

use super::*;
use crate::parameters::{Asked, Found, ReadParameters};
use reeve_engine::{Delivery, Gate};
use reeve_model::Timestamp;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Policy sets that are tried while requests are judged; one in ten is broken.
const SWAPS: usize = 100;
/// Requests that are judged meanwhile, at least.
const REQUESTS: u64 = 100_000;
/// Threads that judge.
const THREADS: usize = 2;

/// Tells all threads that nothing more is swapped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A request of an account of tier `dev`.
const EVENT: &str = r#"{"version":"0","id":"687754b2-abd6-3ae6-ae2d-f98bd134512e","detail-type":"LIST_ACCOUNTS","source":"app.infra","account":"111122223333","time":"2026-11-21T11:59:00Z","region":"eu-central-1","resources":[],"detail":{"nonce":"687754b2-abd6-3ae6-ae2d-f98bd134512e"}}"#;

const GATE: &str = "gate: swap\naccount: \"210987654321\"\nregion: eu-central-1\naccounts: accounts.yaml\nfacts: facts.yaml\npolicies-root: .\nkinds: { LIST_ACCOUNTS: {} }\npolicies: [trust]\n";
const ACCOUNTS: &str =
    "Scopes:\n  dev: { tier: dev }\nAccounts:\n  foo: { id: \"111122223333\", scope: dev, email: foo@example.com }\n";

/// No table is made of parameters.
#[derive(Debug)]
struct NoStore;

impl ReadParameters for NoStore {
    fn read(&self, asked: &Asked) -> Result<Found, Failure> {
        panic!("{asked:?} is read")
    }

    fn place(&self) -> String {
        String::new()
    }
}

/// A folder with a gate of one policy, which lets `tier` list accounts.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/sender-trust.wasm");
        let hint = |error| panic!("no plugin at {}: {error}; run `cargo xtask guests` first", plugin.display());
        std::fs::copy(&plugin, files.path("plugin.wasm")).unwrap_or_else(hint);
        std::fs::create_dir_all(files.path("trust/cases")).expect("a folder");
        files.write("gate.yaml", GATE);
        files.write("accounts.yaml", ACCOUNTS);
        files.write("facts.yaml", "organization:\n  root: r-abcd\n  management-account: \"999988887777\"\n  units: {}\n  accounts: { \"111122223333\": { name: foo, email: foo@example.com, parent: r-abcd } }\n");
        files.policy("dev");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Written beside its place and moved there, as careful tools do.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path("written"), text).expect("writes");
        std::fs::rename(self.path("written"), self.path(name)).expect("moves");
    }

    /// A policy by which accounts of `tier` and above may ask, and a case that says so.
    fn policy(&self, tier: &str) {
        let policy = format!(
            "policy: trust\nplugin: ../plugin.wasm\nsettings: {{ tiers: [dev, infra], kinds: {{ LIST_ACCOUNTS: {tier} }} }}\n"
        );
        self.write("trust/policy.yaml", &policy);
        let verdict = if tier == "dev" { "allow" } else { "deny" };
        self.write("trust/cases/tier.yaml", &case(verdict));
    }

    fn swap(&self) -> (Swap, Wired) {
        self.swap_with(&Arc::new(NoStore))
    }

    /// The gate with parameters of this store.
    fn swap_with<S: ReadParameters + 'static>(&self, store: &Arc<S>) -> (Swap, Wired) {
        let loader = Loader::serving().expect("a loader");
        let path = self.path("gate.yaml");
        let parameters = Parameters::of(Arc::<S>::clone(store));
        let wired = wiring::open(&path, &loader).expect("a gate file").wire(&loader, &parameters).expect("a gate");
        assert!(wired.faults.is_empty(), "{:?}", wired.faults);
        (Swap::new(&path, loader, parameters, &wired), wired)
    }
}

fn case(verdict: &str) -> String {
    format!(
        "case: what an account of the lowest tier may do\nrequest: {{ kind: LIST_ACCOUNTS, sender: {{ account: \"111122223333\", name: foo, tier: dev }}, detail: {{}} }}\nexpect: {{ verdict: {verdict} }}\n"
    )
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a moment")
}

/// Whether the gate permits the request, and the digest of the settings by which it was judged.
fn judged(gate: &Gate, delivery: &Delivery) -> (bool, Digest) {
    let story = gate.judge(delivery, now());
    let [asked] = &story.policies[..] else { panic!("one policy is asked: {:?}", story.decision.reasons()) };
    assert_eq!(asked.digests, story.set.policies[0].digests, "judged by the set that the story names");
    (story.decision.permitted(), asked.digests.settings.clone())
}

fn delivery() -> Delivery {
    Delivery { body: EVENT.as_bytes().to_vec(), origin: "test".to_owned(), verified: true, content_type: None }
}

#[test]
fn no_request_is_lost_or_judged_wrongly_while_policies_change() {
    let files = Files::new();
    let (mut swap, wired) = files.swap();
    let gate = wired.gate;
    let (_, lenient) = judged(&gate, &delivery());
    let done = AtomicBool::new(false);
    let judged_all = AtomicU64::new(0);
    let (mut replaced, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        // However this ends, those who judge come to an end.
        let end = End(&done);
        let judging: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let delivery = delivery();
                    while !done.load(Ordering::Relaxed) || judged_all.load(Ordering::Relaxed) < REQUESTS {
                        let (permitted, settings) = judged(&gate, &delivery);
                        assert_eq!(permitted, settings == lenient, "decided as the settings that it names say");
                        judged_all.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for round in 0..SWAPS {
            // Spread over all requests.
            while judged_all.load(Ordering::Relaxed) < REQUESTS * u64::try_from(round).expect("few") / 100 {
                std::thread::yield_now();
            }
            files.policy(if replaced % 2 == 0 { "infra" } else { "dev" });
            let before = swap.policies.current();
            if round % 10 == 9 {
                let (name, text) = BROKEN[(round / 10) % BROKEN.len()];
                let kept = std::fs::read(files.path(name)).expect("reads");
                files.write(name, text);
                swap.reload(None).expect_err(text);
                assert!(Arc::ptr_eq(&before, &swap.policies.current()), "{text}: what is at work stays");
                std::fs::write(files.path(name), kept).expect("writes");
                refused += 1;
            } else {
                assert_eq!(swap.reload(None).expect("swaps"), Swapped::Replaced(vec!["trust".to_owned()]), "{round}");
                replaced += 1;
            }
        }
        drop(end);
        judging.into_iter().for_each(|thread| thread.join().expect("every decision is right"));
    });
    assert_eq!((replaced, refused), (90, 10));
    assert!(judged_all.load(Ordering::Relaxed) >= REQUESTS);
}

/// What must not be put to work: a file and its text.
const BROKEN: [(&str, &str); 5] = [
    ("trust/policy.yaml", "policy: trust\nplugin: ../none.wasm\n"),
    ("plugin.wasm", "no component"),
    ("trust/policy.yaml", "policy: trust\nplugin: ../plugin.wasm\nsettings: { tiers: 7 }\n"),
    ("accounts.yaml", "Accounts: ["),
    (
        "trust/cases/tier.yaml",
        "case: fails\nrequest: { kind: LIST_ACCOUNTS, sender: { account: \"111122223333\", name: foo, tier: dev }, detail: {} }\nexpect: { verdict: abstain }\n",
    ),
];

#[test]
fn what_is_broken_is_told_and_nothing_changes() {
    let files = Files::new();
    let (mut swap, wired) = files.swap();
    let before = swap.policies.current();
    let told = ["none.wasm", "not a component", "tiers", "accounts.yaml", "the case fails"];
    for ((name, text), part) in BROKEN.into_iter().zip(told) {
        let kept = std::fs::read(files.path(name)).expect("reads");
        files.write(name, text);
        let failure = swap.reload(None).expect_err(text).line();
        assert!(failure.contains(part), "{failure}");
        std::fs::write(files.path(name), kept).expect("writes");
    }
    for (from, to) in
        [("kinds:", "brakes: { changes-per-request: 5 }\nkinds:"), ("\"210987654321\"", "\"210987654322\"")]
    {
        files.write("gate.yaml", &GATE.replace(from, to));
        let failure = swap.reload(None).expect_err(to).line();
        assert!(failure.starts_with("GATE_CHANGED"), "{failure}");
    }
    files.write("gate.yaml", GATE);
    assert_eq!(swap.reload(None).expect("as before"), Swapped::Same);
    assert!(Arc::ptr_eq(&before, &swap.policies.current()));
    assert!(judged(&wired.gate, &delivery()).0);
    assert!(swap.roll_back().is_err(), "there is nothing to go back to");
}

#[test]
fn the_set_before_is_one_step_away() {
    let files = Files::new();
    let (mut swap, wired) = files.swap();
    let permits = || judged(&wired.gate, &delivery()).0;
    let first = swap.policies.current();
    assert!(permits());
    files.policy("infra");
    swap.reload(None).expect("swaps");
    assert!(!permits());
    assert_eq!(swap.roll_back().expect("goes back"), ["trust"]);
    assert!(permits() && Arc::ptr_eq(&first, &swap.policies.current()), "the very set, loaded as it was");
    assert!(swap.changed().is_none(), "the files are those that were read: nothing brings the new set back by itself");
    assert_eq!(swap.roll_back().expect("and forth"), ["trust"]);
    assert!(!permits());
}

/// Policies that do not change are not loaded again.
#[test]
fn the_accounts_file_and_the_list_of_policies_are_part_of_it() {
    let files = Files::new();
    let (mut swap, wired) = files.swap();
    let permits = || judged(&wired.gate, &delivery()).0;
    // Cases are run without a snapshot: the first time, that takes a compilation of its own.
    files.write("accounts.yaml", &ACCOUNTS.replace("tier: dev", "tier: other"));
    assert_eq!(swap.reload(None).expect("swaps"), Swapped::Replaced(vec![]), "no policy differs");
    let compilations = swap.loader.sandbox.compilations();
    files.write("accounts.yaml", &ACCOUNTS.replace("tier: dev", "tier: unknown"));
    assert!(swap.changed().is_some());
    assert_eq!(swap.reload(None).expect("swaps"), Swapped::Replaced(vec![]), "no policy differs");
    assert!(swap.changed().is_none());
    assert!(!permits(), "the sender is another one now");
    assert_eq!(swap.loader.sandbox.compilations(), compilations, "nothing new to compile");
    let digest = swap.policies.current().digest.clone();
    std::fs::create_dir(files.path("other")).expect("a folder");
    let other = std::fs::read_to_string(files.path("trust/policy.yaml"))
        .expect("reads")
        .replace("policy: trust", "policy: other");
    files.write("other/policy.yaml", &other);
    files.write("gate.yaml", &GATE.replace("[trust]", "[trust, other]"));
    assert_eq!(swap.reload(None).expect("swaps"), Swapped::Replaced(vec!["other".to_owned()]));
    assert_ne!(swap.policies.current().digest, digest, "receipts name another configuration");
    assert_eq!(wired.gate.judge(&delivery(), now()).policies.len(), 2, "both are asked");
    files.write("gate.yaml", &GATE.replace("[trust]", "[]"));
    assert!(swap.reload(None).expect_err("no policy").line().contains("is empty"));
}

/// Fuel and the like are no part of a digest.
#[test]
fn other_limits_are_another_policy() {
    let files = Files::new();
    let (mut swap, wired) = files.swap();
    assert!(judged(&wired.gate, &delivery()).0);
    let policy = std::fs::read_to_string(files.path("trust/policy.yaml")).expect("reads");
    std::fs::remove_dir_all(files.path("trust/cases")).expect("removed");
    files.write("trust/policy.yaml", &format!("{policy}limits: {{ fuel: 1 }}\n"));
    assert_eq!(swap.reload(None).expect("swaps"), trust());
    assert!(!wired.gate.judge(&delivery(), now()).decision.permitted(), "one unit is not enough");
    assert_eq!(swap.reload(None).expect("reads"), Swapped::Same);
}

fn trust() -> Swapped {
    Swapped::Replaced(vec!["trust".to_owned()])
}
