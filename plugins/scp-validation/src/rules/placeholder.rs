//! What stands in a string for something else: policy variables, and the placeholders of templates and samples.
//!
//! The two look alike: `${Account}` of a sample is read by AWS as a variable that has no value, so that an exemption
//! with it never matches. This module must not know in which element a string stands.

use super::codes;
use super::report::{Path, Report, quote};
use std::collections::BTreeSet;

/// A part of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Literal text.
    Plain(&'t str),
    /// `${...}`: the whole of it, and what stands between the braces unless the closing one is missing.
    Variable(&'t str, Option<&'t str>),
}

/// Cuts a string into literal text and variables, in one pass.
pub(super) struct Pieces<'t>(&'t str);

impl<'t> Pieces<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(text)
    }
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if self.0.is_empty() {
            return None;
        }
        let cut = match self.0.strip_prefix("${") {
            None => self.0.find("${").unwrap_or(self.0.len()),
            Some(rest) => rest.find('}').map_or(self.0.len(), |end| end + "${}".len()),
        };
        let (piece, rest) = self.0.split_at_checked(cut)?;
        self.0 = rest;
        match piece.strip_prefix("${") {
            None => Some(Piece::Plain(piece)),
            Some(body) => Some(Piece::Variable(piece, body.strip_suffix('}'))),
        }
    }
}

/// The variables of a string, escapes such as `${*}` left out.
pub(super) struct Variables<'t>(Pieces<'t>);

impl<'t> Variables<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self(Pieces::new(text))
    }
}

impl<'t> Iterator for Variables<'t> {
    type Item = (&'t str, Kind);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.find_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Variable(whole, body) => Some((whole, kind(body))).filter(|(_, kind)| *kind != Kind::Escape),
        })
    }
}

/// What a `${...}` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `${*}`, `${?}` or `${$}`: the character itself.
    Escape,
    /// A policy variable, with or without a default.
    Variable,
    /// The placeholder of some template language.
    Template,
    /// Malformed, and why.
    Broken(&'static str),
}

/// Prefixes that template languages use where a variable has its service; no AWS service is called so.
const TEMPLATE_PREFIXES: [&str; 6] = ["env", "self", "opt", "cf", "file", "sls"];

/// Reads what stands between the braces: `key` or `key, 'default'` (IAM user guide, "Policy variables").
pub(super) fn kind(body: Option<&str>) -> Kind {
    let Some(body) = body else {
        return Kind::Broken("its closing brace is missing");
    };
    if matches!(body, "*" | "?" | "$") {
        return Kind::Escape;
    }
    if body.trim().is_empty() {
        return Kind::Broken("it names no key");
    }
    if body.contains("${") {
        return Kind::Broken("a variable cannot hold another one");
    }
    let (key, default) = body.split_once(',').map_or((body, None), |(key, default)| (key, Some(default.trim())));
    let Some((prefix, name)) = key.split_once(':') else {
        return Kind::Template;
    };
    // What follows the slash is the name of a tag, and tags may hold spaces.
    let name = name.split('/').next().unwrap_or_default();
    if prefix.contains(char::is_whitespace) || name.contains(char::is_whitespace) || key.ends_with(char::is_whitespace)
    {
        return Kind::Broken("a space stands in its key");
    }
    let prefix_fits = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/'));
    let name_fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'));
    if !prefix_fits || !name_fits || name.starts_with(':') || TEMPLATE_PREFIXES.contains(&prefix) {
        return Kind::Template;
    }
    if prefix.is_empty() || name.is_empty() {
        return Kind::Broken("its key is incomplete");
    }
    let quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
    if default.is_some_and(|default| !quoted(default)) {
        return Kind::Broken("its default value is not in single quotes");
    }
    Kind::Variable
}

/// Reports the first malformed variable of a string. Returns whether there was one.
pub(super) fn report_broken(text: &str, offset: usize, path: &Path<'_>, report: &mut Report<'_>) -> bool {
    for (whole, kind) in Variables::new(text) {
        if let Kind::Broken(why) = kind {
            let message = format!("policy variable {} is malformed: {why}", quote(whole));
            let fix = "write `${service:key}` or `${service:key, 'default'}`".to_owned();
            report.add(codes::VARIABLE_SYNTAX, path, offset, message, Some(fix));
            return true;
        }
    }
    false
}

/// Accounts and identifiers that AWS prints in samples ("AWS documentation conventions"); nobody owns them.
const SAMPLE_ACCOUNTS: [&str; 4] = ["123456789012", "111122223333", "444455556666", "777788889999"];
const SAMPLE_IDS: [&str; 4] = ["o-exampleorgid", "r-examplerootid", "ou-examplerootid", "exampleouid"];

/// Placeholders in brackets are short; a longer bracket is taken for text, in bytes.
const BRACKET_BYTES_MAX: usize = 64;

/// Reports the placeholders that were left in a string, in one finding. Returns whether one of them replaces a part of
/// the text, so that its shape cannot be judged; a sample account leaves the shape intact.
pub(super) fn report_left(text: &str, offset: usize, path: &Path<'_>, report: &mut Report<'_>) -> bool {
    let mut templates = BTreeSet::new();
    let mut samples = BTreeSet::new();
    for piece in Pieces::new(text) {
        match piece {
            Piece::Plain(plain) => {
                bracketed(plain, &mut templates);
                sample_values(plain, &mut samples);
            }
            Piece::Variable(whole, body) if kind(body) == Kind::Template => {
                templates.insert(whole);
            }
            Piece::Variable(..) => {}
        }
    }
    let names: Vec<String> = templates.iter().chain(&samples).map(|name| quote(name)).collect();
    if !names.is_empty() {
        let names = names.join(", ");
        let whole = quote(text);
        let place = if names == whole { String::new() } else { format!(" in {whole}") };
        let message = format!("{names}{place} was left over from a template or sample, so it matches nothing");
        report.add(codes::TEMPLATE_LEFT, path, offset, message, Some(format!("replace {names} by the real value")));
    }
    !templates.is_empty()
}

/// Whether a placeholder that replaces a part of the text was left in.
pub(super) fn is_left(text: &str) -> bool {
    let mut templates = BTreeSet::new();
    for piece in Pieces::new(text) {
        match piece {
            Piece::Plain(plain) => bracketed(plain, &mut templates),
            Piece::Variable(whole, body) if kind(body) == Kind::Template => {
                templates.insert(whole);
            }
            Piece::Variable(..) => {}
        }
    }
    !templates.is_empty()
}

/// Finds `[ROLE_NAME]`, `<org-id>`, `{region-1}` and `{{ name }}`.
fn bracketed<'t>(text: &'t str, found: &mut BTreeSet<&'t str>) {
    let mut rest = text;
    while let Some(at) = rest.find(['[', '<', '{']) {
        let (_, from) = rest.split_at_checked(at).unwrap_or_default();
        let double = from.starts_with("{{");
        let close = match from.as_bytes().first() {
            Some(b'[') => "]",
            Some(b'<') => ">",
            Some(_) if double => "}}",
            Some(_) | None => "}",
        };
        let open = if double { 2 } else { 1 };
        let window = from.get(open..).unwrap_or_default();
        let end = window.find(['[', '<', '{', ']', '>', '}']).filter(|end| *end <= BRACKET_BYTES_MAX);
        let inner = end.and_then(|end| window.split_at_checked(end)).filter(|(_, tail)| tail.starts_with(close));
        match inner {
            Some((inner, _)) if is_placeholder(inner, close) => {
                let (whole, tail) = from.split_at_checked(open + inner.len() + close.len()).unwrap_or_default();
                found.insert(whole);
                rest = tail;
            }
            Some(_) | None => rest = window,
        }
    }
}

/// Whether what stands between brackets looks like the name of something to fill in. Square brackets ask for upper case,
/// or a word that samples begin with: `[a-z]` is more likely a pattern that someone brought from elsewhere.
fn is_placeholder(inner: &str, close: &str) -> bool {
    let word = inner.trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b' ');
    if !word.starts_with(|char: char| char.is_ascii_alphabetic()) || !word.bytes().all(fits) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    let asks = ["your", "my-", "my_", "example", "insert", "replace"].iter().any(|start| lower.starts_with(start));
    close != "]" || asks || (word.len() > 2 && !word.bytes().any(|byte| byte.is_ascii_lowercase()))
}

fn sample_values<'t>(text: &'t str, found: &mut BTreeSet<&'t str>) {
    // Only a whole run of digits is an account: the sample digits may stand inside a longer number.
    for run in text.split(|char: char| !char.is_ascii_digit()) {
        if SAMPLE_ACCOUNTS.contains(&run) {
            found.insert(run);
        }
    }
    found.extend(SAMPLE_IDS.into_iter().filter(|id| text.contains(id)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_templates() {
        for (text, expected) in [
            ("${*}", Kind::Escape),
            ("${aws:username}", Kind::Variable),
            ("${AWS:PrincipalTag/my team}", Kind::Variable),
            ("${aws:PrincipalTag/team, 'none'}", Kind::Variable),
            ("${cognito-identity.amazonaws.com:sub}", Kind::Variable),
            ("${www.amazon.com:user_id}", Kind::Variable),
            ("${saml:namequalifier}", Kind::Variable),
            ("${Account}", Kind::Template),
            ("${AWS::AccountId}", Kind::Template),
            ("${ACCEL_LOOKUP::CUSTOM:Prefix}", Kind::Template),
            ("${self:custom.stage}", Kind::Template),
            ("${var.region}", Kind::Template),
            ("${aws:username", Kind::Broken("its closing brace is missing")),
            ("${ }", Kind::Broken("it names no key")),
            ("${aws: username}", Kind::Broken("a space stands in its key")),
            ("${aws:}", Kind::Broken("its key is incomplete")),
            ("${aws:${x}", Kind::Broken("a variable cannot hold another one")),
            ("${aws:username, none}", Kind::Broken("its default value is not in single quotes")),
            ("${aws:username, 'none}", Kind::Broken("its default value is not in single quotes")),
        ] {
            let Some(Piece::Variable(whole, body)) = Pieces::new(text).next() else { panic!("{text}") };
            assert_eq!((whole, kind(body)), (text, expected));
        }
    }

    #[test]
    fn brackets_are_told_from_patterns() {
        for (text, expected) in [
            ("role/[PRIVILEGED_ROLE]", &["[PRIVILEGED_ROLE]"][..]),
            ("<my-org-id> and {example-region-1}", &["<my-org-id>", "{example-region-1}"]),
            ("{{ account_id }}", &["{{ account_id }}"]),
            ("[[ROLE]]", &["[ROLE]"]),
            ("[your-bucket]", &["[your-bucket]"]),
            ("[a-z] [0-9] {} <> {\"a\":1} [A] <1> a<b {", &[]),
        ] {
            let mut found = BTreeSet::new();
            bracketed(text, &mut found);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
