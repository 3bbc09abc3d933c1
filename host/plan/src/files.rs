//! The state that files ask for.

use crate::gates::finding;
use crate::state::{AccountState, Attached, Naming, Origin, PolicyState, ROOT, State, UnitState};
use reeve_accounts::{Account, Accounts, Mark, OrganizationalUnit, PolicyName, Sourced, Status};
use reeve_json::{ParseError, position};
use reeve_kinds::policy_document::{minified, read};
use reeve_model::{AccountId, Finding, Place, Severity};
use std::collections::BTreeMap;

/// One file of the folder of policies. Its name without `.json` is the name of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScpFile {
    /// Path, `/` between its parts, relative to the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Name of the policy that AWS attaches to everything at first. Source: Organizations user guide, "SCP inheritance".
pub(crate) const FULL_AWS_ACCESS: &str = "FullAWSAccess";

/// Its document, which nobody can edit.
pub(crate) const FULL_AWS_ACCESS_DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Keys of the accounts file that become tags, and the keys of the tags. A key of `tags` wins.
const TAGS: [(&str, &str); 3] = [("scope", "scope"), ("service", "service-name"), ("region", "region")];

/// Keys of the accounts file that an account's parameter repeats. Its e-mail address is not among them: every account
/// may read the parameters.
const ABOUT: [&str; 6] = ["global_region", "region", "scope", "service", "status", "tier"];

impl State {
    /// The state that an accounts file, with the ids of its lock file, and a folder of policies ask for. Policies are
    /// keyed by name.
    ///
    /// # Errors
    /// `PLAN_POLICY_DOCUMENT`: a document that is no strict JSON object, at the place in its file.
    /// `PLAN_POLICY_AWS_MANAGED`: a file for `FullAWSAccess`, which nobody can edit.
    pub fn of_files(
        accounts: &Accounts,
        policies: &BTreeMap<String, ScpFile>,
        naming: &Naming,
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut documents = BTreeMap::new();
        for (name, file) in policies {
            match policy(name, file) {
                Ok(policy) => {
                    documents.insert(name.clone(), policy);
                }
                Err(found) => findings.push(*found),
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        documents.insert(
            FULL_AWS_ACCESS.to_owned(),
            PolicyState {
                document: FULL_AWS_ACCESS_DOCUMENT.to_owned(),
                text: FULL_AWS_ACCESS_DOCUMENT.to_owned(),
                aws_managed: true,
                place: None,
            },
        );
        let mut units: BTreeMap<String, UnitState> =
            accounts.organizational_units().map(|it| (unit_name(accounts, &it.name), unit(accounts, it))).collect();
        units.entry(ROOT.to_owned()).or_insert_with(|| UnitState {
            id: None,
            parent: None,
            policies: None,
            place: None,
        });
        Ok(Self {
            origin: Origin::Files,
            units,
            accounts: accounts.iter().map(|it| (it.name().to_owned(), account(accounts, it))).collect(),
            policies: documents,
            management_account: None,
            parameters: None,
            naming: naming.clone(),
        })
    }
}

/// The place of a mark in a file.
fn at(file: &str, mark: Mark) -> Place {
    Place { file: file.to_owned(), line: mark.line, column: mark.column }
}

/// The place of the line that set a value.
fn place(sourced: &Sourced) -> Place {
    at(&sourced.file, sourced.at)
}

fn policy(name: &str, file: &ScpFile) -> Result<PolicyState, Box<Finding>> {
    let begin = Place { file: file.path.clone(), line: 1, column: 1 };
    let shown = name.escape_debug();
    if name == FULL_AWS_ACCESS {
        let message = format!("policy `{shown}` is managed by AWS and cannot be edited");
        let found = finding("PLAN_POLICY_AWS_MANAGED", Severity::Error, message, Some(begin));
        return Err(Box::new(found.fix("take the file away; the accounts file may still name the policy").about(name)));
    }
    match read(&file.text) {
        Ok(value) if value.as_object().is_some() => {
            let (document, text) = (minified(&file.text), file.text.clone());
            Ok(PolicyState { document, text, aws_managed: false, place: Some(begin) })
        }
        Ok(value) => {
            let message = format!("the document of policy `{shown}` is a JSON {}, not an object", value.type_name());
            Err(Box::new(finding("PLAN_POLICY_DOCUMENT", Severity::Error, message, Some(begin)).about(name)))
        }
        Err(fault) => Err(Box::new(unreadable(name, file, &fault))),
    }
}

fn unreadable(name: &str, file: &ScpFile, fault: &ParseError) -> Finding {
    let at = position(file.text.as_bytes(), fault.offset);
    let place = Place { file: file.path.clone(), line: at.line, column: at.column };
    let message = format!("the document of policy `{}` is no strict JSON: {fault}", name.escape_debug());
    finding("PLAN_POLICY_DOCUMENT", Severity::Error, message, Some(place)).about(name)
}

/// The name of a unit of the file; that of the root is [`ROOT`], whatever the file calls it.
fn unit_name(accounts: &Accounts, name: &str) -> String {
    if name == accounts.root_unit() { ROOT.to_owned() } else { name.to_owned() }
}

fn unit(accounts: &Accounts, unit: &OrganizationalUnit) -> UnitState {
    let file = accounts.file();
    let names = || unit.policies.iter().map(|it| (it.name.clone(), Some(at(file, it.at)))).collect();
    UnitState {
        id: unit.id.clone(),
        parent: accounts.parent_unit(&unit.name).map(|parent| unit_name(accounts, parent)),
        policies: unit.policies_at.map(|_| names()),
        place: Some(at(file, unit.at)),
    }
}

fn account(accounts: &Accounts, account: &Account) -> AccountState {
    let texts = |key: &str| account.value(key).and_then(|sourced| sourced.value.as_str()).map(str::to_owned);
    let (tags, tag_places) = tags(account);
    let mut about: BTreeMap<String, String> =
        ABOUT.iter().filter_map(|key| Some(((*key).to_owned(), texts(key)?))).collect();
    let active = account.status() == Status::Active;
    about.insert("status".to_owned(), if active { "active" } else { "suspended" }.to_owned());
    let mut domains: Vec<String> = account.allowed_dns_domains().iter().map(ToString::to_string).collect();
    domains.sort();
    AccountState {
        // The accounts file has checked the shape of every id.
        id: account.id().and_then(AccountId::parse),
        email: account.email().map(str::to_owned),
        unit: account.organization_unit().map(|name| unit_name(accounts, name)),
        active,
        tags,
        tag_places,
        policies: account.policies().map(|names| attached(account, &names)),
        about,
        domains,
        place: Some(at(accounts.file(), account.at())),
        places: account.values().map(|(key, sourced)| (key.to_owned(), place(sourced))).collect(),
    }
}

/// Tags that follow from other keys, under those of `tags`, and where each is said.
fn tags(account: &Account) -> (BTreeMap<String, String>, BTreeMap<String, Place>) {
    let (mut tags, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (key, tag) in TAGS {
        if let Some((sourced, text)) = account.value(key).and_then(|it| Some((it, it.value.as_str()?))) {
            tags.insert(tag.to_owned(), text.to_owned());
            places.insert(tag.to_owned(), place(sourced));
        }
    }
    if let Some(sourced) = account.value("tags") {
        for entry in sourced.value.as_mapping().into_iter().flatten() {
            let Some(text) = entry.node.value.as_str() else { continue };
            tags.insert(entry.key.clone(), text.to_owned());
            places.insert(entry.key.clone(), at(&sourced.file, entry.key_at));
        }
    }
    (tags, places)
}

fn attached(account: &Account, names: &[PolicyName]) -> Attached {
    let file = account.value("policies").map(|sourced| sourced.file.as_ref());
    names.iter().map(|it| (it.name.clone(), file.map(|file| at(file, it.at)))).collect()
}
