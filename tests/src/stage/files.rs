//! Gate files, policies and the accounts file of the stage.

use super::{BUCKET, BUS, CONTROLLERS, Gate, Stage, TABLE};
use crate::emulator::REGION;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Whose names are whose: in the accounts file, and in the parameters that the dns gate reads.
pub(super) const DOMAINS: [(&str, &[&str]); 5] = [
    ("foo", &["foo.example.com"]),
    ("bar", &["bar.example.com", "pay.foo.example.com"]),
    ("baz", &["baz.example.com"]),
    ("infra", &["=example.com", "www.example.com"]),
    ("shared", &[".corp.example.com"]),
];
/// Account, scope and status, as the accounts file has them.
const ACCOUNTS: [(&str, &str, &str); 8] = [
    ("foo", "dev", "active"),
    ("bar", "standard", "active"),
    ("baz", "dev", "suspended"),
    ("infra", "infra", "active"),
    ("dns", "infra", "active"),
    ("shared", "infra", "active"),
    ("cicd", "cicd", "active"),
    ("management", "management", "active"),
];
const SCOPES: &str = "\
Scopes:
  dev: { organization_unit: Dev, tier: dev }
  standard: { organization_unit: Standard, tier: standard }
  infra: { organization_unit: Infra, tier: infra }
  cicd: { organization_unit: Infra, tier: cicd }
  # No tier: the management account answers requests and never makes one.
  management: {}
Accounts:
";

/// Where a gate keeps its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LedgerKind {
    /// A file of the stage's folder.
    #[default]
    Sqlite,
    /// The table of the gate's account.
    DynamoDb,
}

/// How one gate is run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Tells gates of one kind apart: part of the names of their ledger file, receipts and gate file.
    pub instance: String,
    /// Where the ledger is.
    pub ledger: LedgerKind,
    /// Whether receipts go to the bucket of the gate's account.
    pub receipts_s3: bool,
    /// The value of `sources`, as YAML; the gate's queue with its rules when left out.
    pub sources: Option<String>,
    /// The value of `brakes`, as YAML.
    pub brakes: Option<String>,
    /// Most requests in flight; the default of the product when left out.
    pub in_flight: Option<u32>,
    /// Further keys of `serve`, as YAML flow: `drain-seconds: 5`.
    pub serve: Option<String>,
    /// Where AWS is called: the emulator when left out. A proxy's URL goes here.
    pub url: Option<String>,
    /// Further variables of the process.
    pub variables: Vec<(String, String)>,
    /// Whether the gate judges and replies and changes nothing.
    pub dry_run: bool,
    /// Names replaced in the gate file at the end: `(from, to)`, for what has no setting of its own.
    pub replace: Vec<(String, String)>,
}

impl Stage<'_> {
    /// The shipped policies in the stage's folder: with plugins where they are built, the allowlist from Parameter Store,
    /// and the kinds that the stage's gates have.
    pub(super) fn write_policies(&self) {
        let plugins = crate::root().join("target/plugins").display().to_string();
        for name in ["sender-trust", "dns-allowlist", "scp-validation"] {
            let source = crate::root().join(format!("policies/{name}/policy.yaml"));
            let mut text = std::fs::read_to_string(&source).expect("a policy file");
            text = text.replace("../../target/plugins", &plugins);
            if name == "dns-allowlist" {
                let accounts = "allowed: { accounts: allowed_dns_domains }";
                assert!(text.contains(accounts), "the shipped policy reads the accounts file");
                let ssm = "allowed: { ssm: \"/reeve/dns/allowed/{sender.account}\", list: domains }";
                text = text.replace(accounts, ssm);
            }
            if name == "sender-trust" && !text.contains("DEREGISTER_HOST:") {
                text = text.replace("    REGISTER_HOST: dev\n", "    REGISTER_HOST: dev\n    DEREGISTER_HOST: dev\n");
            }
            let folder = self.folder().join("policies").join(name);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("policy.yaml"), text).expect("written");
            // Tables that the policy names.
            for entry in std::fs::read_dir(source.with_file_name("")).expect("a folder") {
                let entry = entry.expect("an entry");
                if entry.file_name() != "policy.yaml" && entry.file_type().expect("a type").is_file() {
                    std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("copied");
                }
            }
        }
        let mut accounts = SCOPES.to_owned();
        for (name, scope, status) in ACCOUNTS {
            let domains = DOMAINS.iter().find(|(account, _)| *account == name).map_or(&[][..], |(_, domains)| domains);
            let id = self.id(name);
            let domains = domains.iter().map(|domain| format!("\"{domain}\"")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                accounts,
                "  {name}: {{ id: \"{id}\", email: aws+{name}@example.com, scope: {scope}, status: {status}, \
                 allowed_dns_domains: [{domains}] }}"
            );
        }
        std::fs::write(self.folder().join("accounts.yaml"), accounts).expect("written");
        let inventory = "inventory:\n  targets:\n    d111111abcdef8.cloudfront.net: Z2FDTNDATAQYW2\n";
        std::fs::write(self.folder().join("facts.yaml"), inventory).expect("written");
    }

    /// Writes the file of a gate; its path.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn gate_file(&self, gate: Gate, settings: &Settings) -> PathBuf {
        let mut text = format!(
            "gate: {name}\naccount: \"{account}\"\nregion: {REGION}\naccounts: accounts.yaml\nfacts: facts.yaml\n\
             policies-root: policies\n",
            name = gate.name(),
            account = self.account_of(gate)
        );
        text += &match gate {
            Gate::Dns => self.dns_kinds(),
            Gate::Management => self.management_kinds(),
        };
        let (name, instance) = (gate.name(), &settings.instance);
        let sources = settings.sources.clone().unwrap_or_else(|| self.queue_source(gate));
        let _ = writeln!(text, "sources: {sources}");
        let _ = match settings.ledger {
            LedgerKind::Sqlite => writeln!(text, "ledger: {{ sqlite: ledger-{name}{instance}.db }}"),
            LedgerKind::DynamoDb => writeln!(text, "ledger: {{ dynamodb: {TABLE} }}"),
        };
        let _ = if settings.receipts_s3 {
            writeln!(text, "receipts: {{ s3: {{ bucket: {BUCKET}-{name}, prefix: \"reeve{instance}\" }} }}")
        } else {
            writeln!(text, "receipts: {{ dir: receipts-{name}{instance} }}")
        };
        let _ = writeln!(text, "reply: {{ bus: {BUS} }}");
        if let Some(brakes) = &settings.brakes {
            let _ = writeln!(text, "brakes: {brakes}");
        }
        let mut serve = "listen: \"127.0.0.1:0\"".to_owned();
        if let Some(count) = settings.in_flight {
            let _ = write!(serve, ", in-flight: {count}");
        }
        if let Some(more) = &settings.serve {
            let _ = write!(serve, ", {more}");
        }
        let _ = writeln!(text, "serve: {{ {serve} }}");
        for (from, to) in &settings.replace {
            assert!(text.contains(from), "`{from}` is not in the gate file:\n{text}");
            text = text.replace(from, to);
        }
        let path = self.folder().join(format!("gate-{name}{instance}.yaml"));
        std::fs::write(&path, text).expect("written");
        path
    }

    /// The value of `sources` for a gate's queue, verified by its rules.
    #[must_use]
    pub fn queue_source(&self, gate: Gate) -> String {
        let rules = self.rules(gate).iter().map(|rule| format!("\"{rule}\"")).collect::<Vec<_>>().join(", ");
        format!("[{{ sqs: {{ queue: \"{}\", verified-by: [{rules}] }} }}]", self.intake_url(gate))
    }

    fn dns_kinds(&self) -> String {
        let (public, private) = (self.zone("example.com"), self.zone("corp.example.com"));
        format!(
            "zones:\n  {public}: {{ name: example.com }}\n  {private}: {{ name: corp.example.com, private: true }}\n\
             kinds:\n  DNS_RECORD_CHANGE: {{ zones: [{public}, {private}], ttl: [60, 86400] }}\n  \
             CERT_VALIDATION: {{ zones: [{public}] }}\n  DNS_DELEGATION: {{ zones: [{public}] }}\n  \
             PUT_PARAMETER: {{ path: /reeve/dns/allowed }}\n\
             policies: [sender-trust, dns-allowlist]\n\
             roles: {{ delegation: \"arn:aws:iam::{{account}}:role/reeve-delegation\" }}\n"
        )
    }

    fn management_kinds(&self) -> String {
        let (shared, [one, two]) = (self.id("shared"), CONTROLLERS);
        format!(
            "kinds:\n  CREATE_ACCOUNT: {{ email-domains: [example.com], units: [Dev, Standard] }}\n  \
             MOVE_ACCOUNT: {{ units: [Dev, Standard, Morgue], may-lose-deny: [Morgue] }}\n  \
             TAG_ACCOUNT: {{ keys: [scope, service-name, region] }}\n  \
             LIST_ACCOUNTS: {{}}\n  PUT_PARAMETER: {{ path: /pub }}\n  SCP_UPDATE: {{}}\n  \
             REGISTER_HOST:\n    zones: [corp.example.com]\n    \
             document: {{ name: AWS-RunPowerShellScript, version: \"1\" }}\n    controllers: [{one}, {two}]\n    \
             role-arn: arn:aws:iam::{shared}:role/reeve-register-host\n    groups: [my-asg-name]\n  \
             DEREGISTER_HOST: {{}}\n\
             policies: [sender-trust, scp-validation]\n\
             roles: {{ instance-facts: \"arn:aws:iam::{{account}}:role/reeve-facts\" }}\n"
        )
    }
}
