//! Documents that follow from the list of accounts, as plain functions: text in, text out.
//!
//! Equal input gives equal bytes. Nothing here opens a file or asks AWS, and nothing knows the project file: whoever
//! has read it hands over [`Options`] and the text that they name.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod ecr;
mod finding;
mod identity;
mod limits;
mod log_bucket;
mod names;
mod options;
mod stack;

pub use limits::{
    BUCKET_POLICY_BYTES_MAX, GROUP_POLICIES_MAX, MANAGED_POLICY_CHARS_MAX, REPOSITORY_POLICY_CHARS_MAX,
    TEMPLATE_BYTES_MAX,
};
pub use options::{Class, Document, DocumentOptions, EcrOptions, LogBucketOptions, Options, Senders};

use finding::Findings;
use reeve_accounts::Accounts;
use reeve_model::Finding;

/// A rendered document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Where it belongs: the path of [`Options::output`], relative to the root of the repository.
    pub path: String,
    /// The CloudFormation template: JSON, indented by two spaces, one newline at the end.
    pub text: String,
    /// What a person should know about it; warnings at worst.
    pub findings: Vec<Finding>,
}

/// Renders one document. `input` is the text of the file that [`Options::input`] names; a document that needs none
/// ignores it.
///
/// # Errors
/// Everything that was found, at least one of it an error: what is wrong in the input or the accounts file, and what
/// AWS would refuse because of its size.
pub fn render(accounts: &Accounts, options: &Options, input: Option<&str>) -> Result<Rendered, Vec<Finding>> {
    let mut findings = Findings::default();
    let stack = match &options.document {
        DocumentOptions::Ecr(ecr) => ecr::stack(accounts, ecr, input, &mut findings),
        DocumentOptions::LogBucket(log_bucket) => log_bucket::stack(accounts, options, log_bucket, &mut findings),
        DocumentOptions::IdentityAccess => identity::stack(accounts, &mut findings),
    };
    let text = stack.text(&options.place, &mut findings);
    let path = options.output.clone();
    findings.finish().map(|findings| Rendered { path, text, findings })
}
