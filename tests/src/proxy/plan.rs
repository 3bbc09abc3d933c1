//! What the proxy does to a call, drawn from a seed.

use std::collections::BTreeSet;
use std::fmt;

/// What is done to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// The service's own answer to too many calls; not forwarded.
    Throttle,
    /// Route 53's answer while an earlier change of the zone is under way; not forwarded.
    PriorRequest,
    /// Status 500 with an empty body; not forwarded.
    InternalError,
    /// Status 503 with an empty body; not forwarded.
    Unavailable,
    /// The connection is reset; not forwarded.
    ResetBefore,
    /// The call is applied, then the connection is reset instead of a reply.
    ResetAfter,
    /// The call is applied; the reply says its whole length and ends early.
    Truncate,
    /// The call is held back, then forwarded.
    Delay,
    /// The call is forwarded twice, and the second reply is given.
    Duplicate,
}

impl Fault {
    /// Every fault but [`Fault::Pass`].
    pub const ALL: [Self; 9] = [
        Self::Throttle,
        Self::PriorRequest,
        Self::InternalError,
        Self::Unavailable,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Truncate,
        Self::Delay,
        Self::Duplicate,
    ];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Throttle => "throttle",
            Self::PriorRequest => "prior-request",
            Self::InternalError => "internal-error",
            Self::Unavailable => "unavailable",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::Truncate => "truncate",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
        })
    }
}

/// How often each fault is drawn.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The same seed gives the n-th call to arrive the same draw.
    pub seed: u64,
    /// Faults, each with how many of [`DRAWS`] calls have it. What is left passes.
    pub shares: Vec<(Fault, u64)>,
    /// The longest [`Fault::Delay`], in milliseconds.
    pub delay_ms_max: u64,
    /// Services whose every call may be duplicated.
    ///
    /// Other services' calls are duplicated only when their method is idempotent (GET, HEAD, PUT, DELETE): an
    /// intermediary may resend those by itself and no others (RFC 9110, 9.2.2). A POST is sent twice by a client's own
    /// retry, which [`Fault::ResetAfter`] provokes; naming its service here asks for more than a network may do.
    pub duplicated: BTreeSet<String>,
}

/// What shares are counted in.
pub const DRAWS: u64 = 10_000;

impl Plan {
    /// Everything passes, unless a hook says otherwise.
    #[must_use]
    pub fn calm() -> Self {
        Self { seed: 0, shares: Vec::new(), delay_ms_max: 0, duplicated: BTreeSet::new() }
    }

    /// Every fault with this share of [`DRAWS`]; delays of up to 50 ms.
    #[must_use]
    pub fn stormy(seed: u64, share: u64) -> Self {
        let shares = Fault::ALL.into_iter().map(|fault| (fault, share)).collect();
        Self { seed, shares, delay_ms_max: 50, duplicated: BTreeSet::new() }
    }

    /// What is drawn for the call with this index (from 0), whatever the call is.
    #[must_use]
    pub fn draw(&self, index: u64) -> Fault {
        let mut left = mix(self.seed, index) % DRAWS;
        for (fault, share) in &self.shares {
            match left.checked_sub(*share) {
                None => return *fault,
                Some(rest) => left = rest,
            }
        }
        Fault::Pass
    }

    /// How long the call with this index is held back, in milliseconds.
    #[must_use]
    pub fn delay_ms(&self, index: u64) -> u64 {
        mix(!self.seed, index) % (self.delay_ms_max + 1)
    }
}

/// The `index`-th number of `SplitMix64` (Steele, Lea, Flood 2014): every draw stands for itself, whatever came before.
#[must_use]
pub fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The reference implementation's first numbers from seed 1234567.
        let first: Vec<u64> = (0..3).map(|index| mix(1_234_567, index)).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_seed_draws_the_same_faults_in_about_their_shares() {
        let plan = Plan::stormy(7, 500);
        let draws: Vec<Fault> = (0..10_000).map(|index| plan.draw(index)).collect();
        assert_eq!(draws, (0..10_000).map(|index| plan.draw(index)).collect::<Vec<_>>());
        assert_ne!(draws, (0..10_000).map(|index| Plan::stormy(8, 500).draw(index)).collect::<Vec<_>>());
        for fault in Fault::ALL {
            let count = draws.iter().filter(|drawn| **drawn == fault).count();
            assert!((400..600).contains(&count), "{fault}: {count}");
        }
        assert!((0..1_000).all(|index| plan.delay_ms(index) <= 50));
        assert!((0..1_000).all(|index| Plan::calm().draw(index) == Fault::Pass));
    }
}
