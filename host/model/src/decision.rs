//! All answers, combined. Knows nothing of plugins.

use crate::limits::REFUSALS_MAX;
use crate::{Answer, Code, Digest, Mode, PolicyAnswer, Reason, Refusal, Severity, Verdict};

/// The name under which the host's own reasons appear.
pub const HOST: &str = "host";

/// Permitted or denied, and every reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    permitted: bool,
    reasons: Vec<(String, Reason)>,
    /// Digest of the actions that policies were asked about; none when none was asked.
    over: Option<Digest>,
}

impl Decision {
    /// Whether the actions may happen.
    #[must_use]
    pub fn permitted(&self) -> bool {
        self.permitted
    }

    /// Digest of the actions that the policies judged; none when the host decided before they were asked.
    #[must_use]
    pub fn over(&self) -> Option<&Digest> {
        self.over.as_ref()
    }

    /// `permitted` or `denied`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        if self.permitted { "permitted" } else { "denied" }
    }

    /// Policy id and reason, sorted by policy id; reasons of one policy in its own order.
    #[must_use]
    pub fn reasons(&self) -> &[(String, Reason)] {
        &self.reasons
    }

    /// The host refused before any policy was asked.
    #[must_use]
    pub fn refused(refusals: &[Refusal]) -> Self {
        let told = refusals.iter().take(REFUSALS_MAX);
        let mut reasons: Vec<_> = told.map(|refusal| (HOST.to_owned(), refusal.reason())).collect();
        if refusals.len() > REFUSALS_MAX {
            let more = own(Code::MoreRefusals, format!("more than {REFUSALS_MAX} things are wrong with the event"));
            reasons.push((HOST.to_owned(), more));
        }
        Self { permitted: false, reasons, over: None }
    }

    /// The answer of an earlier, equal request, repeated: the outcome stands, the effect does not happen again.
    #[must_use]
    pub fn repeated(permitted: bool, refusal: &Refusal) -> Self {
        Self { permitted, reasons: vec![(HOST.to_owned(), refusal.reason())], over: None }
    }
}

/// Combines the answers to one request (DESIGN: decision).
///
/// Permitted iff at least one enforcing policy allows, none denies, none faults and none errs. Monitoring policies
/// never count. The order of `answers` does not matter. `over` is the digest of the actions they were asked about.
#[must_use]
pub fn decide(answers: &[PolicyAnswer], over: &Digest) -> Decision {
    let mut sorted: Vec<&PolicyAnswer> = answers.iter().collect();
    sorted.sort_by(|a, b| a.policy.cmp(&b.policy));
    let (mut allowed, mut blocked) = (false, false);
    let mut reasons = Vec::new();
    for answer in &sorted {
        let counts = answer.mode == Mode::Enforce;
        let said: Vec<Reason> = match &answer.answer {
            Answer::Verdict(verdict) => {
                match verdict {
                    Verdict::Allow(_) => allowed |= counts,
                    Verdict::Deny(_) => blocked |= counts,
                    Verdict::Abstain(_) => {}
                }
                verdict.reasons().to_vec()
            }
            Answer::Error(message) => {
                blocked |= counts;
                vec![own(Code::PolicyError, format!("the policy cannot judge: {message}"))]
            }
            Answer::Fault(fault) => {
                blocked |= counts;
                vec![own(Code::PluginFault, format!("{}: the plugin {fault}", fault.as_str()))]
            }
        };
        if counts {
            reasons.extend(said.into_iter().map(|reason| (answer.policy.clone(), reason)));
        }
    }
    if !sorted.iter().any(|answer| answer.mode == Mode::Enforce) {
        let none = own(Code::NoPolicy, "no enforcing policy judges this kind".to_owned());
        reasons.push((HOST.to_owned(), none));
    } else if !allowed && !blocked {
        reasons.push((HOST.to_owned(), own(Code::NoAllow, "every policy abstained".to_owned())));
    }
    Decision { permitted: allowed && !blocked, reasons, over: Some(over.clone()) }
}

fn own(code: Code, message: String) -> Reason {
    Reason {
        code: code.as_str().to_owned(),
        severity: Severity::Error,
        message,
        at: None,
        fix: None,
        extra: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;
    use proptest::prelude::*;

    fn answer(policy: &str, mode: Mode, answer: Answer) -> PolicyAnswer {
        PolicyAnswer { policy: policy.to_owned(), mode, answer, fuel: 0, memory_bytes: 0 }
    }

    fn allow() -> Answer {
        Answer::Verdict(Verdict::Allow(Vec::new()))
    }

    fn deny() -> Answer {
        Answer::Verdict(Verdict::Deny(vec![own(Code::TtlRange, "x".to_owned())]))
    }

    fn abstain() -> Answer {
        Answer::Verdict(Verdict::Abstain("x".to_owned()))
    }

    fn fault() -> Answer {
        Answer::Fault(Fault::StackOverflow)
    }

    #[test]
    fn one_allow_and_nothing_against_it_permits() {
        use Mode::{Enforce, Monitor};
        for (answers, permitted, code) in [
            (vec![], false, "NO_POLICY"),
            (vec![(Enforce, allow())], true, ""),
            (vec![(Monitor, allow())], false, "NO_POLICY"),
            (vec![(Enforce, abstain())], false, "NO_ALLOW"),
            (vec![(Enforce, abstain()), (Enforce, allow())], true, ""),
            (vec![(Enforce, allow()), (Enforce, deny())], false, "TTL_RANGE"),
            (vec![(Enforce, allow()), (Monitor, deny())], true, ""),
            (vec![(Enforce, allow()), (Enforce, fault())], false, "PLUGIN_FAULT"),
            (vec![(Enforce, allow()), (Monitor, fault())], true, ""),
            (vec![(Enforce, allow()), (Enforce, Answer::Error("x".into()))], false, "POLICY_ERROR"),
        ] {
            let answers: Vec<_> =
                answers.into_iter().enumerate().map(|(at, (mode, it))| answer(&format!("p{at}"), mode, it)).collect();
            let decision = decide(&answers, &Digest::of(b""));
            assert_eq!(decision.permitted(), permitted, "{answers:?}");
            assert_eq!(decision.reasons().first().map_or("", |(_, reason)| &reason.code), code, "{answers:?}");
        }
    }

    #[test]
    fn refusals_are_told_up_to_the_limit() {
        let refusals = |count| vec![Refusal::new(Code::UnknownField, "/x", "x"); count];
        let codes = |count| Decision::refused(&refusals(count)).reasons().len();
        assert_eq!((codes(1), codes(REFUSALS_MAX)), (1, REFUSALS_MAX));
        let more = Decision::refused(&refusals(REFUSALS_MAX + 5));
        assert_eq!(more.reasons().len(), REFUSALS_MAX + 1);
        assert_eq!(more.reasons().last().map(|(_, reason)| reason.code.as_str()), Some("MORE_REFUSALS"));
    }

    fn any_answer() -> impl Strategy<Value = (bool, u8)> {
        (any::<bool>(), 0..5u8)
    }

    proptest! {
        #[test]
        fn the_order_of_answers_does_not_matter(
            kinds in prop::collection::vec(any_answer(), 0..6),
            turn in 0..6usize,
        ) {
            let mut answers: Vec<_> = kinds.iter().enumerate().map(|(at, &(enforce, kind))| {
                let mode = if enforce { Mode::Enforce } else { Mode::Monitor };
                let it = match kind { 0 => allow(), 1 => deny(), 2 => abstain(), 3 => fault(), _ => Answer::Error("e".into()) };
                answer(&format!("p{at}"), mode, it)
            }).collect();
            let first = decide(&answers, &Digest::of(b""));
            let turn = turn.min(answers.len());
            answers.rotate_left(turn);
            prop_assert_eq!(&decide(&answers, &Digest::of(b"")), &first);
            answers.reverse();
            prop_assert_eq!(&decide(&answers, &Digest::of(b"")), &first);
            let against = kinds.iter().any(|&(enforce, kind)| enforce && (kind == 1 || kind >= 3));
            prop_assert!(!(first.permitted() && against));
        }
    }
}
