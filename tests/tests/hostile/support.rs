//! What these tests share: the guest, a request, and the two things that must hold after every attack.

use reeve_model::{
    AccountId, Answer, Digest, Event, Fault, Mode, Nonce, PolicyAnswer, Reason, Request, Sender, Verdict, decide,
};
use reeve_sandbox::{Asked, Dataset, Datasets, Index, Limits, Plugin, Sandbox};
use std::path::Path;
use std::sync::OnceLock;

/// A request in which the guest does nothing.
pub(crate) const HARMLESS: &str = "{}";

/// The component of `tests/guests/hostile`.
pub(crate) fn guest() -> &'static [u8] {
    static GUEST: OnceLock<Vec<u8>> = OnceLock::new();
    GUEST.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/hostile.wasm");
        let hint = |error| panic!("no guest at {}: {error}; run `cargo xtask guests` first", path.display());
        std::fs::read(&path).unwrap_or_else(hint)
    })
}

/// One engine for all tests of the process, as in the product.
pub(crate) fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new().and_then(Sandbox::with_snapshots).expect("a sandbox"))
}

/// Two tables: `names` and `strings`.
pub(crate) fn tables() -> Datasets {
    let rows = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), vec!["v".to_owned()])).collect::<Vec<_>>();
    let names: Vec<String> = (0..100).map(|number| format!("n{number}.example.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Datasets::new([
        ("names".to_owned(), Dataset::new(Index::Names, rows(&names)).expect("names")),
        ("strings".to_owned(), Dataset::new(Index::Strings, rows(&["x"])).expect("strings")),
    ])
}

/// The guest with some settings and limits.
pub(crate) fn load(settings: &str, limits: Limits) -> Result<Plugin, Fault> {
    sandbox().load(guest(), settings, tables(), limits)
}

/// The guest without settings.
pub(crate) fn with(limits: Limits) -> Plugin {
    load("{}", limits).expect("loads")
}

/// The guest without settings under the default limits; every test of a process that can shares it.
pub(crate) fn plain() -> &'static Plugin {
    static PLAIN: OnceLock<Plugin> = OnceLock::new();
    PLAIN.get_or_init(|| with(Limits::default()))
}

/// Limits under which a guest may do a lot.
pub(crate) fn generous() -> Limits {
    Limits {
        fuel: 50_000_000_000,
        memory_bytes: reeve_sandbox::MEMORY_BYTES_MAX,
        timeout_ms: 120_000,
        ..Limits::default()
    }
}

/// Asks about a request whose `detail` is this.
pub(crate) fn ask(plugin: &Plugin, detail: &str) -> Asked {
    const EVENT: &str = r#"{
        "version": "0", "id": "687754b2-abd6-3ae6-ae2d-f98bd134512e", "detail-type": "HOSTILE", "source": "app.infra",
        "account": "123456789012", "time": "2026-11-21T10:00:00Z", "region": "eu-central-1", "resources": [],
        "detail": {}
    }"#;
    let event = Event::parse(EVENT.as_bytes()).expect("an event");
    let sender = Sender {
        account: AccountId::parse("123456789012").expect("an account"),
        verified: true,
        name: None,
        tier: None,
        organizational_unit: None,
        status: None,
    };
    plugin.ask(&Request {
        kind: "HOSTILE",
        event: &event,
        detail,
        sender: &sender,
        nonce: &Nonce::parse("687754b2-abd6-3ae6-ae2d-f98bd134512e").expect("a nonce"),
        dry_run: false,
        actions: &[],
        facts: &[],
        now: "2026-11-21T10:00:01Z".parse().expect("a moment"),
    })
}

/// Asks for an attack twice, and for a harmless request of this and of another plugin before and after.
///
/// The two answers to the attack are equal; the harmless ones are, too, to the last unit of fuel; and nothing went
/// beyond the limits.
#[track_caller]
pub(crate) fn attack(plugin: &Plugin, detail: &str) -> Asked {
    let before = (ask(plugin, HARMLESS), ask(plain(), HARMLESS));
    assert_eq!(before.0.answer, Answer::Verdict(Verdict::Allow(vec![])), "{detail}");
    let asked = ask(plugin, detail);
    assert_eq!(asked, ask(plugin, detail), "{detail}: twice the same");
    assert_eq!((ask(plugin, HARMLESS), ask(plain(), HARMLESS)), before, "{detail}: leaves no trace");
    let limits = plugin.limits();
    assert!(asked.fuel > 0 && asked.fuel <= limits.fuel, "{detail}: {} fuel", asked.fuel);
    assert!(asked.memory_bytes <= limits.memory_bytes, "{detail}: {} bytes", asked.memory_bytes);
    if std::env::var_os("HOSTILE_REPORT").is_some() {
        println!("{detail}: {:?}, {} fuel, {} bytes", asked.answer, asked.fuel, asked.memory_bytes);
    }
    asked
}

/// The fault of an attack, which denies.
#[track_caller]
pub(crate) fn fault_of(plugin: &Plugin, detail: &str) -> Fault {
    let asked = attack(plugin, detail);
    let Answer::Fault(fault) = asked.answer else { panic!("{detail}: no fault but {:?}", asked.answer) };
    assert_denies(Answer::Fault(fault.clone()));
    fault
}

/// What the guest reports about itself.
#[track_caller]
pub(crate) fn found(asked: &Asked) -> &str {
    match &asked.answer {
        Answer::Verdict(Verdict::Allow(reasons)) if reasons.len() == 1 => &reasons[0].message,
        other => panic!("no report but {other:?}"),
    }
}

/// The only reason of a denial, which denies.
#[track_caller]
pub(crate) fn denial(plugin: &Plugin, detail: &str) -> Reason {
    let asked = attack(plugin, detail);
    assert_denies(asked.answer.clone());
    match asked.answer {
        Answer::Verdict(Verdict::Deny(mut reasons)) if reasons.len() == 1 => reasons.remove(0),
        other => panic!("{detail}: no denial but {other:?}"),
    }
}

/// The answer denies, alone and beside another policy that allows.
#[track_caller]
pub(crate) fn assert_denies(answer: Answer) {
    let of = |policy: &str, answer| PolicyAnswer {
        policy: policy.to_owned(),
        mode: Mode::Enforce,
        answer,
        fuel: 0,
        memory_bytes: 0,
    };
    let hostile = of("hostile", answer);
    let content = of("content", Answer::Verdict(Verdict::Allow(vec![])));
    assert!(decide(std::slice::from_ref(&content), &Digest::of(b"")).permitted());
    assert!(!decide(std::slice::from_ref(&hostile), &Digest::of(b"")).permitted(), "{hostile:?}");
    assert!(!decide(&[content, hostile.clone()], &Digest::of(b"")).permitted(), "{hostile:?}");
}

/// The guest is not loaded, for this fault, which denies; and the next one is judged as ever.
#[track_caller]
pub(crate) fn refused(bytes: &[u8], settings: &str, datasets: Datasets, limits: Limits) -> Fault {
    let before = ask(plain(), HARMLESS);
    let fault = match sandbox().load(bytes, settings, datasets, limits) {
        Ok(_) => panic!("{settings}: loads"),
        Err(fault) => fault,
    };
    assert_eq!(ask(plain(), HARMLESS), before, "{settings}: leaves no trace");
    assert_denies(Answer::Fault(fault.clone()));
    if std::env::var_os("HOSTILE_REPORT").is_some() {
        println!("{settings}: not loaded: {fault:?}");
    }
    fault
}
