//! The log: one line for each request, with its route and not its address, and no part of a body.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Logs to stdout what `RUST_LOG` asks for (`target=level,..`), or else everything from INFO on.
pub fn install() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    let targets = asked.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    tracing_subscriber::registry().with(tracing_subscriber::fmt::layer().with_filter(targets)).init();
}

pub async fn requests(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", method = %request.method(), route);
    async {
        let began = Instant::now();
        let response = next.run(request).await;
        tracing::info!(status = response.status().as_u16(), milliseconds = began.elapsed().as_millis(), "answered");
        response
    }
    .instrument(span)
    .await
}
