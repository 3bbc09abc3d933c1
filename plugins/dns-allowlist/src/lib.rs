//! `dns-allowlist`: every account changes names below its own domains, and nobody else's.

pub mod name;
pub mod rules;

#[cfg(target_arch = "wasm32")]
mod export {
    use crate::rules::{self, Settings};
    use reeve_sdk::dataset::Table;
    use reeve_sdk::{Configured, Description, Guard, PolicyError, Reason, Request, Verdict};

    reeve_sdk::one_evaluation_memory!();

    static SETTINGS: Configured<Settings> = Configured::new();

    struct DnsAllowlist;

    impl Guard for DnsAllowlist {
        fn describe() -> Description {
            reeve_sdk::description(
                "dns-allowlist",
                env!("CARGO_PKG_VERSION"),
                rules::KINDS,
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
            rules::judge(&request, settings, &Table("owners"))
        }
    }

    reeve_sdk::export!(DnsAllowlist with_types_in reeve_sdk::bindings);
}
