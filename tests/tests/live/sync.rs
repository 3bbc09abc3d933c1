//! `reeve sync` as a process, against two gates that are served: what the files ask for comes about, once, whatever is
//! cut off on the way.

use crate::support::lines;
use reeve_tests::emulator::{Emulator, REGION};
use reeve_tests::reeve::{self, Serve};
use reeve_tests::stage::{BUS, Gate, Options, Settings, Stage, document};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// Accounts of the stage: name, scope, status, and further keys.
const ACCOUNTS: [(&str, &str, &str); 8] = [
    ("foo", "dev", "service: foo, allowed_dns_domains: [foo.example.com]"),
    // In `Standard` until now; the move takes no Deny away.
    (
        "bar",
        "standard",
        "organization_unit: Dev, service: bar, allowed_dns_domains: [bar.example.com, pay.foo.example.com]",
    ),
    ("baz", "dev", "status: suspended, allowed_dns_domains: [baz.example.com]"),
    ("infra", "infra", "allowed_dns_domains: [=example.com, www.example.com]"),
    ("dns", "infra", "status: active"),
    ("shared", "infra", "allowed_dns_domains: [.corp.example.com]"),
    ("cicd", "cicd", "status: active"),
    ("management", "management", "status: active"),
];
/// Units, what is above them, and their policies. `deny-root-user` is new.
const UNITS: [(&str, &str, &str); 7] = [
    ("root", "", "FullAWSAccess"),
    ("Live", "root", "FullAWSAccess, deny-leave-organization"),
    ("Morgue", "root", "FullAWSAccess"),
    ("Dev", "Live", "FullAWSAccess, restrict-regions"),
    ("Standard", "Live", "FullAWSAccess"),
    ("Infra", "Live", "FullAWSAccess"),
    ("Scp", "Live", "FullAWSAccess, deny-root-user"),
];
const SCPS: [&str; 3] = ["deny-leave-organization", "restrict-regions", "deny-root-user"];

/// The management gate lets its bus send to every account that it makes.
fn forwarding() -> Settings {
    let units = "units: [Dev, Standard] }".to_owned();
    let forward = "units: [Dev, Standard], forward-bus: { bus: infra, detail-types: [DNS_RECORD_CHANGE], \
                   target: \"arn:aws:events:{region}:{account}:event-bus/infra\" } }";
    Settings { replace: vec![(units, forward.to_owned())], ..Settings::default() }
}

fn settings(gate: Gate) -> Settings {
    if gate == Gate::Management { forwarding() } else { Settings::default() }
}

/// A repository with the stage's organization and one account more, `qux`, of this scope; the path of its project file.
fn repository(stage: &Stage<'_>, scope: &str) -> PathBuf {
    let root = stage.folder().join("repository");
    for folder in ["gates", "scps"] {
        std::fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("written");
    let mut accounts = format!(
        "Default: {{ region: {REGION} }}\nScopes:\n  dev: {{ organization_unit: Dev, tier: dev }}\n  \
         standard: {{ organization_unit: Standard, tier: standard }}\n  infra: {{ organization_unit: Infra, tier: infra }}\n  \
         cicd: {{ organization_unit: Infra, tier: cicd }}\n  management: {{}}\nAccounts:\n"
    );
    for (name, scope, more) in ACCOUNTS {
        let id = stage.id(name);
        // The management account came into the organization with an address of its own.
        let email = if name == "management" { String::new() } else { format!("email: aws+{name}@example.com, ") };
        let _ = writeln!(accounts, "  {name}: {{ id: \"{id}\", {email}scope: {scope}, {more} }}");
    }
    let _ = writeln!(
        accounts,
        "  qux: {{ email: aws+qux@example.com, service: qux, scope: {scope}, allowed_dns_domains: [qux.example.com] }}\n\
         OrganizationUnits:"
    );
    for (name, parent, policies) in UNITS {
        let parent = if parent.is_empty() { String::new() } else { format!(", parent: {parent}") };
        let _ = writeln!(accounts, "  {name}: {{ id: {}{parent}, policies: [{policies}] }}", stage.unit(name));
    }
    write("accounts.yaml", &accounts);
    for name in SCPS {
        write(&format!("scps/{name}.json"), &document(name));
    }
    let mut project = "accounts: accounts.yaml\nscps: scps\ncheck: { morgue: Morgue }\ngates:\n".to_owned();
    for gate in Gate::ALL {
        let file = std::fs::read_to_string(stage.gate_file(gate, &settings(gate))).expect("a gate file");
        let (name, account) = (gate.name(), stage.account_of(gate));
        write(&format!("gates/{name}.yaml"), &file);
        let _ = writeln!(
            project,
            "  {name}:\n    file: gates/{name}.yaml\n    bus: arn:aws:events:{REGION}:{account}:event-bus/{BUS}\n    \
             read-role: arn:aws:iam::{account}:role/reeve-read"
        );
    }
    let (cicd, queue) = (stage.id("cicd"), stage.queue_url(stage.id("cicd"), "reeve-replies"));
    let _ = writeln!(project, "pipeline: {{ account: \"{cicd}\", region: {REGION}, replies: \"{queue}\" }}");
    write("reeve.yaml", &project);
    root.join("reeve.yaml")
}

/// `reeve sync` with these arguments, as the pipeline.
fn command(stage: &Stage<'_>, project: &std::path::Path, more: &[&str]) -> Command {
    let project = project.display().to_string();
    let mut arguments = vec!["sync", "--project", project.as_str()];
    arguments.extend_from_slice(more);
    reeve::command(&arguments, &stage.emulator.env_as(stage.id("cicd"), &stage.emulator.url()))
}

fn sync(stage: &Stage<'_>, project: &std::path::Path, more: &[&str]) -> Output {
    command(stage, project, more).output().expect("the binary runs")
}

fn shown(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- stdout\n{out}--- stderr\n{err}", output.status)
}

/// Events that the pipeline has put so far.
fn events(stage: &Stage<'_>) -> usize {
    let calls = stage.emulator.calls("events", "PutEvents");
    let own = calls.iter().filter(|call| call["account"] == stage.id("cicd"));
    own.map(|call| call["request"].to_string().matches("DetailType").count()).sum()
}

/// Names of the rules by which the management account's bus sends to new accounts.
fn forwarded(stage: &Stage<'_>) -> Vec<String> {
    let request = json!({"EventBusName": BUS, "NamePrefix": "to-"});
    let told = stage.emulator.aws(stage.id("management"), "events", "AWSEvents.ListRules", &request).expect("rules");
    told["Rules"].as_array().expect("a list").iter().map(|rule| rule["Name"].as_str().unwrap().to_owned()).collect()
}

/// All that the files ask for is so, and was made once.
fn come_about(stage: &Stage<'_>, project: &std::path::Path) {
    let accounts = stage.accounts();
    for line in ["qux aws+qux@example.com in Dev", "bar aws+bar@example.com in Dev", "foo aws+foo@example.com in Dev"] {
        assert!(accounts.contains(line), "{line} is not in {accounts:?}");
    }
    let qux = stage.account_named("qux").expect("made");
    assert!(stage.tags(&qux).is_superset(&lines(["scope=dev", "service-name=qux", &format!("region={REGION}")])));
    assert!(stage.tags(stage.id("foo")).is_superset(&lines(["scope=dev", "service-name=foo"])));
    let about = stage.parameters("management", "/pub/accounts");
    let own: Vec<&String> = about.iter().filter(|line| line.starts_with("/pub/accounts/qux ")).collect();
    let value = own.first().and_then(|line| line.splitn(4, ' ').nth(3)).expect("a parameter of the new account");
    let value: Value = serde_json::from_str(value).expect("JSON");
    assert_eq!((&value["id"], &value["organization_unit"]), (&json!(qux), &json!("Dev")), "{value}");
    let domains = stage.parameters("dns", "/reeve/dns/allowed");
    let expected = format!("/reeve/dns/allowed/{qux} StringList v1 qux.example.com");
    assert!(domains.contains(&expected), "{expected} is not in {domains:?}");
    assert_eq!(
        stage.attachments(),
        lines(["deny-leave-organization on Live", "restrict-regions on Dev", "deny-root-user on Scp"])
    );
    assert_eq!(stage.policies().get("deny-root-user"), Some(&document("deny-root-user")));
    assert_eq!(forwarded(stage), [format!("to-{qux}")]);
    let lock = std::fs::read_to_string(project.with_file_name("accounts.lock.yaml")).expect("a lock file");
    assert!(lock.contains(&qux), "{lock}");
    for (operation, count) in [("CreateAccount", 1), ("MoveAccount", 2), ("CreatePolicy", 1), ("AttachPolicy", 1)] {
        assert_eq!(stage.calls("organizations", operation), count, "{operation}");
    }
    assert_eq!(stage.calls("events", "PutTargets"), 1);
}

#[test]
fn what_the_files_ask_for_comes_about_and_then_nothing_is_left_to_do() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let project = repository(&stage, "dev");
    // Dry by default: nobody is asked, and no gate has to be there.
    let dry = sync(&stage, &project, &[]);
    assert_eq!(dry.status.code(), Some(0), "{}", shown(&dry));
    assert!(String::from_utf8_lossy(&dry.stdout).contains("qux"), "{}", shown(&dry));
    assert_eq!(events(&stage), 0);
    assert!(!project.with_file_name("accounts.lock.yaml").exists());
    let gates = Gate::ALL.map(|gate| stage.gate_with(gate, &settings(gate)));
    let first = sync(&stage, &project, &["--execute"]);
    assert_eq!(first.status.code(), Some(0), "{}", shown(&first));
    let told = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(told.contains("done create-account/qux (management)"), "{}", shown(&first));
    come_about(&stage, &project);
    // Again: nothing is sent.
    let sent = events(&stage);
    let again = sync(&stage, &project, &["--execute"]);
    assert_eq!(again.status.code(), Some(0), "{}", shown(&again));
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing to do"), "{}", shown(&again));
    assert_eq!(events(&stage), sent);
    come_about(&stage, &project);
    for (gate, of) in gates.into_iter().zip(Gate::ALL) {
        let (status, log) = gate.term();
        assert_eq!(status.code(), Some(0), "{log}");
        assert_eq!(stage.dead(of), Vec::<String>::new());
    }
    assert_eq!(stage.replies("cicd"), Vec::<Value>::new(), "every reply was taken off the queue");
}

#[test]
fn what_is_cut_off_is_gone_on_with_and_made_once() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let project = repository(&stage, "dev");
    // Nobody answers yet. Ctrl-C says what is outstanding.
    let mut run = Serve::spawn(command(&stage, &project, &["--execute", "--epoch", "one"]));
    stage.until("requests", || events(&stage) > 0);
    let asked = events(&stage);
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let ended = run.ended(Duration::from_secs(60)).expect("it ends");
    assert_eq!(ended.code(), Some(130), "{}", run.stderr());
    for part in [
        "outstanding scp-update/deny-root-user",
        "not asked create-account/qux",
        "run again to go on",
        "interrupted; 0 requests done",
    ] {
        assert!(run.stderr().contains(part), "{part} is not in:\n{}", run.stderr());
    }
    assert_eq!(events(&stage), asked, "nothing more was sent");
    // The next one dies without a word, with its requests in the gates' queues.
    let run = Serve::spawn(command(&stage, &project, &["--execute", "--epoch", "one"]));
    stage.until("requests", || events(&stage) >= 2 * asked);
    drop(run.kill9());
    let _gates = Gate::ALL.map(|gate| stage.gate_with(gate, &settings(gate)));
    let last = sync(&stage, &project, &["--execute", "--epoch", "one"]);
    assert_eq!(last.status.code(), Some(0), "{}", shown(&last));
    come_about(&stage, &project);
}

#[test]
fn what_waits_for_a_denied_request_is_not_sent() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    // The gate makes no account in this unit.
    let project = repository(&stage, "infra");
    let before = stage.account_count();
    let _gates = Gate::ALL.map(|gate| stage.gate_with(gate, &settings(gate)));
    for _ in 0..2 {
        let run = sync(&stage, &project, &["--execute", "--epoch", "one"]);
        assert_eq!(run.status.code(), Some(3), "{}", shown(&run));
        let told = String::from_utf8_lossy(&run.stderr).into_owned();
        for part in ["denied create-account/qux", "OU_NOT_ALLOWED", "waits for `create-account/qux`"] {
            assert!(told.contains(part), "{part} is not in {}", shown(&run));
        }
    }
    assert_eq!((stage.account_count(), stage.calls("organizations", "CreateAccount")), (before, 0));
    assert!(stage.attachments().contains("deny-root-user on Scp"), "what does not wait for it was done");
    assert!(!stage.parameters("management", "/pub/accounts").iter().any(|line| line.contains("qux")));
    assert!(!project.with_file_name("accounts.lock.yaml").exists());
}

#[test]
fn two_runs_at_once_have_one_effect() {
    let emulator = Emulator::start();
    let stage = Stage::new(&emulator, Options::default());
    let project = repository(&stage, "dev");
    let mut runs = [0, 1].map(|_| Serve::spawn(command(&stage, &project, &["--execute", "--epoch", "one"])));
    stage.until("requests of both", || {
        let calls = emulator.calls("sts", "GetCallerIdentity");
        calls.iter().filter(|call| call["account"] == stage.id("cicd")).count() >= 2 && events(&stage) > 0
    });
    let _gates = Gate::ALL.map(|gate| stage.gate_with(gate, &settings(gate)));
    for run in &mut runs {
        let ended = run.ended(Duration::from_secs(200)).expect("it ends");
        assert_eq!(ended.code(), Some(0), "{}", run.stderr());
    }
    come_about(&stage, &project);
}
