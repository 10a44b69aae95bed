//! TLS as clients meet it: who is refused, who is served, and certificates that change while calls are made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::commands::{printed, run};
use crate::support::tls::{Authority, Client, NOW, Pair};
use crate::support::{Service, Start, eventually, raw};

const PATH: &str = "/api/v1/products";

/// The files of a server.
struct Files(TempDir);

impl Files {
    fn new(pair: &Pair) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.put(pair);
        files
    }

    fn put(&self, pair: &Pair) {
        self.write("server.pem", &pair.certificate);
        self.write("server.key", &pair.key);
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Settings that use them on both listeners.
    fn start(&self) -> Start {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        ["rest", "grpc"].iter().fold(Start::new(), |start, listener| {
            start
                .set(&format!("server.{listener}.tls.certificate={}", path("server.pem")))
                .set(&format!("server.{listener}.tls.key={}", path("server.key")))
        })
    }

    /// And let in who has one of these names by a certificate of the CA.
    fn start_for(&self, ca: &str, names: &str) -> Start {
        self.write("clients.pem", ca);
        let path = self.0.path().join("clients.pem");
        ["rest", "grpc"].iter().fold(self.start(), |start, listener| {
            start
                .set(&format!("server.{listener}.tls.client_ca={}", path.display()))
                .set(&format!("server.{listener}.tls.allowed_identities={names}"))
        })
    }
}

async fn is_healthy(channel: Channel) -> bool {
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.into_inner().status == 1)
}

/// Whether both protocols serve the client, or what the first that does not says.
async fn served(service: &Service, client: &Client) -> Result<(), String> {
    let calls = async {
        for protocol in ["h2", "http/1.1"] {
            let (status, text) = client.speaking(&[protocol]).get(service.rest, PATH).await?;
            assert_eq!(status, 200, "{text}");
        }
        let healthy = is_healthy(client.channel(service.grpc).await?).await;
        if healthy { Ok(()) } else { Err("gRPC does not answer".to_owned()) }
    };
    tokio::time::timeout(Duration::from_secs(60), calls).await.expect("the client waits")
}

/// Why REST and gRPC refuse the client: the alert that they give, which is the same. No call gets through.
async fn alert(service: &Service, client: &Client) -> String {
    let (rest, grpc) = (client.alert(service.rest).await, client.alert(service.grpc).await);
    assert_eq!(rest, grpc);
    served(service, client).await.unwrap_err();
    rest
}

#[tokio::test]
async fn what_cert_dev_makes_serves_both_protocols() {
    let folder = tempfile::tempdir().unwrap();
    printed(&run(folder.path(), &["cert", "dev"]));
    let service = Start::new().in_folder(folder.path()).with("--config", "var/tls/settings.yaml").run();
    let tls = folder.path().join("var/tls");
    let ca = std::fs::read_to_string(tls.join("ca.pem")).unwrap();
    let anyone = Client::new(&ca, None);
    for (protocol, spoken) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")] {
        let mut connection = anyone.speaking(protocol).open(service.rest).await.unwrap();
        let request = http::Request::get(format!("https://localhost{PATH}")).header("host", "localhost");
        let answer = connection.send(request).await.unwrap();
        assert_eq!((answer.status().as_u16(), format!("{:?}", answer.version())), (200, spoken.to_owned()));
    }
    assert_eq!(anyone.alert(service.grpc).await, "CertificateRequired");
    let client = Client::new(&ca, Some(&Pair::read(&tls, "client")));
    assert!(is_healthy(client.channel(service.grpc).await.unwrap()).await);
}

#[tokio::test]
async fn plain_text_gets_no_answer_where_tls_is_served() {
    let ca = Authority::new();
    let files = Files::new(&ca.server());
    let service = files.start().run();
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for address in [service.rest, service.grpc] {
        for request in [b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", preface] {
            let answer = raw(address, request).await;
            // An alert of TLS, and nothing else.
            assert!(answer.text.len() <= 7, "{answer:?}");
            assert_eq!(answer.status, 0, "{answer:?}");
        }
    }
    served(&service, &Client::new(&ca.pem, None)).await.unwrap();
}

#[tokio::test]
async fn a_client_is_refused_without_a_certificate_that_is_known_good_and_allowed() {
    let (ca, impostor, stranger) = (Authority::new(), Authority::new(), Authority::called("another CA"));
    let files = Files::new(&ca.server());
    let allowed = "orders.internal,*.peers.internal,spiffe://example.com/orders";
    let service = files.start_for(&ca.pem, allowed).run();
    let client = |pair: &Pair| Client::new(&ca.pem, Some(pair));

    assert_eq!(alert(&service, &Client::new(&ca.pem, None)).await, "CertificateRequired");
    assert_eq!(alert(&service, &client(&stranger.client("orders.internal"))).await, "UnknownCA");
    assert_eq!(alert(&service, &client(&impostor.client("orders.internal"))).await, "DecryptError");
    assert_eq!(alert(&service, &client(&ca.client_of("orders.internal", &(2020..=2021)))).await, "CertificateExpired");
    let early = ca.client_of("orders.internal", &(2110..=2120));
    assert_eq!(alert(&service, &client(&early)).await, "CertificateExpired");
    // The certificate of a server is none of a client.
    let server = ca.issue("orders.internal", &NOW, rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    assert_eq!(alert(&service, &client(&server)).await, "UnsupportedCertificate");
    for name in ["billing.internal", "peers.internal", "a.b.peers.internal", "spiffe://example.com/billing"] {
        assert_eq!(alert(&service, &client(&ca.client(name))).await, "AccessDenied", "{name}");
    }
    let log = service.log();
    assert!(log.contains("billing.internal") && log.contains("allowed_identities"), "{log}");

    for name in ["orders.internal", "a.peers.internal", "spiffe://example.com/orders"] {
        served(&service, &client(&ca.client(name))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_holds_nobody_up() {
    let ca = Authority::new();
    let files = Files::new(&ca.server());
    let mut service = files.start().set("server.shutdown_timeout_seconds=60").run();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(service.rest).await.unwrap());
        silent.push(TcpStream::connect(service.grpc).await.unwrap());
    }
    served(&service, &Client::new(&ca.pem, None)).await.unwrap();
    let started = Instant::now();
    service.signal(Signal::TERM);
    assert_eq!(service.wait().await.code(), Some(0), "{}", service.log());
    assert!(started.elapsed() < Duration::from_secs(9), "handshakes are not waited for: {:?}", started.elapsed());
    drop(silent);
}

/// Calls that are made until they are told to stop; none may fail.
struct Load {
    stop: Arc<AtomicBool>,
    made: Arc<[AtomicUsize; 4]>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// On a connection that stays, over each protocol, and on a connection for each call.
    async fn start(service: &Service, client: &Client) -> Self {
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::<[AtomicUsize; 4]>::default());
        let (rest, grpc) = (service.rest, service.grpc);
        let mut tasks = Vec::new();
        for (at, protocol) in ["h2", "http/1.1"].into_iter().enumerate() {
            let (stop, made) = (Arc::clone(&stop), Arc::clone(&made));
            let mut connection = client.speaking(&[protocol]).open(rest).await.unwrap();
            tasks.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(connection.get(PATH).await.unwrap().0, 200);
                    made[at].fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        let channel = client.channel(grpc).await.unwrap();
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&made));
        tasks.push(tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                assert!(is_healthy(channel.clone()).await);
                count[2].fetch_add(1, Ordering::Relaxed);
            }
        }));
        let (stopped, count, client) = (Arc::clone(&stop), Arc::clone(&made), client.clone());
        tasks.push(tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                assert_eq!(client.get(rest, PATH).await.unwrap().0, 200);
                assert!(is_healthy(client.channel(grpc).await.unwrap()).await);
                count[3].fetch_add(1, Ordering::Relaxed);
            }
        }));
        Self { stop, made, tasks }
    }

    /// Waits until each kind of call was made so many times more.
    async fn goes_on(&self, calls: usize) {
        let before: Vec<usize> = self.made.iter().map(|made| made.load(Ordering::Relaxed)).collect();
        eventually("calls go on", async || {
            assert!(!self.tasks.iter().any(tokio::task::JoinHandle::is_finished), "a call has failed");
            let far = |(made, before): (&AtomicUsize, &usize)| made.load(Ordering::Relaxed) >= before + calls;
            self.made.iter().zip(&before).all(far).then_some(())
        })
        .await;
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("no call has failed");
        }
    }
}

/// Until both ports show the certificate; ten seconds are what an operator may rely on.
async fn both_show(service: &Service, client: &Client, certificate: &CertificateDer<'static>) {
    let started = Instant::now();
    for address in [service.rest, service.grpc] {
        eventually("the new certificate is shown", async || {
            (client.shown(address).await == *certificate).then_some(())
        })
        .await;
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_and_no_call_is_lost() {
    let ca = Authority::new();
    let (old, new) = (ca.server(), ca.server());
    let files = Files::new(&old);
    let service = files.start().run();
    let client = Client::new(&ca.pem, None);
    both_show(&service, &client, &old.der()).await;
    let load = Load::start(&service, &client).await;
    load.goes_on(3).await;
    files.put(&new);
    both_show(&service, &client, &new.der()).await;
    // Those who were connected before still are.
    load.goes_on(3).await;
    load.stop().await;
    let log = service.log();
    assert!(!log.contains(" ERROR "), "{log}");
    assert!(log.contains("the certificate has changed"), "{log}");
}

#[tokio::test]
async fn a_certificate_that_is_broken_changes_nothing_until_it_is_mended() {
    let ca = Authority::new();
    let (old, new) = (ca.server(), ca.server());
    let files = Files::new(&old);
    let service = files.start().run();
    let client = Client::new(&ca.pem, None);
    let complains = async |words: &'static str| {
        eventually("the log complains", async || {
            let log = service.log();
            let both = ["server.rest", "server.grpc"];
            let complains = |listener: &&str| {
                log.lines().any(|line| line.contains("ERROR") && line.contains(*listener) && line.contains(words))
            };
            both.iter().all(complains).then_some(())
        })
        .await;
        served(&service, &client).await.unwrap();
        assert_eq!(client.shown(service.rest).await, old.der());
    };
    files.write("server.pem", &new.certificate);
    complains("is not the key of the certificate").await;
    files.write("server.pem", "nonsense");
    complains("holds no certificate").await;
    std::fs::remove_file(files.0.path().join("server.key")).unwrap();
    complains("cannot be read").await;
    files.put(&new);
    both_show(&service, &client, &new.der()).await;
    let log = service.log();
    assert!(!log.contains("PRIVATE KEY-----\n") && !log.contains(new.key.lines().nth(1).unwrap()), "{log}");
}

#[tokio::test]
async fn another_ca_of_clients_is_taken_too() {
    let (ca, next) = (Authority::new(), Authority::called("the next CA"));
    let files = Files::new(&ca.server());
    let service = files.start_for(&ca.pem, "orders.internal").run();
    let [before, after] = [&ca, &next].map(|by| Client::new(&ca.pem, Some(&by.client("orders.internal"))));
    served(&service, &before).await.unwrap();
    assert_eq!(alert(&service, &after).await, "UnknownCA");
    files.write("clients.pem", &next.pem);
    eventually("the new CA is known", async || served(&service, &after).await.ok()).await;
    assert_eq!(alert(&service, &before).await, "UnknownCA");
}

#[tokio::test]
async fn a_certificate_that_is_renewed_is_trusted_as_before() {
    let folder = tempfile::tempdir().unwrap();
    printed(&run(folder.path(), &["cert", "dev"]));
    let tls = folder.path().join("var/tls");
    let service = Start::new().in_folder(folder.path()).with("--config", "var/tls/settings.yaml").run();
    let ca = std::fs::read_to_string(tls.join("ca.pem")).unwrap();
    let client = Client::new(&ca, Some(&Pair::read(&tls, "client")));
    assert!(is_healthy(client.channel(service.grpc).await.unwrap()).await);
    printed(&run(folder.path(), &["cert", "dev", "--renew"]));
    let new = Pair::read(&tls, "server");
    both_show(&service, &client, &new.der()).await;
    // New certificates of the same CA.
    let client = Client::new(&ca, Some(&Pair::read(&tls, "client")));
    assert!(is_healthy(client.channel(service.grpc).await.unwrap()).await);
}
