//! A state as the organization that permissions are simulated in.

use crate::files::{FULL_AWS_ACCESS, FULL_AWS_ACCESS_DOCUMENT};
use crate::gates::finding;
use crate::state::{Attached, PolicyState, ROOT, State};
use reeve_model::{AccountId, Finding, Place, Severity};
use reeve_scp::{Builder, Document, Organization, OrganizationError};
use std::collections::BTreeMap;

impl State {
    /// The organization of this state, for simulation: accounts and policies by name, units by `unit/<name>`. Where
    /// nothing says what is attached to a target, it has `FullAWSAccess`, as AWS makes it; where nothing says what a
    /// unit or account is below, it is below the root.
    ///
    /// # Errors
    /// `PLAN_POLICY_UNDECIDABLE`: a document that cannot be evaluated, at the place in its file.
    /// `PLAN_POLICY_FILE_MISSING`: a policy that is attached and has no document.
    /// `PLAN_NO_TREE`: units that do not make a tree.
    pub fn to_scp(&self) -> Result<Organization, Vec<Finding>> {
        let mut findings = Vec::new();
        let management = self.management_account.as_ref().map(AccountId::as_str).unwrap_or_default();
        let mut builder = Organization::builder(&unit_key(ROOT), management);
        self.policies(&mut builder, &mut findings);
        for (name, parent, attached) in self.units() {
            if name != ROOT {
                builder.unit(&unit_key(name), name, &unit_key(parent));
            }
            self.attach(&mut builder, &unit_key(name), attached, &mut findings);
        }
        for (name, account) in &self.accounts {
            let unit = account.unit.as_deref().unwrap_or(ROOT);
            builder.account(name, account.id.as_ref().map(AccountId::as_str), name, &unit_key(unit));
            self.attach(&mut builder, name, account.policies.as_ref(), &mut findings);
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        builder.build().map_err(|error| vec![self.no_tree(&error)])
    }

    /// Units with their parents and what is attached; those too that only an account or another unit names.
    fn units(&self) -> Vec<(&str, &str, Option<&Attached>)> {
        let mut units: BTreeMap<&str, (&str, Option<&Attached>)> = BTreeMap::from([(ROOT, (ROOT, None))]);
        let parents = self.units.values().filter_map(|unit| unit.parent.as_deref());
        let of_accounts = self.accounts.values().filter_map(|account| account.unit.as_deref());
        units.extend(parents.chain(of_accounts).map(|name| (name, (ROOT, None))));
        for (name, unit) in &self.units {
            units.insert(name, (unit.parent.as_deref().unwrap_or(ROOT), unit.policies.as_ref()));
        }
        units.into_iter().map(|(name, (parent, attached))| (name, parent, attached)).collect()
    }

    fn policies(&self, builder: &mut Builder, findings: &mut Vec<Finding>) {
        let full = PolicyState {
            document: FULL_AWS_ACCESS_DOCUMENT.to_owned(),
            text: FULL_AWS_ACCESS_DOCUMENT.to_owned(),
            aws_managed: true,
            place: None,
        };
        let missing = (!self.policies.contains_key(FULL_AWS_ACCESS)).then_some((FULL_AWS_ACCESS, &full));
        for (name, policy) in self.policies.iter().map(|(name, policy)| (name.as_str(), policy)).chain(missing) {
            match Document::parse(&policy.text) {
                Ok(document) => {
                    builder.policy(name, name, document);
                }
                Err(error) => {
                    let place = policy.place.as_ref().map(|place| Place {
                        file: place.file.clone(),
                        line: error.position.line,
                        column: error.position.column,
                    });
                    let message = format!("policy `{}` cannot be evaluated: {}", name.escape_debug(), error.message);
                    findings.push(finding("PLAN_POLICY_UNDECIDABLE", Severity::Error, message, place).about(name));
                }
            }
        }
    }

    fn attach(&self, builder: &mut Builder, target: &str, attached: Option<&Attached>, findings: &mut Vec<Finding>) {
        let Some(attached) = attached else {
            builder.attach(target, FULL_AWS_ACCESS);
            return;
        };
        for (policy, place) in attached {
            if self.policies.contains_key(policy) {
                builder.attach(target, policy);
            } else {
                let message = format!("policy `{}` is attached and has no file", policy.escape_debug());
                let found = finding("PLAN_POLICY_FILE_MISSING", Severity::Error, message, place.clone());
                findings.push(found.about(policy));
            }
        }
    }

    fn no_tree(&self, error: &OrganizationError) -> Finding {
        let place = self.units.values().find_map(|unit| unit.place.clone());
        finding("PLAN_NO_TREE", Severity::Error, format!("the organization cannot be simulated: {error}"), place)
    }
}

fn unit_key(name: &str) -> String {
    format!("unit/{name}")
}
