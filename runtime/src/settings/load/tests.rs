//! How layers lie over each other, and what is refused.

use super::*;
use crate::settings::{Durability, LogFormat};

fn source(dir: &Path) -> Source {
    Source { dir: dir.to_owned(), ..Source::bare("shop", "ARCANA") }
}

fn with(variables: &[(&str, &str)]) -> Source {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Source { variables, dir: PathBuf::from("/nonexistent"), ..Source::bare("shop", "ARCANA") }
}

fn problems(source: &Source) -> Vec<String> {
    load(source).unwrap_err().problems.iter().map(Problem::to_string).collect()
}

#[test]
fn runs_on_built_in_defaults_alone() {
    let loaded = load(&with(&[])).unwrap();
    assert_eq!(loaded.settings.server.rest.port, 8080);
    assert_eq!(loaded.settings.database.synchronous, Durability::Normal);
    assert_eq!(loaded.settings.environment, "development");
    let known: Vec<&str> = keys::KEYS.iter().map(|(name, _)| *name).collect();
    assert_eq!(loaded.values.keys().map(String::as_str).collect::<Vec<_>>(), known);
}

#[test]
fn later_layers_win() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("config")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("config/default.yaml", "server: {rest: {port: 1}, grpc: {port: 11}, max_body_bytes: 21}\n");
    write("config/test.yaml", "server: {rest: {port: 2}, grpc: {port: 12}}\n");
    write("given.yaml", "server:\n  rest:\n    port: 3\n");
    let mut source = source(dir.path());
    source.file = Some(dir.path().join("given.yaml"));
    source.variables = vec![("ARCANA_ENV".into(), "test".into())];
    let port = |source: &Source| load(source).unwrap().settings.server.rest.port;
    assert_eq!(port(&source), 3);
    source.variables.push(("ARCANA_SERVER__REST__PORT".into(), "4".into()));
    assert_eq!(port(&source), 4);
    source.overrides = vec!["server.rest.port=5".into()];
    assert_eq!(port(&source), 5);
    let settings = load(&source).unwrap().settings;
    assert_eq!((settings.server.grpc.port, settings.server.max_body_bytes), (12, 21));
}

#[test]
fn reports_all_problems_with_place_and_hint() {
    let mut source = with(&[("ARCANA_SERVER__REST__PROT", "1"), ("ARCANA_SERVER__GRPC__PORT", "many")]);
    source.overrides = vec!["observability.log.format=xml".into(), "docs".into()];
    assert_eq!(
        problems(&source),
        [
            "server.grpc.port is \"many\", but must be a whole number from 0 to 65535 (from ARCANA_SERVER__GRPC__PORT)",
            "server.rest.prot is no setting; did you mean server.rest.port? (from ARCANA_SERVER__REST__PROT)",
            "observability.log.format is \"xml\", but must be one of pretty, json (from the command line)",
            "\"docs\" is no setting; write key=value (from the command line)",
        ]
    );
}

#[test]
fn refuses_development_mode_off_loopback_and_in_production() {
    let found = problems(&with(&[("ARCANA_SERVER__REST__HOST", "0.0.0.0"), ("ARCANA_ENV", "production")]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("security.mode development mode lets every caller do everything, so it is refused"));
    assert!(found[1].contains("0.0.0.0 can be reached from other machines"));
    for host in ["::1", "127.8.0.1", "localhost"] {
        load(&with(&[("ARCANA_SERVER__GRPC__HOST", host)])).unwrap();
    }
}

#[test]
fn reads_values_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("url");
    std::fs::write(&path, "sqlite://secret.db\n").unwrap();
    let path = path.to_str().unwrap();
    let loaded = load(&with(&[("ARCANA_DATABASE__URL_FILE", path)])).unwrap();
    assert_eq!(loaded.settings.database.url, "sqlite://secret.db");
    let twice = problems(&with(&[("ARCANA_DATABASE__URL_FILE", path), ("ARCANA_DATABASE__URL", "sqlite://x")]));
    assert!(twice[0].contains("is set twice"), "{twice:?}");
    let absent = problems(&with(&[("ARCANA_DATABASE__URL_FILE", "/nonexistent/url")]));
    assert!(absent[0].contains("cannot be read from /nonexistent/url"), "{absent:?}");
}

#[test]
fn refuses_files_that_are_absent_or_broken() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("config")).unwrap();
    let mut source = source(dir.path());
    source.variables = vec![("ARCANA_ENV".into(), "prodution".into())];
    assert!(problems(&source)[0].contains("the file cannot be read"));
    source.variables.clear();
    std::fs::write(dir.path().join("config/default.yaml"), "server: [unclosed").unwrap();
    assert!(problems(&source)[0].contains("no readable YAML"));
}

#[test]
fn leaves_variables_of_others_alone() {
    load(&with(&[("ARCANA_SERVICE_HOST", "10.0.0.1"), ("ARCANAX__Y", "1")])).unwrap();
}

#[test]
fn lists_come_from_commas() {
    let loaded =
        load(&with(&[("ARCANA_SERVER__CORS__ALLOWED_ORIGINS", "http://a.test, https://b.test:8443")])).unwrap();
    assert_eq!(loaded.settings.server.cors.allowed_origins, ["http://a.test", "https://b.test:8443"]);
    let found = problems(&with(&[("ARCANA_SERVER__CORS__ALLOWED_ORIGINS", "a.test/x")]));
    assert!(found[0].contains("is no origin"), "{found:?}");
}

#[test]
fn shows_values_with_origins_and_masks_credentials() {
    let mut source = with(&[("ARCANA_OBSERVABILITY__LOG__FORMAT", "json")]);
    source.overrides = vec!["database.url=postgres://me:hunter2@db/shop?password=hunter3".into()];
    let loaded = load(&source).unwrap();
    assert_eq!(loaded.settings.observability.log.format, LogFormat::Json);
    let shown = loaded.show();
    assert!(shown.contains("observability.log.format = json"), "{shown}");
    assert!(shown.contains("# ARCANA_OBSERVABILITY__LOG__FORMAT"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("hunter3"), "{shown}");
}
