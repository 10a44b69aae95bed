//! The `.proto` texts that Arcana brings along for every project to import: its vocabulary, and entities of its own.

/// The vocabulary: `(arcana.entity)` and its like.
pub const ANNOTATIONS: &str = "arcana/annotations.proto";

/// Texts by path. What declares entities makes them part of a project that imports it: tables, routes, logic and all.
pub const TEXTS: [(&str, &str); 9] = [
    (ANNOTATIONS, include_str!("../../schema/arcana/annotations.proto")),
    ("arcana/identity/v1/account_mail.proto", include_str!("../../schema/arcana/identity/v1/account_mail.proto")),
    ("arcana/identity/v1/api_key.proto", include_str!("../../schema/arcana/identity/v1/api_key.proto")),
    ("arcana/identity/v1/auth.proto", include_str!("../../schema/arcana/identity/v1/auth.proto")),
    (
        "arcana/identity/v1/external_identity.proto",
        include_str!("../../schema/arcana/identity/v1/external_identity.proto"),
    ),
    ("arcana/identity/v1/login_guard.proto", include_str!("../../schema/arcana/identity/v1/login_guard.proto")),
    ("arcana/identity/v1/session.proto", include_str!("../../schema/arcana/identity/v1/session.proto")),
    ("arcana/identity/v1/sync.proto", include_str!("../../schema/arcana/identity/v1/sync.proto")),
    ("arcana/identity/v1/user.proto", include_str!("../../schema/arcana/identity/v1/user.proto")),
];

/// Tables that the runtime itself writes and reads: a project has those that it needs, as tables and nothing else.
pub const STORES: [(&str, &str); 3] = [
    ("arcana/store/v1/audit.proto", include_str!("../../schema/arcana/store/v1/audit.proto")),
    ("arcana/store/v1/idempotency.proto", include_str!("../../schema/arcana/store/v1/idempotency.proto")),
    ("arcana/store/v1/outbox.proto", include_str!("../../schema/arcana/store/v1/outbox.proto")),
];

/// Whether a file declares nothing that could be a project's, wherever it stands: the vocabulary, and the tables of the runtime.
pub fn is_ours_alone(path: &str) -> bool {
    path == ANNOTATIONS || STORES.iter().any(|(known, _)| *known == path)
}

/// The text at a path, if it is one of Arcana's.
pub fn text(path: &str) -> Option<&'static str> {
    TEXTS.iter().chain(&STORES).find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// Paths of the files that declare entities.
pub fn entities() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(path, _)| *path).filter(|path| *path != ANNOTATIONS)
}
