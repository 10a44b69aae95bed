//! How callers say who they are, and which operations ask.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

use crate::model::{Access, Grant};

/// Name of the scheme for whoever signed in.
const BEARER: &str = "bearer";
/// Name of the scheme for peers of the deployment.
const PEER: &str = "peer";

/// The schemes that some operation asks for.
pub(super) fn schemes<'a>(asked: impl Iterator<Item = &'a SecurityRequirement>) -> Vec<(&'static str, SecurityScheme)> {
    let asked: Vec<&SecurityRequirement> = asked.collect();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The access token of whoever signed in, as `Authorization: Bearer …`."))
        .build();
    let peer = "The certificate of a peer of the deployment (mTLS).".to_owned();
    let peer = SecurityScheme::MutualTls { description: Some(peer), deprecated: None, extensions: None };
    let mut all = vec![(BEARER, SecurityScheme::Http(bearer)), (PEER, peer)];
    all.retain(|(name, _)| asked.contains(&&by(name)));
    all
}

/// What an operation asks for: any of these; none if it is open to everyone.
pub(super) fn required(access: &Access) -> Vec<SecurityRequirement> {
    if access.any.contains(&Grant::Public) {
        return Vec::new();
    }
    let internal = access.any.contains(&Grant::Internal);
    // Where nothing is granted, admins may call.
    let others = access.any.iter().any(|grant| *grant != Grant::Internal) || access.any.is_empty();
    let names = [(others, BEARER), (internal, PEER)].into_iter().filter(|(asks, _)| *asks);
    names.map(|(_, name)| by(name)).collect()
}

fn by(name: &str) -> SecurityRequirement {
    SecurityRequirement::new::<_, [String; 0], String>(name, [])
}
