//! `cert dev`: a CA for development, certificates of it for the server and for a client, and the settings that use them.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;

use super::App;
use super::command::{Outcome, print};
use crate::peer::Pattern;

/// Long enough to forget it, so that it need not be trusted anew.
const CA_DAYS: i64 = 3650;
/// As long as certificates of the web live.
const LEAF_DAYS: i64 = 90;

const FILES: [&str; 7] = ["ca.pem", "ca.key", "server.pem", "server.key", "client.pem", "client.key", "settings.yaml"];

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const IDENTITY: &str = "client.internal";

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder to put them in
    #[arg(long, value_name = "DIR", default_value = "var/tls")]
    dir: PathBuf,
    /// Name or address that the server is called by; may be repeated
    #[arg(long = "name", value_name = "NAME", default_values = NAMES)]
    names: Vec<String>,
    /// Identity of the client: a DNS name or a URI
    #[arg(long, value_name = "NAME", default_value = IDENTITY, value_parser = identity)]
    identity: String,
    /// Keep the CA that is there, and make the other certificates anew
    #[arg(long)]
    renew: bool,
    /// Make all anew, whatever is there
    #[arg(long, conflicts_with = "renew")]
    force: bool,
}

fn identity(text: &str) -> Result<String, String> {
    match Pattern::parse(text)? {
        Pattern::Below(_) => Err("a client has a name of its own; write it without *".to_owned()),
        Pattern::Name(name) => Ok(name),
        Pattern::Uri(uri) => Ok(uri),
    }
}

pub(super) fn dev(app: &'static App, args: &Args) -> Outcome {
    let Args { dir, names, identity, renew, force } = args;
    let path = |name: &str| dir.join(name);
    let there: Vec<&str> = FILES.into_iter().filter(|name| path(name).exists()).collect();
    if !there.is_empty() && !renew && !force {
        let mend = "add --renew to keep the CA and make the others anew, or --force to make all anew";
        return Err(format!("{} has {} already; {mend}", dir.display(), there.join(", ")));
    }
    let (ca, ca_pem) = if *renew { kept(app, dir)? } else { made(app)? };
    let server = leaf(&ca, server_names(names)?, ExtendedKeyUsagePurpose::ServerAuth)?;
    let client = leaf(&ca, vec![client_name(identity)?], ExtendedKeyUsagePurpose::ClientAuth)?;
    if *renew && !is_of(&client.0, &ca_pem) {
        let mend = "give --force to make all anew";
        return Err(format!("{} is not the CA of {}; {mend}", path("ca.pem").display(), path("ca.key").display()));
    }
    std::fs::create_dir_all(dir).map_err(|cause| format!("{} cannot be made: {cause}", dir.display()))?;
    if !renew {
        write(&path("ca.key"), &ca.key().serialize_pem(), Reader::Owner)?;
        write(&path("ca.pem"), &ca_pem, Reader::All)?;
    }
    for (name, (certificate, key)) in [("server", &server), ("client", &client)] {
        write(&path(&format!("{name}.key")), key, Reader::Owner)?;
        write(&path(&format!("{name}.pem")), certificate, Reader::All)?;
    }
    write(&path("settings.yaml"), &settings(dir, identity), Reader::All)?;
    print(&told(app, dir, names, identity))
}

type Ca = Issuer<'static, KeyPair>;

/// A new CA.
fn made(app: &App) -> Outcome<(Ca, String)> {
    let params = ca_params(app)?;
    let key = KeyPair::generate().map_err(words)?;
    let certificate = params.self_signed(&key).map_err(words)?;
    Ok((Issuer::new(params, key), certificate.pem()))
}

/// The CA that is there.
fn kept(app: &App, dir: &Path) -> Outcome<(Ca, String)> {
    let read = |name: &str| {
        let path = dir.join(name);
        let text = std::fs::read_to_string(&path);
        text.map_err(|cause| {
            format!("there is no CA to keep: {} cannot be read: {cause}; leave --renew out", path.display())
        })
    };
    let (certificate, key) = (read("ca.pem")?, read("ca.key")?);
    let key = KeyPair::from_pem(&key);
    let key = key.map_err(|_| {
        format!("{} holds no private key of a CA; give --force to make all anew", dir.join("ca.key").display())
    })?;
    Ok((Issuer::new(ca_params(app)?, key), certificate))
}

fn ca_params(app: &App) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = called(&format!("{} development CA", app.name));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lives(&mut params, CA_DAYS)?;
    Ok(params)
}

/// A certificate of the CA, and its key, in PEM.
fn leaf(ca: &Ca, names: Vec<SanType>, purpose: ExtendedKeyUsagePurpose) -> Outcome<(String, String)> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    lives(&mut params, LEAF_DAYS)?;
    let key = KeyPair::generate().map_err(words)?;
    let certificate = params.signed_by(&key, ca).map_err(words)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn server_names(names: &[String]) -> Outcome<Vec<SanType>> {
    let made = CertificateParams::new(names).map_err(|cause| format!("--name is no DNS name or address: {cause}"))?;
    Ok(made.subject_alt_names)
}

fn client_name(identity: &str) -> Outcome<SanType> {
    let text = identity.try_into().map_err(words)?;
    Ok(if identity.contains("://") { SanType::URI(text) } else { SanType::DnsName(text) })
}

/// From yesterday, because clocks differ.
fn lives(params: &mut CertificateParams, days: i64) -> Outcome {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |days: i64| -> Outcome<_> {
        let date: Date = today.checked_add(Span::new().days(days)).map_err(words)?;
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        Ok(rcgen::date_time_ymd(date.year().into(), month, day))
    };
    (params.not_before, params.not_after) = (day(-1)?, day(days)?);
    Ok(())
}

/// Whether clients with this certificate would be known by the CA.
fn is_of(certificate: &str, ca: &str) -> bool {
    let known = || {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).ok()?).ok()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
        verifier.verify_client_cert(&certificate, &[], UnixTime::now()).ok()
    };
    known().is_some()
}

#[derive(Clone, Copy, PartialEq)]
enum Reader {
    All,
    Owner,
}

/// At once and as a whole: a server may be looking.
fn write(path: &Path, text: &str, reader: Reader) -> Outcome {
    let failed = |cause: std::io::Error| format!("{} cannot be written: {cause}", path.display());
    let beside = path.with_added_extension("new");
    match std::fs::remove_file(&beside) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(failed(cause)),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if reader == Reader::Owner { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = reader;
    let written = options.open(&beside).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
}

fn settings(dir: &Path, identity: &str) -> String {
    // What JSON quotes, YAML reads.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let file = |name: &str| quoted(&dir.join(name).to_string_lossy());
    let (certificate, key, ca, identity) = (file("server.pem"), file("server.key"), file("ca.pem"), quoted(identity));
    format!(
        "# TLS for development; `cert dev` has made this file. Paths are seen from the folder that the service is started in.\n\
         server:\n  \
           rest:\n    \
             tls:\n      \
               certificate: {certificate}\n      \
               key: {key}\n  \
           grpc:\n    \
             tls:\n      \
               certificate: {certificate}\n      \
               key: {key}\n      \
               client_ca: {ca}\n      \
               allowed_identities: [{identity}]\n"
    )
}

fn told(app: &App, dir: &Path, names: &[String], identity: &str) -> String {
    let (name, folder) = (app.name, dir.display());
    let host = names.first().map_or("localhost", String::as_str);
    // Whoever renews wants the same names.
    let mut renew = format!("{name} cert dev --dir {folder} --renew");
    if names != NAMES {
        renew.extend(names.iter().map(|name| format!(" --name {name}")));
    }
    if identity != IDENTITY {
        renew.push_str(&format!(" --identity {identity}"));
    }
    let until = Timestamp::now().to_zoned(TimeZone::UTC).date().checked_add(Span::new().days(LEAF_DAYS));
    let until = until.map(|date| date.to_string()).unwrap_or_default();
    format!(
        "made in {folder}, until {until}:\n  \
           ca.pem, ca.key          the CA; clients trust ca.pem, and nobody else may read ca.key\n  \
           server.pem, server.key  the server: {}\n  \
           client.pem, client.key  a client: {identity}\n  \
           settings.yaml           what the service needs to be told:\n\n\
         {}\n\
         serve with TLS:  {name} serve --config {folder}/settings.yaml\n\
         call:            curl --cacert {folder}/ca.pem https://{host}:8080/health/ready\n\
         renew:           {renew}",
        names.join(", "),
        settings(dir, identity),
    )
}

fn words(error: impl Display) -> String {
    format!("a certificate cannot be made: {error}")
}
