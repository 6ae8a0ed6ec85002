//! The console behind the gateway: what is no vendor's path goes there.

use axum::Router;
use http_body_util::BodyExt;
use jeton_console::Peer;
use jeton_gateway::{BodyError, Fallback, GatewayBody};
use std::sync::Arc;
use tower_service::Service;

/// Hands requests to `router`, with the caller's address where the console looks for it.
pub(super) fn to(router: Router) -> Fallback {
    Arc::new(move |mut request, client| {
        let mut router = router.clone();
        if let Some(address) = client.address {
            request.extensions_mut().insert(Peer(address));
        }
        Box::pin(async move {
            let response = match router.call(request.map(axum::body::Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            response.map(|body| GatewayBody::Other(Box::pin(body.map_err(|error| Box::new(error) as BodyError))))
        })
    })
}
