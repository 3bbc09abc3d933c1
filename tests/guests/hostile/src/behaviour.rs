//! What it can do, by name.

use reeve_sdk::Reason;

/// The settings.
#[derive(Debug)]
pub struct Settings {
    /// What to do.
    pub what: String,
    /// Whether `configure` does it.
    pub in_configure: bool,
    /// A number for it.
    pub n: usize,
    /// A text for it.
    pub text: String,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(text: &str) -> Result<Self, Vec<Reason>> {
        let mut settings = reeve_sdk::settings::Settings::parse(text)?;
        let mut take = |name| settings.take(name, "a string", |node| node.as_str().map(str::to_owned));
        let (what, place, text) = (take("do"), take("in"), take("text"));
        let n = settings.take("n", "a whole number", |node| usize::try_from(node.value.as_i64()?).ok());
        settings.finish()?;
        Ok(Self {
            what: what.unwrap_or_else(|| "allow".to_owned()),
            in_configure: place.as_deref() == Some("configure"),
            n: n.unwrap_or_default(),
            text: text.unwrap_or_default(),
        })
    }
}

#[cfg(target_arch = "wasm32")]
pub use wasm::act;

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::Settings;
    use crate::state;
    use reeve_sdk::bindings::reeve::policy::dataset;
    use reeve_sdk::{PolicyError, Reason, Severity, Verdict, reason};
    use std::hint::black_box;

    /// Does what the settings say.
    ///
    /// # Errors
    /// Whatever it was told to give.
    pub fn act(settings: &Settings) -> Result<Verdict, PolicyError> {
        let Settings { n, text, .. } = settings;
        let n = *n;
        Ok(match settings.what.as_str() {
            "allow" => Verdict::Allow(vec![]),
            "abstain" => Verdict::Abstain(text.clone()),
            "missing-fact" => return Err(PolicyError::MissingFact(text.clone())),
            "unsupported-kind" => return Err(PolicyError::UnsupportedKind(text.clone())),
            "error" => return Err(PolicyError::Other(text.clone())),

            "loop" => endless(|| ()),
            "loop-log" => {
                let line = "x".repeat(n);
                endless(|| reeve_sdk::debug(&line))
            }
            "loop-exact" => {
                let key = "x".repeat(n);
                endless(|| drop(black_box(dataset::exact(text, &key))))
            }
            "loop-below" => endless(|| drop(black_box(dataset::below(text, "example.com", u32::MAX)))),
            "loop-fill" => {
                let mut bytes = vec![0_u8; n];
                endless(|| black_box(&mut bytes).fill(7))
            }

            "hold" => {
                black_box(vec![1_u8; n]);
                Verdict::Allow(vec![])
            }
            "bomb" => endless(|| {
                black_box(Box::leak(vec![1_u8; 65_536].into_boxed_slice()));
            }),
            "grow" => found(format!("grow={}", core::arch::wasm32::memory_grow(0, n).cast_signed())),

            "recurse" => found(format!("deep={}", deep(u64::MAX))),
            "recurse-in-memory" => found(format!("deep={}", deep_in_memory(u64::MAX))),

            "panic" => panic!("told to"),
            "unreachable" => core::arch::wasm32::unreachable(),

            "deny" => Verdict::Deny(vec![reason("TOLD_TO", text)]),
            "deny-without-reason" => Verdict::Deny(vec![]),
            "reasons" => Verdict::Allow(vec![warning("TOLD_TO"); n]),
            "refusals" => Verdict::Deny(vec![warning("TOLD_TO"); n]),
            "code" => Verdict::Deny(vec![reason(text, "told to")]),
            "at" => Verdict::Deny(vec![reason("TOLD_TO", "told to").at(text)]),
            "message" => Verdict::Deny(vec![reason("TOLD_TO", text)]),
            "fix" => Verdict::Deny(vec![reason("TOLD_TO", "told to").fix(text)]),
            "extra" => {
                let extra = vec![(text.clone(), text.clone()); n];
                Verdict::Deny(vec![Reason { extra, ..reason("TOLD_TO", "told to") }])
            }
            "long-message" => Verdict::Deny(vec![reason("TOLD_TO", "x".repeat(n))]),
            "long-abstention" => Verdict::Abstain("x".repeat(n)),
            "long-error" => return Err(PolicyError::Other("x".repeat(n))),
            "not-utf8" => Verdict::Deny(vec![reason("TOLD_TO", not_utf8())]),

            "log" => {
                (0..n).for_each(|line| reeve_sdk::debug(&format!("{text}{line}")));
                Verdict::Allow(vec![])
            }
            "look-up" => found(format!("{:?}", dataset::exact(text, "x"))),

            "count" => found(state::count()),
            "residue" => found(state::residue(n)),
            "address" => found(state::address()),
            "hash-order" => found(state::hash_order()),
            other => return Err(PolicyError::Other(format!("`{other}` is no behaviour"))),
        })
    }

    /// Content, and tells something.
    fn found(what: String) -> Verdict {
        Verdict::Allow(vec![Reason { message: what, ..warning("FOUND") }])
    }

    fn warning(code: &str) -> Reason {
        reason(code, "").severity(Severity::Warning)
    }

    /// Never ends by itself. `black_box` keeps the compiler from seeing that.
    fn endless(mut step: impl FnMut()) -> Verdict {
        while black_box(true) {
            step();
        }
        Verdict::Allow(vec![])
    }

    /// Has no locals with an address, so that it uses up the stack of the engine and not the one in linear memory.
    #[inline(never)]
    fn deep(n: u64) -> u64 {
        if n < 2 { n } else { deep(n - 1) ^ deep(n - 2).rotate_left(3) }
    }

    /// Uses up the stack in linear memory first: a kilobyte of it in every call.
    #[inline(never)]
    fn deep_in_memory(n: u64) -> u64 {
        let local = black_box([n; 128]);
        if n < 2 { n } else { deep_in_memory(n - 1) ^ local.iter().sum::<u64>() }
    }

    #[expect(unsafe_code, reason = "a guest in another language would return such bytes without any ado")]
    fn not_utf8() -> String {
        // SAFETY: the text goes straight to the host and is not looked at here.
        unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) }
    }
}
