//! The contract, compiled: what reflection serves and what the Rust types are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use prost_types::FileDescriptorSet;
use protox::Compiler;
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

use super::EmitError;
use crate::texts::Texts;

/// The compiled contract.
#[derive(Debug)]
pub struct Descriptor {
    /// The set with its imports, comments and options as the compiler encodes it: `descriptor.bin`.
    pub bytes: Vec<u8>,
    /// The set as plain messages. Options that are extensions are not in it.
    pub set: FileDescriptorSet,
    /// Packages of the contract's own files.
    pub packages: Vec<String>,
}

/// Compiles the contract as [`super::contract::emit`] gives it. The folders hold the texts of `google/api` and
/// `buf/validate`.
pub fn compile(contract: &BTreeMap<String, String>, include: &[PathBuf]) -> Result<Descriptor, EmitError> {
    let texts: BTreeMap<String, String> = contract
        .iter()
        .map(|(path, text)| (path.strip_prefix("proto/").unwrap_or(path).to_owned(), text.clone()))
        .collect();
    let own: BTreeSet<String> = texts.keys().cloned().collect();
    let mut resolver = ChainFileResolver::new();
    resolver.add(Texts::new(texts));
    for folder in include {
        resolver.add(IncludeFileResolver::new(folder.clone()));
    }
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_source_info(true).include_imports(true);
    for path in &own {
        compiler.open_file(path)?;
    }
    let set = compiler.file_descriptor_set();
    let mut packages: Vec<String> =
        set.file.iter().filter(|file| own.contains(file.name())).map(|f| f.package().to_owned()).collect();
    packages.sort();
    packages.dedup();
    Ok(Descriptor { bytes: compiler.encode_file_descriptor_set(), set, packages })
}
