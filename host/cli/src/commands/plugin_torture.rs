//! `reeve plugin torture`.

use crate::exit::{Exit, Failure};
use crate::loader::Loader;
use crate::ui::Ui;
use crate::{Outcome, loader};
use anyhow::Context;
use clap::Args;
use reeve_engine::Asked;
use reeve_json::{Options, StringRule, Value};
use reeve_model::action::{ChangeRecordSets, Operation, RecordContent, RecordSetChange};
use reeve_model::limits::{EVENT_BYTES_MAX, EVENT_DEPTH_MAX};
use reeve_model::record::RecordType;
use reeve_model::{
    AccountId, Action, Answer, DnsName, Event, Fact, FactValue, Fault, NameRule, Nonce, PlannedAction, Request, Sender,
    Timestamp,
};
use reeve_report::{Role, grouped};
use reeve_sandbox::{Dataset, Datasets, FUEL_DEFAULT, Index, Limits, Plugin, Start};
use std::path::PathBuf;

/// Stacks of the threads that a plugin is asked on, bytes: the smallest that a host has, and a large one.
const STACKS_BYTES: [usize; 2] = [512 * 1_024, 8 * 1_048_576];
/// Times that a request is asked again to see whether anything of the others is left.
const ROUNDS: usize = 200;
/// Depth to which JSON is nested: more than any parser needs, fewer than would be refused as an event.
const DEPTH: usize = 60;
/// Bytes of the largest `detail`: what an event may have.
const DETAIL_BYTES: usize = 1_000_000;
/// Changes in the largest request: what one call to Route 53 takes.
const CHANGES: usize = 1_000;

/// Ask plugins what no sender should: limits, odd requests and settings, again and again
///
/// Each plugin is loaded with its settings and asked odd requests: huge, empty, deeply nested, of kinds that it does not
/// know. It must answer with a verdict or an error, the same one every time, on every thread, at the same cost; nothing of
/// one request may show in another; and its limits must hold to the last unit. Exit code 4 says that something was found.
#[derive(Debug, Args)]
pub struct PluginTortureArgs {
    /// The components
    #[arg(required = true)]
    plugins: Vec<PathBuf>,

    /// Settings, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    settings: String,

    /// An empty table of this name is granted; give it once for each table that the plugin asks
    #[arg(long, value_name = "NAME")]
    table: Vec<String>,

    /// Fuel of one evaluation, as its policy file grants it
    #[arg(long, value_name = "UNITS", default_value_t = FUEL_DEFAULT, value_parser = clap::value_parser!(u64).range(1..))]
    fuel: u64,
}

/// Tortures.
///
/// # Errors
/// When a file cannot be read, the settings are no JSON, or a plugin cannot be loaded.
pub fn run(args: &PluginTortureArgs, ui: &Ui) -> Outcome {
    let loader = Loader::serving()?;
    const OPTIONS: Options =
        Options { bytes_max: EVENT_BYTES_MAX, depth_max: EVENT_DEPTH_MAX, strings: StringRule::Any };
    let settings = reeve_json::parse(args.settings.as_bytes(), &OPTIONS)
        .map_err(|error| Failure::new(format!("`--settings` is no JSON: {error}")))?;
    let settings = reeve_json::canonical(&settings.value);
    let limits = Limits { fuel: args.fuel, ..Limits::default() };
    let mut found = 0_usize;
    for path in &args.plugins {
        let bytes = loader::read(path)?;
        let mut tables = vec![(String::new(), Index::Strings)];
        tables.extend(args.table.iter().map(|name| (name.clone(), Index::Names)));
        let rack = Rack { loader: &loader, bytes: &bytes, tables, settings: &settings, limits };
        let plugin = rack.load(&settings, limits).map_err(|fault| {
            Failure::new(format!("`{}` is not loaded: it {fault}", path.display()))
                .hint("give the settings that it needs with `--settings`")
        })?;
        ui.data(&format!("{}\n", path.display())).context("failed to write to standard output")?;
        for result in rack.all(&plugin) {
            found += usize::from(!result.good);
            let word =
                if result.good { ui.paint().paint(Role::Good, "pass") } else { ui.paint().paint(Role::Bad, "FAIL") };
            ui.data(&format!("{word} {}: {}\n", result.what, result.told))
                .context("failed to write to standard output")?;
        }
    }
    ui.note(&format!("{found} found"));
    Ok(if found == 0 { Exit::Done } else { Exit::Findings })
}

/// What one trial showed.
struct Trial {
    what: &'static str,
    good: bool,
    told: String,
}

/// A plugin and what is needed to load it again.
struct Rack<'a> {
    loader: &'a Loader,
    bytes: &'a [u8],
    tables: Vec<(String, Index)>,
    settings: &'a str,
    limits: Limits,
}

impl Rack<'_> {
    fn load(&self, settings: &str, limits: Limits) -> Result<Plugin, Fault> {
        let empty = |index| Dataset::new(index, [("", [""]); 0]);
        let tables = self.tables.iter().filter_map(|(name, index)| Some((name.clone(), empty(*index).ok()?)));
        self.loader.sandbox.load(self.bytes, settings, Datasets::new(tables), limits)
    }

    fn all(&self, plugin: &Plugin) -> Vec<Trial> {
        let requests = requests();
        let first: Vec<Asked> = requests.iter().map(|it| it.ask(plugin)).collect();
        vec![
            start(plugin),
            answers(&requests, &first),
            self.settings(),
            again(plugin, &requests, &first),
            threads(plugin, &requests, &first),
            self.instances(&requests, &first),
            self.fuel(&requests, &first),
            self.memory(&requests, &first),
        ]
    }

    /// Settings that are nothing it knows. It may take them or refuse them, in its own words.
    fn settings(&self) -> Trial {
        let long = Value::from("x".repeat(DETAIL_BYTES));
        let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
        let odd = ["null", "[]", "7", "\"\"", r#"{"":null}"#, &nested, &reeve_json::compact(&long)];
        let faults = odd.iter().filter_map(|settings| match self.load(settings, self.limits) {
            Ok(_) | Err(Fault::SettingsRefused { .. }) => None,
            Err(fault) => Some(format!("with {} it {fault}", shown(settings))),
        });
        let faults: Vec<String> = faults.collect();
        told("odd settings are taken or refused", &faults, || format!("{} tried", odd.len()))
    }

    /// Read in advance or by each instance: the answers are the same.
    fn instances(&self, requests: &[Asking], first: &[Asked]) -> Trial {
        const WHAT: &str = "settings read by each instance give the same answers";
        let tables = self
            .tables
            .iter()
            .filter_map(|(name, index)| Some((name.clone(), Dataset::new(*index, [("", [""]); 0]).ok()?)));
        match self.loader.once.load(self.bytes, self.settings, Datasets::new(tables), self.limits) {
            Ok(other) => same(WHAT, requests, first, |it| it.ask(&other)),
            Err(fault) => Trial { what: WHAT, good: false, told: format!("it {fault}") },
        }
    }

    /// With exactly the fuel that it used it answers, with one unit less it does not.
    fn fuel(&self, requests: &[Asking], first: &[Asked]) -> Trial {
        let limits = |fuel| Limits { fuel, ..self.limits };
        self.edge("fuel is enough to the last unit", requests, first, |asked| {
            (
                limits(asked.fuel),
                limits(asked.fuel.saturating_sub(1)),
                Fault::OutOfFuel { limit: asked.fuel.saturating_sub(1) },
            )
        })
    }

    /// The same for memory; a plugin that was refused memory in `configure` already is not loaded.
    fn memory(&self, requests: &[Asking], first: &[Asked]) -> Trial {
        let limits = |memory_bytes| Limits { memory_bytes, ..self.limits };
        self.edge("memory is enough to the last byte", requests, first, |asked| {
            let less = asked.memory_bytes.saturating_sub(1);
            (limits(asked.memory_bytes), limits(less), Fault::OutOfMemory { limit_bytes: less })
        })
    }

    fn edge(
        &self,
        what: &'static str,
        requests: &[Asking],
        first: &[Asked],
        of: impl Fn(&Asked) -> (Limits, Limits, Fault),
    ) -> Trial {
        let mut wrong = Vec::new();
        let mut tried = 0;
        for (request, asked) in requests.iter().zip(first) {
            if matches!(asked.answer, Answer::Fault(_)) {
                continue;
            }
            tried += 1;
            let (enough, less, fault) = of(asked);
            let answer = |limits| match self.load(self.settings, limits) {
                Ok(plugin) => request.ask(&plugin).answer,
                Err(fault) => Answer::Fault(fault),
            };
            if answer(enough) != asked.answer {
                wrong.push(format!("{}: another answer at the limit", request.name));
            }
            if answer(less) != Answer::Fault(fault) {
                wrong.push(format!("{}: the limit does not hold", request.name));
            }
        }
        told(what, &wrong, || format!("{tried} requests at their edge, overshoot 0"))
    }
}

fn start(plugin: &Plugin) -> Trial {
    let told = match plugin.start() {
        Start::Snapshot => "every evaluation starts from a snapshot".to_owned(),
        // Slower, and not wrong.
        Start::Configure { why } => format!("each instance reads its settings: {why}"),
    };
    Trial { what: "it is loaded", good: true, told }
}

/// Whatever it is asked, it answers itself.
fn answers(requests: &[Asking], first: &[Asked]) -> Trial {
    let faults: Vec<String> = requests
        .iter()
        .zip(first)
        .filter_map(|(request, asked)| match &asked.answer {
            Answer::Fault(fault) => Some(format!("asked {} it {fault}", request.name)),
            Answer::Verdict(_) | Answer::Error(_) => None,
        })
        .collect();
    let most = first.iter().map(|asked| asked.fuel).max().unwrap_or_default();
    told("odd requests are answered", &faults, || format!("{} asked, at most {} fuel", first.len(), grouped(most)))
}

/// In any order, between any others.
fn again(plugin: &Plugin, requests: &[Asking], first: &[Asked]) -> Trial {
    const WHAT: &str = "no request leaves anything behind";
    let mut differing = Vec::new();
    for round in 0..ROUNDS {
        // Steps of three through all of them: each comes after each other one.
        let at = round * 3 % requests.len().max(1);
        let (Some(request), Some(asked)) = (requests.get(at), first.get(at)) else { continue };
        if request.ask(plugin) != *asked {
            differing.push(format!("{} is answered otherwise in round {round}", request.name));
        }
    }
    told(WHAT, &differing, || format!("{ROUNDS} rounds"))
}

fn threads(plugin: &Plugin, requests: &[Asking], first: &[Asked]) -> Trial {
    const WHAT: &str = "the thread does not matter";
    let mut differing = Vec::new();
    for stack_bytes in STACKS_BYTES {
        let on_thread = || requests.iter().map(|it| it.ask(plugin)).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let start = || std::thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, on_thread);
            for thread in [start(), start()] {
                match thread.map(std::thread::ScopedJoinHandle::join) {
                    Ok(Ok(asked)) if asked == first => {}
                    Ok(Ok(_)) => {
                        differing.push(format!("other answers on a stack of {} bytes", grouped(stack_bytes as u64)))
                    }
                    Ok(Err(_)) => differing.push("the host panicked".to_owned()),
                    Err(error) => differing.push(format!("no thread: {error}")),
                }
            }
        });
    }
    told(WHAT, &differing, || "two at once, on stacks of 512 KiB and 8 MiB".to_owned())
}

fn same(what: &'static str, requests: &[Asking], first: &[Asked], ask: impl Fn(&Asking) -> Asked) -> Trial {
    let differing: Vec<String> = requests
        .iter()
        .zip(first)
        .filter(|(request, asked)| ask(request) != **asked)
        .map(|(request, _)| format!("{} is answered otherwise", request.name))
        .collect();
    told(what, &differing, || format!("{} requests, answer, fuel and memory", requests.len()))
}

fn told(what: &'static str, wrong: &[String], good: impl Fn() -> String) -> Trial {
    Trial { what, good: wrong.is_empty(), told: if wrong.is_empty() { good() } else { wrong.join("; ") } }
}

fn shown(text: &str) -> String {
    reeve_model::text::shown(text, 40)
}

/// A request with all that it borrows.
struct Asking {
    name: &'static str,
    kind: String,
    event: Event,
    detail: String,
    sender: Sender,
    nonce: Nonce,
    actions: Vec<PlannedAction>,
    facts: Vec<Fact>,
    now: Timestamp,
}

impl Asking {
    fn ask(&self, plugin: &Plugin) -> Asked {
        plugin.ask(&Request {
            kind: &self.kind,
            event: &self.event,
            detail: &self.detail,
            sender: &self.sender,
            nonce: &self.nonce,
            dry_run: false,
            actions: &self.actions,
            facts: &self.facts,
            now: self.now,
        })
    }
}

/// An envelope like any other.
const EVENT: &str = r#"{"version":"0","id":"687754b2-abd6-3ae6-ae2d-f98bd134512e","detail-type":"DNS_RECORD_CHANGE","source":"app.infra","account":"111122223333","time":"2026-11-21T11:59:00Z","region":"eu-central-1","resources":[],"detail":{}}"#;

/// What a plugin is asked.
fn requests() -> Vec<Asking> {
    let parts = || {
        let event = Event::parse(EVENT.as_bytes()).ok()?;
        let nonce = Nonce::parse("687754b2-abd6-3ae6-ae2d-f98bd134512e")?;
        Some((event, AccountId::parse("111122223333")?, nonce, "2026-11-21T12:00:00Z".parse::<Timestamp>().ok()?))
    };
    let one = |name, change: &dyn Fn(&mut Asking)| {
        let (event, account, nonce, now) = parts()?;
        let sender = Sender {
            account,
            verified: true,
            name: Some("foo".to_owned()),
            tier: Some("dev".to_owned()),
            organizational_unit: Some("Dev".to_owned()),
            status: Some("active".to_owned()),
        };
        let kind = "DNS_RECORD_CHANGE".to_owned();
        let mut asking = Asking {
            name,
            kind,
            event,
            detail: "{}".to_owned(),
            sender,
            nonce,
            actions: changes(1, "www.example.com"),
            facts: Vec::new(),
            now,
        };
        change(&mut asking);
        Some(asking)
    };
    let longest = [["x".repeat(63), "y".repeat(63), "z".repeat(63)].join("."), "w".repeat(61)].join(".");
    let fact = |value| Fact { name: "allowed".to_owned(), value, source: "torture".to_owned() };
    type Change<'a> = &'a dyn Fn(&mut Asking);
    let list: [(&'static str, Change<'_>); 14] = [
        ("a usual request", &|_| {}),
        ("a kind that nobody knows", &|it| it.kind = "NOT_A_KIND".to_owned()),
        ("a kind of no letters", &|it| it.kind = String::new()),
        ("no action", &|it| it.actions.clear()),
        ("1,000 changes", &|it| it.actions = changes(CHANGES, "www.example.com")),
        ("the longest name", &|it| it.actions = changes(1, &longest)),
        ("a wildcard", &|it| it.actions = changes(1, "*.example.com")),
        ("a detail of a megabyte", &|it| it.detail = format!("\"{}\"", "x".repeat(DETAIL_BYTES))),
        ("a nested detail", &|it| it.detail = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))),
        ("a detail that is no JSON", &|it| it.detail = "\u{0}\u{202e}{".to_owned()),
        ("an unverified sender", &|it| it.sender.verified = false),
        ("an unknown sender", &|it| {
            it.sender = Sender { name: None, tier: None, organizational_unit: None, status: None, ..it.sender.clone() };
        }),
        ("a fact that is missing", &|it| it.facts = vec![fact(FactValue::Missing("torture".to_owned()))]),
        ("a fact of 10,000 texts", &|it| {
            it.facts = vec![fact(FactValue::Texts((0..10_000).map(|n| format!("n{n}.example.com")).collect()))];
        }),
    ];
    list.into_iter().filter_map(|(name, change)| one(name, change)).collect()
}

/// One call with so many changes of a name; none if the name is none, which would be a mistake in the list above.
fn changes(count: usize, name: &str) -> Vec<PlannedAction> {
    let parse = |text: &str, rule| DnsName::parse(text, rule).ok();
    let (Some(name), Some(zone_name)) = (parse(name, NameRule::Owner), parse("example.com", NameRule::Owner)) else {
        return Vec::new();
    };
    let change = |number: usize| RecordSetChange {
        at: format!("/detail/changes/{number}"),
        operation: Operation::Upsert,
        name: name.clone(),
        record_type: RecordType::A,
        ttl_seconds: Some(300),
        content: RecordContent::Values(vec!["192.0.2.1".to_owned()]),
    };
    let call = ChangeRecordSets {
        hosted_zone_id: "Z0123456789EXAMPLE1".to_owned(),
        zone_name,
        private_zone: false,
        changes: (0..count).map(change).collect(),
    };
    vec![PlannedAction { at: "/detail/changes".to_owned(), action: Action::ChangeRecordSets(call) }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_there_and_asks_for_something() {
        let requests = requests();
        assert_eq!(requests.len(), 14);
        let without: Vec<&str> = requests.iter().filter(|it| it.actions.is_empty()).map(|it| it.name).collect();
        assert_eq!(without, ["no action"]);
    }
}
