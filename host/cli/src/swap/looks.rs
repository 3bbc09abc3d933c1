//! What looks at the parameters of tables come to.

use super::Look;
use crate::exit::Failure;
use crate::parameters::Seen;
use std::time::{Duration, Instant};

/// How long parameters may go on changing until they are read all the same: somebody's list always changes in a large
/// organization, and what was taken away must not stay for ever.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// The looks before.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// How the parameters looked last, if otherwise than they did.
    last: Option<Seen>,
    /// Since when.
    since: Option<Instant>,
    /// Whether they could not be read the last time.
    away: bool,
}

/// What a look comes to.
#[derive(Debug)]
pub(super) enum Looked {
    /// They are as they were.
    Same,
    /// They look otherwise; whether they are written to their end, only another look can say.
    Moving,
    /// They have changed.
    Changed(Look),
    /// They cannot be read any more.
    Away(Failure),
    /// They can be read again, and are as they were.
    Back,
}

impl Looks {
    /// Takes a look; `known` is how the parameters were when they were read.
    pub(super) fn next(&mut self, known: &Seen, look: Result<Seen, Failure>, now: Instant) -> Looked {
        let seen = match look {
            Ok(seen) => seen,
            Err(_) if self.away => return Looked::Same,
            Err(failure) => {
                self.away = true;
                return Looked::Away(failure);
            }
        };
        let was_away = std::mem::take(&mut self.away);
        if seen == *known {
            (self.last, self.since) = (None, None);
            return if was_away { Looked::Back } else { Looked::Same };
        }
        let since = *self.since.get_or_insert(now);
        let waited = now.saturating_duration_since(since) >= SETTLE_MAX;
        let twice = self.last.as_ref() == Some(&seen);
        self.last = Some(seen.clone());
        if twice || waited { Looked::Changed(Look { seen, settled: !waited }) } else { Looked::Moving }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Asked;
    use reeve_model::Digest;

    fn seen(text: &str) -> Seen {
        [(Asked::Below("/a".to_owned()), Some(Digest::of(text.as_bytes())))].into()
    }

    #[test]
    fn what_looks_the_same_twice_has_changed() {
        let begin = Instant::now();
        let known = seen("0");
        let mut looks = Looks::default();
        // Seconds, what is seen, and what that comes to.
        for (seconds, text, expected) in [
            (0, Some("0"), "Same"),
            (30, Some("1"), "Moving"),
            (32, Some("2"), "Moving"),
            (34, Some("0"), "Same"),
            (64, Some("1"), "Moving"),
            (66, Some("1"), "Changed settled"),
            (68, Some("0"), "Same"),
            (98, None, "Away"),
            (128, None, "Same"),
            (158, Some("0"), "Back"),
            (188, None, "Away"),
            (218, Some("1"), "Moving"),
            // A look that fails says nothing of what has changed.
            (220, None, "Away"),
            (250, Some("1"), "Changed settled"),
            // Found moving once more when it was read: the minute goes on.
            (252, Some("2"), "Moving"),
            (277, Some("3"), "Moving"),
            (278, Some("4"), "Changed"),
            (279, Some("4"), "Changed"),
            (280, Some("0"), "Same"),
            (310, Some("1"), "Moving"),
            (369, Some("1"), "Changed settled"),
            (370, Some("1"), "Changed"),
        ] {
            let look = text.map(seen).ok_or_else(|| Failure::new("away"));
            let looked = match looks.next(&known, look, begin + Duration::from_secs(seconds)) {
                Looked::Same => "Same",
                Looked::Moving => "Moving",
                Looked::Changed(look) => {
                    assert_eq!(Some(look.seen), text.map(seen));
                    if look.settled { "Changed settled" } else { "Changed" }
                }
                Looked::Away(_) => "Away",
                Looked::Back => "Back",
            };
            assert_eq!(looked, expected, "{seconds}");
        }
    }
}
