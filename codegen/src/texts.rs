//! Protobuf texts that are in memory, as the compiler asks for them: all parsed at once, on all cores.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use protox::file::{File, FileResolver};
use rayon::prelude::*;

/// Texts by import path.
#[derive(Debug)]
pub(crate) struct Texts {
    texts: BTreeMap<String, String>,
    /// Files that parse, until the compiler takes them.
    parsed: Mutex<BTreeMap<String, File>>,
}

impl Texts {
    pub(crate) fn new(texts: BTreeMap<String, String>) -> Self {
        let parse = |(path, text): (&String, &String)| Some((path.clone(), File::from_source(path, text).ok()?));
        let parsed = Mutex::new(texts.par_iter().filter_map(parse).collect());
        Self { texts, parsed }
    }
}

impl FileResolver for Texts {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        let name = path.to_str()?.replace('\\', "/");
        self.texts.contains_key(&name).then_some(name)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Some(file) = self.parsed.lock().ok().and_then(|mut parsed| parsed.remove(name)) {
            return Ok(file);
        }
        // What does not parse is parsed once more, for what is wrong with it.
        let text = self.texts.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}
