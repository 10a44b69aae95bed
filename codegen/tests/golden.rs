//! Every kind of artifact of the shop, as it is written: what a change of a template or a view does shows here first.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use arcana_codegen::{Output, Project, Sources, generate};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn output() -> Output {
    let project = Project::read(root()).unwrap();
    generate(&project, &Sources::read(&project).unwrap(), &[]).unwrap_or_else(|found| panic!("{}", found.to_json()))
}

#[test]
fn writes_each_kind_of_file_as_it_did_before() {
    let output = output();
    let kinds = [
        "model",
        "dto",
        "mapper",
        "validate",
        "sql",
        "repository",
        "mock",
        "service",
        "http",
        "grpc",
        "fixture",
        "mod",
    ];
    for kind in kinds {
        let path = format!("generated/src/shop/v1/order/{kind}.rs");
        let text = output.files.text(&path).unwrap_or_else(|| panic!("{path} is not written"));
        insta::assert_snapshot!(format!("order_{kind}"), text);
    }
    for (name, path) in [
        ("crate_manifest", "generated/Cargo.toml"),
        ("crate_lib", "generated/src/lib.rs"),
        ("crate_services", "generated/src/services.rs"),
        ("crate_package", "generated/src/shop/v1/mod.rs"),
        ("impact", "generated/IMPACT.md"),
        ("logic_list", "src/logic/mod.rs"),
        ("logic_scaffold", "src/logic/customer.rs"),
        ("logic_scaffold_with_rpcs", "src/logic/order.rs"),
    ] {
        let text = output.files.text(path).unwrap_or_else(|| panic!("{path} is not written"));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn a_file_that_only_names_differ_in_stays_short() {
    let output = output();
    for (path, file) in output.files.files().iter().filter(|(path, _)| path.contains("/shop/v1/product/")) {
        let lines = file.content.iter().filter(|byte| **byte == b'\n').count();
        assert!(lines <= 250, "{path} has {lines} lines");
    }
    let whole: usize = output
        .files
        .files()
        .iter()
        .filter(|(path, _)| path.contains("/shop/v1/product/"))
        .map(|(_, file)| file.content.iter().filter(|byte| **byte == b'\n').count())
        .sum();
    assert!(whole <= 1000, "an entity of ten fields has {whole} lines");
}
