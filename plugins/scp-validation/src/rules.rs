//! The rules for one service control policy (SCP) document, as pure functions of its text.
//!
//! This module owns what is wrong with a document, where, and what to write instead. It must not know how a document
//! arrives, which target it is meant for, or which other policies are attached there. The rules follow the AWS
//! Organizations user guide ("SCP syntax", "Troubleshooting Organizations policies"), the IAM user guide ("Grammar of
//! the IAM JSON policy language", "Condition operators", "Policy variables") and the IAM Access Analyzer policy check
//! reference; each rule names its page.

mod action;
mod arn;
mod blast;
mod codes;
mod condition;
mod constant;
mod document;
mod extract;
mod instant;
mod keys;
mod negation;
mod network;
mod operator;
mod parts;
mod placeholder;
mod principal;
mod quantifier;
mod range;
mod reach;
mod regions;
mod report;
mod resource;
mod secrets;
mod session;
mod shape;
mod statement;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use codes::CODES;
pub(crate) use extract::{aimed_principals, is_negated_operator, spared_roles};
use reeve_json::Position;

/// How bad a finding is. The words are those of IAM Access Analyzer ("ValidatePolicy", finding types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// AWS refuses the document, or a statement in it can never do what it says.
    Error,
    /// The document is legal and dangerous; it needs a named waiver.
    SecurityWarning,
    /// The document is legal and probably not what was meant.
    Warning,
    /// The document is fine and could be better.
    Suggestion,
}

impl Severity {
    /// The stable lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::SecurityWarning => "security_warning",
            Self::Warning => "warning",
            Self::Suggestion => "suggestion",
        }
    }
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, one of [`CODES`].
    pub code: &'static str,
    /// How bad it is. `EMPTY_ARRAY` is the one code with two: an error in Action and Resource, a warning in Condition.
    pub severity: Severity,
    /// What is wrong and why it matters: lower case, no full stop, values of the document in backticks.
    pub message: String,
    /// RFC 6901 JSON pointer of the value that is wrong; for a missing element, of the object that lacks it.
    pub pointer: String,
    /// Where that value (for an unknown or superfluous element: its key) stands in the text.
    pub position: Position,
    /// What to write instead, where there is one answer.
    pub fix: Option<String>,
    /// `Sid` of the statement that it is about, if it has one.
    pub sid: Option<String>,
}

/// What a check needs to know of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The longest SCP that AWS Organizations takes, in characters ("Quotas for AWS Organizations"; 10,240 since May
    /// 2026, 5,120 before).
    pub size_quota_chars: usize,
    /// Whether white space outside strings is taken out before the document is sent, so that it does not count: so it is
    /// with files that people write.
    pub minified_later: bool,
    /// ARN patterns of the break-glass roles, such as `arn:aws:iam::*:role/BreakGlass`. Every one of them must be exempt
    /// from every wide Deny. When empty, any exemption by `aws:PrincipalArn` will do.
    pub break_glass: Vec<String>,
    /// The AWS partition that the organization lives in: `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// Regions the organization works in. A wide Deny that is bound to one of them by a positive
    /// `aws:RequestedRegion` condition is an inverted region deny. When empty, only the unmistakable forms are reported.
    pub home_regions: Vec<String>,
    /// Text of the action table ([`reeve_scp::table`]). When there is none, the rules that need it are not run.
    pub actions: Option<String>,
    /// Age of that table after which what is not in it is a warning only, in days.
    pub table_max_age_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            size_quota_chars: SIZE_QUOTA_CHARS,
            minified_later: false,
            break_glass: Vec::new(),
            partition: "aws".to_owned(),
            home_regions: Vec::new(),
            actions: None,
            table_max_age_days: table::TABLE_MAX_AGE_DAYS,
        }
    }
}

/// Default for [`Settings::size_quota_chars`], in characters: the quota of May 2026 ("Quotas for AWS Organizations").
pub const SIZE_QUOTA_CHARS: usize = 10_240;

/// The longest text that is looked into, in bytes. Sixteen times the quota in four-byte characters is far more than any
/// policy; a longer text is refused by its size alone, so that a hostile one costs nothing.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 10;

/// At most so many findings are reported for one document; the first ones in the text are kept. A person mends far
/// fewer at a time, and a hostile document must not be answered with megabytes.
pub const FINDINGS_MAX: usize = 500;

/// Checks one document, whatever the age of the action table. The findings are sorted by position and do not depend on
/// anything but the arguments.
///
/// A text that cannot be read as one JSON object gives exactly one finding.
#[must_use]
pub fn validate(text: &str, settings: &Settings) -> Vec<Finding> {
    validate_at(text, settings, None)
}

/// As [`validate`], as of a moment (RFC 3339), by which the action table may be too old to be sure.
#[must_use]
pub fn validate_at(text: &str, settings: &Settings, now: Option<&str>) -> Vec<Finding> {
    let mut report = report::Report::new(settings);
    document::check(text, now, &mut report);
    report.finish(text)
}
