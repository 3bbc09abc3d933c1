//! Health, readiness and metrics, for whoever runs the gate.

use crate::Desk;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Ops {
    desk: Desk,
    ready: Arc<AtomicBool>,
}

/// Answers `/healthz` (the process lives), `/readyz` (start-up checks are done and it is not draining) and `/metrics`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_ops(listener: TcpListener, desk: Desk, ready: Arc<AtomicBool>) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .with_state(Ops { desk, ready });
    axum::serve(listener, routes).await
}

async fn readiness(State(ops): State<Ops>) -> (StatusCode, &'static str) {
    if ops.desk.draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if ops.ready.load(Ordering::Acquire) {
        return (StatusCode::OK, "ready\n");
    }
    (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
}

async fn metrics(State(ops): State<Ops>) -> impl IntoResponse {
    let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], ops.desk.metrics().text())
}
