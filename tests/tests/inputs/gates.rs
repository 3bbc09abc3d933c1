//! The gates that judge the rows, written as files and wired as the binary wires them.

use super::{facts, ssm};
use reeve::exit::Failure;
use reeve::wiring;
use reeve_engine::{Gate, Runner};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Gates of the table.
pub(crate) struct Gates {
    /// The gate of the zones.
    pub(crate) dns: Runner,
    /// The gate of the management account.
    pub(crate) management: Runner,
    /// As `dns`, with allowlists from Parameter Store.
    pub(crate) lists: Runner,
    folder: TempDir,
}

/// Zones of the gates: two foreign ones, so that a name there is judged by its owner, and two of one name.
const ZONES: &str = r#"
zones:
  Z1EXAMPLE: { name: example.com }
  Z2PRIVATE: { name: corp.example.com, private: true }
  Z3EVIL: { name: evilexample.com }
  Z4EVIL: { name: evil.com }
  Z5TWIN: { name: twin.example.net }
  Z6TWIN: { name: twin.example.net, private: true }
kinds:
  DNS_RECORD_CHANGE: { zones: [Z1EXAMPLE, Z2PRIVATE, Z3EVIL, Z4EVIL, Z5TWIN, Z6TWIN], ttl: [60, 86400] }
  CERT_VALIDATION: { zones: [Z1EXAMPLE] }
# The rows are about what kinds and policies refuse; the brakes have tests of their own.
brakes: { changes-per-request: 2000, zone-share: 100%, allow: [apex, mx, caa] }
"#;

const MANAGEMENT: &str = r#"
kinds:
  CREATE_ACCOUNT: { email-domains: [example.com], units: [Dev, Standard] }
  MOVE_ACCOUNT: { units: [Dev, Standard, Morgue], may-lose-deny: [Morgue] }
  LIST_ACCOUNTS: {}
  PUT_PARAMETER: { path: /pub }
  SCP_UPDATE: { size-quota-chars: 10240, attach-max: 10 }
  TEAM_WINDOW: { schema: window.schema.json }
  REGISTER_HOST:
    zones: [corp.example.com]
    document: { name: AWS-RunPowerShellScript, version: "1" }
    controllers: [i-0aaaaaaaaaaaaaaa0]
    role-arn: arn:aws:iam::555566667777:role/reeve-register-host
    groups: [my-asg-name]
policies: [sender-trust, scp-validation]
"#;

const WINDOW_SCHEMA: &str =
    r#"{"type":"object","properties":{"opens":{"type":"string"}},"required":["opens"],"additionalProperties":false}"#;

impl Gates {
    /// Writes and wires all gates.
    pub(crate) fn wire() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        write(at, "accounts.yaml", &facts::accounts());
        write(at, "facts.yaml", &facts::facts(ssm::INSTANCES, ssm::LISTS));
        write(at, "window.schema.json", WINDOW_SCHEMA);
        write(at, "policies/dns/policy.yaml", &dns_policy("{ accounts: allowed_dns_domains }"));
        let parameter = r#"{ ssm: "/reeve/dns/allowed/{sender.account}", list: domains }"#;
        write(at, "policies/lists/policy.yaml", &dns_policy(parameter));
        let gate = |name: &str, rest: &str| {
            let file = format!("{name}.yaml");
            write(at, &file, &gate_file(rest));
            let wired = wiring::gate(&at.join(&file)).unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert!(wired.faults.is_empty(), "{name}: {:?}", wired.faults);
            runner(wired.gate)
        };
        Self {
            dns: gate("dns", &format!("{ZONES}policies: [sender-trust, policies/dns]\n")),
            management: gate("management", MANAGEMENT),
            lists: gate("lists", &format!("{ZONES}policies: [sender-trust, policies/lists]\n")),
            folder,
        }
    }

    /// A gate of `gate.yaml` and other files, beside those of all gates.
    pub(crate) fn of_files(&self, files: &[(PathBuf, Vec<u8>)]) -> Result<Runner, Failure> {
        let folder = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        for name in ["accounts.yaml", "facts.yaml", "window.schema.json"] {
            std::fs::copy(self.folder.path().join(name), folder.path().join(name)).expect("a copy");
        }
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(wiring::folder(&path)).expect("a folder");
            std::fs::write(path, bytes).expect("a file");
        }
        Ok(runner(wiring::gate(&folder.path().join("gate.yaml"))?.gate))
    }
}

/// A dry runner that keeps nothing; each row brings a ledger of its own.
fn runner(gate: Gate) -> Runner {
    wiring::dry_runner(gate, Box::new(reeve_local::NoReceipts), Box::new(super::check::now))
}

/// A whole `gate.yaml` of which `rest` is the part that matters.
pub(crate) fn gate_file(rest: &str) -> String {
    let root = repository().join("policies");
    let head = "gate: tried\naccount: \"999988887777\"\nregion: ap-southeast-2\naccounts: accounts.yaml\n";
    format!("{head}facts: facts.yaml\npolicies-root: {}\n{rest}", root.display())
}

/// `gate.yaml` for [`Gates::of_files`], with the zones and these policies.
pub(crate) fn dns_gate(policies: &str) -> (PathBuf, Vec<u8>) {
    (PathBuf::from("gate.yaml"), gate_file(&format!("{ZONES}policies: {policies}\n")).into_bytes())
}

/// `gate.yaml` for [`Gates::of_files`]: the management gate with one text replaced by another.
pub(crate) fn management_gate(this: &str, by: &str) -> (PathBuf, Vec<u8>) {
    assert!(MANAGEMENT.contains(this), "{this}");
    (PathBuf::from("gate.yaml"), gate_file(&MANAGEMENT.replace(this, by)).into_bytes())
}

/// A `policy.yaml` of `dns-allowlist` that lets every type be changed, its allowlist from `need`.
pub(crate) fn dns_policy(need: &str) -> String {
    let types = "A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SPF, SRV, SSHFP, SVCB, TLSA, TXT";
    format!(
        "policy: dns\nplugin: {}\nkinds: [DNS_RECORD_CHANGE, CERT_VALIDATION]\nneeds: {{ allowed: {need} }}\n\
         datasets: {{ owners: {{ accounts: allowed_dns_domains }} }}\nsettings: {{ types: [{types}] }}\n",
        plugin("dns-allowlist").display()
    )
}

/// The path of a plugin that is built.
pub(crate) fn plugin(name: &str) -> PathBuf {
    let path = repository().join("target/plugins").join(format!("{name}.wasm"));
    assert!(path.is_file(), "no plugin at {}; run `cargo xtask guests` first", path.display());
    path
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(wiring::folder(&path)).expect("a folder");
    std::fs::write(path, text).expect("a file");
}
