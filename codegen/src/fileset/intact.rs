//! Whether what an earlier run wrote lies there as it left it, and nothing besides.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use super::{FileSet, Kind, MANIFEST, TEMPORARY_SUFFIX, hash_of, list, manifest_entries, read};

/// What a run left on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Left {
    generated: String,
    /// Hash of the manifest, which holds those of all owned files.
    manifest: String,
    scaffolds: Vec<String>,
}

impl Left {
    /// What a run leaves that writes these files.
    pub fn by(files: &FileSet) -> Self {
        let scaffolds = files.files.iter().filter(|(_, file)| file.kind == Kind::Scaffold);
        Self {
            generated: files.generated.clone(),
            manifest: hash_of(files.manifest().as_bytes()),
            scaffolds: scaffolds.map(|(path, _)| path.clone()).collect(),
        }
    }

    /// Paths of the owned files, if all of them lie below `root` as they were written, no scaffold is missing, and
    /// the generated folder holds nothing else. Every file is read: times say nothing about what is in it.
    pub fn intact(&self, root: &Path) -> Option<BTreeSet<String>> {
        let path = format!("{}/{MANIFEST}", self.generated);
        let manifest = read(&root.join(&path)).ok()??;
        if hash_of(&manifest) != self.manifest {
            return None;
        }
        let entries = manifest_entries(&path, &manifest).ok()?;
        let same = |(path, hash): (&String, &String)| matches!(read(&root.join(path)), Ok(Some(content)) if hash_of(&content) == *hash);
        let mut found = Vec::new();
        list(&root.join(&self.generated), &self.generated, &mut found).ok()?;
        let known = |other: &String| entries.contains_key(other) || *other == path || other.ends_with(TEMPORARY_SUFFIX);
        let intact = found.iter().all(known)
            && self.scaffolds.iter().all(|path| root.join(path).is_file())
            && entries.par_iter().all(same);
        intact.then(|| entries.into_keys().collect())
    }
}
