//! Enumerations: a number on the gRPC wire, a name in JSON and in storage.

/// An enumeration of the schema.
pub trait Enumeration: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// Names of all values, in schema order.
    const NAMES: &'static [&'static str];
    /// Name as written in the schema.
    fn name(self) -> &'static str;
    /// From the name as written in the schema.
    fn from_name(name: &str) -> Option<Self>;
    /// Number on the wire.
    fn number(self) -> i32;
    /// From the number on the wire.
    fn from_number(number: i32) -> Option<Self>;
}
