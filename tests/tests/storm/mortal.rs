//! A mortal gate (`tests/src/bin/mortal.rs`) as a child, its clock, and a proxy that kills it at a call.

use reeve_tests::proxy::{Call, Fault, Plan, Proxy, Verdict};
use reeve_tests::stage::{Gate, Settings, Stage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest life of a mortal gate, seconds: what it waits for longest is AWS's lists, for ten.
const LIFE_SECONDS_MAX: u64 = 100;
/// By how much the clock of a gate that takes over is ahead, seconds: longer than a lease.
const AHEAD_SECONDS: u64 = 120;

/// Something that waits until it is let go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held(Arc<std::sync::atomic::AtomicBool>);

impl Held {
    pub(crate) fn release(&self) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(LIFE_SECONDS_MAX);
        while !self.0.load(std::sync::atomic::Ordering::SeqCst) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is to become of a gate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Death {
    /// Nothing.
    Never,
    /// By itself, at a boundary it counts: `before 3`.
    Own(String),
    /// By the proxy, when this call arrives and is not forwarded.
    Before(u64),
    /// By the proxy, when this call is applied and not answered.
    After(u64),
    /// It is not killed, but its call is on its way for a long time.
    Late(u64, Held),
}

impl Death {
    /// A call that is on its way until it is let go.
    pub(crate) fn held(index: u64) -> (Self, Held) {
        let held = Held::default();
        (Self::Late(index, held.clone()), held)
    }
}

/// What the calls of a gate were: service, operation, and whether it may change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) service: String,
    pub(crate) operation: String,
}

impl Made {
    /// Whether the call leaves everything as it is. Between two such calls a gate has nothing that a kill could lose.
    pub(crate) fn reads(&self) -> bool {
        let reading = ["Get", "List", "Describe", "Query", "BatchGet", "AssumeRole", "Head"];
        reading.iter().any(|start| self.operation.starts_with(start))
    }
}

/// How a gate's life ended.
#[derive(Debug)]
pub(crate) struct Life {
    /// Whether it was killed.
    pub(crate) killed: bool,
    /// What it told on standard output, line by line.
    pub(crate) told: Vec<Value>,
    /// Its calls in the order of their arrival.
    pub(crate) made: Vec<Made>,
}

impl Life {
    /// The boundaries that it counted itself.
    pub(crate) fn boundaries(&self) -> Vec<String> {
        let line = self.told.iter().find_map(|line| line.get("boundaries")).and_then(Value::as_array);
        line.into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    /// The answers: one for each delivery.
    pub(crate) fn answers(&self) -> Vec<&Value> {
        self.told.iter().filter(|line| line.get("status").is_some()).collect()
    }
}

/// A gate of a stage that can be killed.
pub(crate) struct Mortal<'a> {
    stage: &'a Stage<'a>,
    gate: Gate,
    settings: Settings,
    clock: PathBuf,
    go: PathBuf,
}

/// A file whose being there lets a gate begin.
#[derive(Debug)]
pub(crate) struct Go(PathBuf);

impl Go {
    pub(crate) fn release(&self) {
        std::fs::write(&self.0, "go").expect("written");
    }
}

/// A mortal gate that lives.
pub(crate) struct Living {
    child: Arc<Mutex<Child>>,
    output: std::thread::JoinHandle<String>,
    errors: std::thread::JoinHandle<String>,
    made: Arc<Mutex<BTreeMap<u64, Made>>>,
    // Kept for as long as the gate lives.
    _proxy: Proxy,
}

impl<'a> Mortal<'a> {
    pub(crate) fn new(stage: &'a Stage<'a>, gate: Gate, settings: Settings) -> Self {
        let clock = stage.folder().join(format!("clock{}", settings.instance));
        std::fs::write(&clock, "0").expect("a clock");
        let go = stage.folder().join(format!("go{}", settings.instance));
        std::fs::write(&go, "go").expect("written");
        Self { stage, gate, settings, clock, go }
    }

    /// Lets the next gate begin only once it is told to; until then it is wired and waits.
    pub(crate) fn hold_back(&self) -> Go {
        std::fs::remove_file(&self.go).expect("removed");
        Go(self.go.clone())
    }

    /// Sets the clock of this gate ahead, so that leases of the dead have run out.
    pub(crate) fn wait_for_leases(&self) {
        // In one step: the gate may be reading.
        let next = self.clock.with_extension("next");
        std::fs::write(&next, AHEAD_SECONDS.to_string()).expect("a clock");
        std::fs::rename(&next, &self.clock).expect("a clock");
    }

    /// Hands deliveries to a gate until each is answered so many times, or the gate is dead.
    pub(crate) fn live(&self, deliveries: &[Value], times: u32, death: &Death) -> Life {
        self.start(deliveries, times, death).end()
    }

    /// The same without waiting.
    pub(crate) fn start(&self, deliveries: &[Value], times: u32, death: &Death) -> Living {
        self.start_with(deliveries, times, death, |_| {})
    }

    /// The same; `answered` is told of every call that was applied.
    pub(crate) fn start_with(
        &self,
        deliveries: &[Value],
        times: u32,
        death: &Death,
        answered: impl Fn(&Call) + Send + Sync + 'static,
    ) -> Living {
        let proxy = Proxy::start(self.stage.emulator.address(), Plan::calm()).expect("a proxy");
        let lines: Vec<String> = deliveries.iter().map(Value::to_string).collect();
        let file = self.stage.folder().join(format!("deliveries{}", self.settings.instance));
        std::fs::write(&file, lines.join("\n")).expect("deliveries");
        let mut settings = self.settings.clone();
        settings.url = Some(proxy.url());
        let gate = self.stage.gate_file(self.gate, &settings);
        let mut command = Command::new(env!("CARGO_BIN_EXE_mortal"));
        command.args([gate.as_path(), file.as_path()]).arg(times.to_string());
        command.envs(self.stage.environment(self.gate, &settings));
        command.env("REEVE_MORTAL_CLOCK", &self.clock).env("REEVE_MORTAL_GO", &self.go);
        if let Death::Own(cue) = death {
            command.env("REEVE_MORTAL_DEATH", cue);
        }
        let made: Arc<Mutex<BTreeMap<u64, Made>>> = Arc::default();
        let slot: Arc<Mutex<Option<Arc<Mutex<Child>>>>> = Arc::default();
        hook(&proxy, death, &made, &slot, answered);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let output = read(child.stdout.take().expect("piped"));
        let errors = read(child.stderr.take().expect("piped"));
        let child = Arc::new(Mutex::new(child));
        *locked(&slot) = Some(Arc::clone(&child));
        Living { child, output, errors, made, _proxy: proxy }
    }
}

impl Living {
    /// How many calls it has made so far.
    pub(crate) fn calls(&self) -> usize {
        locked(&self.made).len()
    }

    /// Waits for its end, whichever it is.
    pub(crate) fn end(self) -> Life {
        let end = Instant::now() + Duration::from_secs(LIFE_SECONDS_MAX);
        let status = loop {
            if let Some(status) = locked(&self.child).try_wait().expect("waited") {
                break status;
            }
            if Instant::now() > end {
                let _ = locked(&self.child).kill();
                let (told, errors) = (self.output.join().expect("read"), self.errors.join().expect("read"));
                panic!("the gate lives on after {LIFE_SECONDS_MAX} seconds\n{told}\n{errors}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let (output, errors) = (self.output.join().expect("read"), self.errors.join().expect("read"));
        let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
        assert!(killed || status.success(), "the gate ended with {status}\n{output}\n{errors}");
        let told = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let made = locked(&self.made).values().cloned().collect();
        Life { killed, told, made }
    }
}

/// Notes every call, and kills the gate at the one that is its death.
fn hook(
    proxy: &Proxy,
    death: &Death,
    made: &Arc<Mutex<BTreeMap<u64, Made>>>,
    slot: &Arc<Mutex<Option<Arc<Mutex<Child>>>>>,
    answered: impl Fn(&Call) + Send + Sync + 'static,
) {
    let (at, noted, child) = (death.clone(), Arc::clone(made), Arc::clone(slot));
    proxy.on_call(move |call: &Call| {
        let made = Made { service: call.service.clone(), operation: call.operation.clone() };
        locked(&noted).insert(call.index, made);
        if at == Death::Before(call.index) {
            kill(&child);
            return Verdict::Do(Fault::ResetBefore);
        }
        match &at {
            Death::Late(index, held) if *index == call.index => held.wait(),
            _ => {}
        }
        Verdict::Drawn
    });
    let (at, child) = (death.clone(), Arc::clone(slot));
    proxy.on_reply(move |call, _| {
        if at == Death::After(call.index) {
            kill(&child);
        }
        answered(call);
    });
}

/// SIGKILL, and waits until the gate is no more.
fn kill(slot: &Mutex<Option<Arc<Mutex<Child>>>>) {
    let end = Instant::now() + Duration::from_secs(10);
    let child = loop {
        // The first call may come before its starter has put the child down.
        if let Some(child) = locked(slot).clone() {
            break child;
        }
        assert!(Instant::now() < end, "a call of nobody's");
        std::thread::sleep(Duration::from_millis(1));
    };
    let mut child = locked(&child);
    child.kill().expect("killed");
    child.wait().expect("dead");
}

fn read(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The receipts of a folder, each following the one before.
pub(crate) fn receipts_on_disk(folder: &Path) -> Vec<Value> {
    let path = folder.join(reeve_local::RECEIPTS_FILE);
    let mut found = Vec::new();
    reeve_local::ReceiptFile::read_all(&path, |number, receipt| {
        let receipt = receipt.unwrap_or_else(|error| panic!("receipt {number}: {error}"));
        found.push(serde_json::from_str(receipt.line()).expect("JSON"));
        true
    })
    .expect("receipts");
    found
}
