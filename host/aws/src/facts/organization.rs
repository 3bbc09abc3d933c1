//! The organization as Organizations tells it: units, accounts, service control policies, and what is attached where.
//!
//! Attachments are listed policy by policy: an organization has far fewer policies than accounts.

use super::{Tokens, failed};
use crate::{Aws, Failure, Service};
use aws_sdk_organizations::types::{Account, PolicyType};
use reeve_engine::FactError;
use reeve_kinds::{Organization, OrganizationAccount, Scp, Unit};
use reeve_model::AccountId;
use std::collections::BTreeMap;

/// Units and roots of one organization (Organizations quotas: 2,000 units). More is a listing that does not end.
const UNITS_MAX: usize = 4_000;

/// Readings of an organization that changes while it is read, before that is an error.
const READINGS_MAX: usize = 3;

/// Reads everything. What cannot be read is an error: half an organization is none. Nor is one of two moments: what is
/// attached to something that was not there yet is read again.
pub(super) async fn organization(aws: &Aws) -> Result<Organization, FactError> {
    for _ in 0..READINGS_MAX {
        let organization = once(aws).await?;
        let known = |target: &String| {
            *target == organization.root_id
                || organization.units.contains_key(target)
                || organization.accounts.contains_key(target)
        };
        if organization.attachments.keys().all(known) {
            return Ok(organization);
        }
    }
    Err(FactError("the organization changes while it is read".to_owned()))
}

async fn once(aws: &Aws) -> Result<Organization, FactError> {
    let mut organization = Organization {
        management_account: management_account(aws).await?,
        root_id: root(aws).await?,
        ..Organization::default()
    };
    let (tree, policies) = tokio::join!(tree(aws, &organization.root_id), policies(aws));
    (organization.units, organization.accounts) = tree?;
    organization.policies = policies?;
    for id in organization.policies.keys() {
        for target in targets(aws, id).await? {
            organization.attachments.entry(target).or_default().push(id.clone());
        }
    }
    Ok(organization)
}

async fn management_account(aws: &Aws) -> Result<String, FactError> {
    const OPERATION: &str = "DescribeOrganization";
    aws.spend(Service::Organizations, OPERATION).await;
    let answer = aws.organizations().describe_organization().send().await.map_err(failed(OPERATION))?;
    let id = answer.organization().and_then(|it| it.master_account_id());
    Ok(id.ok_or_else(|| Failure::garbled(OPERATION, "management account"))?.to_owned())
}

async fn root(aws: &Aws) -> Result<String, FactError> {
    const OPERATION: &str = "ListRoots";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), None);
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_roots().set_next_token(tokens.current());
        let answer = call.send().await.map_err(failed(OPERATION))?;
        for root in answer.roots() {
            let id = root.id().ok_or_else(|| Failure::garbled(OPERATION, "id"))?;
            if found.replace(id.to_owned()).is_some() {
                return Err(FactError("the organization has several roots".to_owned()));
            }
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found.ok_or_else(|| Failure::garbled(OPERATION, "root"))?);
        }
    }
}

type Tree = (BTreeMap<String, Unit>, BTreeMap<String, OrganizationAccount>);

async fn tree(aws: &Aws, root: &str) -> Result<Tree, FactError> {
    let (mut units, mut accounts) = (BTreeMap::new(), BTreeMap::new());
    let mut parents = vec![root.to_owned()];
    while let Some(parent) = parents.pop() {
        // Two operations, each with a bucket of its own.
        let (below, within) = tokio::join!(units_below(aws, &parent), accounts_in(aws, &parent));
        for account in within? {
            accounts.insert(account.id.as_str().to_owned(), account);
        }
        for (id, unit) in below? {
            if units.insert(id.clone(), unit).is_none() {
                parents.push(id);
            }
        }
        if units.len() > UNITS_MAX {
            return Err(FactError(format!("the organization has more than {UNITS_MAX} units")));
        }
    }
    Ok((units, accounts))
}

async fn units_below(aws: &Aws, parent: &str) -> Result<Vec<(String, Unit)>, FactError> {
    const OPERATION: &str = "ListOrganizationalUnitsForParent";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), Vec::new());
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_organizational_units_for_parent().parent_id(parent);
        let answer = call.set_next_token(tokens.current()).send().await.map_err(failed(OPERATION))?;
        for unit in answer.organizational_units() {
            let (id, name) = unit.id().zip(unit.name()).ok_or_else(|| Failure::garbled(OPERATION, "id or name"))?;
            found.push((id.to_owned(), Unit { name: name.to_owned(), parent_id: parent.to_owned() }));
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}

async fn accounts_in(aws: &Aws, parent: &str) -> Result<Vec<OrganizationAccount>, FactError> {
    const OPERATION: &str = "ListAccountsForParent";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), Vec::new());
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_accounts_for_parent().parent_id(parent);
        let answer = call.set_next_token(tokens.current()).send().await.map_err(failed(OPERATION))?;
        for account in answer.accounts() {
            found.push(member(account, parent).ok_or_else(|| Failure::garbled(OPERATION, "id, name or e-mail"))?);
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}

fn member(account: &Account, parent: &str) -> Option<OrganizationAccount> {
    Some(OrganizationAccount {
        id: AccountId::parse(account.id()?)?,
        name: account.name()?.to_owned(),
        email: account.email()?.to_owned(),
        parent_id: parent.to_owned(),
    })
}

async fn policies(aws: &Aws) -> Result<BTreeMap<String, Scp>, FactError> {
    const OPERATION: &str = "ListPolicies";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), BTreeMap::new());
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_policies().filter(PolicyType::ServiceControlPolicy);
        let answer = call.set_next_token(tokens.current()).send().await.map_err(failed(OPERATION))?;
        for policy in answer.policies() {
            let (id, name) = policy.id().zip(policy.name()).ok_or_else(|| Failure::garbled(OPERATION, "id or name"))?;
            let scp = Scp {
                name: name.to_owned(),
                description: policy.description().unwrap_or_default().to_owned(),
                document: document(aws, id).await?,
                aws_managed: policy.aws_managed(),
            };
            found.insert(id.to_owned(), scp);
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}

/// The tags of an account.
pub(super) async fn tags(aws: &Aws, account: &AccountId) -> Result<BTreeMap<String, String>, FactError> {
    const OPERATION: &str = "ListTagsForResource";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), BTreeMap::new());
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_tags_for_resource().resource_id(account.as_str());
        let answer = call.set_next_token(tokens.current()).send().await.map_err(failed(OPERATION))?;
        found.extend(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}

async fn document(aws: &Aws, id: &str) -> Result<String, FactError> {
    const OPERATION: &str = "DescribePolicy";
    aws.spend(Service::Organizations, OPERATION).await;
    let answer = aws.organizations().describe_policy().policy_id(id).send().await.map_err(failed(OPERATION))?;
    let content = answer.policy().and_then(|policy| policy.content());
    Ok(content.ok_or_else(|| Failure::garbled(OPERATION, "content"))?.to_owned())
}

async fn targets(aws: &Aws, policy: &str) -> Result<Vec<String>, FactError> {
    const OPERATION: &str = "ListTargetsForPolicy";
    let (mut tokens, mut found) = (Tokens::new(OPERATION), Vec::new());
    loop {
        aws.spend(Service::Organizations, OPERATION).await;
        let call = aws.organizations().list_targets_for_policy().policy_id(policy);
        let answer = call.set_next_token(tokens.current()).send().await.map_err(failed(OPERATION))?;
        for target in answer.targets() {
            found.push(target.target_id().ok_or_else(|| Failure::garbled(OPERATION, "target"))?.to_owned());
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(found);
        }
    }
}
