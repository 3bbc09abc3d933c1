//! Where in the organization an account may go, as a request writes it.

use crate::{Organization, World};
use reeve_model::action::OrganizationalUnit;
use reeve_model::{Code, Refusal};

/// The organization, which a need has asked for.
///
/// # Errors
/// `FACT_UNAVAILABLE` when it was not read.
pub(crate) fn known(world: &World) -> Result<&Organization, Vec<Refusal>> {
    world
        .organization
        .as_ref()
        .ok_or_else(|| vec![Refusal::new(Code::FactUnavailable, "", "the organization could not be read")])
}

/// Refuses a text that means to be an id and has not the form of one, and every root: accounts live in units.
///
/// # Errors
/// `OU_ID` or `OU_NOT_ALLOWED`.
pub(crate) fn check_text(asked: &str, at: &str) -> Result<(), Refusal> {
    if root_id_shaped(asked) {
        return Err(Refusal::new(Code::OuNotAllowed, at, format!("`{asked}` is a root, not an organizational unit")));
    }
    if (asked.starts_with("ou-") || asked.starts_with("r-")) && !unit_id_shaped(asked) {
        let message = format!("`{}` is not the id of an organizational unit", asked.escape_debug());
        return Err(Refusal::new(Code::OuId, at, message).fix("write the unit's name, or `ou-<root>-<unit>`"));
    }
    Ok(())
}

/// The unit that a request names, when it is one of `listed`; both sides may write a name or an id.
///
/// # Errors
/// `OU_NOT_ALLOWED`: no such unit, more than one, or not listed.
pub(crate) fn listed_unit(
    organization: &Organization,
    listed: &[String],
    asked: &str,
    at: &str,
) -> Result<OrganizationalUnit, Refusal> {
    let shown = asked.escape_debug();
    let Some(id) = organization.unit_id(asked) else {
        let message = if organization.units.values().any(|unit| unit.name == asked) {
            format!("more than one organizational unit is named `{shown}`")
        } else {
            format!("the organization has no unit `{shown}`")
        };
        return Err(Refusal::new(Code::OuNotAllowed, at, message));
    };
    if !lists(organization, listed, id) {
        let message = format!("the gate does not let `{shown}` be asked for");
        let units: Vec<String> = listed.iter().map(|unit| format!("`{unit}`")).collect();
        return Err(Refusal::new(Code::OuNotAllowed, at, message).fix(format!("units: {}", units.join(", "))));
    }
    let name = organization.unit_name(id).unwrap_or(id).to_owned();
    Ok(OrganizationalUnit { name, id: id.to_owned() })
}

/// Whether `listed` holds the unit with this id, by name or by id. A name that two units have stands for neither.
pub(crate) fn lists(organization: &Organization, listed: &[String], id: &str) -> bool {
    listed.iter().any(|entry| organization.unit_id(entry) == Some(id))
}

/// `r-` and 4 to 32 of `[0-9a-z]`, from end to end. The API model's own pattern is not anchored.
fn root_id_shaped(text: &str) -> bool {
    text.strip_prefix("r-").is_some_and(|rest| id_part(rest, 4))
}

/// `ou-`, the root's part, `-` and 8 to 32 of `[0-9a-z]`, from end to end.
fn unit_id_shaped(text: &str) -> bool {
    let parts = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(root, unit)| id_part(root, 4) && id_part(unit, 8))
}

fn id_part(text: &str, bytes_min: usize) -> bool {
    /// Longest part of a root or unit id, bytes (Organizations API reference).
    const BYTES_MAX: usize = 32;
    (bytes_min..=BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::organization;

    #[test]
    fn ids_are_read_from_end_to_end() {
        let long = "a".repeat(32);
        for (text, code) in [
            ("Dev", None),
            ("ou-abcd-11111111", None),
            (&format!("ou-{long}-{long}"), None),
            (&format!("ou-{long}a-{long}"), Some("OU_ID")),
            (&format!("ou-{long}-{long}a"), Some("OU_ID")),
            ("ou-abc-11111111", Some("OU_ID")),
            ("ou-abcd-1111111", Some("OU_ID")),
            ("ou-abcd-1111111A", Some("OU_ID")),
            ("ou-abcd-11111111;x", Some("OU_ID")),
            ("ou-abcd-11111111\n", Some("OU_ID")),
            ("ou-", Some("OU_ID")),
            ("r-abcd;x", Some("OU_ID")),
            ("r-abc", Some("OU_ID")),
            ("r-", Some("OU_ID")),
            ("r-abcd", Some("OU_NOT_ALLOWED")),
            (&format!("r-{long}"), Some("OU_NOT_ALLOWED")),
            (&format!("r-{long}a"), Some("OU_ID")),
        ] {
            let refusal = check_text(text, "/x").err();
            assert_eq!(refusal.as_ref().map(|refusal| refusal.code.as_str()), code, "{text}");
        }
    }

    #[test]
    fn names_and_ids_meet_in_the_organization() {
        let organization = organization();
        let listed = |units: &[&str], asked: &str| {
            let units: Vec<String> = units.iter().map(|&unit| unit.to_owned()).collect();
            listed_unit(&organization, &units, asked, "/x").map_err(|refusal| refusal.message)
        };
        let dev = OrganizationalUnit { name: "Dev".to_owned(), id: "ou-abcd-11111111".to_owned() };
        for (listing, asked) in [
            ("Dev", "Dev"),
            ("Dev", "ou-abcd-11111111"),
            ("ou-abcd-11111111", "Dev"),
            ("ou-abcd-11111111", "ou-abcd-11111111"),
        ] {
            assert_eq!(listed(&["Lab", listing], asked), Ok(dev.clone()), "{listing} {asked}");
        }
        for (listing, asked, message) in [
            ("Dev", "Standard", "the gate does not let `Standard` be asked for"),
            ("Dev", "dev", "the organization has no unit `dev`"),
            ("Dev", "ou-wxyz-11111111", "the organization has no unit `ou-wxyz-11111111`"),
            ("r-abcd", "root", "the organization has no unit `root`"),
            ("Twin", "Twin", "more than one organizational unit is named `Twin`"),
            ("Twin", "ou-abcd-66666666", "the gate does not let `ou-abcd-66666666` be asked for"),
        ] {
            assert_eq!(listed(&[listing], asked), Err(message.to_owned()), "{listing} {asked}");
        }
    }
}
