//! What the lint needs to know of a policy file.

use reeve_json::{Node, Options, StringRule, Value};

/// One file of the folder of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScpFile {
    /// Its path, for places.
    pub path: String,
    /// Whether a statement of it has the effect `Allow`, so that it could stand in for [`FullAWSAccess`].
    ///
    /// [`FullAWSAccess`]: super::FULL_ACCESS
    pub allows: bool,
}

/// Longest policy read, in bytes: ten times the quota of 10,240 characters, for files that are not minified.
const SCP_BYTES_MAX: usize = 102_400;

/// Open arrays and objects in a policy. The grammar needs six: document, statements, statement, condition, operator,
/// values.
const SCP_DEPTH_MAX: usize = 12;

impl ScpFile {
    /// Looks for an `Allow` in a policy. A text that is no policy counts as one that may allow: what is wrong with it is
    /// told by the checks of policies, and not a second time here.
    #[must_use]
    pub fn read(path: &str, text: &str) -> Self {
        let options = Options { bytes_max: SCP_BYTES_MAX, depth_max: SCP_DEPTH_MAX, strings: StringRule::Any };
        let allows = match reeve_json::parse(text.as_bytes(), &options) {
            Ok(Node { value: Value::Object(document), .. }) => document.get("Statement").is_none_or(|statement| {
                let statements = statement.as_array().unwrap_or(std::slice::from_ref(statement));
                statements.iter().any(|statement| {
                    let effect = statement.as_object().and_then(|statement| statement.get("Effect"));
                    effect.and_then(Node::as_str) != Some("Deny")
                })
            }),
            Ok(_) | Err(_) => true,
        };
        Self { path: path.to_owned(), allows }
    }
}
