//! What the tests of the kinds share: an event around a `detail`, the line up to the actions, and an organization.

use crate::organization::FULL_AWS_ACCESS;
use crate::{Ask, DetailRule, Kind, Organization, OrganizationAccount, Scp, Unit, World};
use reeve_json::{Options, StringRule, Value, compact, parse};
use reeve_model::{AccountId, Event, PlannedAction, Refusal};

/// The sender of every test event.
pub(crate) const SENDER: &str = "012345678901";
/// The nonce of every test event.
pub(crate) const NONCE: &str = "687754b2-abd6-3ae6-ae2d-f98bd134512e";

const OPTIONS: Options = Options { bytes_max: 1 << 22, depth_max: 64, strings: StringRule::Any };

/// A JSON value.
#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    parse(text.as_bytes(), &OPTIONS).expect(text).value
}

/// An event of `kind` with this `detail`; the nonce is added where it belongs unless it is there.
#[track_caller]
pub(crate) fn event(kind: &dyn Kind, detail: &str) -> Event {
    let Value::Object(mut detail) = json(detail) else { panic!("detail is an object") };
    let field = if kind.detail_rule() == DetailRule::Ours { "nonce" } else { "RequestId" };
    if detail.get(field).is_none() {
        detail.set(field, NONCE);
    }
    let body = Value::object([
        ("version", Value::from("0")),
        ("id", Value::from("11111111-2222-4333-8444-555555555555")),
        ("detail-type", Value::from(kind.detail_type())),
        ("source", Value::from("app.infra")),
        ("account", Value::from(SENDER)),
        ("time", Value::from("2026-11-21T10:00:00Z")),
        ("region", Value::from("ap-southeast-2")),
        ("resources", Value::array([""; 0])),
        ("detail", Value::Object(detail)),
    ]);
    Event::parse(compact(&body).as_bytes()).expect("a good envelope")
}

/// Drafts the request and plans its actions.
#[track_caller]
pub(crate) fn plan(kind: &dyn Kind, detail: &str, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
    let event = event(kind, detail);
    let ask = Ask::read(&event, kind)?;
    kind.draft(&ask)?.actions(world)
}

/// Codes and pointers of the refusals that planning ends with.
#[track_caller]
pub(crate) fn refused(kind: &dyn Kind, detail: &str, world: &World) -> Vec<(&'static str, String)> {
    codes(&plan(kind, detail, world).expect_err(detail))
}

/// Codes and pointers; what every message must keep is checked on the way.
#[track_caller]
pub(crate) fn codes(refusals: &[Refusal]) -> Vec<(&'static str, String)> {
    for Refusal { message, .. } in refusals {
        assert!(!message.ends_with('.') && !message.contains(char::is_control), "{message:?}");
        assert!(!message.starts_with(|first: char| first.is_ascii_uppercase()), "{message:?}");
    }
    refusals.iter().map(|refusal| (refusal.code.as_str(), refusal.at.clone())).collect()
}

/// `(code, pointer)` pairs to compare with [`codes`].
pub(crate) fn expected(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(code, at)| (*code, (*at).to_owned())).collect()
}

/// The document of `FullAWSAccess`.
pub(crate) const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// An organization: below root `r-abcd` the units Dev, Standard, Morgue, Quarantine, Lab (below Dev), and two named
/// Twin; `FullAWSAccess` everywhere; account `111111111111` in Dev, `999999999999` is the management account.
pub(crate) fn organization() -> Organization {
    let mut organization = Organization {
        root_id: "r-abcd".to_owned(),
        management_account: "999999999999".to_owned(),
        ..Organization::default()
    };
    for (id, name, parent) in [
        ("ou-abcd-11111111", "Dev", "r-abcd"),
        ("ou-abcd-22222222", "Standard", "r-abcd"),
        ("ou-abcd-33333333", "Morgue", "r-abcd"),
        ("ou-abcd-44444444", "Quarantine", "r-abcd"),
        ("ou-abcd-55555555", "Lab", "ou-abcd-11111111"),
        ("ou-abcd-66666666", "Twin", "ou-abcd-11111111"),
        ("ou-abcd-77777777", "Twin", "ou-abcd-22222222"),
    ] {
        organization.units.insert(id.to_owned(), Unit { name: name.to_owned(), parent_id: parent.to_owned() });
    }
    add_account(&mut organization, "111111111111", "ou-abcd-11111111");
    add_account(&mut organization, "999999999999", "r-abcd");
    organization.policies.insert(
        FULL_AWS_ACCESS.to_owned(),
        Scp {
            name: "FullAWSAccess".to_owned(),
            description: "Allows access to every operation".to_owned(),
            document: ALLOW_ALL.to_owned(),
            aws_managed: true,
        },
    );
    let targets: Vec<String> = organization.units.keys().chain(organization.accounts.keys()).cloned().collect();
    for target in targets.into_iter().chain(["r-abcd".to_owned()]) {
        organization.attachments.insert(target, vec![FULL_AWS_ACCESS.to_owned()]);
    }
    organization
}

/// Adds an account with the e-mail address `<id>@example.com`.
pub(crate) fn add_account(organization: &mut Organization, id: &str, parent: &str) {
    let account = OrganizationAccount {
        id: AccountId::parse(id).expect("an account id"),
        name: format!("account {id}"),
        email: format!("{id}@example.com"),
        parent_id: parent.to_owned(),
    };
    organization.accounts.insert(id.to_owned(), account);
}

/// Adds a policy named as its id without `p-`, attached to the targets.
pub(crate) fn add_policy(organization: &mut Organization, id: &str, document: &str, targets: &[&str]) {
    let name = id.trim_start_matches("p-").to_owned();
    let policy = Scp { name, description: String::new(), document: document.to_owned(), aws_managed: false };
    organization.policies.insert(id.to_owned(), policy);
    for target in targets {
        organization.attachments.entry((*target).to_owned()).or_default().push(id.to_owned());
    }
}

/// A world of which only the organization is known.
pub(crate) fn world_of(organization: Organization) -> World {
    World { organization: Some(organization), ..World::default() }
}
