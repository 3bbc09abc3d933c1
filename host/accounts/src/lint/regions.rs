//! Regions: known to AWS, all of one partition, and inside the account's own list.

use super::{Lint, about, accounts_listed, finding, nearest};
use crate::layer::Sourced;
use reeve_model::Severity;
use reeve_scp::{PARTITIONS, PARTITIONS_AS_OF, partition_of};
use reeve_yaml::{Mark, quoted};
use std::collections::BTreeMap;

/// The keys whose value is one Region.
const ONE: [&str; 2] = ["region", "global_region"];

pub(super) fn check(lint: &mut Lint<'_>) {
    unknown(lint);
    outside(lint);
    mixed(lint);
}

/// Every Region of one account with its place in the accounts file.
fn regions(account: &crate::Account) -> Vec<(&str, Mark)> {
    let one = ONE.iter().filter_map(|key| {
        let sourced = account.value(key)?;
        Some((sourced.value.as_str()?, sourced.value_at))
    });
    let list = account.value("allowed_regions").and_then(|sourced| sourced.value.as_sequence()).unwrap_or_default();
    one.chain(list.iter().filter_map(|item| Some((item.value.as_str()?, item.at)))).collect()
}

fn unknown(lint: &mut Lint<'_>) {
    let mut strange: BTreeMap<(Mark, &str), Vec<&str>> = BTreeMap::new();
    for account in lint.accounts.iter() {
        for (region, at) in regions(account).into_iter().filter(|(region, _)| partition_of(region).is_none()) {
            strange.entry((at, region)).or_default().push(account.name());
        }
    }
    for ((at, region), names) in strange {
        let known = PARTITIONS.iter().flat_map(|partition| partition.regions.iter().copied());
        let (_, edit) = nearest(region, known.clone(), at, "Regions");
        let near = reeve_yaml::closest(region, known).map(|near| format!("did you mean `{near}`? "));
        let message = format!("region {} of {} is not known", quoted(region), accounts_listed(&names));
        let fix = format!("{}the list of Regions is of {PARTITIONS_AS_OF}", near.unwrap_or_default());
        let told = finding("REGION_UNKNOWN", Severity::Warning, message).at(lint.place(at)).fix(fix);
        lint.suggest(about(told, &names), edit);
    }
}

/// A value, the list that leaves it out, and the accounts that share the two lines.
type Outside<'a> = (&'a Sourced, &'a Sourced, Vec<&'a str>);

/// `region` and `global_region` that `allowed_regions` leaves out. One finding for each pair of lines.
fn outside(lint: &mut Lint<'_>) {
    let mut pairs: BTreeMap<(Mark, Mark, &str), Outside<'_>> = BTreeMap::new();
    for account in lint.accounts.iter() {
        let Some(list) = account.value("allowed_regions") else { continue };
        let allowed = account.allowed_regions();
        for key in ONE {
            let Some(sourced) = account.value(key) else { continue };
            if sourced.value.as_str().is_some_and(|region| !allowed.contains(&region)) {
                let pair = pairs.entry((sourced.value_at, list.at, key)).or_insert((sourced, list, Vec::new()));
                pair.2.push(account.name());
            }
        }
    }
    for ((_, _, key), (sourced, list, names)) in pairs {
        let region = quoted(sourced.value.as_str().unwrap_or_default());
        let message = format!("`{key}` {region} of {} is not in `allowed_regions`", accounts_listed(&names));
        let told = finding("REGION_NOT_ALLOWED", Severity::Error, message)
            .at(sourced.value_place())
            .related(list.key_place(), format!("`allowed_regions` of {}", quoted(&list.layer.to_string())))
            .fix("add the Region to `allowed_regions`, or use one that is there");
        lint.tell(about(told, &names));
    }
}

/// An account is in one partition, and no key of it can name a Region of another.
fn mixed(lint: &mut Lint<'_>) {
    let mut pairs: BTreeMap<(Mark, Mark), (&str, &str, Vec<&str>)> = BTreeMap::new();
    for account in lint.accounts.iter() {
        let known: Vec<(&str, &str, Mark)> =
            regions(account).into_iter().filter_map(|(region, at)| Some((partition_of(region)?, region, at))).collect();
        let Some((home, first, first_at)) = known.first() else { continue };
        if let Some((_, other, at)) = known.iter().find(|(partition, _, _)| partition != home) {
            pairs.entry((*at, *first_at)).or_insert((other, first, Vec::new())).2.push(account.name());
        }
    }
    for ((at, first_at), (region, first, names)) in pairs {
        let message =
            format!("regions `{first}` and `{region}` of {} are in different partitions", accounts_listed(&names));
        let told = finding("PARTITIONS_MIXED", Severity::Error, message)
            .at(lint.place(at))
            .related(lint.place(first_at), "a Region of another partition")
            .fix("an account is in one partition: name Regions of that one");
        lint.tell(about(told, &names));
    }
}
