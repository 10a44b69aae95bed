//! The `.proto` texts that Arcana brings along for every project to import: its vocabulary, and entities of its own.

/// The vocabulary: `(arcana.entity)` and its like.
pub const ANNOTATIONS: &str = "arcana/annotations.proto";

/// Texts by path. What declares entities makes them part of a project that imports it: tables, routes, logic and all.
pub const TEXTS: [(&str, &str); 2] = [
    (ANNOTATIONS, include_str!("../../schema/arcana/annotations.proto")),
    ("arcana/identity/v1/user.proto", include_str!("../../schema/arcana/identity/v1/user.proto")),
];

/// The text at a path, if it is one of Arcana's.
pub fn text(path: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// Paths of the files that declare entities.
pub fn entities() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(path, _)| *path).filter(|path| *path != ANNOTATIONS)
}
