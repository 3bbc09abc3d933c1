//! Events by HTTP: POST one, get its story and receipt. Nobody vouches for the sender on this path.

use crate::{Desk, Source};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use reeve_engine::{Delivery, Handled, Story};
use reeve_model::{Digest, limits::EVENT_BYTES_MAX};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Renders a story with its receipt's hash.
type Render = Arc<dyn Fn(&Story, Option<&Digest>) -> String + Send + Sync>;

/// A listener for events.
pub struct HttpSource {
    /// Where it listens.
    pub listener: TcpListener,
    /// Renders a story as one line of JSON, as `docs/schema/run-output.schema.json` says.
    pub render: Render,
}

impl std::fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpSource").field("listener", &self.listener).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Shared {
    desk: Desk,
    render: Render,
}

impl HttpSource {
    /// Answers `POST /events` until the listener fails.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, desk: Desk) -> std::io::Result<()> {
        let routes = Router::new()
            .route("/events", post(event))
            .layer(DefaultBodyLimit::max(EVENT_BYTES_MAX))
            .with_state(Shared { desk, render: self.render });
        axum::serve(self.listener, routes).await
    }
}

async fn event(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    // A browser sends this type across origins only after asking, and nobody answers that question here.
    let json = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if json.is_none_or(|it| it.split(';').next().map(str::trim) != Some("application/json")) {
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the event as `content-type: application/json`");
    }
    if shared.desk.draining() {
        return later("the gate is shutting down");
    }
    let Some(seat) = shared.desk.seat_now() else { return later("the gate has as many requests in hand as it takes") };
    let delivery = Delivery { body: body.to_vec(), origin: "http".to_owned(), verified: false, content_type: None };
    // A task of its own: a client that hangs up does not leave a request without an end.
    let desk = shared.desk.clone();
    let task = tokio::spawn(async move { desk.handle(delivery, Source::Http, seat).await });
    let Ok(handled) = task.await else { return later("the request could not be handled") };
    let form = [(header::CONTENT_TYPE, "application/x-ndjson")];
    match handled {
        Handled::Done(stories) => {
            let lines = stories.iter().map(|(story, receipt)| (shared.render)(story, Some(receipt)) + "\n");
            (StatusCode::OK, form, lines.collect::<String>()).into_response()
        }
        Handled::Again { why, .. } => later(&reeve_model::text::shown(&why, 512)),
    }
}

/// Seconds after which a client may ask again.
const RETRY_AFTER_SECONDS: u16 = 5;

fn later(why: &str) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    response
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let members = [("status", reeve_json::Value::from(i64::from(status.as_u16()))), ("detail", detail.into())];
    let text = reeve_json::canonical(&reeve_json::Value::object(members));
    (status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response()
}
