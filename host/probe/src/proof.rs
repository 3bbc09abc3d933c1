//! What asking around has shown.

use reeve_model::{DnsName, FailureClass, Outcome, State};
use std::collections::BTreeSet;
use std::fmt;

/// Why a delegation is not proven: what stood in the way last, when the time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The parent refers to other name servers.
    WrongServers {
        /// Name servers that the parent does not name.
        missing: BTreeSet<DnsName>,
        /// Names that the parent refers to and should not; as text, because they come from the network.
        unexpected: BTreeSet<String>,
    },
    /// A delegated name server does not answer for the zone.
    NotAuthoritative {
        /// The server.
        server: String,
        /// What it said.
        said: String,
    },
    /// A delegated name server answers with something else.
    WrongAnswer {
        /// The server.
        server: String,
        /// What it answers.
        found: BTreeSet<String>,
    },
    /// The answer did not come.
    NeverResolved {
        /// What was said instead, and by whom.
        last: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
            let items: Vec<String> = items.into_iter().map(|item| format!("`{}`", item.escape_debug())).collect();
            if items.is_empty() { "none".to_owned() } else { items.join(", ") }
        }
        match self {
            Self::WrongServers { missing, unexpected } => write!(
                f,
                "the parent does not refer to the zone's name servers: missing {}; others {}",
                list(missing.iter().map(DnsName::as_str)),
                list(unexpected.iter().map(String::as_str))
            ),
            Self::NotAuthoritative { server, said } => {
                write!(f, "name server `{server}` does not answer for the zone: {said}")
            }
            Self::WrongAnswer { server, found } => {
                write!(f, "name server `{server}` answers {}", list(found.iter().map(String::as_str)))
            }
            Self::NeverResolved { last } => write!(f, "the name does not resolve: {last}"),
        }
    }
}

/// The end of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// When all authoritative servers answered right, milliseconds after the beginning.
    pub authoritative_ms: Option<u64>,
    /// When all resolvers had found the record, milliseconds after the beginning.
    pub recursive_ms: Option<u64>,
    /// Rounds of questions.
    pub attempts: u32,
    /// Why it is not proven; none when it is.
    pub failure: Option<Failure>,
}

/// The outcome of the action that a proof is for.
#[must_use]
pub fn outcome(proof: &Proof) -> Outcome {
    let mut outcome = match &proof.failure {
        None => Outcome::of(State::Applied),
        Some(failure) => Outcome::failed(FailureClass::Unproven, failure.to_string()),
    };
    for (name, value) in [("authoritative_ms", proof.authoritative_ms), ("recursive_ms", proof.recursive_ms)] {
        if let Some(value) = value {
            outcome = outcome.detail(name, value.to_string());
        }
    }
    outcome.detail("attempts", proof.attempts.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::NameRule;

    #[test]
    fn a_failure_is_told_in_one_clause() {
        let name = |text| DnsName::parse(text, NameRule::Owner).expect(text);
        for (failure, text) in [
            (
                Failure::WrongServers {
                    missing: [name("ns-1.example.net"), name("ns-2.example.net")].into(),
                    unexpected: ["ns.old.example\u{1b}".to_owned()].into(),
                },
                "the parent does not refer to the zone's name servers: missing `ns-1.example.net`, `ns-2.example.net`; \
                 others `ns.old.example\\u{1b}`",
            ),
            (
                Failure::NotAuthoritative { server: "ns-1.example.net".into(), said: "Query Refused".into() },
                "name server `ns-1.example.net` does not answer for the zone: Query Refused",
            ),
            (
                Failure::WrongAnswer { server: "ns-1.example.net".into(), found: ["192.0.2.9".into()].into() },
                "name server `ns-1.example.net` answers `192.0.2.9`",
            ),
            (Failure::NeverResolved { last: "no such name".into() }, "the name does not resolve: no such name"),
        ] {
            let proof = Proof { authoritative_ms: Some(7), recursive_ms: None, attempts: 3, failure: Some(failure) };
            let outcome = outcome(&proof);
            assert_eq!(outcome.state, State::Failed(FailureClass::Unproven));
            assert_eq!(outcome.message.map(|text| text.replace("\\\\", "\\")), Some(text.to_owned()));
            let details: Vec<_> = outcome.details.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(details, [("attempts", "3"), ("authoritative_ms", "7")]);
        }
        let proof = Proof { authoritative_ms: Some(7), recursive_ms: Some(9), attempts: 1, failure: None };
        assert_eq!((outcome(&proof).state, outcome(&proof).details.len()), (State::Applied, 3));
    }
}
