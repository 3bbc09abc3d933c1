//! `scp-validation`: service control policies that AWS would refuse, that mean something else than they say, or that
//! would lock somebody out.

pub mod hierarchy;
pub mod policy;
pub mod rules;

#[cfg(target_arch = "wasm32")]
mod export {
    use crate::policy::{self, Settings};
    use reeve_sdk::{Configured, Description, Guard, PolicyError, Reason, Request, Verdict};

    reeve_sdk::one_evaluation_memory!();

    static SETTINGS: Configured<Settings> = Configured::new();

    struct ScpValidation;

    impl Guard for ScpValidation {
        fn describe() -> Description {
            let reasons: Vec<(&str, &str)> = policy::reasons().collect();
            reeve_sdk::description(
                "scp-validation",
                env!("CARGO_PKG_VERSION"),
                policy::KINDS,
                include_str!("../settings.schema.json"),
                &reasons,
            )
        }

        fn configure(settings: String) -> Result<(), Vec<Reason>> {
            SETTINGS.set(Settings::parse(&settings)?);
            Ok(())
        }

        fn evaluate(request: Request) -> Result<Verdict, PolicyError> {
            let settings = SETTINGS.get().ok_or_else(|| PolicyError::Other("not configured".to_owned()))?;
            Ok(policy::judge(&request, settings))
        }
    }

    reeve_sdk::export!(ScpValidation with_types_in reeve_sdk::bindings);
}
