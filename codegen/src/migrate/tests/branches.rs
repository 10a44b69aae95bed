//! Two branches that each sealed something.

use std::collections::BTreeMap;

use super::*;

fn folder(dir: &Path) -> BTreeMap<String, String> {
    let root = dir.join("migrations");
    let mut files = BTreeMap::new();
    for folder in ["", "sqlite"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
        {
            let name = entry.file_name().into_string().unwrap();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            files.insert(path, fs::read_to_string(entry.path()).unwrap());
        }
    }
    files
}

/// A branch from the same first migration, which sealed one with these fields more, and one that was written by hand.
fn branch(name: &str, fields: &[(u32, &str)], by_hand: Option<&str>) -> Branch {
    let dir = tempfile::tempdir().unwrap();
    let (project, first) = (project(dir.path()), model(&[(2, "number"), (3, "old")]));
    generate(&project, &first, &[]).unwrap();
    seal_now(&project, &first);
    let all: Vec<(u32, &str)> = [(2, "number")].iter().chain(fields).copied().collect();
    generate(&project, &model(&all), &["shop.v1.Order.old"]).unwrap();
    seal_now(&project, &model(&all));
    if let Some(by_hand) = by_hand {
        let (_, files) = super::super::by_hand(&project, &Disk::read(&project).unwrap(), by_hand).unwrap();
        for (path, text) in &files {
            fs::write(dir.path().join(path), text).unwrap();
        }
        seal_now(&project, &model(&all));
    }
    Branch { name: name.to_owned(), files: folder(dir.path()) }
}

#[test]
fn the_migrations_of_one_keep_their_numbers_and_the_others_come_behind() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let kept = branch("main", &[(3, "old"), (4, "note")], None);
    let moved = branch("feature", &[(5, "label")], Some("fill_labels"));
    let rebased = rebase(&project, &kept, &moved, None).unwrap();
    let stems: Vec<String> = rebased.moved.iter().map(MigrationName::stem).collect();
    assert_eq!(stems, ["0002_change_orders", "0003_fill_labels"]);
    assert_eq!(rebased.allowed, ["shop.v1.Order.old"]);
    // Both have a file of this name; it is restored, not removed.
    let both = "migrations/sqlite/0002_change_orders.up.sql";
    let removed = ["down", "up"].map(|way| format!("migrations/sqlite/0003_fill_labels.{way}.sql"));
    assert_eq!(rebased.removed, removed);
    let restored: BTreeMap<&str, &str> = rebased.files.iter().map(|(path, text)| (&**path, &**text)).collect();
    assert!(restored[both].contains("note") && !restored[both].contains("label"), "{}", restored[both]);
    assert!(restored.contains_key("migrations/schema.lock.json"));
    let (name, files) = renumbered(&project, &rebased.by_hand[0], 4);
    assert_eq!(name.stem(), "0004_fill_labels");
    assert_eq!(files[0].0, "migrations/sqlite/0004_fill_labels.down.sql");
    assert!(files[0].1.starts_with("-- 0004_fill_labels, down. Written by hand"));
    // Of several commits only what one of them sealed itself is moved: what the one before it sealed was moved with that.
    let base = branch("feature~", &[(5, "label")], None);
    let second = rebase(&project, &kept, &moved, Some(&base)).unwrap();
    assert_eq!(second.moved.iter().map(MigrationName::stem).collect::<Vec<_>>(), ["0003_fill_labels"]);
    assert_eq!(second.by_hand.len(), 1);
    let nothing = rebase(&project, &kept, &base, Some(&base)).unwrap();
    assert!(nothing.moved.is_empty() && nothing.by_hand.is_empty());
    let none = rebase(&project, &kept, &kept, None).unwrap();
    assert!(none.moved.is_empty() && none.removed.is_empty());
}

#[test]
fn a_branch_whose_migrations_are_not_whole_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let kept = branch("main", &[(4, "note")], None);
    let mut moved = branch("feature", &[(5, "label")], None);
    for text in moved.files.values_mut().filter(|text| text.contains("ALTER")) {
        text.push_str("SELECT 1;\n");
    }
    let found = words(&rebase(&project, &kept, &moved, None).unwrap_err());
    assert!(found.contains("the migrations of feature are not whole") && found.contains("was edited"), "{found}");
}

#[test]
fn a_folder_in_conflict_is_told_how_to_come_out_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path());
    let (ours, theirs) = (branch("main", &[(4, "note")], None), branch("feature", &[(5, "label")], None));
    let sums = |branch: &Branch| branch.files["migrations.sum"].clone();
    let line = |branch: &Branch| sums(branch).lines().last().unwrap().to_owned();
    let both = format!("{}{}\n", sums(&ours), line(&theirs));
    let marked = format!("{}<<<<<<< HEAD\n=======\n{}\n>>>>>>> feature\n", sums(&ours), line(&theirs));
    for sums in [both, marked] {
        for (path, text) in theirs.files.iter().chain(&ours.files) {
            fs::create_dir_all(dir.path().join("migrations/sqlite")).unwrap();
            fs::write(dir.path().join("migrations").join(path), text).unwrap();
        }
        fs::write(dir.path().join("migrations/migrations.sum"), sums).unwrap();
        let found = words(&Disk::read(&project).unwrap_err());
        assert!(found.contains("cargo xtask migrate rebase"), "{found}");
    }
}
