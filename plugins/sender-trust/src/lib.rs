//! `sender-trust`: who may ask for what at all.

pub mod rules;

#[cfg(target_arch = "wasm32")]
mod export {
    use crate::rules::{self, Settings};
    use reeve_sdk::{Configured, Description, Guard, PolicyError, Reason, Request, Verdict};

    reeve_sdk::one_evaluation_memory!();

    static SETTINGS: Configured<Settings> = Configured::new();

    struct SenderTrust;

    impl Guard for SenderTrust {
        fn describe() -> Description {
            reeve_sdk::description(
                "sender-trust",
                env!("CARGO_PKG_VERSION"),
                &[],
                include_str!("../settings.schema.json"),
                rules::REASONS,
            )
        }

        fn configure(settings: String) -> Result<(), Vec<Reason>> {
            SETTINGS.set(Settings::parse(&settings)?);
            Ok(())
        }

        fn evaluate(request: Request) -> Result<Verdict, PolicyError> {
            let settings = SETTINGS.get().ok_or_else(|| PolicyError::Other("not configured".to_owned()))?;
            Ok(rules::judge(&request, settings))
        }
    }

    reeve_sdk::export!(SenderTrust with_types_in reeve_sdk::bindings);
}
