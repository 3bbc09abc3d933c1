//! Repositories of container images: from the file that describes them to CloudFormation.
//!
//! A repository says which class of accounts and which services may pull from it. Which accounts those are follows from
//! the accounts file, so that a new account of a service can pull without a change here.

mod lifecycle;
mod read;

use crate::finding::{CLASS_UNKNOWN, Findings, NO_ACCOUNT, TOO_LARGE};
use crate::limits::REPOSITORY_POLICY_CHARS_MAX;
use crate::options::class_hint;
use crate::stack::{Stack, logical_id, policy};
use crate::{Class, EcrOptions};
use read::{Pull, Repository, Word};
use reeve_accounts::{Account, Accounts, Status};
use reeve_json::{Object, Value, compact};
use reeve_model::Place;
use reeve_yaml::{did_you_mean, quoted};
use std::collections::BTreeSet;

/// What pulling an image takes (ECR user guide, repository policy examples). `ecr:GetAuthorizationToken` is not about a
/// repository, so the puller's own account has to allow it.
const PULL_ACTIONS: [&str; 3] = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The template: one repository after the other, in the order of the file.
pub(crate) fn stack(accounts: &Accounts, ecr: &EcrOptions, input: Option<&str>, findings: &mut Findings) -> Stack {
    let mut stack = Stack::new("Repositories of container images, rendered from the list of accounts");
    let repositories = match read::repositories(&ecr.input, input.unwrap_or_default()) {
        Ok(repositories) => repositories,
        Err(errors) => {
            errors.into_iter().for_each(|error| findings.yaml(error));
            return stack;
        }
    };
    check_classes(accounts, ecr, findings);
    for repository in &repositories {
        let mut properties = Object::new();
        properties.set("RepositoryName", repository.name.as_str());
        if let Some(text) = lifecycle::policy_text(repository, findings) {
            properties.set("LifecyclePolicy", Value::object([("LifecyclePolicyText", text)]));
        }
        if let Some(pull) = &repository.pull {
            let ids = pullers(accounts, ecr, pull, findings);
            if !ids.is_empty() {
                properties.set("RepositoryPolicyText", repository_policy(&ids, repository, pull, findings));
            }
        }
        if !repository.tags.is_empty() {
            let tag = |(key, value): &(String, String)| {
                Value::object([("Key", Value::from(key.as_str())), ("Value", Value::from(value.as_str()))])
            };
            properties.set("Tags", Value::array(repository.tags.iter().map(tag)));
        }
        stack.kept(&logical_id("Repository", &repository.name), "AWS::ECR::Repository", properties);
    }
    stack
}

/// Tells the scopes and tiers of the table that no account has.
fn check_classes(accounts: &Accounts, ecr: &EcrOptions, findings: &mut Findings) {
    for class in ecr.classes.values() {
        let mut check = |what: &str, words: &[(String, Place)], of: fn(&Account) -> Option<&str>| {
            for (word, place) in words.iter().filter(|(word, _)| !accounts.iter().any(|it| of(it) == Some(word))) {
                let hint = did_you_mean(word, &format!("{what}s"), values(accounts, of));
                findings.warning(
                    NO_ACCOUNT,
                    place.clone(),
                    format!("no account has the {what} {}", quoted(word)),
                    &hint,
                );
            }
        };
        check("scope", &class.scopes, Account::scope);
        check("tier", &class.tiers, Account::tier);
    }
}

/// What accounts have for a key, sorted, each once.
fn values(accounts: &Accounts, of: fn(&Account) -> Option<&str>) -> BTreeSet<&str> {
    accounts.iter().filter_map(of).collect()
}

/// The ids of the accounts that may pull, sorted: active accounts of one of the classes that have one of the services;
/// of any class or service where none is named.
fn pullers<'a>(accounts: &'a Accounts, ecr: &EcrOptions, pull: &Pull, findings: &mut Findings) -> BTreeSet<&'a str> {
    let mut classes = Vec::new();
    for class in &pull.classes {
        match ecr.classes.get(&class.text) {
            Some(found) => classes.push(found),
            None => {
                let message = format!("class {} of accounts is not known", quoted(&class.text));
                findings.error(CLASS_UNKNOWN, class.place.clone(), message, &class_hint(&class.text, ecr));
            }
        }
    }
    for service in pull.services.iter().filter(|it| !accounts.iter().any(|account| account.service() == Some(&it.text)))
    {
        let hint = did_you_mean(&service.text, "services", values(accounts, Account::service));
        let message = format!("no account has the service {}", quoted(&service.text));
        findings.warning(NO_ACCOUNT, service.place.clone(), message, &hint);
    }
    let may = |account: &&Account| {
        account.status() == Status::Active
            && (pull.classes.is_empty() || classes.iter().any(|class| holds(class, account)))
            && (pull.services.is_empty() || named(&pull.services, account.service()))
    };
    accounts.iter().filter(may).filter_map(|account| findings.id(accounts, account)).collect()
}

fn holds(class: &Class, account: &Account) -> bool {
    let has = |words: &[(String, Place)], value: Option<&str>| words.iter().any(|(word, _)| value == Some(word));
    has(&class.scopes, account.scope()) || has(&class.tiers, account.tier())
}

fn named(words: &[Word], value: Option<&str>) -> bool {
    words.iter().any(|word| value == Some(&word.text))
}

/// The policy that lets these accounts pull. An account's id is a principal by itself, in every partition (IAM user
/// guide, `Principal`).
fn repository_policy(ids: &BTreeSet<&str>, repository: &Repository, pull: &Pull, findings: &mut Findings) -> Value {
    let statement = Value::object([
        ("Sid", Value::from("Pull")),
        ("Effect", Value::from("Allow")),
        ("Principal", Value::object([("AWS", Value::array(ids.iter().copied()))])),
        ("Action", Value::array(PULL_ACTIONS)),
    ]);
    let document = policy([statement]);
    let chars = compact(&document).chars().count();
    if chars > REPOSITORY_POLICY_CHARS_MAX {
        let message = format!(
            "the policy of `{}` lets {} accounts pull and has {chars} characters, at most {} fit",
            repository.name,
            ids.len(),
            REPOSITORY_POLICY_CHARS_MAX
        );
        findings.error(TOO_LARGE, pull.place.clone(), message, "name the services that pull, or a smaller class");
    }
    document
}
