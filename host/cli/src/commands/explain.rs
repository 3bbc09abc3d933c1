//! `reeve explain`.

use crate::exit::{Exit, Failure};
use crate::ui::Ui;
use crate::{Outcome, loader};
use anyhow::Context;
use clap::Args;
use reeve_accounts::Accounts;
use reeve_local::ReceiptFile;
use reeve_model::Receipt;
use reeve_report::explain;
use std::path::PathBuf;

/// Tell why a request was decided as it was, or where an account's value comes from
///
/// From a file of receipts: the last one, or the one that `--receipt` names by line number, hash or event id. The
/// chain is checked up to there. With `--account`: the layer and line of the accounts file that set a value.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A file of receipts
    #[arg(required_unless_present = "account", conflicts_with = "account")]
    receipts: Option<PathBuf>,

    /// Line number, hash (or its beginning) or event id of the receipt
    #[arg(long, value_name = "WHICH", conflicts_with = "account")]
    receipt: Option<String>,

    /// An account of the accounts file
    #[arg(long, value_name = "NAME", requires = "accounts")]
    account: Option<String>,

    /// The accounts file
    #[arg(long, value_name = "FILE", requires = "account")]
    accounts: Option<PathBuf>,

    /// With `--account`: one key; without it, every key
    #[arg(long, value_name = "KEY", requires = "account")]
    key: Option<String>,
}

/// Explains.
///
/// # Errors
/// When a file cannot be read, is no chain, or does not hold what was asked for.
pub fn run(args: &ExplainArgs, ui: &Ui) -> Outcome {
    let text = match (&args.receipts, &args.account, &args.accounts) {
        (Some(path), None, _) => receipt(path, args.receipt.as_deref(), ui)?,
        (None, Some(name), Some(path)) => account(path, name, args.key.as_deref())?,
        (_, _, _) => return Err(Failure::new("name a file of receipts, or an account")),
    };
    ui.data(&text).context("failed to write to standard output")?;
    Ok(Exit::Done)
}

fn receipt(path: &std::path::Path, which: Option<&str>, ui: &Ui) -> Result<String, Failure> {
    let mut found: Option<Receipt> = None;
    let mut broken = None;
    let mut count = 0;
    ReceiptFile::read_all(path, |number, receipt| match receipt {
        Ok(receipt) => {
            count = number;
            let wanted = which.is_none_or(|which| is_meant(&receipt, number, which));
            let last = which.is_none();
            if wanted {
                found = Some(receipt);
            }
            last || !wanted
        }
        Err(error) => {
            broken = Some((number, error));
            false
        }
    })
    .map_err(|error| Failure::from(anyhow::Error::from(error)))?;
    if let (None, Some((number, error))) | (Some(_), Some((number, error))) = (&found, &broken)
        && (found.is_none() || which.is_none())
    {
        return Err(Failure::new(format!("{}:{number}: {error}", path.display()))
            .hint("the chain is broken here: the file was changed, or a run was killed while it wrote"));
    }
    match found {
        Some(receipt) => Ok(explain(&receipt, ui.paint())),
        None if count == 0 => Err(Failure::new(format!("`{}` holds no receipt", path.display()))),
        None => Err(Failure::new(format!(
            "none of the {count} receipts in `{}` is `{}`",
            path.display(),
            which.unwrap_or_default()
        ))
        .hint("give a line number, a hash or its beginning, or an event id")),
    }
}

fn is_meant(receipt: &Receipt, number: usize, which: &str) -> bool {
    let id = receipt.body().get("event").and_then(|event| event.as_object()?.get("id")?.as_str());
    let hash = receipt.hash().as_str();
    let hex = hash.trim_start_matches("sha256:");
    which == number.to_string()
        || which == hash
        || (which.len() >= 8 && hex.starts_with(which))
        || id.is_some_and(|id| id.eq_ignore_ascii_case(which))
}

fn account(path: &std::path::Path, name: &str, key: Option<&str>) -> Result<String, Failure> {
    let accounts = Accounts::parse(&path.display().to_string(), &loader::read_text(path)?)?;
    let Some(account) = accounts.by_name(name).or_else(|| accounts.by_id(name)) else {
        let names: Vec<&str> = accounts.iter().map(reeve_accounts::Account::name).collect();
        let failure = Failure::new(format!("`{}` has no account `{name}`", path.display()));
        return Err(match reeve_yaml::closest(name, names) {
            Some(close) => failure.hint(format!("did you mean `{close}`?")),
            None => failure,
        });
    };
    let mut out = String::new();
    let mut any = false;
    for (this, sourced) in account.values().filter(|(this, _)| key.is_none_or(|key| key == *this)) {
        any = true;
        let shown = |value: &reeve_accounts::Value| reeve_json::compact(&value.to_json());
        out.push_str(&format!("{this} = {}\n    from {}, {}\n", shown(&sourced.value), sourced.layer, sourced.place()));
        for lost in account.overridden(this) {
            out.push_str(&format!("    over {} in {}, {}\n", shown(&lost.value), lost.layer, lost.place()));
        }
    }
    if any {
        return Ok(out);
    }
    Err(Failure::new(format!("account `{name}` has no `{}`", key.unwrap_or("value"))))
}
