//! Files have names that imports and modules can have.

use heck::ToSnakeCase;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for file in &model.files {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let stem = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".proto");
        if !file.path.chars().all(plain) || stem.to_snake_case().is_empty() {
            found.push(
                Diagnostic::at("arcana::file_name", &file.span, format!("`{}` is no name for a file", file.path))
                    .help("name it with letters, digits, `_` and `-`, such as `shop/v1/order.proto`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use crate::{Sources, read_model};

    fn codes(path: &str) -> Vec<&'static str> {
        let files = BTreeMap::from([(path.to_owned(), "syntax = \"proto3\"; package t.v1;".to_owned())]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        read_model(&Sources::of(files, root).unwrap()).err().map(|found| found.codes()).unwrap_or_default()
    }

    #[test]
    fn refuses_names_that_leave_no_module_or_need_escapes() {
        for path in ["t/a b.proto", "t/ünï.proto", "t/-.proto", "t/a\"b.proto"] {
            assert_eq!(codes(path), ["arcana::file_name"], "{path}");
        }
        for path in ["t/my-file.proto", "t/1st.proto", "t/mod.proto", "t/self.proto", "t/a.b.proto"] {
            assert!(codes(path).is_empty(), "{path}");
        }
    }
}
