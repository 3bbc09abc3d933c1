//! The target `request`: an event as every kind of a gate reads it, before and after its facts.

use crate::event::told_well;
use crate::values::assert_pointer_leads_somewhere;
use reeve_config::GateFile;
use reeve_kinds::{Ask, Kind, World};
use reeve_model::{Event, Refusal};
use std::sync::OnceLock;

/// A gate that has every kind.
const GATE: &str = r#"
gate: all
account: "999988887777"
region: ap-southeast-2
accounts: accounts.yaml
zones:
  Z0123456789EXAMPLE1: { name: example.com }
  Z0123456789PRIVATE1: { name: corp.example.com, private: true }
kinds:
  CERT_VALIDATION: { zones: [Z0123456789EXAMPLE1] }
  CREATE_ACCOUNT: { email-domains: [example.com], units: [Dev, Standard] }
  DEREGISTER_HOST: {}
  DNS_DELEGATION: { zones: [Z0123456789EXAMPLE1] }
  DNS_RECORD_CHANGE: { zones: [Z0123456789EXAMPLE1, Z0123456789PRIVATE1], ttl: [60, 86400] }
  LIST_ACCOUNTS: {}
  MOVE_ACCOUNT: { units: [Dev, Standard, Morgue], may-lose-deny: [Morgue] }
  PUT_PARAMETER: { path: /pub }
  REGISTER_HOST:
    zones: [corp.example.com]
    document: { name: AWS-RunPowerShellScript, version: "1" }
    controllers: [i-0aaaaaaaaaaaaaaa0]
    role-arn: arn:aws:iam::555566667777:role/reeve-register-host
  SCP_UPDATE: {}
  TAG_ACCOUNT: { keys: [scope, region] }
  TEAM_THING: { schema: schema.json }
policies: [sender-trust]
"#;
/// What a request of the team's kind looks like.
const SCHEMA: &[u8] = br#"{"type":"object","additionalProperties":false,"required":["name"],"properties":{
    "name":{"type":"string","pattern":"^[a-z]{1,8}$"},"sizes":{"type":"array","items":{"type":"integer","minimum":1}}}}"#;

fn kinds() -> &'static [Box<dyn Kind>] {
    static KINDS: OnceLock<Vec<Box<dyn Kind>>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let gate = GateFile::parse("gate.yaml", GATE, &|_| Ok(SCHEMA.to_vec())).expect("the gate file is good");
        gate.kinds.into_iter().map(|route| route.kind).collect()
    })
}

/// Reads the event, and plans it by every kind that its `detail-type` names.
pub fn request(data: &[u8]) {
    let Ok(event) = Event::parse(data) else { return };
    for kind in kinds().iter().filter(|kind| kind.detail_type() == event.detail_type) {
        let planned = plan(kind.as_ref(), &event);
        assert_eq!(planned, plan(kind.as_ref(), &event), "{} planned twice", kind.name());
    }
}

/// What comes of it where no fact is known, as text; every refusal is looked at on the way.
fn plan(kind: &dyn Kind, event: &Event) -> String {
    let refused = |refusals: Vec<Refusal>| {
        assert!(!refusals.is_empty(), "refused without a reason");
        for refusal in &refusals {
            told_well(refusal);
            assert_pointer_leads_somewhere(&event.body, &refusal.at);
        }
        format!("{refusals:?}")
    };
    let ask = match Ask::read(event, kind) {
        Ok(ask) => ask,
        Err(refusals) => return refused(refusals),
    };
    let draft = match kind.draft(&ask) {
        Ok(draft) => draft,
        Err(refusals) => return refused(refusals),
    };
    let world = World::default();
    let needs = draft.needs();
    let answer = draft.answer(&world);
    let actions = draft.actions(&world).map_or_else(refused, |actions| format!("{actions:?}"));
    format!("{needs:?} {actions} {answer:?} {:?} {:?}", draft.holdings(&world), draft.released(&world))
}
