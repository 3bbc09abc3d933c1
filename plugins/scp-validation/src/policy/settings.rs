//! The settings of the policy file, checked.

use super::codes;
use crate::{hierarchy, rules};
use reeve_scp::table::ActionTable;
use reeve_sdk::Reason;

/// Settings of the policy, checked.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub(super) rules: rules::Settings,
    pub(super) hierarchy: hierarchy::Settings,
    pub(super) waive: Vec<String>,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// `BAD_SETTINGS`, one for each thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let mut read = reeve_sdk::settings::Settings::parse(text)?;
        let mut rules = rules::Settings {
            break_glass: read.take_texts("break-glass").unwrap_or_default(),
            home_regions: read.take_texts("home-regions").unwrap_or_default(),
            ..rules::Settings::default()
        };
        let partition = read.take("partition", "`aws`, `aws-cn` or `aws-us-gov`", |node| {
            node.as_str().filter(|text| matches!(*text, "aws" | "aws-cn" | "aws-us-gov")).map(str::to_owned)
        });
        rules.partition = partition.unwrap_or(rules.partition);
        let quota = read.take("size-quota-chars", "a number of characters", |node| {
            node.value.as_i64().and_then(|number| usize::try_from(number).ok()).filter(|&number| number > 0)
        });
        rules.size_quota_chars = quota.unwrap_or(rules.size_quota_chars);
        rules.actions = read.take_text("actions", "the text of the table of actions");
        if let Some(Err(error)) = rules.actions.as_deref().map(ActionTable::parse) {
            read.refuse("actions", error.to_string());
        }
        let days = read.take("table-max-age-days", "a number of days", |node| {
            node.value.as_i64().and_then(|number| u32::try_from(number).ok()).filter(|&number| number > 0)
        });
        rules.table_max_age_days = days.unwrap_or(rules.table_max_age_days);
        let hierarchy = hierarchy::Settings::take(&mut read);
        let waive = read.take_texts("waive").unwrap_or_default();
        for code in &waive {
            match codes().find(|(listed, _, _)| listed == code) {
                Some((_, rules::Severity::SecurityWarning, _)) => {}
                Some(_) => read.refuse("waive", format!("`{code}` is no security warning, so it cannot be waived")),
                None => read.refuse("waive", format!("there is no code `{code}`")),
            }
        }
        read.finish()?;
        Ok(Self { rules, hierarchy, waive })
    }
}
