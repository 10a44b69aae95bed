//! Settings of TLS and the files that they name: what is refused before anything is begun, and what `cert dev` makes.

use std::path::Path;

use crate::commands::{complaint, printed, run};
use crate::support::command;
use crate::support::tls::Authority;

#[test]
fn settings_that_contradict_each_other_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let set = |settings: &[&str]| {
        let flags = settings.iter().flat_map(|setting| ["--set", setting]);
        let arguments: Vec<&str> = std::iter::once("serve").chain(flags).collect();
        complaint(&run(folder.path(), &arguments), 1)
    };
    let words = set(&[
        "server.rest.tls.certificate=a.pem",
        "server.rest.tls.allowed_identities=a.internal,*",
        "server.grpc.tls.key=b.key",
        "server.grpc.tls.client_ca=c.pem",
    ]);
    for part in [
        "server.rest.tls.key is missing, and server.rest.tls.certificate is set",
        "server.rest.tls.allowed_identities is known from certificates of clients only; set server.rest.tls.client_ca",
        "server.rest.tls.allowed_identities \"*\" is no identity",
        "server.grpc.tls.certificate is missing, and server.grpc.tls.key is set",
        "server.grpc.tls.allowed_identities is empty, and server.grpc.tls.client_ca is set",
    ] {
        assert!(words.contains(part), "no {part:?} in {words}");
    }
    let words = set(&["server.grpc.tls.client_ca=c.pem", "server.grpc.tls.allowed_identities=a.internal"]);
    assert!(words.contains("server.grpc.tls.client_ca can only be asked for over TLS"), "{words}");
}

#[test]
fn files_that_cannot_be_used_are_told_before_anything_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Authority::new();
    let (one, other) = (ca.server(), ca.server());
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("one.pem", &one.certificate);
    write("other.key", &other.key);
    write("empty.pem", "");
    let serve = |rest: [&str; 2], grpc: [&str; 2]| {
        let mut arguments = vec!["serve".to_owned()];
        for (listener, [certificate, key]) in [("rest", rest), ("grpc", grpc)] {
            arguments.extend(["--set".to_owned(), format!("server.{listener}.tls.certificate={certificate}")]);
            arguments.extend(["--set".to_owned(), format!("server.{listener}.tls.key={key}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        complaint(&run(folder.path(), &arguments), 1)
    };
    let words = serve(["one.pem", "other.key"], ["absent.pem", "one.pem"]);
    for part in [
        "server.rest.tls.key: other.key is not the key of the certificate in one.pem",
        "server.grpc.tls.certificate: absent.pem cannot be read",
        "server.grpc.tls.key: one.pem holds no private key",
    ] {
        assert!(words.contains(part), "no {part:?} in {words}");
    }
    let words = serve(["empty.pem", "other.key"], ["one.pem", "other.key"]);
    assert!(words.contains("server.rest.tls.certificate: empty.pem holds no certificate"), "{words}");
    assert!(!folder.path().join("var").exists(), "nothing was begun");
}

#[test]
fn a_key_in_the_wrong_place_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = Authority::new().server().key;
    std::fs::write(folder.path().join("server.key"), &key).unwrap();
    let secret = key.lines().nth(1).unwrap();
    let given = command(folder.path())
        .args(["serve", "--set", "server.grpc.tls.certificate=a.pem"])
        .args(["--set", &format!("server.grpc.tls.key={key}")])
        .env("ARCANA_SERVER__REST__TLS__KEY_FILE", "server.key")
        .output()
        .unwrap();
    let words = complaint(&given, 1);
    for part in [
        "server.grpc.tls.key must be the path of a file",
        "is the path of a file itself; set ARCANA_SERVER__REST__TLS__KEY to it",
    ] {
        assert!(words.contains(part), "no {part:?} in {words}");
    }
    assert!(!words.contains(secret), "{words}");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn cert_dev_keeps_what_is_there_unless_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let tls = folder.path().join("tls");
    let dev = |arguments: &[&str]| run(folder.path(), &[&["cert", "dev", "--dir", "tls"], arguments].concat());
    let read = |name: &str| std::fs::read_to_string(tls.join(name)).unwrap();
    let words = printed(&dev(&["--identity", "spiffe://example.com/shop"]));
    assert!(words.contains("serve --config tls/settings.yaml"), "{words}");
    let renew = "cert dev --dir tls --renew --identity spiffe://example.com/shop\n";
    assert!(words.ends_with(renew), "{words}");
    assert!(read("settings.yaml").contains("allowed_identities: [\"spiffe://example.com/shop\"]"));
    for name in ["ca.key", "server.key", "client.key"] {
        assert_eq!(mode(&tls.join(name)), 0o600, "{name}");
    }
    let (ca, server, client) = (read("ca.pem"), read("server.pem"), read("client.key"));

    let words = complaint(&dev(&[]), 1);
    assert!(words.contains("--renew") && words.contains("--force"), "{words}");
    assert_eq!((read("ca.pem"), read("server.pem")), (ca.clone(), server.clone()));

    printed(&dev(&["--renew"]));
    assert_eq!(read("ca.pem"), ca);
    assert!(read("server.pem") != server && read("client.key") != client);

    printed(&dev(&["--force"]));
    assert_ne!(read("ca.pem"), ca);
    assert_eq!(mode(&tls.join("ca.key")), 0o600);

    std::fs::write(tls.join("ca.pem"), ca).unwrap();
    let words = complaint(&dev(&["--renew"]), 1);
    assert!(words.contains("tls/ca.pem is not the CA of tls/ca.key"), "{words}");
    std::fs::remove_file(tls.join("ca.key")).unwrap();
    let words = complaint(&dev(&["--renew"]), 1);
    assert!(words.contains("there is no CA to keep"), "{words}");
    let words = complaint(&dev(&["--force", "--identity", "*.internal"]), 2);
    assert!(words.contains("without *"), "{words}");
}
