//! Logs and traces. Logs are JSON lines on standard error; traces go where `OTEL_EXPORTER_OTLP_ENDPOINT` says.
//!
//! Neither holds bodies, details, parameter values, documents or credentials: only ids, names of kinds and policies,
//! codes, and the texts that Reeve itself writes about failures.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Where traces are sent; the SDK's own variable.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// What is told, in the form of `tracing`: `warn,reeve=debug`.
const LOG: &str = "REEVE_LOG";
/// What is told when nobody says: what Reeve does, and what others warn of. A directive without a dash matches every
/// crate of Reeve, whose names begin with `reeve`.
const LOG_DEFAULT: &str = "warn,reeve=info,reeve_serve=info,reeve_aws=info";

/// What has to be ended so that the last traces are sent.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sends what is left.
    pub fn end(self) {
        if let Some(provider) = self.provider {
            // At the end of the process there is nobody left to tell.
            let _ = provider.shutdown();
        }
    }
}

/// Starts logs, and traces if they have somewhere to go. Within the runtime: the exporter uses it.
///
/// # Errors
/// When the exporter cannot be made, or logs were started before.
pub fn start(gate: &str) -> Result<Telemetry, String> {
    let filter = match std::env::var(LOG) {
        Ok(directives) => EnvFilter::try_new(&directives).map_err(|error| format!("`{LOG}`: {error}"))?,
        Err(_) => EnvFilter::new(LOG_DEFAULT),
    };
    let logs = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_filter(filter);
    let provider = provider(gate)?;
    let only_ours = tracing_subscriber::filter::filter_fn(|metadata| metadata.target().starts_with("reeve"));
    let traces = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("reeve")).with_filter(only_ours));
    tracing_subscriber::registry().with(logs).with(traces).try_init().map_err(|error| error.to_string())?;
    Ok(Telemetry { provider })
}

/// Sends on the runtime: the SDK exports from a thread of its own, where the exporter's client has no reactor.
#[derive(Debug)]
struct OnRuntime {
    exporter: Arc<SpanExporter>,
    runtime: tokio::runtime::Handle,
}

impl opentelemetry_sdk::trace::SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let sent = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        sent.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Nobody else has the exporter yet: this is called once, before the first batch.
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

fn provider(gate: &str) -> Result<Option<SdkTracerProvider>, String> {
    if std::env::var_os(ENDPOINT).is_none() {
        return Ok(None);
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .build()
        .map_err(|error| format!("traces cannot be sent to `{ENDPOINT}`: {error}"))?;
    let exporter = OnRuntime { exporter: Arc::new(exporter), runtime: tokio::runtime::Handle::current() };
    let resource = Resource::builder()
        .with_service_name("reeve")
        .with_attribute(opentelemetry::KeyValue::new("reeve.gate", gate.to_owned()))
        .build();
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}
