//! `hostile`: a plugin that does what it is told, and it is told nothing good.
//!
//! `{"do": "loop", "n": 7, "text": "…"}`: `do` names a behaviour of [`behaviour`], `n` and `text` are its arguments.
//! With `"in": "configure"`, `configure` does it; otherwise `evaluate` does. A request whose `detail` has a `do` comes
//! before the settings, so that one loaded plugin can be asked for good and ill in turn. Without any, it allows.

pub mod behaviour;
#[cfg(target_arch = "wasm32")]
mod state;

#[cfg(target_arch = "wasm32")]
mod export {
    use crate::behaviour::{Settings, act};
    use reeve_sdk::{Configured, Description, Guard, PolicyError, Reason, Request, Verdict};

    static SETTINGS: Configured<Settings> = Configured::new();

    struct Hostile;

    impl Guard for Hostile {
        fn describe() -> Description {
            let schema = "{\"type\":\"object\"}";
            reeve_sdk::description("hostile", env!("CARGO_PKG_VERSION"), &[], schema, &[("FOUND", "What it found.")])
        }

        fn configure(settings: String) -> Result<(), Vec<Reason>> {
            let settings = Settings::parse(&settings)?;
            if settings.in_configure {
                // A verdict makes no sense here, but its reasons do: they are a refusal of the settings.
                if let Ok(Verdict::Deny(reasons)) = act(&settings) {
                    return Err(reasons);
                }
            }
            SETTINGS.set(settings);
            Ok(())
        }

        fn evaluate(request: Request) -> Result<Verdict, PolicyError> {
            if request.detail.contains("\"do\":") {
                let asked = Settings::parse(&request.detail);
                return act(&asked.map_err(|reasons| PolicyError::Other(format!("{reasons:?}")))?);
            }
            let settings = SETTINGS.get().ok_or_else(|| PolicyError::Other("not configured".to_owned()))?;
            if settings.in_configure { Ok(Verdict::Allow(vec![])) } else { act(settings) }
        }
    }

    reeve_sdk::export!(Hostile with_types_in reeve_sdk::bindings);
}
