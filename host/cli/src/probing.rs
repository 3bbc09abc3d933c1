//! Whom a gate asks to prove a delegation.

use reeve_config::ServeFile;
use reeve_probe::ProberConfig;
use std::time::Duration;

/// The prober's configuration as the gate file says it.
pub(crate) fn config(serve: &ServeFile) -> ProberConfig {
    let probe = &serve.probe;
    ProberConfig {
        resolvers: probe.resolvers.clone(),
        port: probe.port,
        deadline: Duration::from_secs(u64::from(probe.deadline_seconds)),
        ..ProberConfig::default()
    }
}
